import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { after, before, describe, test } from 'node:test'
import { MessageQueue, text } from '../../src/queue/index.ts'
import type { Seen } from '../../src/view/index.ts'
import { ServedNamespace } from '../daemon/served.ts'
import { MSGQ, msgq } from './child.ts'
import { KERNEL_SKIPPED, PrivateNamespace } from './private-namespace.ts'
import { READS_LINE, Terminal } from './terminal.ts'

/** The alternate screen with the cursor hidden, and back. */
const [ENTER, LEAVE] = ['\x1b[?1049h\x1b[?25l', '\x1b[?25h\x1b[?1049l']
const ESCAPE = String.fromCharCode(27)
/** From one Cursor Position to the next. */
const FRAME = new RegExp(`${ESCAPE}\\[H[^]*?(?=${ESCAPE}\\[H)`)
/** Parameters and a letter. */
const SEQUENCES = new RegExp(`${ESCAPE}\\[[?\\d;]*[a-zA-Z]`, 'g')

/** Frames, ten a second, that a test looks at: more than any change takes to be seen. */
const FRAMES = 300

/** The lines of a frame, as a person sees them. */
function linesOf(frame: string): string[] {
  return frame.replaceAll(SEQUENCES, '').split(/\r+\n/)
}

describe('msgq top', () => {
  const started: ChildProcessWithoutNullStreams[] = []
  after(() => {
    for (const child of started) child.kill('SIGKILL')
  })
  const start = (served: ServedNamespace, ...words: readonly string[]) => {
    const child = spawn(process.execPath, [MSGQ, 'top', `unix:${served.path}`, ...words])
    started.push(child)
    return child
  }

  test('prints a table after the other where there is no terminal, until an interrupt', async () => {
    await using served = await ServedNamespace.start()
    await using namespace = await served.connect()
    const queue = await MessageQueue.create(namespace, 0x5001, text)
    await queue.send('hello')
    const child = start(served, '--interval', '0.1')
    const lines: string[] = []
    const heads = () => lines.filter((line) => line.startsWith('key')).length
    for await (const line of createInterface({ input: child.stdout })) {
      lines.push(line)
      if (heads() === 3) break
    }
    match(lines[0] ?? '', /^\d\d:\d\d:\d\d {2}1 queue, 1 message, 5 B, 0 waiting, by messages down {2}unix:/)
    match(
      lines[1] ?? '',
      /^key +msqid +owner +perms +messages +used-bytes of qbytes +sent\/s +received\/s +oldest +wait to send +wait to receive$/,
    )
    match(lines[2] ?? '', /^0x00005001 +\d+ +\S+ +600 +1 +5 B of 16 KiB +– +– +\d+ s +– +–$/)
    equal(lines[3], '')
    child.kill('SIGINT')
    const [status] = await once(child, 'exit')
    equal(status, 130)
  })

  test('--json prints a line for each look, with rates, the oldest message and who waits', async () => {
    await using served = await ServedNamespace.start()
    await using namespace = await served.connect()
    const [busy, idle] = [
      await MessageQueue.create(namespace, 0x5002, text),
      await MessageQueue.create(namespace, 0x5003, text),
    ]
    const ending = new AbortController()
    const waiting = idle.receive({ type: 7, signal: ending.signal }).catch(() => undefined)
    const child = start(served, '--json', '--interval', '0.1', '--sort', 'msqid', '--reverse')
    const seen: Seen[] = []
    for await (const line of createInterface({ input: child.stdout })) {
      seen.push(JSON.parse(line))
      await busy.send('x', { type: 3 })
      if (seen.length === 3) break
    }
    child.kill('SIGTERM')
    deepEqual(
      seen.map(({ queues }) => queues.map(({ key }) => key)),
      Array.from({ length: 3 }, () => ['0x00005003', '0x00005002']),
    )
    const [waited, sent] = seen[2]?.queues ?? []
    equal(waited?.receiving, 1)
    ok((sent?.sent ?? 0) > 0, 'one was sent between two looks')
    equal(sent?.received, 0)
    ok(Math.abs((sent?.oldest ?? 0) - Date.now()) < 60_000)
    const [wait] = seen[2]?.waiting ?? []
    deepEqual([wait?.call, wait?.pid, wait?.type, wait?.msqid], ['msgrcv', process.pid, '7', idle.msqid])
    ending.abort()
    await waiting
  })

  test('--once looks for one interval, prints that, and ends with 0', async () => {
    const { status, stdout, stderr } = msgq(['-n', 'memory:', 'top', '--once', '--interval', '0.1'])
    deepEqual([status, stderr], [0, ''])
    match(stdout, /^\d\d:\d\d:\d\d {2}0 queues, 0 messages, 0 B, 0 waiting, .*\nkey .*\n$/)
    const line = msgq(['top', 'memory:', '--once', '--json', '--interval', '0.1']).stdout
    equal(JSON.parse(line).queues.length, 0)
    equal(line.split('\n').length, 2)
  })

  test('--sort of no column, an interval that is none, and an operand too many are usage errors', () => {
    const unknown = msgq(['-n', 'memory:', 'top', '--sort', 'message'])
    match(unknown.stderr, /--sort message is not a column\nhint: did you mean messages\? use one of key, msqid/)
    equal(unknown.status, 2)
    for (const words of [
      ['--interval', '0.01'],
      ['--interval', 'soon'],
      ['memory:', 'linux:'],
    ]) {
      equal(msgq(['top', ...words]).status, 2, words.join(' '))
    }
  })

  describe('at a terminal', { skip: KERNEL_SKIPPED }, () => {
    let kernel: PrivateNamespace
    before(async () => {
      kernel = await PrivateNamespace.open()
    })
    after(() => kernel[Symbol.asyncDispose]())

    /** At a terminal of this size; what its modes are is shown at the end. */
    const at = (served: ServedNamespace, size: string, words: string, environment: NodeJS.ProcessEnv = {}) =>
      new Terminal(
        kernel,
        `stty ${size}; stty -g; '${process.execPath}' '${MSGQ}' top 'unix:${served.path}' --interval 0.1 ${words}; echo ended $?; stty -g`,
        { environment },
      )
    /** The next frame with something; it is whole once another begins. */
    const frame = async (terminal: Terminal, pattern: RegExp) => {
      let lines: readonly string[] = []
      for (let tries = 0; tries < FRAMES; tries++) {
        lines = linesOf(await terminal.until(FRAME))
        if (pattern.test(lines.join('\n'))) return lines
      }
      throw new Error(`${pattern} was in none of ${FRAMES} frames; the last was\n${lines.join('\n')}`)
    }

    test('draws in place, sorts and turns by keys, and gives the terminal back at q', async () => {
      await using served = await ServedNamespace.start()
      await using namespace = await served.connect()
      const queues = await Promise.all([0x5010, 0x5011, 0x5012].map((key) => MessageQueue.create(namespace, key, text)))
      for (const [at, queue] of queues.entries()) for (let sent = 0; sent <= at; sent++) await queue.send('hello')
      await using terminal = at(served, 'cols 140 rows 24', '')
      const keys = (lines: readonly string[]) => lines.map((line) => /^0x\w+/.exec(line)?.[0]).filter((key) => key)
      const byMessages = await frame(terminal, /5010/)
      deepEqual(keys(byMessages), ['0x00005012', '0x00005011', '0x00005010'])
      equal(byMessages[1], 'q ends, < and > sort by another column, r turns the order')
      terminal.type('r')
      deepEqual(keys(await frame(terminal, /by messages {2}/)), ['0x00005010', '0x00005011', '0x00005012'])
      terminal.type('<')
      await frame(terminal, /by perms/)
      terminal.type('>>')
      await frame(terminal, /by used/)
      // What is received is seen at the next look.
      for (const queue of queues) await queue.remove()
      await frame(terminal, /0 queues/)
      terminal.type('q')
      await terminal.until(/ended 0/)
      equal(await terminal.ended(), 0)
      const { shown } = terminal
      equal(shown.split(ENTER).length, 2)
      equal(shown.split(LEAVE).length, 2)
      match(shown.slice(shown.indexOf(LEAVE) + LEAVE.length), /^ended 0\r\n/)
      const modes = shown.match(/^[\da-f:]{20,}(?=\r)/gm) ?? []
      equal(modes.length, 2, shown)
      equal(modes[1], modes[0])
    })

    test('gives the terminal back at an interrupt, and ends with 130', async () => {
      await using served = await ServedNamespace.start()
      await using terminal = at(served, 'cols 100 rows 24', '')
      await frame(terminal, /0 queues/)
      terminal.type('\x03')
      await terminal.until(/ended 130/)
      ok(terminal.shown.includes(`${LEAVE}ended 130`))
    })

    test('gives the terminal back while it is stopped by Ctrl-Z, and goes on after fg', async () => {
      await using served = await ServedNamespace.start()
      await using terminal = new Terminal(kernel, 'bash --norc --noprofile -i')
      await terminal.until(READS_LINE)
      terminal.type(`'${process.execPath}' '${MSGQ}' top 'unix:${served.path}' --interval 0.1\r`)
      await frame(terminal, /0 queues/)
      terminal.type('\x1a')
      await terminal.until(/Stopped/)
      await terminal.until(READS_LINE)
      equal(terminal.shown.lastIndexOf(LEAVE) > terminal.shown.lastIndexOf(ENTER), true)
      terminal.type('fg\r')
      await frame(terminal, /0 queues/)
      terminal.type('q')
      await terminal.until(/1049l/)
      await terminal.until(READS_LINE)
      terminal.type('echo ended $?\r')
      await terminal.until(/ended 0/)
      equal(terminal.shown.split(ENTER).length, 3)
      equal(terminal.shown.split(LEAVE).length, 3)
    })

    test('fits a narrow terminal, leaves out what does not, and has no colour with NO_COLOR', async () => {
      await using served = await ServedNamespace.start()
      await using namespace = await served.connect()
      const queues = await Promise.all(
        Array.from({ length: 12 }, (_, at) => MessageQueue.create(namespace, 0x5020 + at, text)),
      )
      // They end with the namespace.
      for (const queue of queues) void queue.receive().catch(() => undefined)
      await using terminal = at(served, 'cols 80 rows 18', '', { NO_COLOR: '1' })
      const lines = await frame(terminal, /who waits/)
      equal(terminal.shown.includes('\x1b[1m'), false)
      equal(lines.length, 18)
      ok(lines.every(({ length }) => length <= 80))
      match(
        lines.join('\n'),
        /messages .*sent\/s +received\/s +oldest .*\n.*and \d+ more queues\n\nwho waits\n(queue \d+: msgrcv by pid \d+, msgtyp 0\n){2}and 10 more calls$/s,
      )
      terminal.type('q')
      await terminal.until(/ended 0/)
    })

    test('keeps what was seen while the daemon is away, and goes on when it is back', async () => {
      await using served = await ServedNamespace.start()
      await using namespace = await served.connect()
      const queue = await MessageQueue.create(namespace, 0x5040, text)
      await using terminal = at(served, 'cols 120 rows 24', '')
      await frame(terminal, /5040 .* 0 +0 B of/)
      await served.kill()
      await served.start()
      await queue.send('hello')
      await frame(terminal, /5040 .* 1 +5 B of/)
      terminal.type('q')
      await terminal.until(/ended 0/)
    })

    test('is a table after the other where the terminal is dumb', async () => {
      await using served = await ServedNamespace.start()
      await using terminal = at(served, 'cols 80 rows 24', '--once', { TERM: 'dumb' })
      await terminal.until(/0 queues.*ended 0/s)
      equal(terminal.shown.includes('\x1b['), false)
    })
  })
})
