import type { Long } from '../../abi/index.ts'
import type { Sender } from '../entry.ts'

/**
 * A queued message in 32-bit words.
 *
 *   record = length, type low, type high, next, slot, sequence low, sequence high, time low, time high, pid, uid, payload
 *
 * A dead record's length is its complement. `next` is the address of the next message of the same type, plus 1, and
 * `slot` the type's on the queue's index: both count only where there is one, for what is visible. The payload is padded to whole words. Types, sequences and times are two halves: exact, and no bigint on the way.
 */
const LENGTH = 0
const TYPE_LOW = 1
const TYPE_HIGH = 2
const NEXT = 3
const SLOT = 4
const SEQUENCE_LOW = 5
const SEQUENCE_HIGH = 6
const TIME_LOW = 7
const TIME_HIGH = 8
const PID = 9
const UID = 10
const RECORD_WORDS = 11

/*
 * The layout is this file's own, for speed as well: V8 makes a number of a module's own constant, but loads an exported
 * one from memory each time, and checks what it loaded (an eighth of a pair's time, measured).
 */

const HALF = 0x1_0000_0000

/**
 * What stands in a record that does not tell: no sequence number, pid or time is this. A queue's own messages tell all;
 * an image's may not.
 */
export const UNTOLD: { readonly [Field in 'sequence' | 'pid' | 'uid' | 'time']: number } = {
  sequence: 0,
  pid: -1,
  uid: 0,
  time: -HALF,
}

/** Up to this a loop is faster (measured). */
const COPIED_BY_WORD_MAX_WORDS = 64
/** Up to this, copying in a loop takes less time than making the view that a copy in one go needs (measured). */
const COPIED_BY_WORD_MAX_BYTES = 128

/** Words that a record with a payload of some bytes takes. */
export function recordWords(sizeBytes: number): number {
  return RECORD_WORDS + ((sizeBytes + 3) >>> 2)
}

/** The slot of what is in no chain. */
const NO_SLOT = -1

/** Writes all of a record but its payload; it is in no chain yet. */
export function writeRecord(
  words: Int32Array,
  offset: number,
  sizeBytes: number,
  mtype: Long,
  sequence: number,
  pid: number,
  uid: number,
  time: number,
): void {
  words[offset + LENGTH] = sizeBytes
  words[offset + TYPE_LOW] = lowHalf(mtype)
  words[offset + TYPE_HIGH] = highHalf(mtype)
  words[offset + NEXT] = 0
  words[offset + SLOT] = NO_SLOT
  words[offset + SEQUENCE_LOW] = sequence
  words[offset + SEQUENCE_HIGH] = sequence / HALF
  words[offset + TIME_LOW] = time
  words[offset + TIME_HIGH] = time / HALF
  words[offset + PID] = pid
  words[offset + UID] = uid
}

/** Writes the payload of a record: bytes of another view. */
export function writePayload(
  { bytes, view }: { readonly bytes: Uint8Array; readonly view: DataView },
  offset: number,
  source: DataView,
  start: number,
  end: number,
): void {
  const to = payloadStart(offset)
  if (end - start <= COPIED_BY_WORD_MAX_BYTES) copyByWord(view, to, source, start, end)
  else bytes.set(new Uint8Array(source.buffer, source.byteOffset + start, end - start), to)
}

/**
 * Copies without a view of the source, which need not be aligned: four words at a time, for what V8 checks of both views
 * it then checks once for four.
 */
function copyByWord(target: DataView, to: number, source: DataView, start: number, end: number): void {
  let at = to
  let from = start
  for (; from <= end - 16; from += 16, at += 16) {
    target.setInt32(at, source.getInt32(from, true), true)
    target.setInt32(at + 4, source.getInt32(from + 4, true), true)
    target.setInt32(at + 8, source.getInt32(from + 8, true), true)
    target.setInt32(at + 12, source.getInt32(from + 12, true), true)
  }
  for (; from <= end - 4; from += 4, at += 4) target.setInt32(at, source.getInt32(from, true), true)
  for (; from < end; from++, at++) target.setUint8(at, source.getUint8(from))
}

/** The first live record at or behind an offset; `end` when there is none. */
export function liveRecordFrom(words: Int32Array, end: number, offset: number): number {
  let at = offset
  while (at < end) {
    const length = words[at] as number
    if (length >= 0) return at
    at += recordWords(~length)
  }
  return end
}

/** The length of a live record's payload. */
export function sizeOf(words: Int32Array, offset: number): number {
  return words[offset + LENGTH] as number
}

/** Marks a live record dead. */
export function kill(words: Int32Array, offset: number): void {
  words[offset + LENGTH] = ~(words[offset + LENGTH] as number)
}

export function isDead(words: Int32Array, offset: number): boolean {
  return (words[offset + LENGTH] as number) < 0
}

/** Where the record behind one begins, be this one live or dead. */
export function recordAfter(words: Int32Array, offset: number): number {
  const length = words[offset + LENGTH] as number
  return offset + recordWords(length < 0 ? ~length : length)
}

/** Where a record's payload begins, in bytes. */
export function payloadStart(offset: number): number {
  return (offset + RECORD_WORDS) * 4
}

export function nextOf(words: Int32Array, offset: number): number {
  return (words[offset + NEXT] as number) >>> 0
}

export function setNext(words: Int32Array, offset: number, next: number): void {
  words[offset + NEXT] = next
}

export function slotOf(words: Int32Array, offset: number): number {
  return words[offset + SLOT] as number
}

export function setSlot(words: Int32Array, offset: number, slot: number): void {
  words[offset + SLOT] = slot
}

/** Copies a record, word by word: a view of it, to copy it in one go, takes longer to make where it is short. */
export function copyRecord(source: Int32Array, from: number, target: Int32Array, to: number, words: number): void {
  if (words > COPIED_BY_WORD_MAX_WORDS) target.set(source.subarray(from, from + words), to)
  else for (let word = 0; word < words; word++) target[to + word] = source[from + word] as number
}

export function typeHighOf(words: Int32Array, offset: number): number {
  return words[offset + TYPE_HIGH] as number
}

export function typeLowOf(words: Int32Array, offset: number): number {
  return words[offset + TYPE_LOW] as number
}

export function typeOf(words: Int32Array, offset: number): Long {
  return longFrom(words[offset + TYPE_HIGH] as number, words[offset + TYPE_LOW] as number)
}

export function sequenceOf(words: Int32Array, offset: number): number {
  return wholeFrom(words[offset + SEQUENCE_HIGH] as number, words[offset + SEQUENCE_LOW] as number)
}

export function timeOf(words: Int32Array, offset: number): number {
  return wholeFrom(words[offset + TIME_HIGH] as number, words[offset + TIME_LOW] as number)
}

/** Who sent it; the pid is that of `UNTOLD` where it is not told. */
export function senderOf(words: Int32Array, offset: number): Sender {
  return { pid: pidOf(words, offset), uid: uidOf(words, offset) }
}

export function pidOf(words: Int32Array, offset: number): number {
  return words[offset + PID] as number
}

export function uidOf(words: Int32Array, offset: number): number {
  return (words[offset + UID] as number) >>> 0
}

/** Up to here V8 keeps an array's bytes in its own heap, which costs a fraction. Source: V8's typed_array_max_size_in_heap. */
const SHORT_BYTES = 64
const SHORT = new Int32Array(SHORT_BYTES / 4)
/** The first bytes of the same, by how many. */
const SHORTS = Array.from({ length: SHORT_BYTES + 1 }, (_, length) => new Uint8Array(SHORT.buffer, 0, length))

/**
 * A copy of the first bytes of a record's payload. Short ones are copied by the word: `slice` takes twice as long to
 * begin.
 */
export function payloadOf(words: Int32Array, bytes: Uint8Array, offset: number, sizeBytes: number): Uint8Array {
  const start = offset + RECORD_WORDS
  if (sizeBytes > SHORT_BYTES) return bytes.slice(start * 4, start * 4 + sizeBytes)
  const end = (sizeBytes + 3) >>> 2
  for (let word = 0; word < end; word++) SHORT[word] = words[start + word] as number
  return new Uint8Array(SHORTS[sizeBytes] as Uint8Array)
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
