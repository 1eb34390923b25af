import type { WaitSeen } from './seen.ts'

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

/** One call that waits: `msgrcv by pid 12, msgtyp 0`. */
export function waitWords({ call, pid, type }: WaitSeen): string {
  return `${call} by pid ${pid}, ${call === 'msgsnd' ? `type ${type}` : `msgtyp ${type}`}`
}
