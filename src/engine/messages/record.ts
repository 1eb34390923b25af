import type { Long } from '../../abi/index.ts'
import type { Sender } from '../entry.ts'

/**
 * A queued message in 32-bit words.
 *
 *   record = length, type low, type high, next, sequence low, sequence high, time low, time high, pid, uid, payload
 *
 * A dead record's length is its complement. `next` is the address of the next message of the same type, plus 1. The
 * payload is padded to whole words. Types, sequences and times are two halves: exact, and no bigint on the way.
 */
export const LENGTH = 0
export const TYPE_LOW = 1
export const TYPE_HIGH = 2
export const NEXT = 3
export const SEQUENCE_LOW = 4
export const SEQUENCE_HIGH = 5
export const TIME_LOW = 6
export const TIME_HIGH = 7
export const PID = 8
export const UID = 9
export const RECORD_WORDS = 10

export const HALF = 0x1_0000_0000

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

/** Words that a record with a payload of some bytes takes. */
export function recordWords(sizeBytes: number): number {
  return RECORD_WORDS + ((sizeBytes + 3) >>> 2)
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
  return { pid: words[offset + PID] as number, uid: (words[offset + UID] as number) >>> 0 }
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
