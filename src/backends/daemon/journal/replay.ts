import type { Disk } from './disk.ts'
import type { OnNotice } from './errors.ts'
import { type Frame, findFrame, type JournalRecord, readFrame } from './frame.ts'
import type { ImageFile } from './image-file.ts'
import type { Reading } from './reading.ts'
import { readSegment, SEGMENT_HEADER_BYTES, type Segment } from './segment.ts'

/** Records are handed on in lists of so many: asking for each alone would cost more than to read it. */
const RECORDS_AT_ONCE = 4_096

/** A byte of a segment. */
export interface Place {
  /** The segment's index among all. */
  readonly index: number
  readonly offset: number
}

/** Where the records of a journal end. */
export interface EndOfRecords {
  /** Behind the last frame: where the next one goes; `undefined` when there is no segment to go on with. */
  readonly place: Place | undefined
  /** Where something stands that is neither the next frame nor zeros. */
  readonly broken: Place | undefined
  /** Sequence number of the record that would be next. */
  readonly next: number
  /** The last record of any frame that was read; less than the image covers when the disk lost records after it. */
  readonly seen: number
  readonly time: number
  /** The last record that a frame says was on the disk. */
  readonly flushed: number
  /** The segments in which frames were read, and the last record of each. */
  readonly lasts: ReadonlyMap<number, number>
}

/** How many bytes `replay` will read. */
export function replayedBytes(segments: readonly Segment[], image: Pick<ImageFile, 'sequence'> | undefined): number {
  const needed = segments.slice(firstNeeded(segments, (image?.sequence ?? 0) + 1))
  return needed.reduce((sum, { bytes }) => sum + bytes, 0)
}

/** Hands on the records after an image, or all of them, in order, and tells where they end. Changes nothing. */
export async function* replay(
  disk: Disk,
  segments: readonly Segment[],
  image: ImageFile | undefined,
  onNotice: OnNotice,
  reading: Reading,
): AsyncGenerator<readonly JournalRecord[], EndOfRecords> {
  const covered = image?.sequence ?? 0
  let next = covered + 1
  let seen = 0
  let time = image?.time ?? 0
  let flushed = 0
  let place: Place | undefined
  let broken: Place | undefined
  const lasts = new Map<number, number>()
  let gathered: JournalRecord[] = []

  for (let index = firstNeeded(segments, next); broken === undefined; index++) {
    const segment = segments[index]
    if (segment === undefined) break
    const bytes = await readSegment(disk, segment)
    reading.add(segment.bytes)
    let offset = SEGMENT_HEADER_BYTES
    for (;;) {
      const frame = nextFrame(bytes, offset, segment, { next, covered }, onNotice)
      if (frame === undefined) break
      for (const record of frame.records) {
        if (record.sequence < next) continue
        next++
        time = record.time
        gathered.push(record)
      }
      offset = frame.end
      seen = frame.last
      flushed = frame.flushed
      lasts.set(index, frame.last)
      place = undefined
      if (gathered.length < RECORDS_AT_ONCE) continue
      yield gathered
      gathered = []
    }
    if (segment.salt !== undefined) place ??= { index, offset }
    if (segment.salt !== undefined && isZero(bytes.subarray(offset))) continue
    if (segments[index + 1]?.first === next) {
      const message = `${segment.name}, byte ${offset}: damaged where no records are`
      onNotice({ kind: 'damage-not-needed', message, file: segment.name, offset })
    } else {
      broken = { index, offset }
    }
  }
  if (gathered.length > 0) yield gathered
  return { place, broken, next, seen, time, flushed, lasts }
}

/** The last segment that begins with a record up to `next`: what is before it is only for looking back. */
export function firstNeeded(segments: readonly Segment[], next: number): number {
  const index = segments.findLastIndex(({ first }) => first !== undefined && first <= next)
  return Math.max(index, 0)
}

/** The frame with the next record. Frames that the image covers may be missing: then the next one is looked for. */
function nextFrame(
  bytes: Buffer,
  offset: number,
  { name, salt }: Segment,
  { next, covered }: { readonly next: number; readonly covered: number },
  onNotice: OnNotice,
): Frame | undefined {
  if (salt === undefined) return undefined
  const frame = readFrame(bytes, offset, salt)
  if (frame !== undefined && (frame.first === next || frame.first <= covered)) return frame
  if (next > covered + 1 || isZero(bytes.subarray(offset))) return undefined
  const later = findFrame(bytes, offset, salt, { least: 1, most: next })
  if (later === undefined) return undefined
  const message = `${name}, byte ${offset}: damaged, in records that the image covers`
  onNotice({ kind: 'damage-not-needed', message, file: name, offset, bytes: later.offset - offset })
  return later
}

/** Whether bytes are zeros. */
export function isZero(bytes: Buffer): boolean {
  return lastNonZero(bytes) === 0
}

/** Where the last byte ends that is not zero. */
export function lastNonZero(bytes: Buffer): number {
  let end = bytes.length
  while (end >= ZEROS.length && bytes.subarray(end - ZEROS.length, end).equals(ZEROS)) end -= ZEROS.length
  while (bytes[end - 1] === 0) end--
  return end
}

/** Compared at once: byte by byte, an empty segment would take as long as a full one. */
const ZEROS = Buffer.alloc(1_024)
