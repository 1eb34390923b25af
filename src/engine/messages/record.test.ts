import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LONG_MAX, LONG_MIN, type Long } from '../../abi/index.ts'
import {
  copyRecord,
  highHalf,
  isDead,
  kill,
  liveRecordFrom,
  lowHalf,
  nextOf,
  payloadOf,
  payloadStart,
  pidOf,
  recordAfter,
  recordWords,
  senderOf,
  sequenceOf,
  setNext,
  setSlot,
  sizeOf,
  slotOf,
  timeOf,
  typeHighOf,
  typeLowOf,
  typeOf,
  UNTOLD,
  uidOf,
  writePayload,
  writeRecord,
} from './record.ts'

const HEAD_WORDS = recordWords(0)

/** A record behind some words of another, with what is behind it left alone. */
function recordOf(sizeBytes: number, mtype: Long = 1, sequence = 1, pid = 2, uid = 3, time = 4, offset = 5) {
  const words = new Int32Array(offset + recordWords(sizeBytes) + 5).fill(-77)
  writeRecord(words, offset, sizeBytes, mtype, sequence, pid, uid, time)
  return { words, offset }
}

test('writeRecord writes all that a record tells, of any size, and nothing beside it', () => {
  const longs: readonly Long[] = [
    1,
    2 ** 31 - 1,
    2 ** 31,
    2 ** 32 - 1,
    2 ** 32,
    2 ** 53 - 1,
    2n ** 53n,
    2n ** 62n + 1n,
    LONG_MAX,
  ]
  const wholes = [1, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 40 + 5, Number.MAX_SAFE_INTEGER]
  for (const mtype of longs) {
    const { words, offset } = recordOf(9, mtype)
    assert.equal(typeOf(words, offset), mtype)
    assert.equal(BigInt(typeHighOf(words, offset)) * 2n ** 32n + BigInt(typeLowOf(words, offset) >>> 0), BigInt(mtype))
    assert.deepEqual([typeHighOf(words, offset), typeLowOf(words, offset)], [highHalf(mtype), lowHalf(mtype)])
  }
  for (const whole of wholes) {
    const { words, offset } = recordOf(9, 1, whole, 2, 3, Number.MAX_SAFE_INTEGER - whole)
    assert.deepEqual([sequenceOf(words, offset), timeOf(words, offset)], [whole, Number.MAX_SAFE_INTEGER - whole])
  }
  const { words, offset } = recordOf(9, 1, 1, 2 ** 31 - 1, 2 ** 32 - 1)
  assert.deepEqual(senderOf(words, offset), { pid: 2 ** 31 - 1, uid: 2 ** 32 - 1 })
  assert.deepEqual([pidOf(words, offset), uidOf(words, offset), sizeOf(words, offset)], [2 ** 31 - 1, 2 ** 32 - 1, 9])
  assert.deepEqual([nextOf(words, offset), slotOf(words, offset)], [0, -1])
  const outside = [...words.subarray(0, offset), ...words.subarray(offset + HEAD_WORDS)]
  assert.deepEqual(new Set(outside), new Set([-77]))
})

test('a record tells what is not told as such', () => {
  const { words, offset } = recordOf(0, 1, UNTOLD.sequence, UNTOLD.pid, UNTOLD.uid, UNTOLD.time)
  assert.deepEqual(
    [sequenceOf(words, offset), senderOf(words, offset), timeOf(words, offset)],
    [0, { pid: -1, uid: 0 }, -(2 ** 32)],
  )
})

test('highHalf and lowHalf are the two halves of a long, also below 0', () => {
  for (const long of [0, 1, -1, 2 ** 31, -(2 ** 31), 2 ** 40, LONG_MAX, LONG_MIN, -5] as const) {
    const joined = (BigInt(highHalf(long)) << 32n) | BigInt(lowHalf(long) >>> 0)
    if (typeof long === 'bigint' || long >= 0) assert.equal(joined, BigInt(long))
    assert.equal(lowHalf(long), Number(BigInt.asIntN(32, BigInt(long))))
  }
})

test('setNext and setSlot note an address of 32 bits and a slot', () => {
  const { words, offset } = recordOf(0)
  setNext(words, offset, 2 ** 32 - 1)
  setSlot(words, offset, 70_000)
  assert.deepEqual([nextOf(words, offset), slotOf(words, offset)], [2 ** 32 - 1, 70_000])
  assert.deepEqual([sequenceOf(words, offset), typeOf(words, offset)], [1, 1])
})

test('recordWords has room for whole words of payload, and recordAfter is behind it, dead or alive', () => {
  assert.deepEqual(
    [0, 1, 3, 4, 5, 8, 9].map((sizeBytes) => recordWords(sizeBytes) - HEAD_WORDS),
    [0, 1, 1, 1, 2, 2, 3],
  )
  for (const sizeBytes of [0, 1, 4, 5]) {
    const { words, offset } = recordOf(sizeBytes)
    assert.equal(recordAfter(words, offset), offset + recordWords(sizeBytes))
    assert.equal(isDead(words, offset), false)
    kill(words, offset)
    assert.equal(isDead(words, offset), true)
    assert.equal(recordAfter(words, offset), offset + recordWords(sizeBytes))
    assert.equal(sequenceOf(words, offset), 1)
  }
})

test('liveRecordFrom finds the first live record at or behind a place', () => {
  const words = new Int32Array(4 * HEAD_WORDS)
  const places = [0, 1, 2, 3].map((index) => index * HEAD_WORDS)
  for (const [index, place] of places.entries()) writeRecord(words, place, 0, 1, index + 1, 1, 1, 1)
  const end = words.length
  const found = () => places.map((place) => liveRecordFrom(words, end, place) / HEAD_WORDS)
  assert.deepEqual(found(), [0, 1, 2, 3])
  kill(words, places[0] ?? 0)
  kill(words, places[2] ?? 0)
  assert.deepEqual(found(), [1, 1, 3, 3])
  kill(words, places[3] ?? 0)
  assert.deepEqual(found(), [1, 1, 4, 4])
  assert.equal(liveRecordFrom(words, places[1] ?? 0, 0), places[1], 'no further than the end that is given')
  assert.equal(liveRecordFrom(words, end, end), end)
})

test('writePayload and payloadOf copy a payload of any size, from any place, and no byte more', () => {
  const source = Uint8Array.from({ length: 400 }, (_, index) => index * 7 + 1)
  for (const sizeBytes of [0, 1, 2, 3, 4, 5, 15, 16, 17, 31, 32, 63, 64, 65, 127, 128, 129, 300]) {
    for (const start of [0, 1, 6]) {
      const { words, offset } = recordOf(sizeBytes)
      const bytes = new Uint8Array(words.buffer)
      const view = new DataView(words.buffer)
      const before = bytes.slice()
      writePayload({ bytes, view }, offset, new DataView(source.buffer, 3), start, start + sizeBytes)
      const wanted = source.slice(3 + start, 3 + start + sizeBytes)
      const copy = payloadOf(words, bytes, offset, sizeBytes)
      assert.deepEqual(copy, wanted)
      assert.deepEqual(bytes.slice(payloadStart(offset), payloadStart(offset) + sizeBytes), wanted)
      const end = payloadStart(offset) + sizeBytes
      assert.deepEqual(bytes.slice(end), before.slice(end), 'what is behind is as it was')
      copy.fill(0)
      assert.deepEqual(payloadOf(words, bytes, offset, Math.min(sizeBytes, 5)), wanted.slice(0, 5), 'a copy of its own')
    }
  }
})

test('copyRecord copies as many words as it is told, few or many', () => {
  const source = Int32Array.from({ length: 300 }, (_, index) => index + 1)
  for (const count of [0, 1, HEAD_WORDS, 63, 64, 65, 200]) {
    const target = new Int32Array(300)
    copyRecord(source, 7, target, 11, count)
    assert.deepEqual(target.slice(11, 11 + count), source.slice(7, 7 + count))
    assert.ok([...target.subarray(0, 11), ...target.subarray(11 + count)].every((word) => word === 0))
  }
})
