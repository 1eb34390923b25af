import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Random } from '../../../../test/oracle/random.ts'
import { SimulatedDisk } from '../../../../test/simulator/disk.ts'
import { watched } from '../../../../test/simulator/watched.ts'
import type { ImageFile } from './image-file.ts'
import { imageName, imageSequence } from './image-file.ts'
import { firstNeeded, isZero, lastNonZero } from './replay.ts'
import { basesOf, coveredSegments, oldestKept, removeBefore } from './retention.ts'
import { type Segment, segmentName, segmentNumber } from './segment.ts'

/** Segments of 100 bytes that begin with these records; `undefined` begins with none. */
function segmentsOf(...firsts: readonly (number | undefined)[]): Segment[] {
  return firsts.map((first, index) => {
    return { name: segmentName(index), number: index, bytes: 100, salt: 1, first, firstTime: 0 }
  })
}

/** Images of 10 bytes that cover up to these records, each at ten times its number. */
function imagesOf(...sequences: readonly number[]): ImageFile[] {
  return sequences.map((sequence) => {
    const chunks = () => assert.fail('nobody reads it')
    return { name: `image-${sequence}`, id: Buffer.alloc(16), bytes: 10, sequence, time: 10 * sequence, chunks }
  })
}

test('coveredSegments are those before the last one that begins with a record up to the next', () => {
  const segments = segmentsOf(1, 5, 9, undefined)
  const covered = (sequence: number) => coveredSegments(segments, sequence).length
  assert.deepEqual([0, 3, 4, 7, 8, 100].map(covered), [0, 0, 1, 1, 2, 2])
  assert.deepEqual(coveredSegments(segmentsOf(undefined), 5), [])
  assert.deepEqual(coveredSegments([], 5), [])
  assert.deepEqual(
    [1, 4, 5, 8, 9, 100].map((next) => firstNeeded(segments, next)),
    [0, 0, 1, 1, 2, 2],
  )
  assert.equal(firstNeeded(segmentsOf(7), 3), 0)
})

test('basesOf has the beginning where the first record is there, or where there is nothing else', () => {
  const images = imagesOf(4, 8)
  assert.deepEqual(basesOf(segmentsOf(1, 5), images), [undefined, ...images])
  assert.deepEqual(basesOf(segmentsOf(undefined, 1), images), [undefined, ...images])
  assert.deepEqual(basesOf(segmentsOf(2, 5), images), images)
  assert.deepEqual(basesOf([], images), images)
  assert.deepEqual(basesOf(segmentsOf(5), []), [undefined])
})

test('oldestKept goes back as far as the time wants and the bytes allow, both', () => {
  // Time now is 130; images at 40, 80 and 120 cover up to records 4, 8 and 12.
  const segments = segmentsOf(1, 5, 9, 13)
  const images = imagesOf(4, 8, 12)
  const kept = (ms: number, bytes: number) => oldestKept(segments, images, 130, { ms, bytes })
  assert.equal(oldestKept(segments, images, 130, {}), 12)
  assert.equal(kept(1_000, 0), 12)
  assert.equal(kept(0, 10_000), 12)
  assert.equal(kept(9, 10_000), 12)
  assert.equal(kept(10, 10_000), 12, 'the image at 120 reaches every instant from 120 on')
  assert.equal(kept(11, 10_000), 8)
  assert.equal(kept(50, 10_000), 8)
  assert.equal(kept(51, 10_000), 4)
  assert.equal(kept(90, 10_000), 4)
  assert.equal(kept(91, 10_000), 0)
  // One image and one segment each further back; the beginning is no file.
  assert.equal(kept(1_000, 109), 12)
  assert.equal(kept(1_000, 110), 8)
  assert.equal(kept(1_000, 219), 8)
  assert.equal(kept(1_000, 220), 4)
  assert.equal(kept(1_000, 319), 4)
  assert.equal(kept(1_000, 320), 0)
  assert.equal(oldestKept(segmentsOf(13), imagesOf(12), 130, { ms: 1_000, bytes: 1_000 }), 12)
  assert.equal(oldestKept(segmentsOf(1), [], 130, { ms: 1_000, bytes: 1_000 }), 0)
})

test('removeBefore removes images and segments oldest first, each for good before the next', async () => {
  const disk = new SimulatedDisk(new Random(1))
  const [segments, later] = [segmentsOf(1, 5), 'segment-0000000002']
  for (const name of [...segments.map(({ name }) => name), later]) disk.put(name, Buffer.alloc(1))
  for (const sequence of [4, 7, 9, 10]) disk.put(imageName(sequence), Buffer.alloc(1))
  const { disk: told, log } = watched(disk.process())
  // Directories give names in whatever order they like.
  const list = async () => [7, 10, 9, 4].map(imageName).concat(disk.names.slice(4).reverse())
  await removeBefore({ ...told, list }, segments, 10)
  const removed = [...[4, 7, 9].map(imageName), ...segments.map(({ name }) => name)]
  assert.deepEqual(
    log,
    removed.flatMap((name) => [`remove ${name}`, 'flush names']),
  )
  assert.deepEqual(disk.names, [imageName(10), later])
})

test('lastNonZero finds where the last byte ends that is not zero, over any distance', () => {
  for (const sizeBytes of [0, 1, 7, 1_023, 1_024, 1_025, 5_000]) {
    const bytes = Buffer.alloc(sizeBytes)
    assert.equal(lastNonZero(bytes), 0)
    assert.equal(isZero(bytes), true)
    for (const at of [0, 1, 6, 1_022, 1_023, 1_024, 3_976, 4_999].filter((each) => each < sizeBytes)) {
      bytes[at] = 1
      assert.equal(lastNonZero(bytes), at + 1, `${at} of ${sizeBytes}`)
      assert.equal(isZero(bytes), false)
    }
  }
})

test('segmentNumber and imageSequence read whole names alone', () => {
  assert.equal(segmentName(7), 'segment-0000000007')
  assert.equal(segmentNumber(segmentName(12_345_678_901)), 12_345_678_901)
  for (const name of ['segment-000000007', 'segment-0000000007.new', 'lost-segment-0000000007', 'segment-000000000x']) {
    assert.equal(segmentNumber(name), undefined, name)
  }
  assert.equal(imageSequence('image-0000000000000012'), 12)
  for (const name of ['image-000000000000012', 'image-0000000000000012.new', 'an image-0000000000000012']) {
    assert.equal(imageSequence(name), undefined, name)
  }
})
