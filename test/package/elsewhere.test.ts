import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { build } from 'vite'
import { runProgram } from '../cli/child.ts'
import { Browser } from '../inspector/browser.ts'
import { skippedWithout } from '../programs-needed.ts'
import { fetchProgram, NEWEST_NODE, skippedWithoutProgram } from './fetched-program.ts'
import { InstalledPackage, succeeded } from './installed.ts'

/** What a user might write for any platform: `say` is what shows its lines. */
const ENGINE = `
  import { Engine } from 'msgq/engine'
  const engine = new Engine()
  const caller = { pid: 1, tid: 1, uid: 0, gid: 0, groups: [], capabilities: [] }
  let number = 0
  const apply = (call) => engine.apply({ ticket: { session: 0, number: ++number }, now: 1000, caller, call }).completions
  apply({ name: 'msgget', key: 7, msgflg: 0o1600 })
  apply({ name: 'msgrcv', msqid: 0, msgsz: 10, msgtyp: 0, msgflg: 0 })
  const ended = apply({ name: 'msgsnd', msqid: 0, msgtyp: 3, mtext: new Uint8Array([104, 105]), msgflg: 0 })
  say(ended.map(({ ticket }) => ticket.number).join())
`
/** The receive that waited is ended by the send, and before it. */
const ENGINE_SAYS = '2,3'

const DOOR = `
  import { json, MessageQueue, openNamespace } from 'msgq'
  const namespace = await openNamespace('memory:')
  const queue = await MessageQueue.create(namespace, 7, json())
  await queue.send({ id: 7 }, { type: 2 })
  const copied = []
  for await (const { payload } of queue.copies()) copied.push(payload.id)
  const elsewhere = await openNamespace('memory:')
  await elsewhere.restore(await namespace.checkpoint())
  const moved = await MessageQueue.open(elsewhere, 7, json())
  say(copied.join() + ' ' + (await moved.receive({ atMost: 3 })).payload.id)
`
const DOOR_SAYS = '7 7'

/** Fewer cases than any namespace has: less is a suite that did not run. */
const CASES_LEAST = 250
const OUTPUT_MAX = 64 * 1024 * 1024

describe('the package on platforms that are not this Node', () => {
  let installed: InstalledPackage

  before(() => {
    installed = new InstalledPackage()
    writeFileSync(join(installed.user, 'engine.js'), `const say = console.log\n${ENGINE}`)
    writeFileSync(join(installed.user, 'door.js'), `const say = console.log\n${DOOR}`)
  })

  after(() => installed[Symbol.dispose]())

  const printed = (program: string, ...words: string[]) =>
    succeeded(runProgram(program, words, { folder: installed.user })).trim()

  test('msgq/engine and memory: run in Bun', { skip: skippedWithoutProgram('bun') }, () => {
    const bun = fetchProgram('bun')
    equal(printed(bun, 'engine.js'), ENGINE_SAYS)
    equal(printed(bun, 'door.js'), DOOR_SAYS)
  })

  test('msgq/engine and memory: run in Deno, the first without any right', {
    skip: skippedWithoutProgram('deno'),
  }, () => {
    const deno = fetchProgram('deno')
    const words = ['run', '--no-prompt', '--no-remote', '--node-modules-dir=manual']
    equal(printed(deno, ...words, 'engine.js'), ENGINE_SAYS)
    // A caller has a user and a group, unless it is told which: Deno asks before it says who runs it.
    equal(printed(deno, ...words, '--allow-sys', 'door.js'), DOOR_SAYS)
  })

  for (const suite of ['memory', 'kernel', 'daemon']) {
    test(`the conformance suite of ${suite} passes on ${NEWEST_NODE}`, {
      skip: skippedWithoutProgram(NEWEST_NODE),
    }, async () => {
      const file = join(import.meta.dirname, '..', 'conformance', `${suite}.test.js`)
      const [passed, failed, skipped] = await countsOf(fetchProgram(NEWEST_NODE), file)
      deepEqual([failed, skipped], [0, 0])
      ok(passed >= CASES_LEAST, `${passed} passed`)
    })
  }

  test(`msgq conformance memory: passes on ${NEWEST_NODE}`, { skip: skippedWithoutProgram(NEWEST_NODE) }, () => {
    match(printed(fetchProgram(NEWEST_NODE), installed.command, 'conformance', 'memory:'), /\d{3} passed, 0 failed/)
  })

  test('msgq/engine runs in a browser, bundled by vite', { skip: skippedWithout('chromium') }, async () => {
    const paragraph = "Object.assign(document.createElement('p'), { textContent: line })"
    const entry = join(installed.user, 'in-page.js')
    writeFileSync(entry, `const say = (line) => document.body.append(${paragraph})\n${ENGINE}`)
    // Inline, since a browser loads no module from a file that nothing serves.
    const html = join(installed.user, 'index.html')
    writeFileSync(html, `<script type="module">${await bundled(entry)}</script>`)
    await using browser = await Browser.start()
    const { page, problems } = await browser.open(pathToFileURL(html).href)
    await page.getByText(ENGINE_SAYS, { exact: true }).waitFor()
    deepEqual(problems, [])
  })
})

/** Runs one of our test files. @returns How many tests passed, failed and were skipped. */
async function countsOf(node: string, file: string): Promise<readonly [number, number, number]> {
  // The runner's own mark would have the file report to a runner of another version.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env
  const { stdout } = await promisify(execFile)(node, ['--test-reporter=tap', file], { env, maxBuffer: OUTPUT_MAX })
  const count = (name: string) => Number(new RegExp(`^# ${name} (\\d+)$`, 'm').exec(stdout)?.[1])
  return [count('pass'), count('fail'), count('skipped')]
}

/** A program for a browser, which must be one file without anything of Node's. */
async function bundled(entry: string): Promise<string> {
  const complaints: string[] = []
  const result = await build({
    root: dirname(entry),
    configFile: false,
    logLevel: 'silent',
    build: {
      lib: { entry, formats: ['es'], fileName: 'bundled' },
      write: false,
      target: 'es2022',
      rolldownOptions: { onLog: (_, { message }) => void complaints.push(message) },
    },
  })
  deepEqual(complaints, [])
  const [{ output } = { output: [] }] = Array.isArray(result) ? result : []
  equal(output.length, 1)
  const [chunk] = output
  ok(chunk?.type === 'chunk')
  deepEqual([...chunk.imports, ...chunk.dynamicImports], [])
  return chunk.code
}
