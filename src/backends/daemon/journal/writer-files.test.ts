import { deepEqual, equal, ok, rejects, throws } from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Random } from '../../../../test/oracle/random.ts'
import { SimulatedDisk } from '../../../../test/simulator/disk.ts'
import { openJournal } from '../../../../test/simulator/opened.ts'
import { watched } from '../../../../test/simulator/watched.ts'
import { readFrame, U48_MAX } from './frame.ts'
import { imageName, writeUnfinishedImage } from './image-file.ts'
import { type Disk, type DiskFile, type Journal, type JournalOptions, RECORD_BYTES_MAX } from './index.ts'
import { inspectSegment, readSegment, SEGMENT_HEADER_BYTES, segmentName } from './segment.ts'

const SEGMENT_BYTES = 8_192
/** What a segment has for frames. */
const ROOM_BYTES = SEGMENT_BYTES - SEGMENT_HEADER_BYTES
/** A frame of one record has so many bytes beside it. */
const ALONE_BYTES = 32
const LONG = 'x'.repeat(3_000)
const LARGER = 'y'.repeat(3 * SEGMENT_BYTES)

interface Made {
  readonly disk?: SimulatedDisk
  readonly through?: (disk: Disk) => Disk
}

/** A journal on a disk that is watched, from before it was opened. */
async function journalOn(
  options: JournalOptions = {},
  { disk = new SimulatedDisk(new Random(1)), through }: Made = {},
) {
  const heard: number[] = []
  const { disk: process, log, openFiles } = watched(disk.process())
  const settled = {
    segmentBytes: SEGMENT_BYTES,
    reserveBytes: 0,
    ...options,
    onDurable: (last: number) => heard.push(last),
  }
  const { journal, notices } = await openJournal(through?.(process) ?? process, settled)
  return { disk, heard, journal, log, notices, openFiles }
}

function append(journal: Journal, ...records: readonly string[]): void {
  for (const record of records) journal.append(Buffer.from(record), 1_000)
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise(setImmediate)
}

async function turns(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate)
}

/** Returns when the second segment is there, and nothing goes on. */
async function spareOn(disk: SimulatedDisk): Promise<void> {
  await until(() => disk.names.includes(segmentName(2)))
  await turns()
}

/** Has a disk wait at each operation until it may go on. @returns Lets one go on. */
function stepped(disk: SimulatedDisk): () => void {
  const waiting: (() => void)[] = []
  disk.pause = () => new Promise((resolve) => waiting.push(resolve))
  return () => waiting.shift()?.()
}

/** The first and the last record of each frame of a segment. */
async function framesIn(disk: SimulatedDisk, number: number): Promise<number[][]> {
  const { segment } = await inspectSegment(disk.process(), number)
  const bytes = await readSegment(disk.process(), segment)
  const frames: number[][] = []
  for (let at = SEGMENT_HEADER_BYTES; ; ) {
    const frame = readFrame(bytes, at, segment.salt ?? 0)
    if (frame === undefined) return frames
    frames.push([frame.first, frame.last])
    at = frame.end
  }
}

describe('the files that Journal.append writes into', () => {
  for (const durability of ['fsync', 'interval', 'none'] as const) {
    test(`Journal with ${durability} writes into no file that it has closed, and closes each`, async () => {
      const records = [LARGER, LONG, LONG, LARGER, LONG, 'last']
      for (const atOnce of [records.length, 1]) {
        const { disk, journal, openFiles } = await journalOn({ durability, intervalMs: 2 ** 31 - 1 })
        for (let index = 0; index < records.length; index += atOnce) {
          append(journal, ...records.slice(index, index + atOnce))
          await journal.whenDurable()
        }
        await turns()
        ok(openFiles() <= 4, `${openFiles()} files are open: those that are full are closed meanwhile`)
        await journal.close()
        equal(openFiles(), 0)
        const again = await openJournal(disk.process())
        deepEqual([again.records, again.notices], [records, []])
        await again.journal.close()
      }
    })
  }

  test('Journal.append leaves a segment the instant of its first frame', async () => {
    const { journal } = await journalOn()
    for (const time of [1_000, 2_000]) {
      journal.append(Buffer.from('record'), time)
      await journal.whenDurable()
      equal(journal.oldestInstant, 1_000)
    }
    await journal.close()
  })

  test('Journal.close closes the files of a journal to which nothing was appended', async () => {
    const { journal, openFiles } = await journalOn()
    await journal.close()
    equal(openFiles(), 0)
  })

  test('Journal.close closes every file after a failure, which stays the first that there was', async () => {
    const { disk, journal, openFiles } = await journalOn()
    append(journal, LONG)
    await journal.whenDurable()
    disk.faults = { shortWrites: 0, failedFlushes: 1_000 }
    append(journal, LONG)
    const failure = await journal.failed
    // The next segment cannot be made either, and that is told no more.
    await turns()
    const isThat = (error: unknown) => error === failure
    throws(() => append(journal, 'more'), isThat)
    await rejects(journal.close(), isThat)
    equal(openFiles(), 0)
  })

  test('Journal writes nothing more when a segment could not be made, and closes all that it had opened', async () => {
    for (const durability of ['fsync', 'none'] as const) {
      const refused = Object.assign(new Error('not permitted'), { code: 'EACCES' })
      const through = (disk: Disk): Disk => ({
        ...disk,
        create: (name) => (/[34]\.new$/.test(name) ? Promise.reject(refused) : disk.create(name)),
      })
      const { disk, heard, journal, log, openFiles } = await journalOn({ durability }, { through })
      await spareOn(disk)
      append(journal, LONG)
      await journal.whenDurable()
      await turns()
      append(journal, LONG, LONG)
      equal((await journal.failed).cause, refused)
      await rejects(journal.close(), { code: 'ERR_MSGQ_JOURNAL_FAILED' })
      const before = log.length
      await turns()
      deepEqual([log.slice(before), heard, openFiles()], [[], [1], 0], durability)
    }
  })

  test('Journal.append fills a segment to its last byte by records of one frame', async () => {
    const { disk, journal } = await journalOn()
    // A record's header has 8 bytes, and the frame's, of 24, the rest.
    append(journal, 'x'.repeat(2_000), 'y'.repeat(ROOM_BYTES - 24 - 8 - 2_000 - 8))
    append(journal, 'z')
    await journal.close()
    deepEqual([await framesIn(disk, 1), await framesIn(disk, 2)], [[[1, 2]], [[3, 3]]])
  })
})

describe('flushes', () => {
  test('Journal with fsync flushes once for each frame, and nothing else', async () => {
    const { journal, log } = await journalOn()
    for (const record of ['one', LONG, LONG]) {
      append(journal, record)
      await journal.whenDurable()
    }
    await journal.close()
    const places = log.filter((line) => /^(write|flush) /.test(line)).map((line) => line.replace(/\.new|:.*/g, ''))
    for (const number of [1, 2, 3]) {
      const writes = places.filter((line) => line.startsWith(`write ${segmentName(number)} at`)).length
      const flushes = places.filter((line) => line === `flush ${segmentName(number)}`).length
      // A segment that is made is written twice, its header and its zeros, and flushed once.
      equal(flushes - 1, writes - 2, segmentName(number))
    }
  })

  test('Journal writes no second frame while the first is flushed, and gathers what comes meanwhile', async () => {
    const { disk, heard, journal, log } = await journalOn()
    await spareOn(disk)
    const step = stepped(disk)
    const writes = () => log.filter((line) => line.startsWith(`write ${segmentName(1)}`)).length
    const before = writes()
    append(journal, 'one')
    await until(() => writes() > before)
    const ended: number[] = []
    for (const number of [1, 2, 4]) void journal.whenDurable(number).then(() => ended.push(number))
    for (const record of ['two', 'three', 'four']) {
      append(journal, record)
      await turns()
    }
    deepEqual([writes() - before, heard, ended], [1, [], []])
    while (heard.length === 0) {
      step()
      await turns()
    }
    deepEqual([writes() - before, heard, ended], [2, [1], [1]], 'the second is written, and not flushed yet')
    while (heard.length === 1) {
      step()
      await turns()
    }
    deepEqual(
      [heard, ended],
      [
        [1, 4],
        [1, 2, 4],
      ],
    )
    disk.pause = undefined
    for (let count = 0; count < 10; count++) step()
    await journal.close()
  })

  test('Journal.append adds to the last frame that waits, while one before it is flushed', async () => {
    const { disk, heard, journal } = await journalOn()
    await spareOn(disk)
    const step = stepped(disk)
    // So much later that it needs a frame of its own.
    for (const time of [1_000, 1_000 + 2 ** 32]) journal.append(Buffer.from('early'), time)
    await turns()
    journal.append(Buffer.from('late'), 1_000 + 2 ** 32)
    while (heard.length < 2) {
      step()
      await turns()
    }
    disk.pause = undefined
    for (let count = 0; count < 10; count++) step()
    await journal.close()
    deepEqual(await framesIn(disk, 1), [
      [1, 1],
      [2, 3],
    ])
  })

  test('Journal with none flushes nothing by itself, however short the interval of others is', async () => {
    const none = await journalOn({ durability: 'none', intervalMs: 1 })
    const interval = await journalOn({ durability: 'interval', intervalMs: 1 })
    for (const { disk, journal } of [none, interval]) {
      // With its first frame a segment is flushed in any case.
      append(journal, 'zero')
      await journal.flush()
      await spareOn(disk)
      append(journal, 'one')
      await journal.whenDurable()
    }
    await until(() => !interval.disk.isDirty)
    equal(none.disk.isDirty, true)
    for (const { journal } of [none, interval]) await journal.close()
  })

  test('Journal with none flushes a segment for which it had to wait once, as it begins it', async () => {
    const { disk, heard, journal, log } = await journalOn({ durability: 'none' })
    await spareOn(disk)
    const step = stepped(disk)
    append(journal, LONG, LONG, LONG)
    await turns()
    deepEqual(heard, [1, 2], 'the third segment is not there')
    while (heard.length < 3) {
      step()
      await turns()
    }
    disk.pause = undefined
    for (let count = 0; count < 10; count++) step()
    const written = (number: number) =>
      log.findLastIndex((line) => line.startsWith(`write ${segmentName(number)}.new at ${SEGMENT_HEADER_BYTES}:`))
    await turns()
    equal(log.slice(written(3)).filter((line) => line.startsWith(`flush ${segmentName(3)}`)).length, 1)
    await journal.close()
  })
})

describe('a disk that fails at once', () => {
  test('Journal tells of the first flush that fails to whoever waits for it', async () => {
    const { disk, heard, journal } = await journalOn()
    await spareOn(disk)
    disk.faults = { shortWrites: 0, failedFlushes: 1_000 }
    append(journal, 'one')
    await rejects(journal.whenDurable(), { code: 'ERR_MSGQ_JOURNAL_FAILED' })
    equal(await journal.failed.then(({ code }) => code), 'ERR_MSGQ_JOURNAL_FAILED')
    deepEqual(heard, [])
    await rejects(journal.close(), { code: 'ERR_MSGQ_JOURNAL_FAILED' })
  })

  test('Journal never calls a record durable whose write failed, whatever the durability', async () => {
    for (const durability of ['fsync', 'interval', 'none'] as const) {
      let isBroken = false
      const broken = async (opening: Promise<DiskFile>): Promise<DiskFile> => {
        const file = await opening
        const writeNow: DiskFile['writeNow'] = (bytes, position) => {
          if (isBroken) throw Object.assign(new Error('EIO: write'), { code: 'EIO' })
          return file.writeNow(bytes, position)
        }
        return { ...file, writeNow }
      }
      const through = (disk: Disk): Disk => ({ ...disk, create: (name) => broken(disk.create(name)) })
      const { heard, journal, openFiles } = await journalOn({ durability }, { through })
      append(journal, 'one')
      await journal.flush()
      isBroken = true
      append(journal, 'two')
      await rejects(journal.whenDurable(), { code: 'ERR_MSGQ_JOURNAL_FAILED' }, durability)
      await turns()
      deepEqual([heard, journal.durable], [[1], 1], durability)
      await rejects(journal.close(), { code: 'ERR_MSGQ_JOURNAL_FAILED' })
      equal(openFiles(), 0)
    }
  })
})

describe('what there is room for', () => {
  /** A journal of one segment, on a disk that has room for no other. */
  async function fullJournal(reserveBytes: number) {
    const disk = new SimulatedDisk(new Random(1))
    disk.capacity = SEGMENT_BYTES
    const made = await journalOn({ reserveBytes }, { disk })
    await until(() => made.notices.some(({ kind }) => kind === 'disk-full'))
    return made.journal
  }

  test('canAppend on a full disk allows what fits to the last byte, with its followers', async () => {
    const journal = await fullJournal(0)
    const most = ROOM_BYTES - ALONE_BYTES
    deepEqual([journal.canAppend(most), journal.canAppend(most + 1)], [true, false])
    const quarter = ROOM_BYTES / 4 - ALONE_BYTES
    deepEqual(
      [0, 1, 3, 4].map((followers) => journal.canAppend(quarter, { followers })),
      [true, true, true, false],
    )
    equal(journal.canAppend(quarter + 1, { followers: 3 }), false)
    await journal.close()
  })

  test('canAppend on a full disk leaves the reserve to what frees space', async () => {
    const journal = await fullJournal(1_024)
    const most = ROOM_BYTES - ALONE_BYTES
    deepEqual([journal.canAppend(most - 1_024), journal.canAppend(most - 1_023)], [true, false])
    const freesSpace = true
    deepEqual([journal.canAppend(most, { freesSpace }), journal.canAppend(most + 1, { freesSpace })], [true, false])
    await journal.close()
  })

  test('Journal.append takes a record of RECORD_BYTES_MAX, and the last of 2^48-1 records', async () => {
    const full = await fullJournal(0)
    const record = (length: number) => ({ length }) as Uint8Array
    // Not refused for its length: that there is no room for it is a fault of who asks.
    throws(() => full.append(record(RECORD_BYTES_MAX), 1_000), /assertion: appended without canAppend/)
    throws(() => full.append(record(RECORD_BYTES_MAX + 1), 1_000), RangeError)
    await full.close()

    const disk = new SimulatedDisk(new Random(1))
    const covered = { sequence: U48_MAX - 1, time: 1_000 }
    await writeUnfinishedImage(disk.process(), Buffer.alloc(16, 7), covered, [])
    await disk.process().rename(`${imageName(covered.sequence)}.new`, imageName(covered.sequence))
    const { journal } = await journalOn({}, { disk })
    append(journal, 'last')
    equal(journal.last.sequence, U48_MAX)
    throws(() => append(journal, 'one more'), RangeError)
    equal(journal.last.sequence, U48_MAX)
    await journal.close()
  })
})
