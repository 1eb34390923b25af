import { type Disk, type DiskFile, writeAll } from './disk.ts'
import { JournalError, type Lost, type OnNotice } from './errors.ts'
import { type Frame, findFrame, readFrame } from './frame.ts'
import { type EndOfRecords, lastNonZero, type Place } from './replay.ts'
import { readSegment, SEGMENT_HEADER_BYTES, type Segment, UNFINISHED } from './segment.ts'

/** No file that is missing held more records than this; what is read as a larger number by chance is no frame. */
const MISSING_MAX = 2 ** 40

/** What is behind the end of the records. */
interface Leftover {
  readonly segment: Segment
  /** Where it begins in the segment. */
  readonly offset: number
  /** From there to the segment's end. */
  readonly rest: Buffer
  /** How many of them there are up to the last that is not zero. */
  readonly bytes: number
}

/**
 * Makes a journal end where its records end, so that the next one can be appended there, and what was read is on the disk.
 *
 * What is behind the end is cut off when it is a write that a crash interrupted. It is that unless a frame in it knew, when it was
 * written, that the record which is missing was on the disk: a disk may keep any part of what it was not told to flush.
 *
 * @param acceptLoss Cuts damage off too, and keeps what is cut in files of its own.
 * @returns The segments that remain, in order.
 * @throws {JournalError} `ERR_MSGQ_JOURNAL_DAMAGED`: nothing was changed.
 */
export async function cutBehind(
  disk: Disk,
  segments: readonly Segment[],
  end: EndOfRecords,
  { acceptLoss, onNotice }: { readonly acceptLoss: boolean; readonly onNotice: OnNotice },
): Promise<readonly Segment[]> {
  const { broken } = end
  const leftovers = broken === undefined ? [] : await leftoversFrom(disk, segments, broken)
  const lost = lostRecords(leftovers, end.next)
  if (broken !== undefined && lost !== undefined && !acceptLoss) throw damage(segments, broken, lost)
  if (lost !== undefined) await setAside(disk, leftovers, onNotice)
  else tellTornTail(leftovers, onNotice)
  await writeAgain(disk, segments, end, leftovers)
  const removed = leftovers.map(({ segment }) => segment).filter((each) => segments.indexOf(each) !== end.place?.index)
  for (const { name } of removed) await disk.remove(name)
  // Also of what was only seen: after a kill, a name may not yet be on the disk.
  await disk.flushNames()
  return segments.filter((segment) => !removed.includes(segment))
}

async function leftoversFrom(disk: Disk, segments: readonly Segment[], place: Place): Promise<Leftover[]> {
  const leftovers: Leftover[] = []
  for (let index = place.index; index < segments.length; index++) {
    const segment = segments[index] as Segment
    const offset = index === place.index ? place.offset : SEGMENT_HEADER_BYTES
    const rest = (await readSegment(disk, segment)).subarray(offset)
    const bytes = lastNonZero(rest)
    // One without a header is nothing to append to, even if it is empty.
    if (bytes > 0 || segment.salt === undefined) leftovers.push({ segment, offset, rest, bytes })
  }
  return leftovers
}

/** The records that were on the disk and are not there, by what is behind them; `undefined` when there are none. */
function lostRecords(leftovers: readonly Leftover[], next: number): Lost | undefined {
  const range = { least: next, most: next + MISSING_MAX }
  let isLost = false
  let found = Number.POSITIVE_INFINITY
  for (const { segment, rest, bytes } of leftovers) {
    // A header is on the disk before its segment is used: one that is damaged was whole.
    if (segment.salt === undefined && bytes > 0) isLost = true
    for (const frame of framesIn(rest, segment, range)) {
      found = Math.min(found, frame.first)
      if (frame.flushed >= next) isLost = true
    }
  }
  if (!isLost) return undefined
  return found > next && found < Number.POSITIVE_INFINITY ? { first: next, last: found - 1 } : { first: next }
}

function* framesIn(
  bytes: Buffer,
  { salt }: Segment,
  range: { readonly least: number; readonly most: number },
): Generator<Frame> {
  if (salt === undefined) return
  for (let frame = findFrame(bytes, 0, salt, range); frame !== undefined; ) {
    yield frame
    frame = findFrame(bytes, frame.end, salt, range)
  }
}

function tellTornTail(leftovers: readonly Leftover[], onNotice: OnNotice): void {
  const bytes = leftovers.reduce((sum, each) => sum + each.bytes, 0)
  const [first] = leftovers
  if (first === undefined || bytes === 0) return
  const { segment, offset } = first
  const message = `${segment.name}, byte ${offset}: ${bytes} bytes of an interrupted write were cut off`
  onNotice({ kind: 'torn-tail', message, file: segment.name, offset, bytes })
}

function damage(segments: readonly Segment[], { index, offset }: Place, lost: Lost): JournalError {
  const { name: file } = segments[index] as Segment
  const which = lost.last === undefined ? `from ${lost.first} on` : `${lost.first} to ${lost.last}`
  const message =
    `${file}, byte ${offset}: records ${which} cannot be read, and were on the disk. Bring the file back, ` +
    `or accept the loss of every record from ${lost.first} on: they are then kept in files beside the journal`
  return new JournalError('ERR_MSGQ_JOURNAL_DAMAGED', message, { file, offset, lost })
}

/** Keeps what will be cut off, under names that no journal reads. */
async function setAside(disk: Disk, leftovers: readonly Leftover[], onNotice: OnNotice): Promise<void> {
  for (const { segment, offset, rest, bytes } of leftovers) {
    const name = await freeName(disk, `lost-${segment.name}-${offset}`)
    await writeFile(disk, name, rest.subarray(0, bytes))
    const message = `${segment.name}, from byte ${offset}: ${bytes} bytes were cut off and are kept in ${name}`
    onNotice({ kind: 'set-aside', message, file: name, offset, bytes })
  }
}

async function freeName(disk: Disk, name: string): Promise<string> {
  const names = new Set(await disk.list())
  let free = name
  for (let number = 2; names.has(free); number++) free = `${name}-${number}`
  return free
}

async function writeFile(disk: Disk, name: string, bytes: Uint8Array): Promise<void> {
  const file = await disk.create(name + UNFINISHED)
  try {
    await writeAll(file, bytes, 0)
    await file.flush()
  } finally {
    await file.close()
  }
  await disk.rename(name + UNFINISHED, name)
  await disk.flushNames()
}

/**
 * Writes what was read and may not be on the disk once more, zeros over what is cut off, and flushes both. To flush alone is
 * not enough: after an fdatasync that failed, Linux takes its pages for written, and the next one succeeds without them.
 * Source: fsync(2), NOTES; mm/page-writeback.c.
 */
async function writeAgain(
  disk: Disk,
  segments: readonly Segment[],
  end: EndOfRecords,
  leftovers: readonly Leftover[],
): Promise<void> {
  for (const [index, segment] of segments.entries()) {
    const zeros = leftovers.find((each) => each.segment === segment && index === end.place?.index)
    const isFlushed = (end.lasts.get(index) ?? 0) <= end.flushed
    if (isFlushed && zeros === undefined) continue
    const file = await disk.open(segment.name)
    try {
      if (!isFlushed) await writeFramesAgain(disk, file, segment, end.flushed)
      if (zeros !== undefined) await writeAll(file, Buffer.alloc(zeros.bytes), zeros.offset)
      await file.flush()
    } finally {
      await file.close()
    }
    if (zeros?.offset === SEGMENT_HEADER_BYTES) segment.first = undefined
  }
}

async function writeFramesAgain(disk: Disk, file: DiskFile, segment: Segment, flushed: number): Promise<void> {
  const bytes = await readSegment(disk, segment)
  for (let at = SEGMENT_HEADER_BYTES; segment.salt !== undefined; ) {
    const frame = readFrame(bytes, at, segment.salt)
    if (frame === undefined) return
    if (frame.last > flushed) await writeAll(file, bytes.subarray(frame.offset, frame.end), frame.offset)
    at = frame.end
  }
}
