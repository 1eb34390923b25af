import { deepEqual, equal, notDeepEqual, rejects } from 'node:assert/strict'
import { test } from 'node:test'
import { Random } from '../../../../test/oracle/random.ts'
import { SimulatedDisk } from '../../../../test/simulator/disk.ts'
import { frame, writeSegments } from '../../../../test/simulator/segments.ts'
import type { JournalNotice } from './errors.ts'
import { imageName, writeUnfinishedImage } from './image-file.ts'
import { damagedImage, takeInventory } from './inventory.ts'
import { makeSegment } from './segment.ts'

const ID = Buffer.alloc(16, 7)
const OTHER = Buffer.alloc(16, 8)

async function inventoryOf(disk: SimulatedDisk) {
  const notices: JournalNotice[] = []
  const inventory = await takeInventory(disk.process(), (notice) => notices.push(notice))
  return { inventory, notices }
}

async function addImage(disk: SimulatedDisk, sequence: number, id: Buffer = ID): Promise<void> {
  await writeUnfinishedImage(disk.process(), id, { sequence, time: 10 * sequence }, [Buffer.from('state')])
  await disk.process().rename(`${imageName(sequence)}.new`, imageName(sequence))
}

test('takeInventory tells segments and images in the order of their numbers, whatever the order of their names', async () => {
  const disk = new SimulatedDisk(new Random(1))
  await writeSegments(disk.process(), [[frame(1)], [frame(2)], []], 9_999_999_999)
  for (const sequence of [5, 10 ** 13, 30]) await addImage(disk, sequence)
  disk.put('notes', Buffer.from('mine'))
  const { inventory, notices } = await inventoryOf(disk)
  deepEqual(
    inventory.segments.map(({ number, first }) => [number, first]),
    [
      [9_999_999_999, 1],
      [10_000_000_000, 2],
      [10_000_000_001, undefined],
    ],
  )
  deepEqual(
    inventory.images.map(({ sequence, time, id }) => [sequence, time, id]),
    [5, 30, 10 ** 13].map((sequence) => [sequence, 10 * sequence, ID]),
  )
  deepEqual([inventory.id, notices], [ID, []])
})

test('takeInventory removes what was never finished, and nothing of others', async () => {
  const disk = new SimulatedDisk(new Random(1))
  const unfinished = ['segment-0000000001.new', 'image-0000000000000001.new', 'lost-segment-0000000001-4096.new']
  const others = ['a-segment-1.new', 'notes.new', 'lost-segment-0000000001-4096', 'segment-1.newer', 'lock']
  for (const name of [...unfinished, ...others]) disk.put(name, Buffer.from('x'))
  const { inventory } = await inventoryOf(disk)
  deepEqual(disk.names, [...others].sort())
  deepEqual([inventory.segments, inventory.images], [[], []])
})

test('takeInventory has a new random id for a journal that has none', async () => {
  const ids = await Promise.all(
    [1, 2].map(async () => (await inventoryOf(new SimulatedDisk(new Random(1)))).inventory.id),
  )
  deepEqual(
    ids.map(({ length }) => length),
    [16, 16],
  )
  notDeepEqual(ids[0], ids[1])
})

test('takeInventory leaves out an image whose header is damaged, and says so', async () => {
  const disk = new SimulatedDisk(new Random(1))
  await addImage(disk, 5)
  disk.put(imageName(6), Buffer.alloc(100, 1))
  const { inventory, notices } = await inventoryOf(disk)
  deepEqual(
    inventory.images.map(({ sequence }) => sequence),
    [5],
  )
  deepEqual(notices, [damagedImage(imageName(6))])
  equal(notices[0]?.kind, 'damage-not-needed')
})

test('takeInventory has a segment whose header is damaged, and asks it for no id', async () => {
  const disk = new SimulatedDisk(new Random(1))
  disk.put('segment-0000000001', Buffer.alloc(8_192, 1))
  await makeSegment(disk.process(), ID, 2, 8_192)
  const { inventory } = await inventoryOf(disk)
  deepEqual([inventory.id, inventory.segments.map(({ salt }) => salt === undefined)], [ID, [true, false]])
})

test('takeInventory refuses a file of another journal, by its name', async () => {
  const disk = new SimulatedDisk(new Random(1))
  await makeSegment(disk.process(), ID, 1, 8_192)
  await addImage(disk, 5)
  await addImage(disk, 6, OTHER)
  await rejects(inventoryOf(disk), { code: 'ERR_MSGQ_JOURNAL_DAMAGED', file: imageName(6) })
  const another = new SimulatedDisk(new Random(1))
  await makeSegment(another.process(), ID, 1, 8_192)
  await makeSegment(another.process(), OTHER, 2, 8_192)
  await rejects(inventoryOf(another), { file: 'segment-0000000002' })
})
