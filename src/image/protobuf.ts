import { UINT_MAX } from '../abi/index.ts'
import type { ByteReader } from './byte-reader.ts'
import type { ByteWriter } from './byte-writer.ts'

/**
 * The protobuf (proto2) wire format, as much of it as CRIU's messages for queues use: unsigned integers and messages
 * within messages. A field is `varint(number << 3 | wire type)` and its value:
 *
 *   wire type 0   varint: 7 bits a byte, least first, the high bit says that more follow
 *   wire type 1   8 bytes
 *   wire type 2   varint length, then that many bytes: a message, or packed varints
 *   wire type 5   4 bytes
 *
 * Fields that a message of ours does not know are kept as bytes and written after the known ones, as protobuf
 * libraries do, so that what a newer CRIU wrote is not lost.
 */

/** An unsigned 64-bit integer, exact: a number while it is a safe integer, a bigint beyond. */
export type Uint64 = number | bigint

const WIRE_VARINT = 0
const WIRE_64 = 1
const WIRE_BYTES = 2
const WIRE_32 = 5

const UINT64_MAX = 2n ** 64n - 1n

/** Reads a varint of at most 64 bits. */
export function readVarint(reader: ByteReader): Uint64 {
  const start = reader.position
  let low = 0
  // Seven bytes hold 49 bits, which a number adds up exactly.
  for (let scale = 1; scale < 2 ** 49; scale *= 128) {
    const byte = reader.byte()
    low += (byte & 0x7f) * scale
    if (byte < 0x80) return low
  }
  let wide = BigInt(low)
  for (let shift = 49n; shift < 70n; shift += 7n) {
    const byte = reader.byte()
    wide |= BigInt(byte & 0x7f) << shift
    if (byte >= 0x80) continue
    if (wide > UINT64_MAX) break
    return wide <= Number.MAX_SAFE_INTEGER ? Number(wide) : wide
  }
  throw reader.error('a varint of at most 64 bits', start)
}

/** Writes a varint. @throws {RangeError} not a whole number from 0 to 2^64-1. */
export function writeVarint(writer: ByteWriter, value: Uint64): void {
  // Most are short: one comparison, and no division of doubles.
  if (typeof value === 'number' && value >= 0 && value < 0x80 && Number.isInteger(value)) return writer.byte(value)
  if (typeof value === 'number' ? !Number.isSafeInteger(value) || value < 0 : value < 0n || value > UINT64_MAX) {
    throw new RangeError(`a varint must be a whole number from 0 to 2^64-1, not ${value}`)
  }
  let rest = value
  if (typeof rest === 'bigint') {
    for (; rest > Number.MAX_SAFE_INTEGER; rest >>= 7n) writer.byte(Number(rest & 0x7fn) | 0x80)
    rest = Number(rest)
  }
  for (; rest >= 0x80; rest = Math.floor(rest / 128)) writer.byte((rest % 128) | 0x80)
  writer.byte(rest)
}

/** Writes a uint64 field. */
export function writeUint64(writer: ByteWriter, field: number, value: Uint64): void {
  writeVarint(writer, field * 8 + WIRE_VARINT)
  writeVarint(writer, value)
}

/** Writes a uint32 field; one that is `undefined` is left out. */
export function writeUint32(writer: ByteWriter, field: number, value: number | undefined): void {
  if (value === undefined) return
  if (value > UINT_MAX) throw new RangeError(`a uint32 must be at most ${UINT_MAX}, not ${value}`)
  writeUint64(writer, field, value)
}

/** Writes a field that is a message, already encoded. */
export function writeMessage(writer: ByteWriter, field: number, message: Uint8Array): void {
  writeVarint(writer, field * 8 + WIRE_BYTES)
  writeVarint(writer, message.length)
  writer.bytes(message)
}

interface FieldValue {
  readonly offset: number
  readonly value: Uint64 | ByteReader
}

/** The fields of one message. Of a field that is there twice the last one counts, unless it is a repeated one. */
export class ProtobufFields {
  readonly #reader: ByteReader
  readonly #name: string
  readonly #values: FieldValue[][] = []
  /** The fields above the known ones, as they stand in the message; absent when there are none. */
  readonly unknown?: Uint8Array

  /**
   * Reads a message to its end.
   *
   * @param name What the message is called in errors.
   * @param known The fields from 1 to this one are known.
   */
  constructor(reader: ByteReader, name: string, known: number) {
    this.#reader = reader
    this.#name = name
    const unknown: Uint8Array[] = []
    while (reader.position < reader.end) {
      const offset = reader.position
      const tag = readVarint(reader)
      const field = typeof tag === 'number' ? Math.floor(tag / 8) : 0
      if (field === 0 || tag > UINT_MAX) throw reader.error(`a field of ${name}`, offset)
      const value = readValue(reader, Number(tag) % 8, offset)
      if (field > known) unknown.push(reader.slice(offset, reader.position))
      else {
        this.#values[field] ??= []
        this.#values[field].push({ offset, value })
      }
    }
    if (unknown.length > 0) this.unknown = joined(unknown)
  }

  uint32(field: number, name: string): number {
    const value = this.optionalUint32(field, name)
    if (value === undefined) throw this.#missing(name)
    return value
  }

  optionalUint32(field: number, name: string): number | undefined {
    const last = this.#last(field)
    return last === undefined ? undefined : this.#uint32(last, name)
  }

  uint64(field: number, name: string): Uint64 {
    const last = this.#last(field)
    if (last === undefined) throw this.#missing(name)
    return this.#uint64(last, name)
  }

  /** Every value of a repeated field, packed into one or not. */
  repeatedUint32(field: number, name: string): number[] {
    const all: number[] = []
    for (const one of this.#values[field] ?? []) {
      if (typeof one.value !== 'object') {
        all.push(this.#uint32(one, name))
        continue
      }
      const packed = one.value
      while (packed.position < packed.end) {
        const offset = packed.position
        all.push(this.#uint32({ offset, value: readVarint(packed) }, name))
      }
    }
    return all
  }

  message(field: number, name: string): ByteReader {
    const last = this.#last(field)
    if (last === undefined) throw this.#missing(name)
    if (typeof last.value !== 'object') throw this.#reader.error(`${this.#name}.${name}, a message`, last.offset)
    return last.value
  }

  #last(field: number): FieldValue | undefined {
    return this.#values[field]?.at(-1)
  }

  #uint32(one: FieldValue, name: string): number {
    const value = this.#uint64(one, name)
    if (value > UINT_MAX) throw this.#reader.error(`${this.#name}.${name} of at most 32 bits`, one.offset, `${value}`)
    return Number(value)
  }

  #uint64({ offset, value }: FieldValue, name: string): Uint64 {
    if (typeof value === 'object') throw this.#reader.error(`${this.#name}.${name}, an integer`, offset)
    return value
  }

  #missing(name: string): Error {
    return this.#reader.error(`${this.#name} with its ${name}`, this.#reader.start)
  }
}

/** A fixed-size value is no field that we know: only its place matters. */
function readValue(reader: ByteReader, wireType: number, offset: number): Uint64 | ByteReader {
  switch (wireType) {
    case WIRE_VARINT:
      return readVarint(reader)
    case WIRE_BYTES:
      return reader.part(Number(readVarint(reader)))
    case WIRE_64:
      return reader.part(8)
    case WIRE_32:
      return reader.part(4)
    default:
      throw reader.error('a wire type of 0, 1, 2 or 5', offset, `${wireType}`)
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((total, part) => total + part.length, 0))
  let position = 0
  for (const part of parts) {
    whole.set(part, position)
    position += part.length
  }
  return whole
}
