import { deepEqual, equal, rejects } from 'node:assert/strict'
import { afterEach, beforeEach, describe, mock, test } from 'node:test'
import { Random } from '../../../../test/oracle/random.ts'
import { SimulatedDisk } from '../../../../test/simulator/disk.ts'
import { watched } from '../../../../test/simulator/watched.ts'
import { makeSegment, openSegment, type Segment, segmentName } from './segment.ts'
import { LOOK_AGAIN_MS, planned, SegmentSupply } from './supply.ts'

const SEGMENT_BYTES = 8_192
const ID = Buffer.alloc(16, 7)

/** A supply of segments on a disk of its own, what it told, and how many of its files are open. */
async function supplyOn(disk = new SimulatedDisk(new Random(1)), spares: readonly Segment[] = [], number = 1) {
  const { disk: onDisk, log, openFiles } = watched(disk.process())
  const told = {
    ...{ notices: [] as string[], made: [] as number[], errors: [] as unknown[], log },
    get open() {
      return openFiles()
    },
  }
  const opened = await Promise.all(spares.map((segment) => openSegment(onDisk, segment)))
  const supply = new SegmentSupply(onDisk, ID, opened, number, {
    segmentBytes: SEGMENT_BYTES,
    onNotice: ({ kind }) => told.notices.push(kind),
    onMade: (segment) => told.made.push(segment.number),
    onError: (error) => told.errors.push(error),
  })
  return { disk, supply, told }
}

/** What is under way on a simulated disk is done within some turns of the event loop. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise(setImmediate)
}

async function turns(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await new Promise(setImmediate)
}

const codesOf = (errors: readonly unknown[]) =>
  errors.map((error) => (error instanceof Error && 'code' in error ? error.code : error))

describe('SegmentSupply', () => {
  test('SegmentSupply.begin makes the next segment, once, and says when it is there', async () => {
    const { disk, supply, told } = await supplyOn()
    equal(supply.isReady, false)
    supply.begin()
    supply.begin()
    equal(supply.isReady, false, 'it is being made')
    await until(() => supply.isReady)
    supply.begin()
    await turns()
    deepEqual([disk.names, told.made, supply.isFull], [[segmentName(1)], [1], false])
    deepEqual(told.notices, [], 'that there is room is nothing new')
    await supply.close()
  })

  test('SegmentSupply.take gives the next segment and has the one after it made', async () => {
    const { disk, supply, told } = await supplyOn()
    const first = supply.take(100)
    deepEqual([first.bytes, first.opened], [SEGMENT_BYTES, undefined])
    deepEqual([(await first.ready).segment.number, first.opened?.segment.number], [1, 1])
    await until(() => supply.isReady)
    const second = supply.take(SEGMENT_BYTES)
    deepEqual([second.opened?.segment.number, supply.isReady], [2, false])
    await until(() => supply.isReady)
    deepEqual([disk.names.length, told.made], [3, [1, 2, 3]])
    await supply.close()
    for (const { opened } of [first, second]) await opened?.file.close()
    equal(told.open, 0)
  })

  test('SegmentSupply.take makes a segment as large as is asked for, and lets go of those that are too small', async () => {
    const { disk, supply, told } = await supplyOn()
    supply.begin()
    await until(() => supply.isReady)
    const large = supply.take(SEGMENT_BYTES + 1)
    equal(large.bytes, SEGMENT_BYTES + 1)
    equal((await large.ready).segment.number, 2)
    await until(() => supply.isReady)
    deepEqual(told.made, [1, 2, 3])
    equal(disk.content(segmentName(2))?.length, SEGMENT_BYTES + 1)
    equal(told.open, 2, 'the small one is closed')
    await supply.close()
    await large.opened?.file.close()
    equal(told.open, 0)
  })

  test('SegmentSupply gives the empty segments that were there, in order, before it makes any', async () => {
    const disk = new SimulatedDisk(new Random(1))
    const spares: Segment[] = []
    for (const [number, bytes] of [
      [4, SEGMENT_BYTES],
      [5, SEGMENT_BYTES],
      [6, 2 * SEGMENT_BYTES],
    ] as const) {
      const { segment, file } = await makeSegment(disk.process(), ID, number, bytes)
      await file.close()
      spares.push(segment)
    }
    const { supply, told } = await supplyOn(disk, spares, 9)
    deepEqual([supply.isReady, told.open], [true, 3])
    const first = supply.take(1)
    equal(first.opened?.segment.number, 4)
    const third = supply.take(SEGMENT_BYTES + 1)
    equal(third.opened?.segment.number, 6)
    await until(() => supply.isReady)
    deepEqual(told.made, [9])
    await supply.close()
    await first.opened?.file.close()
    await third.opened?.file.close()
    equal(told.open, 0)
  })

  test('SegmentSupply.passOver closes a segment when it is there, and close waits for that', async () => {
    const { supply, told } = await supplyOn()
    const first = supply.take(1)
    supply.passOver(first)
    supply.passOver({ ...first, ready: Promise.reject(new Error('it was never made')) })
    await supply.close()
    equal(told.open, 0)
  })

  test('SegmentSupply makes nothing after close, and closes what was in the making', async () => {
    const { disk, supply, told } = await supplyOn()
    supply.begin()
    await supply.close()
    deepEqual([told.made, told.open, disk.names], [[1], 0, [segmentName(1)]])
    supply.begin()
    await turns()
    deepEqual(disk.names, [segmentName(1)])
  })
})

describe('SegmentSupply on a disk that is full', () => {
  beforeEach(() => mock.timers.enable({ apis: ['setTimeout'] }))
  afterEach(() => mock.timers.reset())

  test('SegmentSupply says once that the disk is full, looks again after a second, and says once that it has room', async () => {
    const { disk, supply, told } = await supplyOn()
    disk.capacity = SEGMENT_BYTES - 1
    supply.begin()
    await until(() => supply.isFull)
    deepEqual([told.notices, supply.isReady, disk.names], [['disk-full'], false, []])
    disk.capacity = SEGMENT_BYTES
    mock.timers.tick(LOOK_AGAIN_MS - 1)
    supply.begin()
    await turns()
    deepEqual([supply.isFull, disk.names], [true, []], 'not so soon, even if asked')
    disk.capacity = 0
    mock.timers.tick(1)
    await turns()
    deepEqual([supply.isFull, told.notices], [true, ['disk-full']], 'it is known')
    disk.capacity = SEGMENT_BYTES
    mock.timers.tick(LOOK_AGAIN_MS - 1)
    supply.begin()
    await turns()
    deepEqual([supply.isFull, disk.names], [true, []], 'a second after the last look')
    mock.timers.tick(1)
    await until(() => supply.isReady)
    deepEqual([supply.isFull, told.notices, told.errors], [false, ['disk-full', 'disk-has-room'], []])
    await supply.close()
  })

  test('SegmentSupply finds out that there is no room without taking what is left', async () => {
    const { disk, supply, told } = await supplyOn()
    disk.capacity = SEGMENT_BYTES - 1
    supply.begin()
    await until(() => supply.isFull)
    deepEqual(told.log, [])
    disk.capacity = SEGMENT_BYTES
    mock.timers.tick(LOOK_AGAIN_MS)
    await until(() => supply.isReady)
    await supply.close()
  })

  test('SegmentSupply that could make one after all looks at once whether there is room for the next', async () => {
    const { disk, supply, told } = await supplyOn()
    let goOn: () => void = () => undefined
    const held = new Promise<void>((resolve) => {
      goOn = resolve
    })
    disk.pause = () => held
    const taken = supply.take(1)
    disk.pause = undefined
    disk.capacity = 0
    supply.begin()
    await until(() => supply.isFull)
    disk.capacity = SEGMENT_BYTES
    goOn()
    await taken.ready
    await turns()
    deepEqual([supply.isFull, told.notices], [true, ['disk-full', 'disk-has-room', 'disk-full']])
    await supply.close()
    await taken.opened?.file.close()
    equal(told.open, 0)
  })

  test('SegmentSupply looks at no disk after close', async () => {
    const { disk, supply } = await supplyOn()
    disk.capacity = 0
    supply.begin()
    await until(() => supply.isFull)
    await supply.close()
    disk.capacity = SEGMENT_BYTES
    mock.timers.tick(LOOK_AGAIN_MS)
    await turns()
    deepEqual(disk.names, [])
  })

  test('SegmentSupply.close is no worse for a segment that could not be made meanwhile', async () => {
    const { disk, supply, told } = await supplyOn()
    disk.faults = { shortWrites: 0, failedFlushes: 1_000 }
    supply.begin()
    await supply.close()
    deepEqual([told.open, told.made, disk.names], [0, [], []])
  })

  test('SegmentSupply.take tells its taker of an error, and onError of one that nobody waits for', async () => {
    const { disk, supply, told } = await supplyOn()
    disk.faults = { shortWrites: 0, failedFlushes: 1_000 }
    await rejects(supply.take(1).ready, { code: 'EIO' })
    await turns()
    equal(told.errors.length, 0)
    supply.begin()
    await until(() => told.errors.length > 0)
    deepEqual(codesOf(told.errors), ['EIO'])
    deepEqual([supply.isFull, told.notices], [false, []])
    disk.faults = { shortWrites: 0, failedFlushes: 0 }
    await supply.close()
    equal(told.open, 0)
  })

  test('SegmentSupply tells the taker of a segment in the making that the disk is full, and nobody else', async () => {
    const { disk, supply, told } = await supplyOn()
    disk.capacity = 0
    supply.begin()
    await rejects(supply.take(1).ready, { code: 'ENOSPC' })
    await turns()
    deepEqual([told.notices, told.errors, supply.isFull], [[], [], false])
    await supply.close()
  })
})

test('planned has a segment that is there ready at once', async () => {
  const disk = new SimulatedDisk(new Random(1))
  const opened = await makeSegment(disk.process(), ID, 1, SEGMENT_BYTES)
  const { bytes, ready, opened: known } = planned(opened)
  deepEqual([bytes, known, await ready], [SEGMENT_BYTES, opened, opened])
})
