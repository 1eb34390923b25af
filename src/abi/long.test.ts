import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isLong, LONG_MAX, LONG_MIN, type Long, long, readLong, writeLong } from './index.ts'

/** A C long on either side of each border: of a number's exactness, of its halves, of its range. */
const LONGS: readonly (readonly [value: Long, bytes: string])[] = [
  [0, '0000000000000000'],
  [1, '0100000000000000'],
  [-1, 'ffffffffffffffff'],
  [2 ** 31, '0000008000000000'],
  [-(2 ** 31), '00000080ffffffff'],
  [2 ** 32 - 1, 'ffffffff00000000'],
  [2 ** 32, '0000000001000000'],
  [-(2 ** 32) - 1, 'fffffffffeffffff'],
  [Number.MAX_SAFE_INTEGER, 'ffffffffffff1f00'],
  [2n ** 53n, '0000000000002000'],
  [2n ** 53n + 1n, '0100000000002000'],
  [Number.MIN_SAFE_INTEGER, '010000000000e0ff'],
  [-(2n ** 53n), '000000000000e0ff'],
  [-(2n ** 53n) - 1n, 'ffffffffffffdfff'],
  [LONG_MAX, 'ffffffffffffff7f'],
  [LONG_MIN, '0000000000000080'],
]

test('writeLong and readLong keep each long as its eight bytes, in canonical form', () => {
  for (const [value, hex] of LONGS) {
    const view = new DataView(new ArrayBuffer(10))
    writeLong(view, 1, value)
    assert.equal(Buffer.from(view.buffer).toString('hex'), `00${hex}00`, String(value))
    assert.equal(readLong(view, 1), value)
  }
})

test('LONG_MAX and LONG_MIN are the ends of a C long of 64 bits', () => {
  assert.equal(LONG_MAX, 9_223_372_036_854_775_807n)
  assert.equal(LONG_MIN, -9_223_372_036_854_775_808n)
})

test('long gives a number while it is safe, and a bigint beyond', () => {
  for (const [value] of LONGS) assert.equal(long(BigInt(value)), value)
  assert.equal(long(7), 7)
  assert.equal(long(7n), 7)
})

test('isLong knows what a C long holds', () => {
  for (const [value] of LONGS) assert.equal(isLong(value), true, String(value))
  assert.equal(isLong(1n), true)
  for (const other of [BigInt(LONG_MAX) + 1n, BigInt(LONG_MIN) - 1n, 2 ** 53, 0.5, Number.NaN, '1', undefined, null]) {
    assert.equal(isLong(other), false, String(other))
  }
})
