import { UsageError } from './errors.ts'
import { durationMs } from './numbers.ts'

const WAYS =
  'write 2026-11-24T13:00:05 (with Z or +01:00, or in this machine’s zone), 13:00 for today, -10min, or @1764000000'

/** An instant that a user names, in milliseconds since 1970. @throws {UsageError} */
export function instantFrom(name: string, text: string, now: number = Date.now()): number {
  const instant = parsed(text, now)
  if (Number.isSafeInteger(instant) && instant >= 0) return instant
  throw new UsageError(`${name} ${text} is not a time`, WAYS)
}

function parsed(text: string, now: number): number {
  const [, ago] = /^-(\d+[a-z]+)$/.exec(text) ?? []
  if (ago !== undefined) return now - (durationMs(ago) ?? Number.NaN)
  // As date(1) has it: seconds since 1970.
  const [, seconds] = /^@(\d+(?:\.\d+)?)$/.exec(text) ?? []
  if (seconds !== undefined) return Math.round(Number(seconds) * 1000)
  if (/^\d\d:\d\d(:\d\d(\.\d+)?)?$/.test(text)) return Date.parse(`${dayOf(now)}T${text}`)
  // Without a zone a date and time is of this machine's; a date alone would be of UTC, and is its first instant here.
  if (/^\d{4}-\d\d-\d\d$/.test(text)) return Date.parse(`${text}T00:00`)
  return /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d/.test(text) ? Date.parse(text.replace(' ', 'T')) : Number.NaN
}

function dayOf(time: number): string {
  const date = new Date(time)
  const two = (number: number) => String(number).padStart(2, '0')
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
}
