/** Sizes, times and counts as people read them. */

/** `1 queue`, `2 queues`. */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}

const UNITS = ['KiB', 'MiB', 'GiB', 'TiB', 'PiB']

/** `38 bytes`, `16 KiB`, `1.2 MiB`: three digits at most, in units of 1024. */
export function sizeOf(bytes: number): string {
  if (bytes < 1024) return count(bytes, 'byte')
  let size = bytes / 1024
  let unit = 0
  // What would be rounded to 1024 is one of the next unit.
  for (; size >= 1023.5 && unit < UNITS.length - 1; unit++) size /= 1024
  return `${size < 9.95 ? Number(size.toFixed(1)) : Math.round(size)} ${UNITS[unit]}`
}

/** The exact number, and beyond a kilobyte the size as people say it: `38 bytes`, `16384 bytes (16 KiB)`. */
export function bytesOf(bytes: number): string {
  return bytes < 1024 ? sizeOf(bytes) : `${count(bytes, 'byte')} (${sizeOf(bytes)})`
}

/** A span of time in its largest unit: `3 s`, `12 min`, `5 h`, `40 days`. */
export function spanOf(seconds: number): string {
  if (seconds < 100) return `${Math.round(seconds)} s`
  if (seconds < 100 * 60) return `${Math.round(seconds / 60)} min`
  const hours = Math.round(seconds / 3600)
  return hours < 48 ? `${hours} h` : count(Math.round(hours / 24), 'day')
}

/** A time of the kernel, whole seconds since 1970, in this machine's zone, and how long ago it is; 0 is never. */
export function timeOf(seconds: number, now: number = Date.now()): string {
  if (seconds === 0) return 'never'
  const date = new Date(seconds * 1000)
  const two = (number: number) => String(number).padStart(2, '0')
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
  const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`
  const ago = now / 1000 - seconds
  // A restored image, or a clock that was set back, may have times to come.
  return ago < 0 ? `${day} ${time}` : `${day} ${time} (${spanOf(ago)} ago)`
}

/** `0640 rw-r-----` */
export function modeOf(mode: number): string {
  const letters = [...'rwxrwxrwx'].map((letter, bit) => (mode & (0o400 >> bit) ? letter : '-'))
  return `${mode.toString(8).padStart(4, '0')} ${letters.join('')}`
}

/** `1, 2 and 3`; a long list is cut after `most`. */
export function listOf(items: readonly (string | number)[], most = 8): string {
  if (items.length > most) return `${items.slice(0, most).join(', ')} and ${items.length - most} more`
  if (items.length < 2) return items.join('')
  return `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`
}

/** Words broken into lines of at most `width` columns. */
export function wrapped(words: string, width: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of words.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line]
}
