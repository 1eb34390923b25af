import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Reading, type ReadSoFar } from './reading.ts'

/** What a reading tells. */
function readingOf(totalBytes: number) {
  const told: ReadSoFar[] = []
  return { told, reading: new Reading(totalBytes, (read) => told.push(read)) }
}

test('Reading.add tells the sum of what was read, and of how much', () => {
  const { told, reading } = readingOf(100)
  for (const bytes of [10, 0, 60]) reading.add(bytes)
  assert.deepEqual(told, [
    { bytes: 10, totalBytes: 100 },
    { bytes: 10, totalBytes: 100 },
    { bytes: 70, totalBytes: 100 },
  ])
})

test('Reading.add never tells of more than there is, though a file has grown since', () => {
  const { told, reading } = readingOf(100)
  for (const bytes of [99, 2, 50]) reading.add(bytes)
  assert.deepEqual(
    told.map(({ bytes }) => bytes),
    [99, 100, 100],
  )
})

test('Reading has a total of 1 where there is nothing to read: whoever divides by it need not ask', () => {
  const { told, reading } = readingOf(0)
  reading.add(0)
  assert.deepEqual(told, [{ bytes: 0, totalBytes: 1 }])
})

test('Reading.counted hands chunks on as they are, each told before it', async () => {
  const { told, reading } = readingOf(5)
  const chunks = [Uint8Array.of(1, 2), Uint8Array.of(3, 4, 5)]
  const seen: [Uint8Array, number][] = []
  async function* each() {
    yield* chunks
  }
  for await (const chunk of reading.counted(each())) seen.push([chunk, told.at(-1)?.bytes ?? 0])
  assert.deepEqual(seen, [
    [chunks[0], 2],
    [chunks[1], 5],
  ])
})
