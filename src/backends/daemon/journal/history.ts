import type { Disk } from './disk.ts'
import { JournalError } from './errors.ts'
import { type JournalRecord, readFrame } from './frame.ts'
import { firstNeeded } from './replay.ts'
import { readSegment, SEGMENT_HEADER_BYTES, type Segment } from './segment.ts'

/** Which records are meant. */
export interface Span {
  /** Sequence numbers of the first and the last. */
  readonly first: number
  readonly last: number
  /** Milliseconds since 1970, both included. */
  readonly from: number
  readonly to: number
}

/**
 * Reads records that are on the disk, in order, in lists; while others are appended too.
 *
 * @throws {JournalError} `ERR_MSGQ_JOURNAL_DAMAGED` at the first that cannot be read; those before it were handed on.
 */
export async function* readRecords(
  disk: Disk,
  segments: readonly Segment[],
  { first, last, from, to }: Span,
): AsyncGenerator<readonly JournalRecord[]> {
  const filled = segments.filter((segment) => segment.first !== undefined)
  let next = first
  for (let index = firstNeeded(filled, next); next <= last; index++) {
    const segment = filled[index]
    if (segment?.first === undefined || segment.first > next) throw gap(next, Math.min(last, (segment?.first ?? 0) - 1))
    if (segment.firstTime > to) return
    const following = filled[index + 1]
    if (following?.first !== undefined && following.firstTime < from) {
      next = following.first
      continue
    }
    for (const records of recordsIn(await readSegment(disk, segment), segment)) {
      next = (records.at(-1)?.sequence ?? 0) + 1
      const meant = records.filter(
        ({ sequence, time }) => sequence >= first && sequence <= last && time >= from && time <= to,
      )
      if (meant.length > 0) yield meant
      if ((records.at(-1)?.time ?? 0) > to) return
    }
  }
}

function* recordsIn(bytes: Buffer, { salt }: Segment): Generator<readonly JournalRecord[]> {
  for (let at = SEGMENT_HEADER_BYTES; salt !== undefined; ) {
    const frame = readFrame(bytes, at, salt)
    if (frame === undefined) return
    yield frame.records
    at = frame.end
  }
}

function gap(first: number, last: number): JournalError {
  const lost = last < first ? { first } : { first, last }
  const message = `records ${first} to ${last < first ? '?' : last} cannot be read: they are of no use for looking back`
  return new JournalError('ERR_MSGQ_JOURNAL_DAMAGED', message, { lost })
}
