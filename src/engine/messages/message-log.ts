import type { Long, Msgbuf } from '../../abi/index.ts'
import type { Message, Sender } from '../entry.ts'
import { type MessageView, PackedMessages, type Told } from './packed-messages.ts'
import type { PlainMessages, ToldAlike } from './plain-messages.ts'
import {
  copyRecord,
  nextOf,
  payloadOf,
  payloadStart,
  recordWords,
  senderOf,
  sequenceOf,
  setNext,
  setSlot,
  sizeOf,
  slotOf,
  timeOf,
  typeHighOf,
  typeLowOf,
  typeOf,
  UNTOLD,
  writePayload,
  writeRecord,
} from './record.ts'
import { FIRST_SEGMENT_WORDS, SEGMENT_WORDS, Segment } from './segment.ts'

/** Where a message stands in its log. */
export type Address = number

/** Most segments of one log, since a slot has 16 bits: 16 GiB. */
const SEGMENTS_MAX = 0x1_0000
/** A log below this is never worth packing anew: two ordinary segments. */
const PACK_MIN_WORDS = 2 * SEGMENT_WORDS

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
    if (this.#segments.length < SEGMENTS_MAX - 1) return true
    return this.#segments.at(-1)?.hasRoomFor(recordWords(sizeBytes)) ?? false
  }

  /** Whether dead records take more than half the room. */
  get isSparse(): boolean {
    return this.#allocatedWords > PACK_MIN_WORDS && this.#allocatedWords > 2 * this.#liveWords
  }

  /** Puts a message at the end; its bytes are copied. */
  append({ mtype, mtext }: Msgbuf, sequence: number, { pid, uid }: Sender, time: number): Address {
    const segment = this.#segmentFor(recordWords(mtext.length))
    const offset = this.#write(segment, mtext.length, mtype, sequence, pid, uid, time)
    segment.bytes.set(mtext, payloadStart(offset))
    return addressOf(segment, offset)
  }

  /** As `append`, of an image's message, of which millions may come; what it does not tell is noted as such. */
  appendView(message: MessageView): void {
    const { mtype, sender, source } = message
    const { sequence = UNTOLD.sequence, time = UNTOLD.time, start = 0, end = message.mtext.length } = message
    const { pid, uid } = sender ?? UNTOLD
    const segment = this.#segmentFor(recordWords(end - start))
    const offset = this.#write(segment, end - start, mtype, sequence, pid, uid, time)
    if (source === undefined) segment.bytes.set(message.mtext, payloadStart(offset))
    else writePayload(segment, offset, source, start, end)
  }

  /**
   * As `appendView`, of the messages from one index on up to another, which tell alike.
   *
   * @returns How many bytes their payloads are.
   */
  appendPlain(messages: PlainMessages, from: number, to: number, alike: ToldAlike): number {
    let cbytes = 0
    let { sequence } = alike
    for (let at = from; at < to; ) {
      const segment = this.#segmentFor(recordWords(messages.sizes[at] as number))
      const { end, records } = segment
      cbytes += segment.addPlain(messages, at, to, { ...alike, sequence })
      const added = segment.records - records
      this.count += added
      this.#liveWords += segment.end - end
      sequence += added * alike.step
      at += added
    }
    return cbytes
  }

  #write(
    segment: Segment,
    sizeBytes: number,
    mtype: Long,
    sequence: number,
    pid: number,
    uid: number,
    time: number,
  ): number {
    const words = recordWords(sizeBytes)
    const offset = segment.add(words, sequence)
    writeRecord(segment.words, offset, sizeBytes, mtype, sequence, pid, uid, time)
    this.count++
    this.#liveWords += words
    return offset
  }

  /**
   * All messages as they are, without a copy: what is appended and killed afterwards does not change them.
   *
   * @param cbytes Their payload bytes.
   */
  share(cbytes: number, told: Told = { sequence: this.count, sender: this.count, time: this.count }): PackedMessages {
    const segments = this.#segments.filter(({ live }) => live > 0)
    return new PackedMessages({
      length: this.count,
      cbytes,
      told,
      liveWords: this.#liveWords,
      records: segments.map((segment) => segment.share()),
    })
  }

  /** Takes messages that were shared as its own, without a copy. It has none yet. */
  take({ records, length, liveWords }: PackedMessages): void {
    for (const shared of records) this.#attach(Segment.of(this.#slots.length, shared))
    this.count = length
    this.#liveWords = liveWords
  }

  kill(address: Address): void {
    const segment = this.#segmentOf(address)
    const offset = offsetOf(address)
    this.#liveWords -= recordWords(sizeOf(segment.words, offset))
    this.count--
    segment.kill(offset)
    if (segment.live === 0) this.#release(segment)
  }

  /**
   * Writes the messages into segments without dead records.
   *
   * @param moved Is told of each, oldest first, where it was and where it is now: old and new addresses may be alike.
   */
  pack(moved: (from: Address, to: Address) => void): void {
    const segments = this.#segments.splice(0)
    this.#slots.length = 0
    this.#freeSlots.length = 0
    this.#spare = undefined
    this.#allocatedWords = 0
    for (const sparse of segments) {
      for (let at = sparse.liveFrom(0); at < sparse.end; at = sparse.liveFrom(sparse.after(at))) {
        const words = sparse.after(at) - at
        const segment = this.#segmentFor(words)
        const offset = segment.add(words, sparse.sequenceAt(at))
        copyRecord(sparse.words, at, segment.words, offset, words)
        moved(addressOf(sparse, at), addressOf(segment, offset))
      }
    }
  }

  /** The message, with bytes of its own: at most `msgsz` of them. */
  read(address: Address, msgsz: number): Message {
    const { words, bytes } = this.#segmentOf(address)
    const offset = offsetOf(address)
    return {
      mtype: typeOf(words, offset),
      mtext: payloadOf(words, bytes, offset, Math.min(sizeOf(words, offset), msgsz)),
      sequence: sequenceOf(words, offset),
      sender: senderOf(words, offset),
      time: timeOf(words, offset),
    }
  }

  sizeOf(address: Address): number {
    return sizeOf(this.#segmentOf(address).words, offsetOf(address))
  }

  typeOf(address: Address): Long {
    return typeOf(this.#segmentOf(address).words, offsetOf(address))
  }

  typeHighOf(address: Address): number {
    return typeHighOf(this.#segmentOf(address).words, offsetOf(address))
  }

  typeLowOf(address: Address): number {
    return typeLowOf(this.#segmentOf(address).words, offsetOf(address))
  }

  sequenceOf(address: Address): number {
    return this.#segmentOf(address).sequenceAt(offsetOf(address))
  }

  /** The address that was noted beside a message: of the next one of its type. */
  nextOf(address: Address): Address | undefined {
    const next = nextOf(this.#segmentOf(address).words, offsetOf(address))
    return next === 0 ? undefined : next - 1
  }

  setNext(address: Address, next: Address | undefined): void {
    const segment = this.#segmentOf(address)
    segment.own()
    setNext(segment.words, offsetOf(address), next === undefined ? 0 : next + 1)
  }

  /** The slot that was noted beside a message: of its type. */
  slotOf(address: Address): number {
    return slotOf(this.#segmentOf(address).words, offsetOf(address))
  }

  setSlot(address: Address, slot: number): void {
    const segment = this.#segmentOf(address)
    segment.own()
    setSlot(segment.words, offsetOf(address), slot)
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

  #segmentOf(address: Address): Segment {
    return this.#slots[numberOf(address)] as Segment
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
    const slot = this.#freeSlots.pop() ?? this.#slots.length
    return this.#attach(new Segment(slot, new Int32Array(Math.max(words, ordinary))))
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

/** A long message stands alone in its segment, at 0: offsets never need more than 16 bits, nor do slots. */
const OFFSET_BITS = 16

function addressOf({ slot }: Segment, offset: number): Address {
  return ((slot << OFFSET_BITS) | offset) >>> 0
}

/** Of the segment. */
function numberOf(address: Address): number {
  return address >>> OFFSET_BITS
}

function offsetOf(address: Address): number {
  return address & ((1 << OFFSET_BITS) - 1)
}
