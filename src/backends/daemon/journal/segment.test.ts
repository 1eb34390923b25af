import { deepEqual, equal, ok, rejects } from 'node:assert/strict'
import { test } from 'node:test'
import { Random } from '../../../../test/oracle/random.ts'
import { SimulatedDisk, Stopped } from '../../../../test/simulator/disk.ts'
import { frame, frameBytesOf, writeSegments } from '../../../../test/simulator/segments.ts'
import { watched } from '../../../../test/simulator/watched.ts'
import { encodeHeader } from './header.ts'
import {
  inspectSegment,
  makeSegment,
  openSegment,
  readSegment,
  SEGMENT_HEADER_BYTES,
  type Segment,
  segmentName,
} from './segment.ts'

const ID = Buffer.alloc(16, 7)
/** More than is written at a time, and a rest. */
const BYTES = 2 ** 20 + 5_000

const emptyDisk = () => new SimulatedDisk(new Random(1))

test('makeSegment makes a file of its header and zeros, which is on the disk when it has its name', async () => {
  const disk = emptyDisk()
  const { segment, salt } = await makeSegment(disk.process(), ID, 3, BYTES)
  const header = encodeHeader('msgqsegm', ID, 3, BYTES)
  const content = disk.content(segmentName(3)) ?? Buffer.alloc(0)
  deepEqual(disk.names, [segmentName(3)])
  deepEqual(content, Buffer.concat([header, Buffer.alloc(BYTES - header.length)]))
  const told = {
    name: segmentName(3),
    number: 3,
    bytes: BYTES,
    salt: header.readUInt32LE(44),
    first: undefined,
    firstTime: 0,
  }
  deepEqual([segment, salt], [told, told.salt])
  disk.cutPower()
  deepEqual(disk.content(segmentName(3)), content)
  deepEqual(await inspectSegment(disk.process(), 3), { segment: told, id: ID })
})

test('makeSegment that is stopped at any operation leaves a whole segment or none, after a power cut too', async () => {
  let made = 0
  for (let operations = 0; made === 0; operations++) {
    const disk = emptyDisk()
    disk.operationsLeft = operations
    const making = makeSegment(disk.process(), ID, 3, 8_192)
    if (
      await making.then(
        () => true,
        (error: unknown) => assertStopped(error),
      )
    )
      made++
    disk.cutPower()
    const content = disk.content(segmentName(3))
    if (content !== undefined) equal(content.length, 8_192, `after ${operations} operations`)
    if (content !== undefined) equal((await inspectSegment(disk.process(), 3)).segment.bytes, 8_192)
    ok(made === 0 || content !== undefined)
  }
})

function assertStopped(error: unknown): false {
  ok(error instanceof Stopped)
  return false
}

test('makeSegment leaves nothing behind when the disk is full or fails', async () => {
  const disk = emptyDisk()
  disk.capacity = BYTES - 1
  await rejects(makeSegment(disk.process(), ID, 3, BYTES), { code: 'ENOSPC' })
  deepEqual(disk.names, [])
  disk.faults = { shortWrites: 0, failedFlushes: 1_000 }
  await rejects(makeSegment(disk.process(), ID, 3, 8_192), { code: 'EIO' })
  deepEqual(disk.names, [])
})

test('inspectSegment tells a segment’s first record, however long its frame is', async () => {
  for (const records of [1, 100, 500]) {
    const disk = emptyDisk()
    const { segments } = await writeSegments(disk.process(), [[frame(9, records, { time: 77 }), frame(9 + records)]])
    ok(records < 500 || frameBytesOf(segments[0] as Segment, frame(9, records)).length > 2 * 4_096)
    const { segment } = await inspectSegment(disk.process(), 1)
    deepEqual([segment.first, segment.firstTime], [9, 77])
  }
})

test('inspectSegment tells no first record where the first frame is damaged or says that it is longer than the segment', async () => {
  const disk = emptyDisk()
  const { segments } = await writeSegments(disk.process(), [[frame(1)]])
  const name = segments[0]?.name ?? ''
  const content = Buffer.from(disk.content(name) ?? '')
  for (const edit of [
    (bytes: Buffer) => bytes.writeUInt8(0xff, SEGMENT_HEADER_BYTES + 30),
    (bytes: Buffer) => bytes.writeUInt32LE(0xffff_ffff, SEGMENT_HEADER_BYTES + 4),
  ]) {
    const damaged = Buffer.from(content)
    edit(damaged)
    disk.put(name, damaged)
    const { segment, id } = await inspectSegment(disk.process(), 1)
    deepEqual([segment.first, segment.firstTime, segment.salt, id], [undefined, 0, segments[0]?.salt, ID])
  }
})

test('inspectSegment tells only the size of a file whose header is damaged, or of another number', async () => {
  const disk = emptyDisk()
  const { segments } = await writeSegments(disk.process(), [[frame(1)]])
  const content = Buffer.from(disk.content(segments[0]?.name ?? '') ?? '')
  disk.put(segmentName(2), content)
  const nothing = { salt: undefined, first: undefined, firstTime: 0 }
  deepEqual(await inspectSegment(disk.process(), 2), {
    segment: { name: segmentName(2), number: 2, bytes: content.length, ...nothing },
  })
  disk.put(segmentName(1), Buffer.alloc(5_000, 1))
  deepEqual(await inspectSegment(disk.process(), 1), {
    segment: { name: segmentName(1), number: 1, bytes: 5_000, ...nothing },
  })
})

test('readSegment gives as many bytes as the segment has, zeros where its file is cut short', async () => {
  const disk = emptyDisk()
  const { segments } = await writeSegments(disk.process(), [[frame(1)]])
  const [segment] = segments as [Segment]
  const content = Buffer.from(disk.content(segment.name) ?? '')
  deepEqual(await readSegment(disk.process(), segment), content)
  disk.put(segment.name, content.subarray(0, 5_000))
  deepEqual(await readSegment(disk.process(), segment), content, 'what is cut off was zeros')
})

test('inspectSegment and readSegment close the file that they read', async () => {
  const { disk, openFiles } = watched(emptyDisk().process())
  const { segments } = await writeSegments(disk, [[frame(1)]])
  await inspectSegment(disk, 1)
  equal(openFiles(), 0)
  await readSegment(disk, segments[0] as Segment)
  equal(openFiles(), 0)
})

test('openSegment opens one to be written into, and none without a header', async () => {
  const disk = emptyDisk()
  const { segments } = await writeSegments(disk.process(), [[]])
  const [segment] = segments as [Segment]
  const opened = await openSegment(disk.process(), segment)
  deepEqual([opened.segment, opened.salt], [segment, segment.salt])
  opened.file.writeNow(Uint8Array.of(5), SEGMENT_HEADER_BYTES)
  equal(disk.content(segment.name)?.[SEGMENT_HEADER_BYTES], 5)
  await rejects(openSegment(disk.process(), { ...segment, salt: undefined }), /assertion/)
})
