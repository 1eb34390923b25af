import type { Long } from '../../abi/index.ts'
import type { CheckpointMessage, CheckpointMessages } from '../checkpoint.ts'
import type { Message, Sender } from '../entry.ts'
import {
  liveRecordFrom,
  payloadOf,
  payloadStart,
  pidOf,
  recordAfter,
  senderOf,
  sequenceOf,
  sizeOf,
  timeOf,
  typeOf,
  UNTOLD,
  uidOf,
} from './record.ts'
import type { SharedRecords } from './segment.ts'

/** A message of an image, and perhaps where its payload lies: to copy it from there spares making `mtext`. */
export interface MessageView extends Pick<Message, 'mtype' | 'mtext'> {
  readonly sequence?: number | undefined
  readonly sender?: Sender | undefined
  readonly time?: number | undefined
  readonly source?: DataView
  readonly start?: number
  readonly end?: number
}

/** How many messages tell what not every source tells. */
export interface Told {
  readonly sequence: number
  readonly sender: number
  readonly time: number
}

/** The messages of a queue at one instant, in the queue's own records, which it leaves alone from then on. */
export class PackedMessages implements CheckpointMessages {
  readonly length: number
  /** Payload bytes of all. */
  readonly cbytes: number
  readonly told: Told
  readonly records: readonly SharedRecords[]
  /** What live records take. */
  readonly liveWords: number

  constructor({
    length,
    cbytes,
    told,
    records,
    liveWords,
  }: Pick<PackedMessages, 'length' | 'cbytes' | 'told' | 'records' | 'liveWords'>) {
    this.length = length
    this.cbytes = cbytes
    this.told = told
    this.records = records
    this.liveWords = liveWords
  }

  /** Whether every message tells all: such messages can be a queue's as they are. */
  get tellsAll(): boolean {
    const { sequence, sender, time } = this.told
    return Math.min(sequence, sender, time) === this.length
  }

  /** The last message's sequence number; 0 when there is none, or when it does not tell. */
  get lastSequence(): number {
    const last = this.records.at(-1)
    if (last === undefined) return 0
    let at = liveRecordFrom(last.words, last.end, 0)
    for (let next = at; next < last.end; next = following(last.words, last.end, next)) at = next
    return sequenceOf(last.words, at)
  }

  /** Each with bytes of its own. */
  *[Symbol.iterator](): Generator<CheckpointMessage> {
    for (const { words, end } of this.records) {
      const bytes = new Uint8Array(words.buffer)
      for (let at = liveRecordFrom(words, end, 0); at < end; at = following(words, end, at)) {
        const [sequence, sender, time] = [sequenceOf(words, at), senderOf(words, at), timeOf(words, at)]
        yield {
          mtype: typeOf(words, at),
          mtext: payloadOf(words, bytes, at, sizeOf(words, at)),
          ...(sequence !== UNTOLD.sequence && { sequence }),
          ...(sender.pid !== UNTOLD.pid && { sender }),
          ...(time !== UNTOLD.time && { time }),
        }
      }
    }
  }
}

/**
 * The messages for whoever goes through millions of them: each is good until the next one is asked for, and its bytes
 * are no copy and must not be changed.
 */
export function viewsOf(messages: CheckpointMessages): Iterable<MessageView> {
  if (!(messages instanceof PackedMessages)) return messages
  return { [Symbol.iterator]: () => new PackedView(messages.records) }
}

/** Payload bytes of all messages. */
export function cbytesOf(messages: CheckpointMessages): number {
  if (messages instanceof PackedMessages) return messages.cbytes
  let cbytes = 0
  for (const { mtext } of messages) cbytes += mtext.length
  return cbytes
}

/** Of how many of the messages it is told, in one pass at most. */
export function toldBy(messages: CheckpointMessages): Told {
  if (messages instanceof PackedMessages) return messages.told
  const told = { sequence: 0, sender: 0, time: 0 }
  for (const { sequence, sender, time } of messages) {
    if (sequence !== undefined) told.sequence++
    if (sender !== undefined) told.sender++
    if (time !== undefined) told.time++
  }
  return told
}

/** Walks through records, and is the message at which it has arrived: a million of them need no object each. */
class PackedView implements Iterator<PackedView>, MessageView {
  readonly #segments: readonly SharedRecords[]
  readonly #result: IteratorYieldResult<PackedView> = { done: false, value: this }
  #nextSegment = 0
  #words: Int32Array = new Int32Array(0)
  #wordsEnd = 0
  #next = 0
  mtype: Long = 0
  sequence: number | undefined = 0
  sender: Sender | undefined
  // A number from the first: where both are told, as mostly, the engine then stores them without boxes.
  time: number | undefined = 0
  source: DataView = new DataView(this.#words.buffer)
  start = 0
  end = 0

  constructor(segments: readonly SharedRecords[]) {
    this.#segments = segments
  }

  get mtext(): Uint8Array {
    return new Uint8Array(this.source.buffer, this.start, this.end - this.start)
  }

  next(): IteratorResult<PackedView, undefined> {
    while (this.#next >= this.#wordsEnd) {
      const segment = this.#segments[this.#nextSegment++]
      if (segment === undefined) return { done: true, value: undefined }
      this.#words = segment.words
      this.#wordsEnd = segment.end
      this.#next = liveRecordFrom(segment.words, segment.end, 0)
      this.source = new DataView(segment.words.buffer)
    }
    const words = this.#words
    const at = this.#next
    this.#next = following(words, this.#wordsEnd, at)
    const sequence = sequenceOf(words, at)
    const time = timeOf(words, at)
    this.mtype = typeOf(words, at)
    this.sequence = sequence === UNTOLD.sequence ? undefined : sequence
    this.sender = this.#senderAt(at)
    this.time = time === UNTOLD.time ? undefined : time
    this.start = payloadStart(at)
    this.end = this.start + sizeOf(words, at)
    return this.#result
  }

  /** Neighbours mostly have one sender: then they share the object. */
  #senderAt(at: number): Sender | undefined {
    const pid = pidOf(this.#words, at)
    if (pid === UNTOLD.pid) return undefined
    const uid = uidOf(this.#words, at)
    return this.sender?.pid === pid && this.sender.uid === uid ? this.sender : { pid, uid }
  }
}

/** The live record behind one. */
function following(words: Int32Array, end: number, at: number): number {
  return liveRecordFrom(words, end, recordAfter(words, at))
}
