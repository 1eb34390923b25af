import { type Disk, type DiskFile, readPart, writeAll } from './disk.ts'
import { readFrame, saidFrameBytes } from './frame.ts'
import { decodeHeader, encodeHeader, HEADER_BYTES, headerCrc } from './header.ts'

/**
 * A segment: a file of one size, its header, frames one after the other, zeros. It is made whole, header and zeros, and is on
 * the disk before it gets its name: what is written into it later changes no size and needs no new block.
 */

/** The header has the largest sector that disks have for itself, and is never written again. */
export const SEGMENT_HEADER_BYTES = 4_096
/** One write of zeros: what a disk takes in a few milliseconds, so that flushes of records come between. */
const ZEROS_BYTES = 1 << 20
const ZEROS = Buffer.alloc(ZEROS_BYTES)
/** Enough for the first frame in most segments. */
const HEAD_BYTES = 1 << 12

/** A file that is not whole yet has this after its name. */
export const UNFINISHED = '.new'
const NAME = /^segment-(\d{10,})$/

/** A segment, as far as its header and its first frame tell. */
export interface Segment {
  readonly name: string
  readonly number: number
  readonly bytes: number
  /** What CRCs of its frames begin with; `undefined` when the header is damaged, and nothing in it can be read. */
  readonly salt: number | undefined
  /** Of its first record; `undefined` when it has none, or none that can be read. */
  first: number | undefined
  /** That record's time; 0 where there is none. */
  firstTime: number
}

/** A segment with its open file, to be written into. */
export interface OpenSegment {
  readonly segment: Segment
  readonly salt: number
  readonly file: DiskFile
}

export function segmentName(number: number): string {
  return `segment-${String(number).padStart(10, '0')}`
}

/** The number in a segment's name; `undefined` when it is the name of something else. */
export function segmentNumber(name: string): number | undefined {
  const number = NAME.exec(name)?.[1]
  return number === undefined ? undefined : Number(number)
}

/**
 * Makes an empty segment.
 *
 * @throws Node's own system error, `ENOSPC` for instance: then there is none.
 */
export async function makeSegment(disk: Disk, id: Buffer, number: number, bytes: number): Promise<OpenSegment> {
  const name = segmentName(number)
  const header = encodeHeader('msgqsegm', id, number, bytes)
  const salt = headerCrc(header)
  const file = await disk.create(name + UNFINISHED)
  try {
    await writeAll(file, header, 0)
    for (let at = HEADER_BYTES; at < bytes; ) {
      const length = Math.min(ZEROS_BYTES, bytes - at)
      await writeAll(file, ZEROS.subarray(0, length), at)
      at += length
    }
    await file.flush()
    await disk.rename(name + UNFINISHED, name)
    await disk.flushNames()
  } catch (error) {
    await file.close()
    await disk.remove(name + UNFINISHED).catch(() => undefined)
    throw error
  }
  return { segment: { name, number, bytes, salt, first: undefined, firstTime: 0 }, salt, file }
}

/** Opens a segment, to be written into. */
export async function openSegment(disk: Disk, segment: Segment): Promise<OpenSegment> {
  if (segment.salt === undefined) throw new Error(`assertion: ${segment.name} has no header`)
  return { segment, salt: segment.salt, file: await disk.open(segment.name) }
}

/** Looks at a segment's header and first frame. @throws {JournalError} It is of a newer format. */
export async function inspectSegment(disk: Disk, number: number): Promise<{ segment: Segment; id?: Buffer }> {
  const name = segmentName(number)
  const file = await disk.open(name)
  try {
    const size = await file.size()
    const header = decodeHeader('msgqsegm', name, await readPart(file, 0, HEADER_BYTES))
    if (header === undefined || header.first !== number) {
      return { segment: { name, number, bytes: size, salt: undefined, first: undefined, firstTime: 0 } }
    }
    const { id, second: bytes, crc: salt } = header
    const head = await readPart(file, SEGMENT_HEADER_BYTES, HEAD_BYTES)
    const said = Math.min(saidFrameBytes(head), bytes - SEGMENT_HEADER_BYTES)
    const whole = said <= HEAD_BYTES ? head : await readPart(file, SEGMENT_HEADER_BYTES, said)
    const [record] = readFrame(whole, 0, salt)?.records ?? []
    return { segment: { name, number, bytes, salt, first: record?.sequence, firstTime: record?.time ?? 0 }, id }
  } finally {
    await file.close()
  }
}

/** All bytes of a segment; those that are missing at its end are zeros. */
export async function readSegment(disk: Disk, { name, bytes }: Segment): Promise<Buffer> {
  const file = await disk.open(name)
  try {
    return await readPart(file, 0, bytes)
  } finally {
    await file.close()
  }
}
