import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ChunkReader, feedInTurns, WholeFile } from './chunk-reader.ts'

const bytes = (from: number, to: number) => Uint8Array.from({ length: to - from }, (_, index) => from + index)

test('ChunkReader has what was fed and not read, and says how much is missing', () => {
  const reader = new ChunkReader('a-file')
  assert.deepEqual([reader.has(0), reader.missing, reader.isEmpty], [true, 0, true])
  assert.deepEqual([reader.has(3), reader.missing], [false, 3])
  reader.feed(bytes(0, 5))
  assert.equal(reader.isEmpty, false)
  assert.deepEqual([reader.has(5), reader.missing], [true, 0])
  assert.deepEqual([reader.has(6), reader.missing], [false, 1])
  reader.skip(3)
  assert.deepEqual([reader.has(2), reader.missing], [true, 0])
  assert.deepEqual([reader.has(3), reader.missing], [false, 1])
})

test('ChunkReader.has says yes to what will never come, once the file has ended', () => {
  const reader = new ChunkReader('a-file')
  reader.feed(bytes(0, 2))
  assert.deepEqual([reader.isAtEnd, reader.has(3)], [false, false])
  reader.finish()
  assert.deepEqual([reader.isAtEnd, reader.has(3), reader.missing], [false, true, 1])
  assert.throws(() => reader.uint32('a number'), { file: 'a-file', offset: 0 })
  reader.skip(2)
  assert.equal(reader.isAtEnd, true)
  assert.throws(() => reader.byte(), { offset: 2, message: /found the end, 2/ })
})

test('ChunkReader reads over borders of chunks as if there were none, and knows its place in the file', () => {
  const whole = bytes(0, 250)
  for (const chunkBytes of [1, 2, 3, 7, 50, 250]) {
    for (const partBytes of [1, 2, 5, 60]) {
      const reader = new ChunkReader('a-file')
      const read: number[] = []
      for (let at = 0; at < whole.length; at += chunkBytes) {
        const chunk = whole.slice(at, at + chunkBytes)
        reader.feed(chunk)
        while (reader.has(partBytes)) {
          assert.equal(reader.origin + reader.position, read.length)
          const start = reader.skip(partBytes)
          read.push(...reader.slice(start, reader.position))
        }
        reader.letGo()
        // Its owner uses it for the next one.
        chunk.fill(0xff)
      }
      while (!reader.isEmpty) read.push(reader.byte())
      assert.deepEqual(read, [...whole], `parts of ${partBytes} bytes in chunks of ${chunkBytes}`)
    }
  }
})

test('ChunkReader.letGo keeps what is not read, however often', () => {
  const reader = new ChunkReader('a-file')
  const chunk = bytes(0, 8)
  reader.feed(chunk)
  reader.skip(3)
  reader.letGo()
  reader.letGo()
  chunk.fill(0)
  assert.deepEqual([reader.origin + reader.position, reader.byte()], [3, 3])
  reader.feed(bytes(8, 10))
  assert.equal(reader.has(6), true)
  const start = reader.skip(6)
  assert.deepEqual(reader.slice(start, reader.position), bytes(4, 10))
  reader.letGo()
  assert.deepEqual([reader.isEmpty, reader.origin + reader.position], [true, 10])
  reader.feed(bytes(10, 12))
  assert.deepEqual([reader.byte(), reader.origin + reader.position], [10, 11])
})

test('ChunkReader takes few new buffers for a part of many chunks', () => {
  const reader = new ChunkReader('a-file')
  const buffers = new Set<ArrayBufferLike>()
  const chunk = new Uint8Array(100)
  for (let count = 0; count < 1_000; count++) {
    chunk.fill(count)
    reader.feed(chunk)
    assert.equal(reader.has(100_000), count === 999)
    reader.letGo()
    buffers.add(reader.window.buffer)
    assert.ok(reader.window.buffer.byteLength <= 2 * 100 * (count + 1), 'twice what is kept, and no more')
  }
  assert.ok(buffers.size < 15, `${buffers.size} buffers`)
  const start = reader.skip(100_000)
  for (const count of [0, 1, 500, 999]) assert.equal(reader.window[start + 100 * count + 99], count & 0xff)
  // Those that it has are enough from here on.
  for (let count = 0; count < 100; count++) {
    reader.feed(chunk)
    reader.skip(50)
    reader.letGo()
    buffers.add(reader.window.buffer)
    reader.skip(50)
    reader.letGo()
  }
  assert.ok(buffers.size < 15, `${buffers.size} buffers`)
})

test('feedInTurns feeds all in order, a part in each turn', async () => {
  const whole = bytes(0, 256)
  const long = Uint8Array.from({ length: 600_000 }, (_, index) => whole[index % 251] ?? 0)
  const sizes: number[] = []
  let turns = 0
  const file = new WholeFile('a-file')
  const next = () => {
    turns++
    immediate = setImmediate(next)
  }
  let immediate = setImmediate(next)
  const decoder = {
    feed: (chunk: Uint8Array) => {
      sizes.push(chunk.length)
      file.feed(chunk)
    },
    end: () => file.end(),
  }
  await feedInTurns(decoder, long)
  clearImmediate(immediate)
  assert.deepEqual(sizes, [262_144, 262_144, 75_712])
  assert.ok(turns >= 2, `${turns} turns`)
  assert.deepEqual(file.end(), long)
  await feedInTurns(decoder, new Uint8Array(0))
  assert.equal(sizes.length, 3)
})
