import { INT_MAX, INT_MIN, type Long, readLong, UINT_MAX } from '../abi/index.ts'
import { WireError } from './errors.ts'
import { MESSAGE_BYTES_MAX } from './limits.ts'

/** 2^53 has 54 bits: 8 bytes of 7 bits are enough, and whole numbers stay exact on the way. */
const VARINT_BYTES_MAX = 8
const SAFE = '0 to 2^53-1, in its shortest form'

const textDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
/** Eight bytes at a time as a double or a long. */
const eight = new Uint8Array(8)
const eightView = new DataView(eight.buffer)

/** Reads what `ByteWriter` wrote, and nothing else: every value has one form, and what is not there is never allocated. */
export class ByteReader {
  readonly #bytes: Uint8Array
  readonly #keeps: boolean
  #position = 0

  /** @param keeps Payloads are copied, for what is read outlives the bytes; otherwise they are views of them. */
  constructor(bytes: Uint8Array, keeps: boolean) {
    // Of Node's Buffer, `slice` copies nothing and `subarray` makes a Buffer.
    this.#bytes =
      bytes.constructor === Uint8Array ? bytes : new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)
    this.#keeps = keeps
  }

  byte(what: string): number {
    const byte = this.#bytes[this.#position]
    if (byte === undefined) throw this.error(what)
    this.#position++
    return byte
  }

  uint(): number {
    const start = this.#position
    const first = this.#bytes[this.#position++]
    if (first !== undefined && first < 0x80) return first
    this.#position = start
    return this.#longUint()
  }

  uint32(): number {
    const start = this.#position
    const value = this.uint()
    if (value > UINT_MAX) throw new WireError(start, 'a whole number from 0 to 2^32-1')
    return value
  }

  /** Of a process or a thread: what pid_t takes, 0 to 2^31-1. Messages are packed by it: above there is no room. */
  pid(): number {
    const start = this.#position
    const value = this.uint()
    if (value > INT_MAX) throw new WireError(start, 'the number of a process, 0 to 2^31-1')
    return value
  }

  int(): number {
    const start = this.#position
    const first = this.byte('a whole number')
    let magnitude = first & 0x3f
    if (first & 0x80) {
      const rest = this.uint()
      magnitude += rest * 0x40
      if (rest === 0 || !Number.isSafeInteger(magnitude)) throw new WireError(start, `a whole number of ±${SAFE}`)
    }
    if (!(first & 0x40)) return magnitude
    if (magnitude === 0) throw new WireError(start, '0, which has no sign')
    return -magnitude
  }

  int32(): number {
    const start = this.#position
    const value = this.int()
    if (value < INT_MIN || value > INT_MAX) throw new WireError(start, 'a whole number from -2^31 to 2^31-1')
    return value
  }

  long(): Long {
    this.#loadEight('a long, 8 bytes')
    return readLong(eightView, 0)
  }

  qbytes(): number {
    const start = this.#position
    this.#loadEight('qbytes, 8 bytes')
    const value = eightView.getFloat64(0, true)
    const isWhole = Number.isInteger(value) && value >= 0 && value <= 2 ** 64 && !Object.is(value, -0)
    if (!isWhole) throw new WireError(start, 'a whole number from 0 to 2^64, as a double')
    return value
  }

  /** So many bytes. */
  raw(sizeBytes: number): Uint8Array {
    const start = this.#position
    const bytes = this.#bytes
    if (sizeBytes > bytes.length - start) throw new WireError(start, `${sizeBytes} bytes`)
    this.#position += sizeBytes
    if (this.#keeps) return bytes.slice(start, this.#position)
    return new Uint8Array(bytes.buffer, bytes.byteOffset + start, sizeBytes)
  }

  /** A message's payload. */
  payload(): Uint8Array {
    const start = this.#position
    const sizeBytes = this.uint()
    if (sizeBytes > MESSAGE_BYTES_MAX) throw new WireError(start, `a message of at most ${MESSAGE_BYTES_MAX} bytes`)
    return this.raw(sizeBytes)
  }

  text(): string {
    const start = this.#position
    const bytes = this.raw(this.uint())
    try {
      return textDecoder.decode(bytes)
    } catch (error) {
      if (error instanceof TypeError) throw new WireError(start, 'UTF-8')
      throw error
    }
  }

  /** How many items follow. Each takes a byte at least, so that no more are promised than can be there. */
  count(): number {
    const start = this.#position
    const count = this.uint()
    if (count > this.#bytes.length - this.#position) throw new WireError(start, `room for ${count} items`)
    return count
  }

  /** An array of items. */
  list<T>(read: (reader: ByteReader) => T): T[] {
    const items: T[] = []
    for (let rest = this.count(); rest > 0; rest--) items.push(read(this))
    return items
  }

  /** Flags, of which no more than these may be set. */
  flags(known: number): number {
    const start = this.#position
    const flags = this.byte('flags')
    if (flags & ~known) throw new WireError(start, 'no unknown flag')
    return flags
  }

  /** Everything must have been read. */
  end(): void {
    if (this.#position < this.#bytes.length) throw this.error('the end')
  }

  /** A fault at the byte that is read next, or at one that was read before it. */
  error(expected: string, bytesBack = 0): WireError {
    return new WireError(this.#position - bytesBack, expected)
  }

  #longUint(): number {
    const start = this.#position
    let value = 0
    let factor = 1
    for (let count = 0; count < VARINT_BYTES_MAX; count++) {
      const byte = this.byte('a whole number')
      value += (byte & 0x7f) * factor
      factor *= 0x80
      if (byte >= 0x80) continue
      // A last byte of 0 adds nothing: the number has a shorter form.
      if (!Number.isSafeInteger(value) || (byte === 0 && count > 0)) break
      return value
    }
    throw new WireError(start, `a whole number from ${SAFE}`)
  }

  #loadEight(what: string): void {
    const start = this.#position
    const bytes = this.#bytes
    if (bytes.length - start < 8) throw this.error(what)
    for (let index = 0; index < 8; index++) eight[index] = bytes[start + index] as number
    this.#position += 8
  }
}

/** Decodes all bytes as one thing. */
export function decodeWhole<T>(bytes: Uint8Array, keeps: boolean, read: (reader: ByteReader) => T): T {
  const reader = new ByteReader(bytes, keeps)
  const value = read(reader)
  reader.end()
  return value
}
