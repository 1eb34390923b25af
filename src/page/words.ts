import type { ImageSeen } from '../view/index.ts'

/** `1 message`, `2 messages` */
export function count(number: number, noun: string): string {
  return `${number.toLocaleString('en')} ${noun}${number === 1 ? '' : 's'}`
}

/** Whole seconds since 1970; 0 is never. */
export function timeWords(seconds: number): string {
  return seconds === 0 ? 'never' : new Date(seconds * 1000).toISOString().replace('T', ' ').slice(0, 19)
}

/** As `instantWords` writes it, or a part of it. @throws {RangeError} */
export function instantIn(text: string): number {
  const ms = Date.parse(`${text.trim().replace(' ', 'T')}${text.includes(':') ? 'Z' : ''}`)
  if (Number.isNaN(ms)) throw new RangeError('an instant is written 2026-11-29 13:05:59.123, in UTC')
  return ms
}

/** What to call an image. */
export function originWords({ image, origin, name, time }: ImageSeen): string {
  const when = time === 0 ? '' : ` ${timeWords(time / 1000)}`
  switch (origin) {
    case 'file':
      return `${image}: ${name}${when === '' ? '' : `, of${when}`}`
    case 'now':
      return `${image}: taken${when}`
    case 'past':
      return `${image}: as it was${when}`
  }
}
