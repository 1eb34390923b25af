import { ImageError } from './errors.ts'

/** Most bytes of one file of an image: what every JavaScript engine can hold in one buffer, and so read again. */
export const IMAGE_FILE_BYTES_MAX: number = 2 ** 31 - 1

const FIRST_CAPACITY_BYTES = 1024

/** Bytes of one file, in one buffer that doubles as it grows. */
export class ByteWriter {
  readonly #file: string
  #buffer: Uint8Array
  #length = 0

  /** @param expectedBytes How much will be written, where that is known: what is not used costs no memory. */
  constructor(file: string, expectedBytes: number = FIRST_CAPACITY_BYTES) {
    this.#file = file
    this.#buffer = new Uint8Array(Math.min(expectedBytes, IMAGE_FILE_BYTES_MAX))
  }

  byte(value: number): void {
    if (this.#length === this.#buffer.length) this.#grow(1)
    this.#buffer[this.#length++] = value
  }

  /** A little-endian u32. */
  uint32(value: number): void {
    this.#reserve(4)
    this.#setUint32(this.#length, value)
    this.#length += 4
  }

  bytes(bytes: Uint8Array): void {
    this.#reserve(bytes.length)
    this.#buffer.set(bytes, this.#length)
    this.#length += bytes.length
  }

  /** A fresh buffer is zero, and nothing is written twice. */
  zeros(count: number): void {
    this.#reserve(count)
    this.#length += count
  }

  /** Begins a record: its length, a u32, is known when it ends. */
  beginRecord(): number {
    this.uint32(0)
    return this.#length
  }

  endRecord(start: number): void {
    this.#setUint32(start - 4, this.#length - start)
  }

  /** What was written: a view of the buffer, which the next write may leave behind. */
  written(): Uint8Array {
    return this.#buffer.subarray(0, this.#length)
  }

  #reserve(count: number): void {
    if (this.#length + count > this.#buffer.length) this.#grow(count)
  }

  #grow(count: number): void {
    const needed = this.#length + count
    if (needed > IMAGE_FILE_BYTES_MAX) {
      throw new ImageError(this.#file, `at most ${IMAGE_FILE_BYTES_MAX} bytes a file`, { found: 'more to write' })
    }
    const grown = new Uint8Array(Math.min(Math.max(needed, this.#buffer.length * 2), IMAGE_FILE_BYTES_MAX))
    grown.set(this.written())
    this.#buffer = grown
  }

  #setUint32(at: number, value: number): void {
    this.#buffer[at] = value
    this.#buffer[at + 1] = value >>> 8
    this.#buffer[at + 2] = value >>> 16
    this.#buffer[at + 3] = value >>> 24
  }
}
