import { statSync } from 'node:fs'
import { UsageError } from './errors.ts'
import { keyFrom, parseInteger } from './numbers.ts'

const WAYS = 'write ftok:PATH:PROJ, as the program calls ftok(PATH, PROJ): a number or one character'

/** Reads a key: a number, or `ftok:PATH:PROJ`. @throws {UsageError} @throws the system error of a PATH that is not there. */
export function keyOrFtokFrom(name: string, text: string): number {
  return ftokFrom(text) ?? keyFrom(name, text)
}

/**
 * The key that ftok(3) makes of `ftok:PATH:PROJ`, or `undefined` when the text is none.
 *
 * @throws {UsageError} PROJ is neither a number nor one character.
 * @see glibc sysvipc/ftok.c; musl has the same.
 */
export function ftokFrom(text: string): number | undefined {
  if (!text.startsWith('ftok:')) return undefined
  // The path may have colons of its own: PROJ stands after the last.
  const [, path, project] = /^ftok:(.+):([^:]+)$/s.exec(text) ?? []
  if (path === undefined || project === undefined) throw new UsageError(`${text} lacks its path or its PROJ`, WAYS)
  const { dev, ino } = statSync(path, { bigint: true })
  const bits = ((projectFrom(project) & 0xffn) << 24n) | ((dev & 0xffn) << 16n) | (ino & 0xffffn)
  return Number(bits)
}

function projectFrom(text: string): bigint {
  const project = parseInteger(text) ?? characterCode(text)
  if (project === undefined) throw new UsageError(`${text} is not a PROJ of ftok`, WAYS)
  return project
}

/** Programs often pass a letter: `ftok(path, 'A')`. */
function characterCode(text: string): bigint | undefined {
  return /^[ -~]$/.test(text) ? BigInt(text.charCodeAt(0)) : undefined
}
