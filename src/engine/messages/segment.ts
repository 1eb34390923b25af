import type { PlainMessages, ToldAlike } from './plain-messages.ts'
import {
  isDead,
  kill,
  liveRecordFrom,
  recordAfter,
  recordWords,
  sequenceOf,
  UNTOLD,
  writePayload,
  writeRecord,
} from './record.ts'

/** Words of an ordinary segment, 256 KiB: an offset has 16 bits. A first segment is smaller, a long message's is longer. */
export const SEGMENT_WORDS = 0x1_0000
/** A queue that never held much costs little. */
export const FIRST_SEGMENT_WORDS = 0x400

/**
 * Where records take less than such a part of a segment they are copied when they are shared: else it would get new room
 * for all that it may hold, 256 KiB mostly, before its next change.
 */
const COPIED_SHARE = 16

/** Records between two marks. */
const MARK_RECORDS = 32

/** The records of a segment as they were at one instant. Nobody changes them. */
export interface SharedRecords {
  readonly words: Int32Array
  readonly end: number
  readonly live: number
  readonly records: number
  readonly firstSequence: number
  readonly lastSequence: number
}

/** A piece of a queue's log: records, one behind the other. */
export class Segment {
  readonly slot: number
  words: Int32Array
  /** The same memory, twice. */
  bytes: Uint8Array
  view: DataView
  /** Where the next record goes. */
  end = 0
  /** Records that are not dead. */
  live = 0
  /** Sequence numbers of the first and the last record: they rise along the log. */
  firstSequence = 0
  lastSequence = 0
  /** Of every 32nd record its offset, and how many of the 32 live; made at the first search that needs them. */
  #marks: { readonly offsets: number[]; readonly live: number[] } | undefined
  /** All of them, dead ones too. */
  records = 0
  /** A checkpoint has these very records: before one of them changes, the segment gets a copy of its own. */
  #isShared = false

  constructor(slot: number, words: Int32Array) {
    this.slot = slot
    this.words = words
    this.bytes = new Uint8Array(words.buffer)
    this.view = new DataView(words.buffer)
  }

  /** A segment of the records that another one has shared, without room for more: what is behind them is the other's. */
  static of(slot: number, { words, end, live, records, firstSequence, lastSequence }: SharedRecords): Segment {
    const segment = new Segment(slot, words.subarray(0, end))
    segment.end = end
    segment.live = live
    segment.firstSequence = firstSequence
    segment.lastSequence = lastSequence
    segment.records = records
    segment.#isShared = true
    return segment
  }

  /** The records as they are: they stay so, whatever becomes of the segment. */
  share(): SharedRecords {
    const { words, end, live, records, firstSequence, lastSequence } = this
    const told = { end, live, records, firstSequence, lastSequence }
    const areFew = words.length > FIRST_SEGMENT_WORDS && end * COPIED_SHARE < words.length
    if (areFew) return { ...told, words: words.slice(0, end) }
    this.#isShared = true
    return { ...told, words }
  }

  /** Before a record is changed that is there: makes the words the segment's own. */
  own(): void {
    if (!this.#isShared) return
    // With what lies behind the records too: it shows through where a shorter one is written there.
    this.words = this.words.slice()
    this.bytes = new Uint8Array(this.words.buffer)
    this.view = new DataView(this.words.buffer)
    this.#isShared = false
  }

  hasRoomFor(words: number): boolean {
    return this.end + words <= this.words.length
  }

  /** Takes room for a record, whose words the caller writes. */
  add(words: number, sequence: number): number {
    const offset = this.end
    if (offset === 0) this.firstSequence = sequence
    this.lastSequence = sequence
    this.end += words
    this.live++
    if (this.#marks !== undefined) mark(this.#marks, this.records, offset)
    this.records++
    return offset
  }

  /**
   * Adds messages from one index on up to another, as many as it has room for.
   *
   * @returns How many bytes their payloads are.
   */
  addPlain(messages: PlainMessages, from: number, to: number, alike: ToldAlike): number {
    const { words } = this
    const { source, types, starts, sizes } = messages
    const { step } = alike
    const time = alike.time < 0 ? UNTOLD.time : alike.time
    const { pid, uid } = alike.pid < 0 ? UNTOLD : alike
    let sequence = alike.sequence < 0 ? UNTOLD.sequence : alike.sequence
    let cbytes = 0
    let at = from
    let { end } = this
    if (end === 0) this.firstSequence = sequence
    for (; at < to; at++) {
      const sizeBytes = sizes[at] as number
      const next = end + recordWords(sizeBytes)
      if (next > words.length) break
      const start = starts[at] as number
      writeRecord(words, end, sizeBytes, types[at] as number, sequence, pid, uid, time)
      writePayload(this, end, source, start, start + sizeBytes)
      sequence += step
      cbytes += sizeBytes
      end = next
    }
    this.lastSequence = sequence - step
    this.end = end
    this.live += at - from
    this.records += at - from
    this.#marks = undefined
    return cbytes
  }

  /** Marks a record dead. */
  kill(offset: number): void {
    this.own()
    kill(this.words, offset)
    this.live--
    if (this.#marks === undefined) return
    const block = lastThat(this.#marks.offsets, (mark) => mark <= offset)
    this.#marks.live[block] = (this.#marks.live[block] ?? 0) - 1
  }

  /** Makes room again, once every record is dead. */
  reset(): void {
    this.end = 0
    this.records = 0
    this.#marks = undefined
  }

  /** The first live record at or behind an offset; `end` when there is none. */
  liveFrom(offset: number): number {
    return liveRecordFrom(this.words, this.end, offset)
  }

  /** The record behind one. */
  after(offset: number): number {
    return recordAfter(this.words, offset)
  }

  /** The live record number `rank`, from 0, which must be there. */
  atRank(rank: number): number {
    this.#marks ??= this.#makeMarks()
    const { offsets, live } = this.#marks
    let rest = rank
    let block = 0
    for (let count = live[0] ?? 0; rest >= count; count = live[block] ?? 0) {
      rest -= count
      block++
    }
    let at = this.liveFrom(offsets[block] ?? 0)
    for (; rest > 0; rest--) at = this.liveFrom(this.after(at))
    return at
  }

  /** The first live record whose sequence number is above one; `end` when there is none. */
  firstAfter(sequence: number): number {
    let at = this.liveFrom(this.#markedUpTo(sequence))
    while (at < this.end && this.sequenceAt(at) <= sequence) at = this.liveFrom(this.after(at))
    return at
  }

  /** Dead records have one, too. */
  sequenceAt(offset: number): number {
    return sequenceOf(this.words, offset)
  }

  /** The last marked record that is not behind a sequence number. Few records need no marks. */
  #markedUpTo(sequence: number): number {
    if (this.records <= MARK_RECORDS) return 0
    this.#marks ??= this.#makeMarks()
    const { offsets } = this.#marks
    return offsets[lastThat(offsets, (mark) => this.sequenceAt(mark) <= sequence)] ?? 0
  }

  #makeMarks() {
    const marks = { offsets: [] as number[], live: [] as number[] }
    let record = 0
    for (let at = 0; at < this.end; at = this.after(at), record++) {
      mark(marks, record, at)
      const block = marks.live.length - 1
      if (isDead(this.words, at)) marks.live[block] = (marks.live[block] ?? 0) - 1
    }
    return marks
  }
}

/** Counts a live record. */
function mark(marks: { readonly offsets: number[]; readonly live: number[] }, record: number, offset: number): void {
  if (record % MARK_RECORDS === 0) {
    marks.offsets.push(offset)
    marks.live.push(0)
  }
  const block = marks.live.length - 1
  marks.live[block] = (marks.live[block] ?? 0) + 1
}

/** The index of the last of some numbers for which something holds, as it does for those before; 0 if for none. */
function lastThat(rising: readonly number[], holds: (value: number) => boolean): number {
  let low = 0
  let high = rising.length
  while (high - low > 1) {
    const middle = (low + high) >>> 1
    if (holds(rising[middle] ?? 0)) low = middle
    else high = middle
  }
  return low
}
