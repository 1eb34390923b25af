/**
 * A C `long`, exact: a number while it is a safe integer, a bigint beyond. In this canonical form two longs are
 * equal exactly when `===` says so, and `<` orders them whatever their kinds.
 */
export type Long = number | bigint

export const LONG_MAX: Long = 2n ** 63n - 1n
export const LONG_MIN: Long = -(2n ** 63n)

/** The canonical form of an integer, which must lie in a C long's range: see `isLong`. */
export function long(value: number | bigint): Long {
  if (typeof value === 'number') return value
  const narrow = Number(value)
  return Number.isSafeInteger(narrow) ? narrow : value
}

/** Whether a value is an integer that a C long holds: a safe integer, or a bigint from -2^63 to 2^63-1. */
export function isLong(value: unknown): value is number | bigint {
  if (typeof value === 'bigint') return value >= LONG_MIN && value <= LONG_MAX
  return Number.isSafeInteger(value)
}

/** Reads a canonical long from 8 little-endian bytes. */
export function readLong(view: DataView, offset: number): Long {
  const high = view.getInt32(offset + 4, true)
  const low = view.getUint32(offset, true)
  // 2^53 is the first magnitude that a number may round; its high half is ±2^21.
  if (high > -0x20_0000 && high < 0x20_0000) return high * 0x1_0000_0000 + low
  return long(view.getBigInt64(offset, true))
}

/** Writes a long as 8 little-endian bytes. */
export function writeLong(view: DataView, offset: number, value: Long): void {
  if (typeof value === 'bigint') {
    view.setBigInt64(offset, value, true)
    return
  }
  view.setInt32(offset + 4, Math.floor(value / 0x1_0000_0000), true)
  view.setUint32(offset, value >>> 0, true)
}
