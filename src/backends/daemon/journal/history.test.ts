import { deepEqual, equal, ok } from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Random } from '../../../../test/oracle/random.ts'
import { SimulatedDisk } from '../../../../test/simulator/disk.ts'
import { frame, type WrittenFrame, writeSegments } from '../../../../test/simulator/segments.ts'
import { JournalError, type Lost } from './errors.ts'
import { readRecords, type Span } from './history.ts'
import type { Segment } from './segment.ts'

const ALL: Span = { first: 1, last: 100, from: 0, to: Number.POSITIVE_INFINITY }

async function diskWith(...contents: readonly (readonly WrittenFrame[])[]) {
  const disk = new SimulatedDisk(new Random(1))
  return { disk, ...(await writeSegments(disk.process(), contents)) }
}

/** What was handed on, list by list, and what was lost where the reading broke off. */
async function read(disk: SimulatedDisk, segments: readonly Segment[], span: Partial<Span>) {
  const lists: number[][] = []
  const meant = { ...ALL, ...span }
  try {
    for await (const records of readRecords(disk.process(), segments, meant)) {
      lists.push(records.map(({ sequence }) => sequence))
      for (const { sequence, bytes } of records) equal(Buffer.from(bytes).toString(), `record ${sequence}`)
    }
  } catch (error) {
    ok(error instanceof JournalError && error.code === 'ERR_MSGQ_JOURNAL_DAMAGED', `${error}`)
    return { lists, lost: error.lost }
  }
  return { lists, lost: undefined }
}

/** Two segments of three frames each, and an empty one; a record's time is 1,000 times its number. */
const SIX = [[frame(1), frame(2), frame(3)], [frame(4), frame(5, 2, { time: 5_500 })], []]

describe('readRecords', () => {
  test('readRecords gives what is meant by number, frame by frame, over segments', async () => {
    const { disk, segments } = await diskWith(...SIX)
    for (const [first, last, lists] of [
      [1, 6, [[1], [2], [3], [4], [5, 6]]],
      [2, 5, [[2], [3], [4], [5]]],
      [6, 6, [[6]]],
      [4, 4, [[4]]],
      [3, 3, [[3]]],
      [1, 0, []],
      [7, 6, []],
    ] as const) {
      deepEqual(await read(disk, segments, { first, last }), { lists, lost: undefined }, `${first} to ${last}`)
    }
  })

  test('readRecords gives what is meant by time, both ends included', async () => {
    const { disk, segments } = await diskWith(...SIX)
    for (const [from, to, lists] of [
      [0, 999, []],
      [0, 1_000, [[1]]],
      [1_001, 2_999, [[2]]],
      [3_000, 4_000, [[3], [4]]],
      [4_000, 5_500, [[4], [5, 6]]],
      [5_501, 9_000, []],
      [0, 5_499, [[1], [2], [3], [4]]],
    ] as const) {
      deepEqual(await read(disk, segments, { last: 6, from, to }), { lists, lost: undefined }, `${from} to ${to}`)
    }
  })

  test('readRecords gives records of one instant wherever it goes over from one segment into the next', async () => {
    const at = { time: 5_000 }
    const { disk, segments } = await diskWith([frame(1), frame(2, 1, at)], [frame(3, 1, at), frame(4)])
    deepEqual((await read(disk, segments, { last: 4, from: 5_000, to: 5_000 })).lists, [[2], [3]])
  })

  test('readRecords reads no segment that has nothing of its time', async () => {
    const { disk, segments } = await diskWith([frame(1)], [frame(2)], [frame(3)], [frame(4)])
    // Segments that are not looked at are not missed.
    disk.take(segments[0]?.name ?? '')
    disk.take(segments[3]?.name ?? '')
    deepEqual(await read(disk, segments, { last: 4, from: 2_500, to: 3_500 }), { lists: [[3]], lost: undefined })
  })

  test('readRecords goes over segments without records, wherever they are', async () => {
    const { disk, segments } = await diskWith([], [frame(1)], [], [frame(2)], [])
    deepEqual(await read(disk, segments, { last: 2 }), { lists: [[1], [2]], lost: undefined })
  })
})

describe('readRecords of what is not all there', () => {
  test('readRecords says which records are gone with a segment, after those before them', async () => {
    const { disk, segments } = await diskWith([frame(1)], [frame(2), frame(3)], [frame(4)])
    const without = (...indexes: readonly number[]) => segments.filter((_, index) => !indexes.includes(index))
    const cases: readonly [missing: readonly number[], span: Partial<Span>, lists: number[][], lost: Lost][] = [
      [[1], {}, [[1]], { first: 2, last: 3 }],
      [[1], { last: 2 }, [[1]], { first: 2, last: 2 }],
      [[1], { last: 3 }, [[1]], { first: 2, last: 3 }],
      [[0], {}, [], { first: 1, last: 1 }],
      [[0, 1], {}, [], { first: 1, last: 3 }],
      [[2], { last: 4 }, [[1], [2], [3]], { first: 4 }],
      [[0, 1, 2], {}, [], { first: 1 }],
    ]
    for (const [missing, span, lists, lost] of cases) {
      deepEqual(await read(disk, without(...missing), span), { lists, lost }, `without ${missing}`)
    }
  })

  test('readRecords misses nothing that is gone behind the time which is meant', async () => {
    const { disk, segments } = await diskWith([frame(1), frame(2)], [frame(3)], [frame(4)])
    const [first, , third] = segments as [Segment, Segment, Segment]
    for (const to of [999, 1_000, 1_999]) {
      deepEqual(await read(disk, [first, third], { to }), { lists: to < 1_000 ? [] : [[1]], lost: undefined }, `${to}`)
    }
    const gone = { lists: [[1], [2]], lost: { first: 3, last: 3 } }
    deepEqual(await read(disk, [first, third], { to: 2_000 }), gone, 'another record of that time may be among them')
  })

  test('readRecords stops at a frame that is damaged, and at a segment that has lost its header', async () => {
    const { disk, segments, offsets } = await diskWith([frame(1), frame(2), frame(3)], [frame(4)])
    const [first, second] = segments as [Segment, Segment]
    const content = Buffer.from(disk.content(first.name) ?? '')
    content.fill(0xff, (offsets[0]?.[1] ?? 0) + 30, (offsets[0]?.[1] ?? 0) + 31)
    disk.put(first.name, content)
    deepEqual(await read(disk, segments, { last: 4 }), { lists: [[1]], lost: { first: 2, last: 3 } })
    deepEqual(await read(disk, [first], { last: 3 }), { lists: [[1]], lost: { first: 2 } })
    const headless = { ...second, salt: undefined }
    deepEqual(await read(disk, [headless], { first: 4, last: 4 }), { lists: [], lost: { first: 4 } })
  })
})
