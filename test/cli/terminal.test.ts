import { equal, match } from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { MSGQ } from './child.ts'
import { KERNEL_SKIPPED, PrivateNamespace } from './private-namespace.ts'
import { Terminal } from './terminal.ts'

/** ESC [, which begins a colour or a movement. */
const ESCAPE = '\x1b['
/** What takes a line of progress away. */
const ERASE = `\r${ESCAPE}2K`

describe('msgq at a terminal', { skip: KERNEL_SKIPPED }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'msgq-terminal-'))
  const command = (words: string) => `'${process.execPath}' '${MSGQ}' -n linux: ${words}`
  let kernel: PrivateNamespace
  before(async () => {
    kernel = await PrivateNamespace.open()
    equal(kernel.msgq(['create', '--qbytes', '4']).stdout, '0\n')
    equal(kernel.msgq(['send', '0', 'four']).status, 0)
  })
  after(async () => {
    rmSync(directory, { recursive: true })
    await kernel[Symbol.asyncDispose]()
  })

  const shown = async (words: string, environment: NodeJS.ProcessEnv = {}) => {
    await using terminal = new Terminal(kernel, command(words), { environment })
    await terminal.ended()
    return terminal.shown
  }

  test('ls, stat, copy and errors have colours', async () => {
    for (const words of ['ls', 'stat 0', 'copy 0', 'stat 99']) equal((await shown(words)).includes(ESCAPE), true, words)
  })

  test('there are none with NO_COLOR, with TERM=dumb, and through a pipe', async () => {
    for (const words of ['ls', 'stat 0', 'copy 0', 'stat 99']) {
      equal((await shown(words, { NO_COLOR: '1' })).includes(ESCAPE), false, words)
      equal((await shown(words, { TERM: 'dumb' })).includes(ESCAPE), false, words)
      const { stdout, stderr } = kernel.msgq(words.split(' '))
      equal(`${stdout}${stderr}`.includes(ESCAPE), false, words)
    }
  })

  test('send and copy keep what a message could do to the terminal from it', async () => {
    equal(kernel.msgq(['create']).stdout, '1\n')
    equal(kernel.msgq(['send', '1', '-'], { input: '\x1b]0;title\x07' }).status, 0)
    match(await shown('copy 1', { NO_COLOR: '1' }), /1b 5d 30 3b 74 69 74 6c {2}65 07 +\|\.\]0;title\.\|\r\n$/)
  })

  test('send of long work shows how far it is; an interrupt takes that away and tells what was sent', async () => {
    const file = join(directory, 'many.ndjson')
    writeFileSync(file, '{"type":1,"payload":"four"}\n'.repeat(1_000))
    await using terminal = new Terminal(kernel, command(`send 0 --ndjson --file ${file}`))
    // It waits for room: each receive lets one message in, until it has been at it long enough.
    while (!terminal.shown.includes(' left')) {
      equal(kernel.msgq(['receive', '0', '--timeout', '20']).status, 0, terminal.shown)
      await turn()
    }
    const drawn = (await terminal.until(/^.* left/s)).split(ERASE).at(-1) ?? ''
    match(drawn, /^sending: \d+ bytes of 27 KiB {2}\[#*\.+\] {2}\d% {2}.* left$/)
    terminal.type('\x03')
    const last = (await terminal.until(/^.*\n/s)).split(ERASE).at(-1) ?? ''
    match(last, /^sent \d+ messages, \d+ bytes, then it ended at line \d+\r\n$/)
    equal(await terminal.ended(), 130)
    equal(JSON.parse(kernel.msgq(['stat', '0', '--json']).stdout).qnum, 1)
  })

  test('send asks a person for the message, and takes what is typed up to Ctrl-D', async () => {
    await using terminal = new Terminal(kernel, command('send 1 --type 7'))
    await terminal.until(/type the message; Ctrl-D ends it\r\n/)
    terminal.type('hello\r\x04')
    equal(await terminal.ended(), 0)
    equal(kernel.msgq(['receive', '1', '--type', '7', '--raw']).stdout, 'hello\n')
  })
})
