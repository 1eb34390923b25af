import { deepEqual, equal, ok, rejects, throws } from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Random } from '../../../../test/oracle/random.ts'
import { SimulatedDisk } from '../../../../test/simulator/disk.ts'
import { openJournal } from '../../../../test/simulator/opened.ts'
import { readFrame, U48_MAX } from './frame.ts'
import { type Journal, type JournalOptions, RECORD_BYTES_MAX } from './index.ts'
import { inspectSegment, readSegment, SEGMENT_HEADER_BYTES, segmentNumber } from './segment.ts'

const FIRST = 'segment-0000000001'

async function journalOn(options: JournalOptions = {}, disk = new SimulatedDisk(new Random(1))) {
  const heard: number[] = []
  const opened = await openJournal(disk.process(), {
    segmentBytes: 65_536,
    ...options,
    onDurable: (last) => heard.push(last),
  })
  return { disk, heard, journal: opened.journal }
}

function append(journal: Journal, ...records: readonly string[]): void {
  for (const record of records) journal.append(Buffer.from(record), 1_000)
}

/** Each frame of the disk's segments: its first and last record, and the last that it knew to be on the disk. */
async function framesOn(disk: SimulatedDisk): Promise<number[][]> {
  const frames: number[][] = []
  for (const name of disk.names) {
    const { segment } = await inspectSegment(disk.process(), segmentNumber(name) ?? 0)
    const bytes = await readSegment(disk.process(), segment)
    for (let at = SEGMENT_HEADER_BYTES; ; ) {
      const frame = readFrame(bytes, at, segment.salt ?? 0)
      if (frame === undefined) break
      frames.push([frame.first, frame.last, frame.flushed])
      at = frame.end
    }
  }
  return frames
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise(setImmediate)
}

describe('frames', () => {
  test('Journal.append puts what comes in one turn into one frame, and what comes while that is flushed into the next', async () => {
    const { disk, heard, journal } = await journalOn()
    append(journal, 'one', 'two', 'three')
    await new Promise(setImmediate)
    append(journal, 'four', 'five')
    await journal.whenDurable()
    append(journal, 'six')
    await journal.close()
    deepEqual(await framesOn(disk), [
      [1, 3, 0],
      [4, 5, 3],
      [6, 6, 5],
    ])
    deepEqual(heard, [3, 5, 6])
  })

  test('Journal.append of one who is alone is written without waiting for the end of the turn', async () => {
    const { disk, heard, journal } = await journalOn({ durability: 'none' })
    const alone = () => journal.append(Buffer.from('one'), 1_000, { isAlone: true })
    alone()
    alone()
    await Promise.resolve()
    deepEqual(heard, [2])
    append(journal, 'three')
    alone()
    await Promise.resolve()
    deepEqual(heard, [2], 'who is not alone waits for the others')
    await new Promise(setImmediate)
    deepEqual(heard, [2, 4])
    await journal.close()
    deepEqual(
      (await framesOn(disk)).map(([first, last]) => [first, last]),
      [
        [1, 2],
        [3, 4],
      ],
    )
  })

  test('Journal.append begins another frame when one is a megabyte long, or would span 49 days', async () => {
    const { disk, journal } = await journalOn({ segmentBytes: 2 ** 23 })
    const half = Buffer.alloc(2 ** 19)
    for (let count = 0; count < 3; count++) journal.append(half, 1_000)
    journal.append(Buffer.from('soon'), 1_000 + 2 ** 32 - 1)
    journal.append(Buffer.from('late'), 1_000 + 2 ** 32)
    await journal.close()
    deepEqual(
      (await framesOn(disk)).map(([first, last]) => [first, last]),
      [
        [1, 1],
        [2, 2],
        [3, 4],
        [5, 5],
      ],
    )
    const { records, journal: again } = await openJournal(disk.process())
    deepEqual(
      [records.map(({ length }) => length), again.last.time],
      [[2 ** 19, 2 ** 19, 2 ** 19, 4, 4], 1_000 + 2 ** 32],
    )
    await again.close()
  })

  test('Journal.append fills a segment to its last byte, and goes on in the next', async () => {
    const { disk, journal } = await journalOn({ segmentBytes: 8_192, reserveBytes: 0 })
    // A frame of one record is 32 bytes beside it.
    append(journal, 'x'.repeat(2_048 - 32))
    await journal.whenDurable()
    append(journal, 'y'.repeat(2_048 - 32))
    await journal.whenDurable()
    equal((await framesOn(disk)).length, 2)
    equal(disk.content(FIRST)?.at(-1), 'y'.charCodeAt(0))
    append(journal, 'z')
    await journal.close()
    const { segment } = await inspectSegment(disk.process(), 2)
    deepEqual([segment.first, segment.firstTime], [3, 1_000])
  })

  test('Journal.append copies the record: its owner may use the bytes again', async () => {
    const { disk, journal } = await journalOn()
    const bytes = Buffer.from('first')
    journal.append(bytes, 1_000)
    bytes.write('other')
    journal.append(bytes, 1_000)
    await journal.close()
    deepEqual((await openJournal(disk.process())).records, ['first', 'other'])
  })
})

describe('durability', () => {
  test('whenDurable waits for its record, and not for those behind it', async () => {
    const { journal } = await journalOn()
    await journal.whenDurable()
    append(journal, 'one')
    const ended: number[] = []
    const first = journal.whenDurable(1).then(() => {
      ended.push(1)
      append(journal, 'two')
      return [journal.durable, journal.last.sequence]
    })
    equal(journal.durable, 0)
    deepEqual(await first, [1, 2])
    const second = journal.whenDurable().then(() => ended.push(2))
    await journal.whenDurable(1)
    deepEqual(ended, [1])
    await second
    deepEqual([ended, journal.durable], [[1, 2], 2])
    await journal.close()
  })

  test('with fsync what is durable is on the disk', async () => {
    const { disk, journal } = await journalOn({ durability: 'fsync' })
    append(journal, 'one')
    await journal.whenDurable()
    equal(disk.isDirty, false)
    disk.cutPower()
    await journal.close().catch(() => undefined)
    deepEqual((await openJournal(disk.process())).records, ['one'])
  })

  test('with interval it is written at once, and flushed by itself a little later, again and again', async () => {
    const { disk, journal } = await journalOn({ durability: 'interval', intervalMs: 5 })
    for (const record of ['one', 'two']) {
      append(journal, record)
      await journal.whenDurable()
      equal(disk.isDirty, true)
      await until(() => !disk.isDirty)
    }
    append(journal, 'three')
    await journal.whenDurable()
    deepEqual(await framesOn(disk), [
      [1, 1, 0],
      [2, 2, 1],
      [3, 3, 2],
    ])
    await journal.close()
  })

  test('with none a segment is flushed when the next is begun, or when it is asked for', async () => {
    const { disk, journal } = await journalOn({ durability: 'none', segmentBytes: 8_192, reserveBytes: 0 })
    append(journal, 'zero')
    await journal.flush()
    // The next segment, which is made meanwhile, is flushed as it is made.
    await until(() => disk.names.length === 2 && !disk.isDirty)
    append(journal, 'one')
    await journal.whenDurable()
    for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate)
    equal(disk.isDirty, true)
    await journal.flush()
    equal(disk.isDirty, false)
    append(journal, 'x'.repeat(4_000))
    append(journal, 'y'.repeat(4_000))
    append(journal, 'z')
    await journal.whenDurable()
    await until(() => disk.content('segment-0000000003') !== undefined)
    await journal.flush()
    append(journal, 'last')
    await journal.close()
    equal(disk.isDirty, false, 'close flushes too')
    const flushed = (await framesOn(disk)).map(([, , flushed]) => flushed)
    deepEqual([flushed[0], flushed.at(-1)], [0, 5])
  })

  test('a flush that fails is told to whoever waits, and to close, whatever the durability', async () => {
    for (const durability of ['fsync', 'interval', 'none'] as const) {
      const { disk, journal } = await journalOn({ durability, intervalMs: 2 ** 31 - 1 })
      append(journal, 'one')
      await journal.flush()
      disk.faults = { shortWrites: 0, failedFlushes: 1_000 }
      append(journal, 'two')
      const failure = { code: 'ERR_MSGQ_JOURNAL_FAILED' }
      await rejects(journal.flush(), failure, durability)
      const error = await journal.failed
      ok(error.cause instanceof Error && 'code' in error.cause && error.cause.code === 'EIO')
      throws(() => append(journal, 'three'), error)
      await rejects(journal.whenDurable(1), error)
      await rejects(journal.close(), error)
      equal(disk.isLocked, false)
    }
  })
})

describe('what Journal.append takes', () => {
  test('Journal.append takes a time up to 2^48-1, cut to whole milliseconds, and none that goes back', async () => {
    const { disk, journal } = await journalOn()
    journal.append(Buffer.from('0'), 0)
    deepEqual(journal.last, { sequence: 1, time: 0 })
    journal.append(Buffer.from('1'), 7.9)
    deepEqual(journal.last, { sequence: 2, time: 7 })
    journal.append(Buffer.from('2'), 3)
    deepEqual(journal.last, { sequence: 3, time: 7 })
    journal.append(Buffer.from('3'), U48_MAX)
    deepEqual(journal.last, { sequence: 4, time: U48_MAX })
    for (const time of [-0.1, U48_MAX + 1, Number.NaN]) throws(() => journal.append(Buffer.from('4'), time), RangeError)
    throws(() => journal.append({ length: RECORD_BYTES_MAX + 1 } as Uint8Array, 7), RangeError)
    equal(journal.last.sequence, 4)
    await journal.close()
    deepEqual((await openJournal(disk.process())).records, ['0', '1', '2', '3'])
  })
})
