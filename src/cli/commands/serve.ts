import { totalmem } from 'node:os'
import type { Durability, Retain } from '../../backends/daemon/index.ts'
import { DEFAULT_BOUNDS } from '../../engine/index.ts'
import { flag, onlyOneOf, option, textOption } from '../arguments.ts'
import type { Arguments, Command } from '../command.ts'
import { UsageError } from '../errors.ts'
import { countFrom, durationMs, modeFrom, sizeBytes, timeoutMsFrom } from '../numbers.ts'
import { openOperand } from '../open-url.ts'
import { ownerFrom } from '../owner.ts'
import { ownPlaces } from '../serve/places.ts'

/** Options that mean nothing without a journal. */
const OF_A_JOURNAL = ['state', 'durability', 'interval', 'memory', 'retain', 'msg-copy', 'accept-loss']

const DURABILITIES: readonly Durability[] = ['fsync', 'interval', 'none']

/** `msgq serve` */
export const serve: Command = {
  name: 'serve',
  summary: 'serve queues that outlive programs and reboots',
  operands: '',
  operandCount: { least: 0, most: 0 },
  needsNamespace: false,
  options: {
    socket: { type: 'string', value: 'PATH', help: 'where its socket is; default: $XDG_RUNTIME_DIR/msgq.sock' },
    state: { type: 'string', value: 'DIR', help: 'where its journal is; default: $XDG_STATE_HOME/msgq' },
    of: { type: 'string', value: 'URL', help: 'serve this namespace, without a journal: linux: for instance' },
    mode: { type: 'string', value: 'MODE', help: 'permissions of the socket; default 0600: this user alone' },
    group: { type: 'string', value: 'GROUP', help: 'group of the socket, by name or number' },
    durability: {
      type: 'string',
      value: 'HOW',
      words: DURABILITIES.map((word) => ({ word, does: 'what a power cut may lose' })),
      help: 'fsync (default), interval or none: what a power cut may lose',
    },
    interval: {
      type: 'string',
      value: 'SECONDS',
      help: 'with --durability interval: between two flushes; default 0.1',
    },
    memory: {
      type: 'string',
      value: 'SIZE',
      help: 'what messages may take; default: 4GiB, or half of what there is',
    },
    retain: { type: 'string', value: 'TIME,SIZE', help: 'what stays for looking back: 24h,1GiB; default: nothing' },
    'msg-copy': { type: 'string', value: 'HOW', help: 'for a new namespace: MSG_COPY by index (default) or counter' },
    'accept-loss': { type: 'boolean', help: 'start on a damaged journal: what cannot be read is set aside' },
    http: { type: 'string', value: 'PORT', help: 'answer /healthz and /metrics on 127.0.0.1; 0: any free port' },
    'idle-exit': { type: 'string', value: 'SECONDS', help: 'stop when nobody was connected for so long' },
  },
  alsoKnownAs: ['daemon', 'server', 'start', 'listen'],
  details: `Serves System V message queues behind a socket: programs reach them with openNamespace('unix:PATH'), and this
command with --namespace unix:PATH. Every change is in a journal before it is answered, so that queues outlive the
programs, this process, and the machine. With --durability fsync a power cut loses nothing that was answered; with
interval what came in the last SECONDS; with none what the kernel had not written yet. The death of this process alone
loses nothing with any of them.

Who calls is what the kernel says of the connection; modes and owners of queues hold between users as in the kernel. Logs
a line of JSON for each event to standard output, tells systemd when it is ready, takes a socket from systemd, and stops
on SIGTERM.

With --of it serves a namespace of another kind, to programs that cannot reach it: the kernel's queues to a container
that has the socket. Then nothing outlives what is served, and the kernel's are for this user alone. With --namespace
nats://HOST/NAME, which is the same, this machine is a replica: its programs share that namespace with other machines,
each as the user that it is.`,
  examples: [
    { command: 'msgq serve', does: "this user's own queues, at the places where other commands look" },
    { command: 'msgq serve --socket /run/msgq.sock --state /srv/msgq --mode 660 --group ipc', does: 'for a group' },
    { command: 'msgq -n nats://10.0.0.1/orders serve', does: 'the queues of several machines, for local programs' },
    { command: 'msgq serve --retain 24h,1GiB --http 9100', does: 'can look back a day, and is watched by Prometheus' },
  ],
  async run(given, { interrupted, output, environment }) {
    onlyOneOf(given, ['http', 'idle-exit'])
    for (const of of ['of', 'namespace']) for (const name of OF_A_JOURNAL) onlyOneOf(given, [of, name])
    onlyOneOf(given, ['of', 'namespace'])
    const of = textOption(given, 'of') ?? textOption(given, 'namespace')
    const lent = of === undefined ? undefined : await openOperand(of, 'for instance: msgq serve --of linux:')
    const places = ownPlaces(environment)
    const serving = {
      path: textOption(given, 'socket') ?? places.socket,
      state: textOption(given, 'state') ?? places.state,
      idleMs: option(given, 'idle-exit', timeoutMsFrom),
      lent,
      port: option(given, 'http', (name, text) => countFrom(name, text, 0, 65_535)),
      ...daemonOptions(given),
    }
    // Loaded for this command alone: others are to start fast.
    const { serveUntilTheEnd } = await import('../serve/serving.ts')
    await serveUntilTheEnd(serving, { output, environment, interrupted })
  },
}

function daemonOptions(given: Arguments) {
  const mode = option(given, 'mode', modeFrom)
  const gid = option(given, 'group', groupFrom)
  const durability = option(given, 'durability', oneOf(DURABILITIES))
  const intervalMs = option(given, 'interval', timeoutMsFrom)
  const retain = option(given, 'retain', retainFrom)
  const memory = option(given, 'memory', memoryFrom)
  const msgCopy = option(given, 'msg-copy', oneOf(['index', 'counter'] as const))
  if (intervalMs !== undefined && durability !== 'interval') {
    throw new UsageError('--interval is of no use without --durability interval', 'add it, or leave --interval out')
  }
  return {
    ...(mode !== undefined && { mode }),
    ...(gid !== undefined && { gid }),
    ...(durability !== undefined && { durability }),
    ...(intervalMs !== undefined && { intervalMs: Math.max(1, intervalMs) }),
    ...(retain !== undefined && { retain }),
    bounds: { poolBytes: memory ?? Math.min(DEFAULT_BOUNDS.poolBytes, Math.floor(memoryThere() / 2)) },
    acceptLoss: flag(given, 'accept-loss'),
    namespace: { ownerUid: process.geteuid?.() ?? 0, ...(msgCopy !== undefined && { msgCopy }) },
  }
}

function oneOf<Word extends string>(words: readonly Word[]): (name: string, text: string) => Word {
  return (name, text) => {
    const word = words.find((each) => each === text)
    if (word !== undefined) return word
    throw new UsageError(`${name} ${text} is not known`, `it is ${words.join(', ')}`)
  }
}

function groupFrom(name: string, text: string): number {
  const { gid } = ownerFrom(`:${text}`)
  if (gid !== undefined) return gid
  throw new UsageError(`${name} ${text} is not a group`, 'write its name or number')
}

/** Bytes that this process may have: a container's are fewer than the machine's. */
function memoryThere(): number {
  const constrained = process.constrainedMemory()
  return constrained > 0 ? Math.min(constrained, totalmem()) : totalmem()
}

function memoryFrom(name: string, text: string): number {
  const bytes = sizeBytes(text)
  if (bytes !== undefined && bytes > 0) return bytes
  throw new UsageError(`${name} ${text} is not a size`, 'write it with its unit: 512MiB or 2GiB')
}

/** `24h,1GiB`: both hold. */
function retainFrom(name: string, text: string): Retain {
  const [time = '', size = '', ...rest] = text.split(',')
  const [ms, bytes] = [durationMs(time), sizeBytes(size)]
  if (ms !== undefined && bytes !== undefined && rest.length === 0) return { ms, bytes }
  throw new UsageError(`${name} ${text} is not a time and a size`, 'write both with units: 24h,1GiB or 30min,64MiB')
}
