import { IPC_NOWAIT, type Long, long } from '../abi/index.ts'
import { type IpcNamespace, type ReceivedMessage, SyscallError } from '../contract/index.ts'
import type { MessageView } from '../engine/index.ts'
import { bytes, MessageQueue } from '../queue/index.ts'
import { toBase64 } from './base64.ts'
import type { Filter, MessageSeen, Place, Scanned, WholeMessage } from './seen.ts'

/** Bytes of a payload that stand in a list. */
const HEAD_BYTES = 160
/** Messages that one page of a list may have. */
export const PAGE_MAX = 500
/** Messages that one step of a scan looks at where there are cursors: some tens of milliseconds. */
const SCAN_STEP = 10_000
/** Messages copied by index in one step, and how long that may take: each copy of the kernel's walks the queue under its lock. */
const SCAN_STEP_BY_INDEX = 500
const SCAN_STEP_MS = 50
/** Matches that one step of a scan answers. */
const MATCHES_MAX = 1000
/** Copies asked for at a time, at guessed sequence numbers. */
const [GUESSES_LEAST, GUESSES_MOST] = [16, 512]
/** The most that a message may have. */
const ANY_BYTES = 2 ** 31 - 1

/** Copies the messages at indexes; short at the end of the queue. Takes nothing. */
export async function pageOf(
  namespace: IpcNamespace,
  msqid: number,
  first: number,
  count: number,
): Promise<MessageSeen[]> {
  const queue = await MessageQueue.at(namespace, msqid, bytes)
  const indexes = Array.from({ length: Math.min(count, PAGE_MAX) }, (_, offset) => first + offset)
  const copied = await Promise.all(
    indexes.map(async (index) => {
      const message = await queue.copy(index)
      return message === undefined ? undefined : messageSeen(asMessage(message), index)
    }),
  )
  return copied.filter((each) => each !== undefined)
}

/** Copies one message whole. @throws {SyscallError} `ENOMSG` it is not there any more. */
export async function wholeMessage(namespace: IpcNamespace, msqid: number, place: Place): Promise<WholeMessage> {
  const { sequence, index = 0 } = place
  if (sequence !== undefined && namespace.capabilities.cursors) {
    const found = await namespace.copyAfter(msqid, sequence - 1, ANY_BYTES, 0, IPC_NOWAIT)
    if (found.sequence === sequence) return wholeSeen(found)
    throw new SyscallError('ENOMSG', 'msgrcv', { msqid, hint: `message ${sequence} was received meanwhile` })
  }
  const message = await (await MessageQueue.at(namespace, msqid, bytes)).copy(index)
  if (message !== undefined) return wholeSeen(asMessage(message), index)
  throw new SyscallError('ENOMSG', 'msgrcv', { msqid, hint: `there is no message at index ${index} any more` })
}

/**
 * Looks through a stretch of a queue, oldest first, and takes nothing.
 *
 * @returns `next` where there may be more of it.
 */
export async function scan(namespace: IpcNamespace, msqid: number, asked: ScanAsked): Promise<Scanned> {
  const { after, before, filter } = asked
  const { messages, next } = namespace.capabilities.cursors
    ? await afterSequence(namespace, msqid, after, filter)
    : await fromIndex(namespace, msqid, after, before)
  const counts: Record<string, number> = {}
  const matching: MessageSeen[] = []
  const matches = matcherOf(filter)
  for (const { message, index } of messages) {
    if (!matches(message)) continue
    counts[String(message.mtype)] = (counts[String(message.mtype)] ?? 0) + 1
    if (matching.length < MATCHES_MAX) matching.push(messageSeen(message, index))
  }
  return { messages: matching, counts, scanned: messages.length, ...(next !== undefined && { next }) }
}

interface ScanAsked {
  /** Where the stretch before ended, `next` of its answer; 0 begins. */
  readonly after: number
  /** The index at which it ends, where messages are copied by index; the queue's end where it is absent. */
  readonly before: number | undefined
  readonly filter: Filter
}

interface Stretch {
  readonly messages: readonly { readonly message: ReceivedMessage; readonly index?: number }[]
  readonly next?: number
}

/**
 * A cursor needs each message's number to ask for the next; over a socket that is a round trip a message. Numbers are
 * mostly without gaps, so many are asked for at once, and what comes twice is left out.
 */
async function afterSequence(namespace: IpcNamespace, msqid: number, after: number, filter: Filter): Promise<Stretch> {
  const messages: { readonly message: ReceivedMessage }[] = []
  const msgtyp = typeIn(filter)
  let position = after
  let guesses = GUESSES_LEAST
  while (messages.length < SCAN_STEP) {
    const asked = Array.from({ length: guesses }, (_, ahead) => copyAfter(position + ahead))
    let fresh = 0
    let isEnd = false
    for (const message of await Promise.all(asked)) {
      if (message?.sequence === undefined) isEnd = true
      else if (message.sequence > position) {
        messages.push({ message })
        position = message.sequence
        fresh++
      }
    }
    if (isEnd) return { messages }
    guesses = fresh * 2 > guesses ? Math.min(guesses * 2, GUESSES_MOST) : Math.max(guesses / 2, GUESSES_LEAST)
  }
  return { messages, next: position }

  async function copyAfter(sequence: number): Promise<ReceivedMessage | undefined> {
    try {
      return await namespace.copyAfter(msqid, sequence, ANY_BYTES, msgtyp, IPC_NOWAIT)
    } catch (error) {
      if (error instanceof SyscallError && error.code === 'ENOMSG') return undefined
      throw error
    }
  }
}

async function fromIndex(
  namespace: IpcNamespace,
  msqid: number,
  first: number,
  before = Number.POSITIVE_INFINITY,
): Promise<Stretch> {
  const queue = await MessageQueue.at(namespace, msqid, bytes)
  const messages: { readonly message: ReceivedMessage; readonly index: number }[] = []
  const until = performance.now() + SCAN_STEP_MS
  for (let index = first; messages.length < SCAN_STEP_BY_INDEX && performance.now() < until; index++) {
    // A step ends when its time is up, wherever that is: the stretch ends where it was asked to.
    if (index >= before) return { messages }
    const message = await queue.copy(index)
    if (message === undefined) return { messages }
    messages.push({ message: asMessage(message), index })
  }
  return { messages, next: first + messages.length }
}

/** @throws {RangeError} the type is no number from 1. */
function typeIn({ type }: Filter): Long {
  if (type === '') return 0
  if (!/^[1-9]\d{0,18}$/.test(type)) throw new RangeError(`a type is a number from 1, not ${type}`)
  return long(BigInt(type))
}

function matcherOf(filter: Filter): (message: ReceivedMessage) => boolean {
  const mtype = typeIn(filter)
  const text = filter.text.toLowerCase()
  const decoder = new TextDecoder()
  return (message) =>
    (mtype === 0 || message.mtype === mtype) &&
    (text === '' || decoder.decode(message.mtext).toLowerCase().includes(text))
}

/** A message as a line of a list. */
export function messageSeen(
  { mtype, mtext, sequence, sender, time }: MessageView,
  index: number | undefined,
): MessageSeen {
  return {
    ...(index !== undefined && { index }),
    ...(sequence !== undefined && { sequence }),
    type: String(mtype),
    bytes: mtext.length,
    ...(sender !== undefined && { pid: sender.pid, uid: sender.uid }),
    ...(time !== undefined && { time }),
    head: toBase64(mtext.subarray(0, HEAD_BYTES)),
  }
}

export function wholeSeen(message: MessageView, index?: number): WholeMessage {
  return { ...messageSeen(message, index), payload: toBase64(message.mtext) }
}

type Copied = NonNullable<Awaited<ReturnType<MessageQueue<Uint8Array>['copy']>>>

function asMessage({ type, payload, ...rest }: Copied): ReceivedMessage {
  return { mtype: type, mtext: payload, ...rest }
}
