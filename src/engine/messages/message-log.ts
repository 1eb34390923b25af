import type { Long, Msgbuf } from '../../abi/index.ts'
import type { Message, Sender } from '../entry.ts'
import {
  FIRST_SEGMENT_WORDS,
  LENGTH,
  NEXT,
  PID,
  RECORD_WORDS,
  recordWords,
  SEGMENT_WORDS,
  SEQUENCE_HIGH,
  SEQUENCE_LOW,
  Segment,
  TIME_HIGH,
  TIME_LOW,
  TYPE_HIGH,
  TYPE_LOW,
  UID,
} from './segment.ts'

/** Where a message stands in its log. */
export type Address = number

/** Most segments of one log, since a slot has 16 bits: 16 GiB. */
const SEGMENTS_MAX = 0x1_0000
/** Where a record that was packed leaves its new address: its sequence number is no longer needed. */
const FORWARD = SEQUENCE_LOW
/** A log below this is never worth packing anew: two ordinary segments. */
const PACK_MIN_WORDS = 2 * SEGMENT_WORDS
const HALF = 0x1_0000_0000

/** Messages packed one behind the other, in segments. Appended at the end, killed anywhere, found by rank and by sequence number. */
export class MessageLog {
  /** In order; each but the last has a live record. */
  readonly #segments: Segment[] = []
  readonly #slots: (Segment | undefined)[] = []
  readonly #freeSlots: number[] = []
  /** One segment is kept for later, so that steady traffic allocates none. */
  #spare: Segment | undefined
  #liveWords = 0
  #allocatedWords = 0
  count = 0

  /** Whether one more message of some bytes has an address. */
  hasAddressFor(sizeBytes: number): boolean {
    const last = this.#segments[this.#segments.length - 1]
    return this.#segments.length < SEGMENTS_MAX - 1 || (last?.hasRoomFor(recordWords(sizeBytes)) ?? false)
  }

  /** Whether dead records take more than half the room. */
  get isSparse(): boolean {
    return this.#allocatedWords > PACK_MIN_WORDS && this.#allocatedWords > 2 * this.#liveWords
  }

  /** Puts a message at the end; its bytes are copied. */
  append({ mtype, mtext }: Msgbuf, sequence: number, sender: Sender, time: number): Address {
    const words = recordWords(mtext.length)
    const segment = this.#segmentFor(words)
    const offset = segment.add(words, sequence)
    const record = segment.words
    record[offset + LENGTH] = mtext.length
    record[offset + TYPE_LOW] = lowHalf(mtype)
    record[offset + TYPE_HIGH] = highHalf(mtype)
    record[offset + NEXT] = 0
    record[offset + SEQUENCE_LOW] = sequence
    record[offset + SEQUENCE_HIGH] = sequence / HALF
    record[offset + TIME_LOW] = time
    record[offset + TIME_HIGH] = time / HALF
    record[offset + PID] = sender.pid
    record[offset + UID] = sender.uid
    segment.bytes.set(mtext, (offset + RECORD_WORDS) * 4)
    this.count++
    this.#liveWords += words
    return addressOf(segment, offset)
  }

  kill(address: Address): void {
    const segment = this.#segmentOf(address)
    this.#liveWords -= recordWords(this.sizeOf(address))
    this.count--
    segment.kill(offsetOf(address))
    if (segment.live === 0) this.#release(segment)
  }

  /**
   * Writes the messages into segments without dead records.
   *
   * @returns What became of an address: good for the messages that are there, once for each use of this.
   */
  pack(): (address: Address) => Address {
    const segments = this.#segments.splice(0)
    const slots = this.#slots.splice(0)
    this.#freeSlots.length = 0
    this.#spare = undefined
    this.#allocatedWords = 0
    for (const sparse of segments) {
      for (let at = sparse.liveFrom(0); at < sparse.end; at = sparse.liveFrom(sparse.after(at))) {
        const words = sparse.after(at) - at
        const segment = this.#segmentFor(words)
        const offset = segment.add(words, sparse.sequenceAt(at))
        segment.words.set(sparse.words.subarray(at, at + words), offset)
        sparse.words[at + FORWARD] = addressOf(segment, offset)
      }
    }
    return (address) => ((slots[address >>> 16] as Segment).words[offsetOf(address) + FORWARD] as number) >>> 0
  }

  /** The message, with bytes of its own: at most `msgsz` of them. */
  read(address: Address, msgsz: number): Message {
    const segment = this.#segmentOf(address)
    const { words } = segment
    const offset = offsetOf(address)
    return {
      mtype: longFrom(words[offset + TYPE_HIGH] as number, words[offset + TYPE_LOW] as number),
      mtext: bytesOf(segment, offset + RECORD_WORDS, Math.min(words[offset + LENGTH] as number, msgsz)),
      sequence: wholeFrom(words[offset + SEQUENCE_HIGH] as number, words[offset + SEQUENCE_LOW] as number),
      sender: { pid: words[offset + PID] as number, uid: (words[offset + UID] as number) >>> 0 },
      time: wholeFrom(words[offset + TIME_HIGH] as number, words[offset + TIME_LOW] as number),
    }
  }

  sizeOf(address: Address): number {
    return this.#word(address, LENGTH)
  }

  typeOf(address: Address): Long {
    return longFrom(this.#word(address, TYPE_HIGH), this.#word(address, TYPE_LOW))
  }

  typeHighOf(address: Address): number {
    return this.#word(address, TYPE_HIGH)
  }

  typeLowOf(address: Address): number {
    return this.#word(address, TYPE_LOW)
  }

  sequenceOf(address: Address): number {
    return this.#segmentOf(address).sequenceAt(offsetOf(address))
  }

  /** The address that was noted beside a message: of the next one of its type. */
  nextOf(address: Address): Address | undefined {
    const next = this.#word(address, NEXT) >>> 0
    return next === 0 ? undefined : next - 1
  }

  setNext(address: Address, next: Address | undefined): void {
    this.#segmentOf(address).words[offsetOf(address) + NEXT] = next === undefined ? 0 : next + 1
  }

  /** The oldest message. */
  first(): Address | undefined {
    return this.#firstFrom(0)
  }

  /** The message behind one. */
  following(address: Address): Address | undefined {
    const segment = this.#segmentOf(address)
    const offset = segment.liveFrom(segment.after(offsetOf(address)))
    return offset < segment.end ? addressOf(segment, offset) : this.#firstFrom(this.#positionOf(segment) + 1)
  }

  /** The message at an index from the oldest, 0. */
  at(index: number): Address | undefined {
    let rest = index
    for (const segment of this.#segments) {
      if (rest < segment.live) return addressOf(segment, segment.atRank(rest))
      rest -= segment.live
    }
    return undefined
  }

  /** The oldest message whose sequence number is above one. */
  after(sequence: number): Address | undefined {
    const position = this.#positionAfter(sequence)
    const segment = this.#segments[position]
    if (segment === undefined) return undefined
    const offset = segment.firstAfter(sequence)
    return offset < segment.end ? addressOf(segment, offset) : this.#firstFrom(position + 1)
  }

  #firstFrom(position: number): Address | undefined {
    for (let at = position; at < this.#segments.length; at++) {
      const segment = this.#segments[at] as Segment
      const offset = segment.liveFrom(0)
      if (offset < segment.end) return addressOf(segment, offset)
    }
    return undefined
  }

  #word(address: Address, field: number): number {
    return this.#segmentOf(address).words[offsetOf(address) + field] as number
  }

  #segmentOf(address: Address): Segment {
    return this.#slots[address >>> 16] as Segment
  }

  #positionOf(segment: Segment): number {
    return this.#positionAfter(segment.firstSequence - 1)
  }

  /** The position of the first segment that ends above a sequence number. */
  #positionAfter(sequence: number): number {
    let low = 0
    let high = this.#segments.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#segments[middle] as Segment).lastSequence > sequence) high = middle
      else low = middle + 1
    }
    return low
  }

  #segmentFor(words: number): Segment {
    const last = this.#segments[this.#segments.length - 1]
    if (last?.hasRoomFor(words)) return last
    if (last?.live === 0) this.#drop(this.#segments.length - 1, last)
    if (words <= SEGMENT_WORDS && this.#spare !== undefined) {
      const spare = this.#spare
      this.#spare = undefined
      return this.#attach(spare)
    }
    const ordinary = last === undefined ? FIRST_SEGMENT_WORDS : SEGMENT_WORDS
    return this.#attach(new Segment(this.#freeSlots.pop() ?? this.#slots.length, Math.max(words, ordinary)))
  }

  #attach(segment: Segment): Segment {
    this.#slots[segment.slot] = segment
    this.#segments.push(segment)
    this.#allocatedWords += segment.words.length
    return segment
  }

  /** Gives back a segment without live records; the last one goes on from its start. */
  #release(segment: Segment): void {
    segment.reset()
    const isLast = segment === this.#segments[this.#segments.length - 1]
    if (!isLast || segment.words.length > SEGMENT_WORDS) this.#drop(this.#positionOf(segment), segment)
  }

  #drop(position: number, segment: Segment): void {
    this.#segments.splice(position, 1)
    this.#allocatedWords -= segment.words.length
    if (this.#spare === undefined && segment.words.length === SEGMENT_WORDS) {
      this.#spare = segment
      return
    }
    this.#slots[segment.slot] = undefined
    this.#freeSlots.push(segment.slot)
  }
}

function addressOf(segment: Segment, offset: number): Address {
  return segment.slot * SEGMENT_WORDS + offset
}

/** A long message stands alone in its segment, at 0: offsets never need more than 16 bits. */
function offsetOf(address: Address): number {
  return address & (SEGMENT_WORDS - 1)
}

/** Up to here V8 keeps an array's bytes in its own heap, which costs a fraction. Source: V8's typed_array_max_size_in_heap. */
const SHORT_BYTES = 64
const SHORT = new Int32Array(SHORT_BYTES / 4)
/** The first bytes of the same, by how many. */
const SHORTS = Array.from({ length: SHORT_BYTES + 1 }, (_, length) => new Uint8Array(SHORT.buffer, 0, length))

/** A copy of some bytes of a segment. Short ones are copied by the word: `slice` takes twice as long to begin. */
function bytesOf({ words, bytes }: Segment, at: number, length: number): Uint8Array {
  if (length > SHORT_BYTES) return bytes.slice(at * 4, at * 4 + length)
  const end = (length + 3) >>> 2
  for (let word = 0; word < end; word++) SHORT[word] = words[at + word] as number
  return new Uint8Array(SHORTS[length] as Uint8Array)
}

/** The safe integer of two halves, 0 or more. */
function wholeFrom(high: number, low: number): number {
  return high * HALF + (low >>> 0)
}

/** The upper 32 bits of a long. */
export function highHalf(value: Long): number {
  return typeof value === 'bigint' ? Number(value >> 32n) : (value / HALF) | 0
}

/** The lower 32 bits of a long, as a signed number. */
export function lowHalf(value: Long): number {
  return typeof value === 'bigint' ? Number(BigInt.asIntN(32, value)) : value | 0
}

/** The canonical long of two halves, 0 or more. */
function longFrom(high: number, low: number): Long {
  return high < 0x20_0000 ? wholeFrom(high, low) : (BigInt(high) << 32n) | BigInt(low >>> 0)
}
