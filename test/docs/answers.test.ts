import { deepEqual, equal } from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { IPC_CREAT, type IpcNamespace, openNamespace } from '../../src/index.ts'
import { msgq } from '../cli/child.ts'
import { ServeProcess } from '../daemon/serve-process.ts'
import { codeBlocks } from './markdown.ts'
import { PAGES } from './pages.ts'

const KEY = 0x4d5347
const ANSWERS = codeBlocks(PAGES.get('docs/reference/cli.md') ?? '').filter(({ words }) => words[0] === 'json')

/** The names in a value, in their order; of an array those of its first item. */
function namesIn(value: unknown): unknown {
  if (Array.isArray(value)) return value.slice(0, 1).map(namesIn)
  if (typeof value !== 'object' || value === null) return typeof value
  return Object.entries(value).map(([name, inner]) => [name, namesIn(inner)])
}

describe('docs/reference/cli.md shows, with the names and kinds of values that it prints,', () => {
  let serve: ServeProcess
  let namespace: IpcNamespace
  before(async () => {
    serve = await ServeProcess.start(['--durability', 'none'])
    namespace = await openNamespace(serve.url)
    const msqid = await namespace.msgget(KEY, IPC_CREAT | 0o600)
    await namespace.msgsnd(msqid, { mtype: 2, mtext: Uint8Array.of(1, 2, 3) }, 0)
    // Ends when the namespace is closed.
    namespace.msgrcv(msqid, 1, 99, 0).catch(() => undefined)
  })
  after(async () => {
    await namespace.close()
    await serve[Symbol.asyncDispose]()
  })

  const commands = [
    ['stat', '0x4d5347'],
    ['top', '--once', '--interval', '0.1'],
    ['log', '0x4d5347'],
  ]
  for (const [index, words] of commands.entries()) {
    test(`msgq ${words.join(' ')} --json`, () => {
      const { status, stdout, stderr } = msgq(['-n', serve.url, ...words, '--json'])
      equal(status, 0, stderr)
      const last = stdout.trimEnd().split('\n').at(-1) ?? ''
      deepEqual(namesIn(JSON.parse(last)), namesIn(JSON.parse(ANSWERS[index]?.code ?? '')))
    })
  }

  test('and nothing else', () => equal(ANSWERS.length, commands.length))
})
