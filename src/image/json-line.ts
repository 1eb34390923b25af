import { isLong, type Long, long } from '../abi/index.ts'
import { ImageError } from './errors.ts'

/** One JSON object of a line of our file, whose members are asked for by name and checked. */
export class JsonObject {
  readonly #file: string
  /** Where the line begins in the file. */
  readonly #offset: number
  /** What the object is called in errors: `queue.creator`. */
  readonly #path: string
  readonly #members: ReadonlyMap<string, unknown>

  constructor(file: string, offset: number, path: string, value: unknown) {
    this.#file = file
    this.#offset = offset
    this.#path = path
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw this.error(`${path} to be an object`, value)
    }
    this.#members = new Map(Object.entries(value))
  }

  has(name: string): boolean {
    return this.#members.has(name)
  }

  names(): string[] {
    return [...this.#members.keys()]
  }

  /** @throws {ImageError} It has a member of another name. */
  only(...names: readonly string[]): void {
    const other = this.names().find((name) => !names.includes(name))
    if (other !== undefined) throw this.error(`no member of ${this.#path} but ${names.join(', ')}`, other)
  }

  integer(name: string, least: number, most: number): number {
    const value = this.#members.get(name)
    if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value
    throw this.member(name, `a whole number from ${least} to ${most}`)
  }

  optionalInteger(name: string, least: number, most: number): number | undefined {
    return this.has(name) ? this.integer(name, least, most) : undefined
  }

  boolean(name: string): boolean {
    const value = this.#members.get(name)
    if (typeof value === 'boolean') return value
    throw this.member(name, 'true or false')
  }

  string(name: string, pattern: RegExp): string {
    const value = this.#members.get(name)
    if (typeof value === 'string' && pattern.test(value)) return value
    throw this.member(name, `a string like ${pattern.source}`)
  }

  /** A C long: see `longAsJson`. */
  long(name: string): Long {
    const value = this.#members.get(name)
    if (typeof value === 'number' && isLong(value)) return value
    if (typeof value === 'string' && /^-?[0-9]{1,19}$/.test(value) && isLong(BigInt(value))) return long(BigInt(value))
    throw this.member(name, 'a number, or a string of digits, from -2^63 to 2^63-1')
  }

  /** A whole number from 0, of any length, as digits. */
  digits(name: string): string {
    const value = this.#members.get(name)
    if (typeof value === 'string' && /^[0-9]{1,20}$/.test(value)) return value
    return String(this.integer(name, 0, Number.MAX_SAFE_INTEGER))
  }

  array(name: string): readonly unknown[] {
    const value = this.#members.get(name)
    if (Array.isArray(value)) return value
    throw this.member(name, 'an array')
  }

  object(name: string): JsonObject {
    return new JsonObject(this.#file, this.#offset, `${this.#path}.${name}`, this.#members.get(name))
  }

  /** The error of a member that is not what it must be. */
  member(name: string, expected: string): ImageError {
    return this.error(`${this.#path}.${name} to be ${expected}`, this.#members.get(name))
  }

  error(expected: string, found: unknown): ImageError {
    // Enough to recognize a value; a column of a million messages would drown the message.
    const text = (JSON.stringify(found) ?? 'nothing').slice(0, 60)
    return new ImageError(this.#file, expected, { offset: this.#offset, found: text })
  }
}

/** Reads one line of our file. */
export function parseLine(file: string, offset: number, path: string, line: Uint8Array): JsonObject {
  try {
    return new JsonObject(file, offset, path, JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(line)))
  } catch (error) {
    if (error instanceof ImageError) throw error
    throw new ImageError(file, 'a line of JSON', { offset, cause: error })
  }
}

/** A value as a line of a file of ours. */
export function lineOf(value: object): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(value)}\n`)
}

/** A C long in JSON: a number, or a string of digits where a number would not be exact. */
export function longAsJson(value: Long): number | string {
  return typeof value === 'bigint' ? value.toString() : value
}

// Arguments of one call have a limit: 32768 are safe in every engine.
const BYTES_A_CALL = 0x8000

export function bytesAsBase64(bytes: Uint8Array): string {
  let binary = ''
  for (let start = 0; start < bytes.length; start += BYTES_A_CALL) {
    binary += String.fromCharCode(...bytes.subarray(start, start + BYTES_A_CALL))
  }
  return btoa(binary)
}

/** The bytes of base64 that `string` has matched against `BASE64`. */
export function base64AsBytes(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0))
}

export const BASE64: RegExp = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/
