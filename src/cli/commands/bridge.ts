import { setTimeout as delay } from 'node:timers/promises'
import { IPC_CREAT } from '../../abi/index.ts'
import { BackendError, type IpcNamespace, SyscallError } from '../../contract/index.ts'
import {
  type FoundInSpool,
  mirrorMessages,
  moveMessages,
  type QueuePlace,
  spoolDirectory,
} from '../../transfer/index.ts'
import { flag, textOption } from '../arguments.ts'
import type { Arguments, Command, CommandContext } from '../command.ts'
import { UsageError } from '../errors.ts'
import { openOperand } from '../open-url.ts'
import type { Output } from '../output.ts'
import { queueNameFrom } from '../queue-name.ts'
import { statOf } from '../queues.ts'
import { SELECTOR_OPTIONS, selectorFrom } from '../selection.ts'
import { count } from '../words.ts'

const WAYS = 'write bridge SOURCE-URL TARGET-URL --queue KEY'
/** Between two looks for a side that is not there. */
const RETRY_MS = 500

/** What was brought over, and how far a mirror is. */
interface Progress {
  messages: number
  bytes: number
  sequence: number
}

/** `msgq bridge SOURCE-URL TARGET-URL --queue KEY` */
export const bridge: Command = {
  name: 'bridge',
  summary: 'mv or cp that goes on, whichever side stops',
  operands: 'URL URL',
  operandCount: { least: 2, most: 2 },
  needsNamespace: false,
  options: {
    queue: { type: 'string', short: 'q', value: 'KEY', help: 'the queue, by its key, on both sides' },
    mirror: { type: 'boolean', help: 'send copies; the source is untouched' },
    ...SELECTOR_OPTIONS,
    spool: { type: 'string', value: 'DIR', help: 'where a message is between two queues; if not given, in /dev/shm' },
  },
  alsoKnownAs: ['forwarder', 'relay', 'pump'],
  details: `Brings messages from a queue of one namespace to the queue with the same key of another, as they come, until it is
interrupted: as mv does or, with --mirror, as cp does. It waits for a side that is not there, or stops, and goes on when it
is back; a queue that is missing on the target is made with the source's mode. No message is lost: it leaves the source
only when it is on the target, or is in a file of the spool between the two. One whose sending was cut off may be there twice,
which is told. --mirror needs a source with cursors, a daemon's.`,
  examples: [
    { command: 'msgq bridge linux: unix:/run/msgq.sock --queue 0x4d5347', does: "the kernel's queue into a daemon's" },
    { command: 'msgq bridge unix:/run/msgq.sock linux: -q 0x4d5347', does: 'and back' },
  ],
  async run(given, context) {
    const { output, interrupted } = context
    const [sourceUrl = '', targetUrl = ''] = given.operands
    if (sourceUrl === targetUrl) throw new UsageError(`both sides are ${sourceUrl}`, 'name two namespaces')
    const key = keyOf(given)
    selectorFrom(given)
    const progress: Progress = { messages: 0, bytes: 0, sequence: 0 }
    let told = ''
    try {
      for (;;) {
        const why = await bringOver({ sourceUrl, targetUrl, key, given, context, progress })
        if (why !== told) await output.note(`${why}; waiting`)
        told = why
        await delay(RETRY_MS, undefined, { signal: interrupted })
      }
    } catch (error) {
      const what = `${count(progress.messages, 'message')}, ${count(progress.bytes, 'byte')}`
      await output.note(`${flag(given, 'mirror') ? 'copied' : 'moved'} ${what}`)
      interrupted.throwIfAborted()
      throw error
    }
  },
}

interface Attempt {
  readonly sourceUrl: string
  readonly targetUrl: string
  readonly key: number
  readonly given: Arguments
  readonly context: CommandContext
  readonly progress: Progress
}

/** Brings messages over as long as both sides are there. @returns Why it cannot go on for now. @throws what waiting does not mend. */
async function bringOver(attempt: Attempt): Promise<string> {
  const { sourceUrl, targetUrl } = attempt
  const opened: IpcNamespace[] = []
  try {
    for (const url of [sourceUrl, targetUrl]) opened.push(await openOperand(url, WAYS))
    const [source, target] = opened as [IpcNamespace, IpcNamespace]
    const from = await sourceQueue(source, attempt.key)
    if (from === undefined) return `there is no such queue on ${sourceUrl}`
    const to = { namespace: target, msqid: await targetQueue(target, attempt.key, from) }
    await run(from, to, attempt)
    return `the queue was removed from ${sourceUrl}`
  } catch (error) {
    if (!isMended(error)) throw error
    return error instanceof Error ? error.message : String(error)
  } finally {
    // What was held is shown again.
    for (const namespace of opened) await namespace.close().catch(() => undefined)
  }
}

async function run(source: QueuePlace, target: QueuePlace, { given, context, progress }: Attempt): Promise<void> {
  const { msgtyp, msgflg } = selectorFrom(given)
  const { output, interrupted: signal } = context
  const onMessage = ({ sizeBytes }: { readonly sizeBytes: number }) => {
    progress.messages++
    progress.bytes += sizeBytes
  }
  if (flag(given, 'mirror')) {
    return mirrorMessages(source, target, {
      msgtyp,
      msgflg,
      signal,
      after: progress.sequence,
      onCopied: (message) => {
        progress.sequence = message.sequence
        onMessage(message)
      },
    })
  }
  const spool = textOption(given, 'spool') ?? spoolDirectory()
  const onFound = (found: FoundInSpool) => tellFound(found, output)
  await moveMessages(source, target, { msgtyp, msgflg, signal, follow: true, spool, onMoved: onMessage, onFound })
}

function keyOf(given: Arguments): number {
  const text = textOption(given, 'queue')
  if (text === undefined) throw new UsageError('which queue? bridge needs --queue KEY', WAYS)
  const name = queueNameFrom(text)
  if ('key' in name) return name.key
  throw new UsageError(`--queue ${text} is an id, and each side has its own`, 'name the queue by its key: 0x4d5347')
}

async function sourceQueue(namespace: IpcNamespace, key: number): Promise<QueuePlace | undefined> {
  try {
    return { namespace, msqid: await namespace.msgget(key, 0) }
  } catch (error) {
    if (error instanceof SyscallError && error.code === 'ENOENT') return undefined
    throw error
  }
}

async function targetQueue(namespace: IpcNamespace, key: number, source: QueuePlace): Promise<number> {
  const { perm } = await statOf(source.namespace, source.msqid)
  return namespace.msgget(key, IPC_CREAT | perm.mode)
}

/** Whether a side may come back, or the queue: whether to try again. */
function isMended(error: unknown): boolean {
  if (error instanceof SyscallError) return error.code === 'EIDRM' || error.code === 'ENOENT'
  if (!(error instanceof BackendError)) return false
  return ['ERR_MSGQ_UNAVAILABLE', 'ERR_MSGQ_IN_DOUBT', 'ERR_MSGQ_NO_SPACE'].includes(error.code)
}

async function tellFound({ mtype, sizeBytes, mayBeDoubled, target }: FoundInSpool, output: Output): Promise<void> {
  const what = `a message of type ${mtype}, ${count(sizeBytes, 'byte')}, was on its way to ${target}`
  await output.note(`${what}: it is sent now${mayBeDoubled ? ', and may be there twice' : ''}`)
}
