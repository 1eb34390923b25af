/** `1 message`, `2 messages` */
export function count(number: number, noun: string): string {
  return `${number.toLocaleString('en')} ${noun}${number === 1 ? '' : 's'}`
}

/** Whole seconds since 1970; 0 is never. */
export function timeWords(seconds: number): string {
  return seconds === 0 ? 'never' : new Date(seconds * 1000).toISOString().replace('T', ' ').slice(0, 19)
}
