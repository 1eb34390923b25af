import { formatKey } from '../contract/index.ts'
import type { QueueSeen, WaitSeen } from './seen.ts'

/** What is not known, or is nothing. */
export const NONE = '–'

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']

/** `38 B`, `1.2 KiB`, `16 KiB`: in units of 1024. */
export function bytesWords(bytes: number): string {
  let unit = 0
  let value = bytes
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024
    unit++
  }
  return `${unit === 0 ? value : value.toFixed(value < 10 ? 1 : 0)} ${UNITS[unit]}`
}

/** How long ago, milliseconds. */
export function ageWords(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000))
  if (seconds < 60) return `${seconds} s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)} h`
  return `${Math.floor(seconds / 86_400)} d`
}

/** A mode in octal: `640`. */
export function modeWords(mode: number): string {
  return mode.toString(8).padStart(3, '0')
}

/** Milliseconds since 1970 as an instant in UTC; 0 is never. */
export function instantWords(ms: number): string {
  return ms === 0 ? 'never' : new Date(ms).toISOString().replace('T', ' ').replace('Z', '')
}

const TIMES: ReadonlySet<string> = new Set(['stime', 'rtime', 'ctime', 'time'])

/** A field of a queue of an image, as people read it: instants, modes and keys are numbers there. */
export function fieldWords(field: string, value: number | undefined): string {
  if (value === undefined) return NONE
  if (TIMES.has(field)) return instantWords(value)
  if (field === 'mode') return modeWords(value)
  return field === 'key' ? formatKey(value) : String(value)
}

/** How full a queue is, 0 to 1: it holds at most qbytes bytes, and as many messages. Source: ipc/msg.c, msg_fits_inqueue(). */
export function shareOf({ cbytes, qnum, qbytes }: Pick<QueueSeen, 'cbytes' | 'qnum' | 'qbytes'>): number {
  return Math.max(cbytes, qnum) / Math.max(1, qbytes)
}

/** One call that waits: `msgrcv by pid 12, msgtyp 0`. */
export function waitWords({ call, pid, type }: WaitSeen): string {
  return `${call} by pid ${pid}, ${call === 'msgsnd' ? `type ${type}` : `msgtyp ${type}`}`
}
