import { deepEqual } from 'node:assert/strict'
import { OpenFrame } from '../../src/backends/daemon/journal/frame.ts'
import type { Disk } from '../../src/backends/daemon/journal/index.ts'
import {
  inspectSegment,
  makeSegment,
  SEGMENT_HEADER_BYTES,
  type Segment,
} from '../../src/backends/daemon/journal/segment.ts'

/** What one write puts into a segment. */
export interface WrittenFrame {
  /** Sequence number of its first record. */
  readonly first: number
  readonly records: readonly string[]
  /** Of all its records; default: 1,000 times the first one's number. */
  readonly time?: number
  /** The last record of which it knows that it is on the disk; default: the one before it. */
  readonly flushed?: number
}

export const SEGMENT_BYTES = 16_384
const ID = Buffer.alloc(16, 7)

/** A frame of one record, or of some; each record says its number. */
export function frame(
  first: number,
  count: number = 1,
  told: Pick<WrittenFrame, 'time' | 'flushed'> = {},
): WrittenFrame {
  return { first, records: Array.from({ length: count }, (_, index) => `record ${first + index}`), ...told }
}

/** The bytes of a frame in a segment. */
export function frameBytesOf(
  { salt }: Segment,
  { first, records, time = 1_000 * first, flushed = first - 1 }: WrittenFrame,
): Buffer {
  const open = new OpenFrame(first, time, 0, undefined)
  for (const record of records) open.add(Buffer.from(record), time)
  return Buffer.from(open.seal(salt ?? 0, flushed))
}

/**
 * Segments with these frames in them, from the first number on, as a journal writes them; nothing of the frames is flushed.
 *
 * @returns The segments, and for each of them where each frame begins and, at last, where the next one would.
 */
export async function writeSegments(
  disk: Disk,
  contents: readonly (readonly WrittenFrame[])[],
  firstNumber: number = 1,
): Promise<{ readonly segments: readonly Segment[]; readonly offsets: readonly (readonly number[])[] }> {
  const segments: Segment[] = []
  const offsets: number[][] = []
  for (const [index, frames] of contents.entries()) {
    const { segment: made, file } = await makeSegment(disk, ID, firstNumber + index, SEGMENT_BYTES)
    let at = SEGMENT_HEADER_BYTES
    const places = [at]
    for (const each of frames) {
      const bytes = frameBytesOf(made, each)
      file.writeNow(bytes, at)
      at += bytes.length
      places.push(at)
    }
    await file.close()
    const { segment, id } = await inspectSegment(disk, firstNumber + index)
    deepEqual(id, ID)
    segments.push(segment)
    offsets.push(places)
  }
  return { segments, offsets }
}
