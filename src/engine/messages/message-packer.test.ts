import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MessagePacker } from './message-packer.ts'
import { viewsOf } from './packed-messages.ts'
import type { PlainMessages } from './plain-messages.ts'
import { recordWords } from './record.ts'
import { FIRST_SEGMENT_WORDS } from './segment.ts'

/** Five of them fill an ordinary segment of 256 KiB, but for a few words. */
const FIFTH_BYTES = 52_000
const ALIKE = { sequence: 100, step: 3, pid: 7, uid: 8, time: 9 }

/** Messages with one payload of some bytes, of types from 1 on. */
function plainOf(count: number, sizeBytes: number): PlainMessages {
  return {
    source: new DataView(Uint8Array.from({ length: sizeBytes }, (_, index) => index * 7).buffer),
    types: Int32Array.from({ length: count }, (_, index) => index + 1),
    starts: new Int32Array(count),
    sizes: new Int32Array(count).fill(sizeBytes),
  }
}

test('MessagePacker.appendPlain goes on from segment to segment: every message has its type and its number', () => {
  const packer = new MessagePacker()
  packer.appendPlain(plainOf(9, FIFTH_BYTES), 2, 9, ALIKE)
  const packed = packer.packed()
  const expected = [3, 4, 5, 6, 7, 8, 9].map((mtype) => [mtype, 100 + 3 * (mtype - 3)])
  assert.ok(packed.records.length > 1)
  assert.deepEqual(
    Array.from(packed, ({ mtype, sequence }) => [mtype, sequence]),
    expected,
  )
  assert.deepEqual(
    Array.from(viewsOf(packed), ({ mtype, sequence }) => [mtype, sequence]),
    expected,
  )
  assert.equal(packed.lastSequence, 118)
  assert.deepEqual(packed.told, { sequence: 7, sender: 7, time: 7 })
  assert.deepEqual([packed.length, packed.cbytes, packed.tellsAll], [7, 7 * FIFTH_BYTES, true])
  assert.equal(packed.liveWords, 7 * recordWords(FIFTH_BYTES))
})

test('MessagePacker.appendPlain behind others counts what both take', () => {
  const packer = new MessagePacker()
  packer.appendPlain(plainOf(2, 5), 0, 2, ALIKE)
  packer.appendPlain(plainOf(3, 9), 1, 3, { ...ALIKE, sequence: 200 })
  const packed = packer.packed()
  assert.equal(packed.liveWords, 2 * recordWords(5) + 2 * recordWords(9))
  assert.deepEqual([packer.length, packed.cbytes], [4, 28])
  assert.deepEqual(
    Array.from(packed, ({ sequence }) => sequence),
    [100, 103, 200, 203],
  )
})

test('MessagePacker of which one message leaves one thing untold does not tell all', () => {
  const told = { mtype: 1, mtext: new Uint8Array(1), sequence: 1, sender: { pid: 1, uid: 1 }, time: 1 }
  for (const [field, tellsAll] of [
    ['none', true],
    ['sequence', false],
    ['sender', false],
    ['time', false],
  ] as const) {
    const packer = new MessagePacker()
    packer.append(told)
    packer.append({ ...told, sequence: 2, ...(field !== 'none' && { [field]: undefined }) })
    assert.equal(packer.packed().tellsAll, tellsAll, field)
  }
})

test('MessagePacker of a few short messages takes little room, wherever in a long source their payloads lie', () => {
  const source = new DataView(new ArrayBuffer(600_004))
  const packer = new MessagePacker()
  for (const start of [300_000, 600_000]) {
    const mtext = new Uint8Array(source.buffer, start, 4)
    packer.append({ mtype: 1, mtext, source, start, end: start + 4 })
  }
  assert.deepEqual(
    packer.packed().records.map(({ words }) => words.length),
    [FIRST_SEGMENT_WORDS],
  )
})
