import { deepEqual, equal, match } from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { KERNEL_SKIPPED, PrivateNamespace } from './private-namespace.ts'

const LONGEST_TYPE = '9223372036854775807'
const EVERY_BYTE = Uint8Array.from({ length: 256 }, (_, byte) => byte)
const FORM = /\nhint: a line is what `receive --json` prints: \{"type":1,"encoding":"utf-8","payload":"hello"\}\n$/

describe('msgq send', { skip: KERNEL_SKIPPED }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'msgq-send-'))
  let kernel: PrivateNamespace
  before(async () => {
    kernel = await PrivateNamespace.open()
  })
  after(async () => {
    rmSync(directory, { recursive: true })
    await kernel[Symbol.asyncDispose]()
  })

  const create = (...words: readonly string[]) => kernel.msgq(['create', ...words]).stdout.trim()
  const send = (words: readonly string[], input: string | Uint8Array = '') => kernel.msgq(['send', ...words], { input })
  const qnum = (queue: string) => JSON.parse(kernel.msgq(['stat', queue, '--json']).stdout).qnum
  const file = (name: string, content: string | Uint8Array) => {
    writeFileSync(join(directory, name), content)
    return join(directory, name)
  }

  test('send takes one message of a file, or of standard input that - names, byte for byte', () => {
    const id = create()
    equal(
      send([id, '--file', file('bytes', EVERY_BYTE), '-t', '2', '--json']).stdout,
      `{"msqid":${id},"type":2,"bytes":256}\n`,
    )
    equal(send([id, '-', '--type', '3'], EVERY_BYTE).status, 0)
    equal(send([id, '--file', '-', '--type', '4'], EVERY_BYTE).status, 0)
    equal(send([id, '--file', file('empty', ''), '--type', '5']).status, 0)
    for (const type of ['2', '3', '4']) {
      deepEqual([...kernel.msgq(['receive', id, '--type', type, '--raw']).stdoutBytes], [...EVERY_BYTE])
    }
    equal(kernel.msgq(['receive', id, '--json']).stdout, '{"type":5,"bytes":0,"encoding":"utf-8","payload":""}\n')
  })

  test('send --ndjson gives back what receive --json and copy --json printed: any bytes, any type, in order', () => {
    const [from, to, again] = [create(), create(), create()]
    equal(send([from, '--type', LONGEST_TYPE], EVERY_BYTE).status, 0)
    for (const text of ['hello\n', '{"n":12345678901234567890, "n":1.0}', ' {}', '\ufeff[1]', '\u2028\u001b[31m', '']) {
      equal(send([from, '-', '--type', String(2 ** 53)], text).status, 0)
    }
    const printed = kernel.msgq(['copy', from, '--json']).stdout
    const { stderr, status } = send([to, '--ndjson'], printed)
    equal(stderr, 'sent 7 messages, 314 bytes\n')
    equal(status, 0)
    equal(kernel.msgq(['copy', to, '--json']).stdout, printed)
    for (const raw of [[], ['--raw']]) {
      deepEqual(kernel.msgq(['copy', to, ...raw]).stdoutBytes, kernel.msgq(['copy', from, ...raw]).stdoutBytes)
    }
    const received = kernel.msgq(['receive', to, '--count', '7', '--json']).stdout
    const told = send([again, '--ndjson', '--json', '--file', file('saved.ndjson', received)]).stdout
    equal(told, `{"msqid":${again},"sent":7,"bytes":314}\n`)
    equal(kernel.msgq(['copy', again, '--json']).stdout, printed)
  })

  test('send --ndjson ends at a line that is no message: exit 2, the line, what it should be, and what was sent', () => {
    const id = create()
    const lines =
      '{"type":1,"payload":"a"}\n\n{"type":2,"payload":[2]}\r\n{"type":3,"payload":}\n{"type":4,"payload":"d"}\n'
    const path = file('wrong.ndjson', lines)
    const { status, stdout, stderr } = send([id, '--ndjson', '--file', path])
    match(
      stderr,
      new RegExp(`^sent 2 messages, 4 bytes, then it ended at line 4\nmsgq: line 4 of ${path} is not JSON `),
    )
    match(stderr, FORM)
    equal(stdout, '')
    equal(status, 2)
    equal(kernel.msgq(['receive', id, '--count', '2', '--raw']).stdout, 'a[2]')
    equal(qnum(id), 0)

    const json = send([id, '--ndjson', '--json'], '{"type":9007199254740993,"payload":"a"}')
    equal(json.stdout, `{"msqid":${id},"sent":0,"bytes":0,"line":1}\n`)
    const { hint, ...told } = JSON.parse(json.stderr)
    match(hint, /beyond 2\^53 in quotes/)
    const message = 'line 1 of standard input has the type 9007199254740992'
    deepEqual(told, { code: 'ERR_MSGQ_INPUT', message, exitCode: 2 })
  })

  test('send --ndjson does not collect a line that no message is as long as', () => {
    const path = file('endless', Buffer.alloc(1_000_000, '{'))
    const { status, stderr } = send([create(), '--ndjson', '--file', path])
    match(stderr, /then it ended at line 1\nmsgq: line 1 of .*endless is too long\nhint: msgmax is 8192\n$/)
    equal(status, 2)
  })

  test('send --ndjson says how many were sent when the queue says no, and when the time is over', () => {
    const lines = '{"type":1,"payload":"four"}\n{"type":1,"payload":"four"}\n'
    const told = /^sent 1 message, 4 bytes, then it ended at line 2\nmsgq: /
    const full = send([create('--qbytes', '4'), '--ndjson', '--nowait'], lines)
    match(full.stderr, told)
    match(full.stderr, /EAGAIN: .*\nhint: the queue is full/)
    equal(full.status, 1)
    const late = send([create('--qbytes', '4'), '--ndjson', '--timeout', '0.05'], lines)
    match(late.stderr, told)
    match(late.stderr, /\nmsgq: there was no room within 0.05 s\n$/)
    equal(late.status, 124)
    const long = send([create(), '--ndjson'], `{"type":1,"payload":"a"}\n{"type":1,"payload":"${'x'.repeat(8_193)}"}`)
    match(long.stderr, /at line 2\nmsgq: EINVAL: .*\nhint: msgmax is 8192: the message has 8193 bytes\n$/)
    equal(long.status, 1)
  })

  for (const [queue, what, end] of [
    [['--qbytes', '8'], 'it waits for room', 'at line 3'],
    [[], 'it waits for a line', 'after line 2'],
  ] as const) {
    test(`send --ndjson that is interrupted while ${what} says how many were sent, and exits with 130`, async () => {
      const id = create(...queue)
      const child = kernel.start(['send', id, '--ndjson'])
      let told = ''
      child.stderr.on('data', (chunk: Buffer) => {
        told += chunk
      })
      for (let line = 0; line < (queue.length > 0 ? 3 : 2); line++) child.stdin.write('{"type":1,"payload":"four"}\n')
      while (qnum(id) < 2) equal(child.exitCode, null)
      child.kill('SIGINT')
      deepEqual(await once(child, 'close'), [130, null])
      equal(told, `sent 2 messages, 8 bytes, then it ended ${end}\n`)
      equal(qnum(id), 2)
    })
  }

  for (const [words, status, told] of [
    [['0', 'x', '--file', 'y'], 2, /TEXT and --file exclude each other\nhint: leave one out/],
    [['0', '-', '--file', 'y'], 2, /TEXT and --file exclude each other/],
    [['0', 'x', '--ndjson'], 2, /TEXT and --ndjson exclude each other/],
    [['0', '--ndjson', '--type', '2'], 2, /--ndjson and --type exclude each other/],
    [['0', '--file', '/'], 2, /\/ is a directory\nhint: name a file, or - for standard input/],
    [['0', '--file', '/no/such/file'], 3, /ENOENT: .*\/no\/such\/file/],
    [['31999', '--ndjson'], 1, /EINVAL: .*\nhint: no queue has id 31999/],
  ] as const) {
    test(`send ${words.join(' ')} exits with ${status} and says what is wrong`, () => {
      const { stdout, stderr, status: exit } = send(words)
      match(stderr, told)
      equal(stdout, '')
      equal(exit, status)
    })
  }

  test('send refuses a file that is longer than msgmax, and names it', () => {
    const path = file('long', Buffer.alloc(8_193))
    const { status, stderr } = send([create(), '--file', path])
    match(stderr, new RegExp(`^msgq: EINVAL: .*\nhint: msgmax is 8192: ${path} is longer\n$`))
    equal(status, 1)
  })
})
