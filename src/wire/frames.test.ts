import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { arbitraryCheckpoint } from '../../test/golden/checkpoints.ts'
import { arbitraryServerFrame } from '../../test/wire/arbitraries.ts'
import type { Checkpoint, CheckpointQueue } from '../engine/index.ts'
import { littleEndian32 } from './frame-reader.ts'
import { endFrame } from './frames.ts'
import {
  agreedVersion,
  ByteWriter,
  CheckpointBuilder,
  type ClientFrame,
  checkpointParts,
  decodeClientFrame,
  decodeServerFrame,
  FRAME_BYTES_MAX,
  FrameReader,
  FrameWriter,
  MESSAGE_BYTES_MAX,
  PART_BYTES,
  queueChunks,
} from './index.ts'

const send = (mtext: Uint8Array): ClientFrame => ({
  kind: 'call',
  number: 1,
  call: { name: 'msgsnd', msqid: 0, mtype: 1, mtext, msgflg: 0 },
})

describe('FrameWriter', () => {
  test('FrameWriter writes a message of MESSAGE_BYTES_MAX, and refuses a longer frame without a trace', () => {
    const writer = new FrameWriter()
    writer.write({ kind: 'acknowledge', number: 1 })
    assert.throws(() => writer.write(send(new Uint8Array(MESSAGE_BYTES_MAX + 1))), RangeError)
    assert.throws(() => writer.write({ kind: 'going', message: 'x'.repeat(FRAME_BYTES_MAX) }), RangeError)
    assert.throws(() => writer.write({ kind: 'acknowledge', number: -1 }), RangeError)
    const groups = Array.from({ length: 65_536 }, (_, index) => 2 ** 32 - 2 - index)
    const longest = { ...send(new Uint8Array(MESSAGE_BYTES_MAX)), as: { uid: 1, groups } }
    writer.write(longest)
    const reader = new FrameReader(FRAME_BYTES_MAX)
    reader.push(writer.take())
    assert.deepEqual(decodeClientFrame(reader.next() ?? new Uint8Array()), { kind: 'acknowledge', number: 1 })
    const read = decodeClientFrame(reader.next() ?? new Uint8Array())
    assert.equal(reader.next(), undefined)
    assert.ok(read.kind === 'call' && read.call.name === 'msgsnd')
    assert.equal(read.call.mtext.length, MESSAGE_BYTES_MAX)
    assert.deepEqual(read.as, longest.as)
  })

  test('FrameWriter.take gives bytes that later frames leave alone', () => {
    const writer = new FrameWriter()
    const taken: Uint8Array[] = []
    for (let number = 0; number < 30_000; number++) {
      writer.write({ kind: 'acknowledge', number })
      taken.push(writer.take())
    }
    for (const [number, bytes] of taken.entries()) {
      assert.deepEqual(decodeClientFrame(bytes.subarray(4)), { kind: 'acknowledge', number })
    }
  })

  test('decodeServerFrame keeps no view of the bytes', () => {
    fc.assert(
      fc.property(arbitraryServerFrame, (frame) => {
        const writer = new FrameWriter()
        writer.write(frame)
        const bytes = Uint8Array.from(writer.take().subarray(4))
        const read = decodeServerFrame(bytes)
        bytes.fill(0xff)
        assert.deepEqual(read, frame)
      }),
      { numRuns: 500 },
    )
  })
})

describe('decodeServerFrame', () => {
  test('decodeServerFrame refuses a capability that is named twice, or out of order', () => {
    const key = { session: 1, secret: new Uint8Array(16) }
    const writer = new FrameWriter()
    writer.write({ kind: 'welcome', version: 1, key, url: '', capabilities: { y: true, x: false }, features: [] })
    const bytes = writer.take().slice(4)
    const second = bytes.indexOf('y'.charCodeAt(0))
    assert.ok(second > bytes.indexOf('x'.charCodeAt(0)))
    for (const name of ['x', 'w']) {
      const expected = 'names of capabilities that rise'
      assert.throws(() => decodeServerFrame(bytes.with(second, name.charCodeAt(0))), { name: 'WireError', expected })
    }
  })
})

describe('agreedVersion', () => {
  test('agreedVersion is the highest that both sides speak', () => {
    assert.equal(agreedVersion({ minVersion: 1, maxVersion: 1 }), 1)
    assert.equal(agreedVersion({ minVersion: 0, maxVersion: 9 }), 1)
    assert.equal(agreedVersion({ minVersion: 2, maxVersion: 9 }), undefined)
    assert.equal(agreedVersion({ minVersion: 0, maxVersion: 0 }), undefined)
  })
})

describe('checkpointParts and CheckpointBuilder', () => {
  function rebuilt(checkpoint: Checkpoint): Checkpoint | undefined {
    const writer = new FrameWriter()
    const builder = new CheckpointBuilder()
    for (const part of checkpointParts(checkpoint)) {
      writer.write({ kind: 'part', number: 1, part })
      assert.ok(writer.pendingBytes < 2 * PART_BYTES)
      const frame = decodeServerFrame(writer.take().subarray(4))
      assert.ok(frame.kind === 'part' && frame.part.part !== 'history')
      builder.add(frame.part)
    }
    return builder.finish()
  }

  test('CheckpointBuilder makes of the parts the checkpoint that they were taken from', () => {
    fc.assert(
      fc.property(arbitraryCheckpoint, (checkpoint) => {
        assert.deepEqual(rebuilt(checkpoint), checkpoint)
      }),
      { numRuns: 100 },
    )
  })

  test('checkpointParts and queueChunks cut a deep queue, and calls that wait with long messages', () => {
    const perm = { key: 1, uid: 0, gid: 0, cuid: 0, cgid: 0, mode: 0o600 }
    const queue = (msqid: number, count: number, sizeBytes: number): CheckpointQueue => ({
      msqid,
      perm,
      qbytes: 1,
      stime: msqid,
      messages: Array.from({ length: count }, (_, index) => ({
        mtype: 1,
        mtext: new Uint8Array(sizeBytes).fill(index),
        sequence: index + 1,
      })),
    })
    const queues = [queue(0, 0, 0), queue(1, 20_000, 30), queue(2, 3, 200_000), queue(3, 5, 0), queue(4, 30_000, 0)]
    const caller = { pid: 1, tid: 1, uid: 0, gid: 0, groups: [], capabilities: [] }
    const waiting = Array.from({ length: 9 }, (_, number) => ({
      ticket: { session: 1, number },
      msqid: 0,
      caller,
      call: { name: 'msgsnd' as const, msqid: 0, mtype: 1, mtext: new Uint8Array(100_000).fill(number), msgflg: 0 },
    }))
    const limits = { msgmax: 1, msgmnb: 1, msgmni: 1 }
    const checkpoint = { time: 1, limits, nextId: -1, queues, waiting }
    assert.deepEqual(rebuilt(checkpoint), checkpoint)
    const chunks = [...queueChunks(queues)]
    assert.ok(chunks.length > 8)
    for (const chunk of chunks) assert.equal(new Set(chunk.map(({ msqid }) => msqid)).size, chunk.length)
  })

  test('CheckpointBuilder has no checkpoint without a header, and the waiting calls all the same', () => {
    const builder = new CheckpointBuilder()
    builder.add({ part: 'waiting', waiting: [] })
    assert.equal(builder.finish(), undefined)
    assert.deepEqual(builder.waiting, [])
  })
})

test('endFrame takes a frame of FRAME_BYTES_MAX bytes, and none that is a byte longer', () => {
  const writer = new ByteWriter()
  writer.fixed32(0)
  writer.raw(new Uint8Array(FRAME_BYTES_MAX))
  endFrame(writer, 0)
  writer.byte(0)
  assert.throws(() => endFrame(writer, 0), RangeError)
  assert.equal(littleEndian32(writer.take(), 0), FRAME_BYTES_MAX)
})
