import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { arbitraryClientFrame } from '../../test/wire/arbitraries.ts'
import {
  type ClientFrame,
  decodeClientFrame,
  FRAME_BYTES_MAX,
  FrameReader,
  FrameWriter,
  HELLO_BYTES_MAX,
  WireError,
} from './index.ts'

function framesOf(reader: FrameReader, piece: Uint8Array): Uint8Array[] {
  reader.push(piece)
  const frames: Uint8Array[] = []
  for (let frame = reader.next(); frame !== undefined; frame = reader.next()) frames.push(frame)
  return frames
}

test('FrameReader.keep lets one buffer serve for all pieces, wherever they end', () => {
  const writer = new FrameWriter()
  for (let number = 0; number < 60; number++) writer.write({ kind: 'acknowledge', number: number ** 4 })
  const stream = writer.take()
  for (const length of [1, 7, 64, 1_000]) {
    const buffer = new Uint8Array(length)
    const reader = new FrameReader(FRAME_BYTES_MAX)
    const read: ClientFrame[] = []
    for (let start = 0; start < stream.length; start += length) {
      const piece = stream.subarray(start, start + length)
      buffer.set(piece)
      read.push(...framesOf(reader, buffer.subarray(0, piece.length)).map(decodeClientFrame))
      reader.keep()
      buffer.fill(0xff)
    }
    reader.end()
    assert.deepEqual(
      read,
      Array.from({ length: 60 }, (_, number) => ({ kind: 'acknowledge', number: number ** 4 })),
    )
  }
})

test('FrameReader waits with frames that were not taken: pushing goes on behind them', () => {
  const writer = new FrameWriter()
  const reader = new FrameReader(FRAME_BYTES_MAX)
  for (let number = 0; number < 100; number++) {
    writer.write({ kind: 'acknowledge', number })
    reader.push(writer.take())
  }
  for (let number = 0; number < 100; number++) {
    assert.deepEqual(decodeClientFrame(reader.next() ?? new Uint8Array()), { kind: 'acknowledge', number })
  }
  assert.equal(reader.next(), undefined)
  assert.equal(reader.pendingBytes, 0)
})

test('FrameReader refuses a length before the bytes are there, and says at which byte of the stream', () => {
  const writer = new FrameWriter()
  writer.write({ kind: 'goodbye' })
  const goodbye = writer.take()
  for (const length of [[0, 0, 0, 0], [1, 4, 0, 0], [0xff, 0xff, 0xff, 0xff], [...Buffer.from('GET ')]]) {
    const reader = new FrameReader(HELLO_BYTES_MAX)
    assert.equal(framesOf(reader, goodbye).length, 1)
    reader.push(Uint8Array.from(length))
    assert.throws(() => reader.next(), { name: 'WireError', offset: 5 })
    assert.throws(() => reader.next(), { name: 'WireError', offset: 5 })
  }
  const greeted = new FrameReader(HELLO_BYTES_MAX)
  greeted.maxBytes = FRAME_BYTES_MAX
  assert.deepEqual(framesOf(greeted, Uint8Array.of(1, 4, 0, 0)), [])
})

test('FrameReader.end fails in the middle of a frame', () => {
  const reader = new FrameReader(FRAME_BYTES_MAX)
  assert.deepEqual(framesOf(reader, Uint8Array.of(5, 0, 0, 0, 1)), [])
  assert.throws(() => reader.end(), WireError)
})

test('FrameReader gives the frames that were written, however the stream is cut', () => {
  fc.assert(
    fc.property(
      fc.array(arbitraryClientFrame, { maxLength: 8 }),
      fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 5 }),
      (frames, lengths) => {
        const writer = new FrameWriter()
        for (const frame of frames) writer.write(frame)
        const stream = writer.take()
        const reader = new FrameReader(FRAME_BYTES_MAX)
        const read: Uint8Array[] = []
        for (let start = 0, turn = 0; start < stream.length; turn++) {
          const end = start + (lengths[turn % lengths.length] ?? 1)
          read.push(...framesOf(reader, stream.slice(start, end)))
          start = end
        }
        reader.end()
        // Decoded only now: no frame was moved by those behind it.
        assert.deepEqual(read.map(decodeClientFrame), frames)
      },
    ),
    { numRuns: 500 },
  )
})

test('FrameReader copies a long frame in many pieces a fixed number of times', () => {
  const sizeBytes = 8 * 2 ** 20
  const writer = new FrameWriter()
  const call = { name: 'msgsnd', msqid: 0, mtype: 1, mtext: new Uint8Array(sizeBytes), msgflg: 0 } as const
  writer.write({ kind: 'call', number: 1, call })
  const stream = writer.take()
  const reader = new FrameReader(FRAME_BYTES_MAX)
  const before = process.cpuUsage()
  let count = 0
  // 80 bytes at a time: copied anew for each, this would be half a terabyte.
  for (let start = 0; start < stream.length; start += 80) {
    count += framesOf(reader, stream.subarray(start, start + 80)).length
  }
  const { user, system } = process.cpuUsage(before)
  assert.equal(count, 1)
  assert.ok(user + system < 5_000_000, `${(user + system) / 1000} ms`)
})
