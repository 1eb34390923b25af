import { once } from 'node:events'
import net from 'node:net'
import { openEmbeddedNamespace } from '../../src/backends/embedded/index.ts'
import { readNatsUrl } from '../../src/backends/jetstream/nats-url.ts'
import { checkOperands, parseArguments, splitCommandLine } from '../../src/cli/arguments.ts'
import { InputError, UsageError } from '../../src/cli/errors.ts'
import { findCommand } from '../../src/cli/find-command.ts'
import { keyOrFtokFrom } from '../../src/cli/ftok.ts'
import { instantFrom } from '../../src/cli/instant.ts'
import { messageFrom } from '../../src/cli/message-line.ts'
import {
  countFrom,
  durationMs,
  keyFrom,
  messageTypeFrom,
  modeFrom,
  rangeFrom,
  sizeBytes,
  timeoutMsFrom,
} from '../../src/cli/numbers.ts'
import { ownerFrom } from '../../src/cli/owner.ts'
import { queueNameFrom } from '../../src/cli/queue-name.ts'
import { statFrom } from '../../src/freezer/processes.ts'
import { type Inspector, startInspector } from '../../src/inspector/index.ts'
import { machinesHere } from '../../src/supervisor/machines.ts'
import { TrappedReader } from '../../src/supervisor/trapped-call.ts'
import { ask } from '../inspector/asked.ts'
import { BrokenPromise, type Parser } from './parser.ts'

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes)
/** The login of every URL in the corpus: no message may have it. */
const SECRET = 'sekrit'
/** struct seccomp_notif. */
const NOTIFICATION_BYTES = 80

/** Each reader of one word of a command line, given the same word. */
const WORD_READERS: readonly ((word: string) => unknown)[] = [
  (word) => queueNameFrom(word),
  (word) => keyOrFtokFrom('--key', word),
  (word) => keyFrom('--key', word),
  (word) => messageTypeFrom('--type', word),
  (word) => countFrom('--count', word, 1),
  (word) => rangeFrom('--range', word),
  (word) => modeFrom('--mode', word),
  (word) => timeoutMsFrom('--timeout', word),
  (word) => durationMs(word),
  (word) => sizeBytes(word),
  (word) => instantFrom('--at', word, 0),
  (word) => ownerFrom(word),
]

/** A refusal that is a system's: a path of ftok: that is not there, or is no path. */
function isOfThePath(error: unknown): boolean {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && 'syscall' in error
}

function readWord(bytes: Uint8Array): void {
  // No word of a command line has a zero byte: execve(2) ends it there.
  const [word = ''] = text(bytes).split('\0')
  for (const read of WORD_READERS) {
    try {
      read(word)
    } catch (error) {
      if (!(error instanceof UsageError) && !isOfThePath(error)) throw error
    }
  }
}

function readCommandLine(bytes: Uint8Array): void {
  const { before, name, after } = splitCommandLine(text(bytes).split('\n'))
  if (name === undefined) return void parseArguments(undefined, before)
  const command = findCommand(name)
  checkOperands(command, parseArguments(command, [...before, ...after]).operands)
}

function readUrl(bytes: Uint8Array): void {
  try {
    readNatsUrl(text(bytes))
  } catch (error) {
    const url = text(bytes)
    // Put elsewhere by a mutation, into a parameter for instance, it is no secret.
    const isLogin = url.split(SECRET).length === 2 && /^[^?]*sekrit[^?]*@/.test(url)
    if (isLogin && error instanceof Error && error.message.includes(SECRET)) {
      throw new BrokenPromise(`told: ${error.message}`)
    }
    throw error
  }
}

const trapped = new DataView(new ArrayBuffer(NOTIFICATION_BYTES))

function readNotification(bytes: Uint8Array): void {
  new Uint8Array(trapped.buffer).fill(0)
  new Uint8Array(trapped.buffer).set(bytes.subarray(0, NOTIFICATION_BYTES))
  new TrappedReader(trapped, machinesHere(true)).read()
}

let inspector: Inspector | undefined

/** Raw bytes at the inspector's port; others are answered as before. */
async function askInspector(bytes: Uint8Array): Promise<void> {
  inspector ??= await startInspector(openEmbeddedNamespace(), { port: 0, readOnly: false, user: 'fuzz' })
  const { port } = new URL(inspector.url)
  const socket = net.connect(Number(port), '127.0.0.1')
  socket.on('error', () => undefined).resume()
  const closed = once(socket, 'close')
  socket.end(Buffer.from(text(bytes).replaceAll('PORT', port), 'latin1'))
  await closed
  const { status } = await ask(inspector.url, { path: '/' })
  if (status !== 401) throw new BrokenPromise(`a stranger is answered with ${status}`)
}

/** Of texts: words, lines, URLs, /proc, HTTP. */
export const TEXT_PARSERS: readonly Parser[] = [
  {
    name: 'word',
    refusals: [],
    words: ['ftok:', 'key:', '0x', ':', '-', '..', 'GiB', 'min', '@', 'T', '٣', '１', '9223372036854775808'],
    parse: readWord,
  },
  {
    name: 'command-line',
    refusals: [UsageError],
    words: ['--', '-n', '--namespace', '=', '\n', '__proto__', 'constructor', 'toString', '--json'],
    parse: readCommandLine,
  },
  {
    name: 'message-line',
    refusals: [InputError],
    words: [
      '"type":',
      '"payload":',
      '"encoding":"base64"',
      '"encoding":"json"',
      '__proto__',
      '1e400',
      '\\"',
      '\\u0022',
    ],
    parse: (bytes) => messageFrom(bytes, 'line 1'),
  },
  {
    name: 'nats-url',
    refusals: [TypeError],
    words: ['nats://', '@', ':', '/', '?', '&', '%', '%zz', `${SECRET}@`, 'replicas=', 'tls=true', 'consistency='],
    parse: readUrl,
  },
  {
    name: 'proc-stat',
    refusals: [],
    words: [')', '(', ') R 1', '\n', ' '],
    parse: (bytes) => {
      const { name, fields } = statFrom(Buffer.from(bytes).toString('latin1'))
      if (typeof name !== 'string' || !Array.isArray(fields)) throw new BrokenPromise('a name and fields')
    },
  },
  { name: 'seccomp-notification', refusals: [], parse: readNotification },
  {
    name: 'http',
    refusals: [],
    words: [
      '\r\n',
      'Host: ',
      'Origin: ',
      'Cookie: ',
      'Content-Length: ',
      '/api/',
      'POST ',
      '//',
      '%',
      '[',
      '127.0.0.1:PORT',
    ],
    parse: askInspector,
    cost: 8,
    close: async () => {
      await inspector?.close()
      inspector = undefined
    },
  },
]
