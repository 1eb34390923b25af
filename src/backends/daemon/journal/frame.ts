import { crc32 } from 'node:zlib'

/**
 * A frame: the records that one write puts on the disk, all of them or none. Numbers are little-endian.
 *
 *    0 u32  CRC-32 of everything after it, continued from the segment's salt: no frame of another segment, nor the copy
 *           of one in a message, is taken for one of this
 *    4 u32  bytes of records; never 0, so zeros are no frame
 *    8 u48  sequence number of the first record
 *   14 u48  its time, milliseconds since 1970
 *   20 u32  how many records before it were not yet known to be on the disk when it was written; 2^32-1: or more
 *   24 {u32 bytes, u32 milliseconds since the first record's time, the record's bytes}
 *      zeros up to a multiple of 8 bytes
 */

const FRAME_HEADER_BYTES = 24
const RECORD_HEADER_BYTES = 8
/** Frames begin at its multiples: a search for one has fewer places to look at. */
const FRAME_ALIGNMENT = 8
const CRC_OFFSET = 0
const LENGTH_OFFSET = 4
const SEQUENCE_OFFSET = 8
const TIME_OFFSET = 14
const UNFLUSHED_OFFSET = 20
const UNFLUSHED_MAX = 2 ** 32 - 1
const MILLISECONDS_MAX = 2 ** 32 - 1
/** 280 trillion records, and the year 10889. */
export const U48_MAX: number = 2 ** 48 - 1

/** A frame takes records until it has so many bytes: more of them gain nothing, and one damaged byte would cost more. */
const FRAME_BYTES_MAX = 1 << 20
/** Holds what some hundred calls append between two writes. */
const BUFFER_BYTES = 1 << 16

/** One entry of a journal. */
export interface JournalRecord {
  /** Counts the journal's records, from 1. */
  readonly sequence: number
  /** Milliseconds since 1970, as `append` was told; never less than the record's before. */
  readonly time: number
  readonly bytes: Uint8Array
}

/** Bytes that a record takes at most, in a frame of its own. */
export function frameBytes(recordBytes: number): number {
  return align(FRAME_HEADER_BYTES + RECORD_HEADER_BYTES + recordBytes)
}

/** A frame that gathers records. */
export class OpenFrame {
  readonly first: number
  readonly firstTime: number
  #bytes: Buffer
  #used = FRAME_HEADER_BYTES
  #last: number

  constructor(first: number, time: number, recordBytes: number, buffer: Buffer | undefined) {
    this.first = first
    this.firstTime = time
    this.#last = first - 1
    const atLeast = frameBytes(recordBytes)
    this.#bytes = buffer !== undefined && buffer.length >= atLeast ? buffer : Buffer.allocUnsafe(roomFor(atLeast))
  }

  /** Sequence number of the last record. */
  get last(): number {
    return this.#last
  }

  /** Bytes of the frame with one more record; `undefined` when that has to go into another frame. */
  bytesWith(recordBytes: number, time: number): number | undefined {
    const used = this.#used + RECORD_HEADER_BYTES + recordBytes
    if (used > FRAME_BYTES_MAX || time - this.firstTime > MILLISECONDS_MAX) return undefined
    return align(used)
  }

  add(record: Uint8Array, time: number): void {
    const end = this.#used + RECORD_HEADER_BYTES + record.length
    if (align(end) > this.#bytes.length) this.#grow(align(end))
    this.#bytes.writeUInt32LE(record.length, this.#used)
    this.#bytes.writeUInt32LE(time - this.firstTime, this.#used + 4)
    this.#bytes.set(record, this.#used + RECORD_HEADER_BYTES)
    this.#used = end
    this.#last++
  }

  /** The frame's bytes, to be written. @param flushed The last record that is known to be on the disk. */
  seal(salt: number, flushed: number): Buffer {
    const end = align(this.#used)
    const bytes = this.#bytes
    for (let at = this.#used; at < end; at++) bytes[at] = 0
    bytes.writeUInt32LE(this.#used - FRAME_HEADER_BYTES, LENGTH_OFFSET)
    bytes.writeUIntLE(this.first, SEQUENCE_OFFSET, 6)
    bytes.writeUIntLE(this.firstTime, TIME_OFFSET, 6)
    bytes.writeUInt32LE(Math.min(this.first - 1 - flushed, UNFLUSHED_MAX), UNFLUSHED_OFFSET)
    bytes.writeUInt32LE(crc32(bytes.subarray(LENGTH_OFFSET, end), salt), CRC_OFFSET)
    return bytes.subarray(0, end)
  }

  /** The buffer of a frame that was written, for another one. */
  get buffer(): Buffer | undefined {
    return this.#bytes.length <= FRAME_BYTES_MAX ? this.#bytes : undefined
  }

  #grow(bytes: number): void {
    const grown = Buffer.allocUnsafe(roomFor(bytes))
    this.#bytes.copy(grown, 0, 0, this.#used)
    this.#bytes = grown
  }
}

/** A whole frame that was found in a segment. */
export interface Frame {
  readonly offset: number
  /** Where the next one begins. */
  readonly end: number
  readonly first: number
  readonly last: number
  /** The last record of which it was known, when this was written, that it is on the disk. */
  readonly flushed: number
  /** Views of the segment's bytes. */
  readonly records: readonly JournalRecord[]
}

/** The frame at an offset; `undefined` when there is no whole one. */
export function readFrame(bytes: Buffer, offset: number, salt: number): Frame | undefined {
  if (offset + FRAME_HEADER_BYTES > bytes.length) return undefined
  const length = bytes.readUInt32LE(offset + LENGTH_OFFSET)
  const end = align(offset + FRAME_HEADER_BYTES + length)
  if (length === 0 || end > bytes.length) return undefined
  const crc = crc32(bytes.subarray(offset + LENGTH_OFFSET, end), salt)
  if (crc !== bytes.readUInt32LE(offset + CRC_OFFSET)) return undefined
  const records = readRecords(bytes, offset, offset + FRAME_HEADER_BYTES + length)
  if (records === undefined) return undefined
  const first = bytes.readUIntLE(offset + SEQUENCE_OFFSET, 6)
  const unflushed = bytes.readUInt32LE(offset + UNFLUSHED_OFFSET)
  const flushed = unflushed === UNFLUSHED_MAX ? 0 : first - 1 - unflushed
  return { offset, end, first, last: first + records.length - 1, flushed, records }
}

/** The next frame at or after an offset whose records can be those from `least` to `most`. */
export function findFrame(
  bytes: Buffer,
  offset: number,
  salt: number,
  { least, most }: { readonly least: number; readonly most: number },
): Frame | undefined {
  for (let at = align(offset); at + FRAME_HEADER_BYTES <= bytes.length; at += FRAME_ALIGNMENT) {
    // Without this each place would cost a CRC of as many bytes as a length by chance says.
    const first = bytes.readUIntLE(at + SEQUENCE_OFFSET, 6)
    if (first < least || first > most) continue
    const frame = readFrame(bytes, at, salt)
    if (frame !== undefined) return frame
  }
  return undefined
}

/** How many bytes the frame at an offset says that it has: what has to be read to see whether it is whole. */
export function saidFrameBytes(header: Buffer): number {
  return align(FRAME_HEADER_BYTES + header.readUInt32LE(LENGTH_OFFSET))
}

/** @returns `undefined` when they do not end where the frame does: the CRC fits by chance. */
function readRecords(bytes: Buffer, offset: number, end: number): JournalRecord[] | undefined {
  const first = bytes.readUIntLE(offset + SEQUENCE_OFFSET, 6)
  const firstTime = bytes.readUIntLE(offset + TIME_OFFSET, 6)
  const records: JournalRecord[] = []
  for (let at = offset + FRAME_HEADER_BYTES; at < end; ) {
    const from = at + RECORD_HEADER_BYTES
    if (from > end) return undefined
    const to = from + bytes.readUInt32LE(at)
    if (to > end) return undefined
    const time = firstTime + bytes.readUInt32LE(at + 4)
    records.push({ sequence: first + records.length, time, bytes: bytes.subarray(from, to) })
    at = to
  }
  return records
}

function align(bytes: number): number {
  return Math.ceil(bytes / FRAME_ALIGNMENT) * FRAME_ALIGNMENT
}

function roomFor(bytes: number): number {
  return Math.max(BUFFER_BYTES, 2 ** Math.ceil(Math.log2(bytes)))
}
