import { LONG_MAX, type Long, long, UINT_MAX } from '../abi/index.ts'
import { UsageError } from './errors.ts'

/** Longest time that a timer of Node takes: 2^31-1 milliseconds, 24.8 days. */
const LONGEST_TIMEOUT_SECONDS = 2_147_483

/** An integer as C writes it: decimal, 0x and hexadecimal, 0o or 0 and octal. @returns `undefined` when it is none. */
export function parseInteger(text: string): bigint | undefined {
  const [, sign, digits] = /^(-?)(0[xX][0-9a-fA-F]+|0[oO][0-7]+|0[0-7]*|[1-9]\d*)$/.exec(text) ?? []
  if (digits === undefined) return undefined
  const magnitude = BigInt(/^0[0-7]+$/.test(digits) ? `0o${digits}` : digits)
  return sign === '-' ? -magnitude : magnitude
}

/** A message type: 1 to 2^63-1, exact. */
export function messageTypeFrom(name: string, text: string): Long {
  const value = integerFrom(name, text)
  if (value >= 1n && value <= BigInt(LONG_MAX)) return long(value)
  throw outOfRange(name, text, 'a message type is 1 to 9223372036854775807')
}

/** A whole number from `least` to 2^53-1, or to `most`. */
export function countFrom(name: string, text: string, least: number, most: number = Number.MAX_SAFE_INTEGER): number {
  const value = integerFrom(name, text)
  if (value >= least && value <= most) return Number(value)
  throw outOfRange(name, text, `it goes from ${least} to ${most}`)
}

/** Indexes from `first` to `last`, both counted from 0 and both included. */
export interface IndexRange {
  readonly first: number
  readonly last: number
}

/** `2..5`, `2..` to the end, `..5` from the beginning; `2-5` is the same as `2..5`. */
export function rangeFrom(name: string, text: string): IndexRange {
  const [, from, to] = /^(\d*)\.\.(\d*)$/.exec(text) ?? /^(\d+)-(\d+)$/.exec(text) ?? []
  const ways = 'write 0..9 for the oldest ten, 10.. for all others, ..9 for 0..9'
  if (from === undefined || to === undefined || (from === '' && to === '')) {
    throw new UsageError(`${name} ${text} is not a range`, ways)
  }
  const first = from === '' ? 0 : countFrom(name, from, 0)
  const last = to === '' ? Number.MAX_SAFE_INTEGER : countFrom(name, to, 0)
  if (first <= last) return { first, last }
  throw new UsageError(`${name} ${text} ends before it begins`, ways)
}

/** A key: 32 bits, signed or not, in decimal, hexadecimal or octal. */
export function keyFrom(name: string, text: string): number {
  const value = integerFrom(name, text)
  if (value >= -0x8000_0000n && value <= UINT_MAX) return Number(value)
  throw outOfRange(name, text, 'a key has 32 bits: 0 to 0xffffffff')
}

/** The nine permission bits, octal as for chmod(1): `600`, `0600` or `0o600`. */
export function modeFrom(name: string, text: string): number {
  const [, digits] = /^(?:0[oO])?([0-7]+)$/.exec(text) ?? []
  const mode = Number.parseInt(digits ?? '', 8)
  if (mode <= 0o777) return mode
  throw new UsageError(`${name} ${text} is not a mode`, 'it has up to three octal digits, as for chmod: 600, 0640')
}

/** A time in seconds, fractions allowed; returned in milliseconds. */
export function timeoutMsFrom(name: string, text: string): number {
  const seconds = /^(\d+\.?\d*|\.\d+)$/.test(text) ? Number(text) : Number.NaN
  if (seconds <= LONGEST_TIMEOUT_SECONDS) return Math.ceil(seconds * 1000)
  throw new UsageError(`${name} ${text} is not a time`, `it is in seconds, 0 to ${LONGEST_TIMEOUT_SECONDS}: 2, 0.5`)
}

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, min: 60_000, h: 3_600_000, d: 86_400_000 }
const UNIT_BYTES: Readonly<Record<string, number>> = { B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 }

/** A time with its unit, in milliseconds: `24h`; `undefined` when it is none. */
export function durationMs(text: string): number | undefined {
  return withUnit(text, UNIT_MS)
}

/** A size with its unit, in bytes: `1GiB`; `undefined` when it is none. */
export function sizeBytes(text: string): number | undefined {
  return withUnit(text, UNIT_BYTES)
}

function withUnit(text: string, units: Readonly<Record<string, number>>): number | undefined {
  const [, number, unit = ''] = /^(\d+)([a-zA-Z]+)$/.exec(text) ?? []
  const factor = Object.hasOwn(units, unit) ? units[unit] : undefined
  const value = factor === undefined ? Number.NaN : Number(number) * factor
  return Number.isSafeInteger(value) ? value : undefined
}

function integerFrom(name: string, text: string): bigint {
  const value = parseInteger(text)
  if (value !== undefined) return value
  throw new UsageError(`${name} ${text} is not a whole number`, 'write it as 5067591, 0x4d5347 or 023251507')
}

function outOfRange(name: string, text: string, range: string): UsageError {
  return new UsageError(`${name} ${text} is out of range`, range)
}
