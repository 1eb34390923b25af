/** Sizes, times and counts as people read them. */

/** `1 queue`, `2 queues`. */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}

/** A time of the kernel, whole seconds since 1970, in this machine's zone; 0 is never. */
export function timeOf(seconds: number): string {
  if (seconds === 0) return 'never'
  const date = new Date(seconds * 1000)
  const two = (number: number) => String(number).padStart(2, '0')
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`
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
