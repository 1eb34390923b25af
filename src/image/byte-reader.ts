import { ImageError } from './errors.ts'

/** Reads bytes of a file, or of a part of it, in order and never beyond its end. Offsets are the file's. */
export class ByteReader {
  readonly file: string
  /** The whole file. */
  readonly whole: Uint8Array
  readonly start: number
  readonly end: number
  position: number

  constructor(file: string, whole: Uint8Array, start = 0, end: number = whole.length) {
    this.file = file
    this.whole = whole
    this.start = start
    this.end = end
    this.position = start
  }

  byte(): number {
    const byte = this.position < this.end ? this.whole[this.position] : undefined
    if (byte === undefined) throw this.error('one more byte')
    this.position++
    return byte
  }

  /** A little-endian u32. */
  uint32(what: string): number {
    const at = this.position
    if (this.end - at < 4) throw this.error(`${what}, 4 bytes`)
    const [a = 0, b = 0, c = 0, d = 0] = [this.whole[at], this.whole[at + 1], this.whole[at + 2], this.whole[at + 3]]
    this.position += 4
    return (a | (b << 8) | (c << 16) | (d << 24)) >>> 0
  }

  /** The next bytes as a part of their own, which must lie within this one. */
  part(sizeBytes: number): ByteReader {
    const start = this.#take(sizeBytes)
    return new ByteReader(this.file, this.whole, start, this.position)
  }

  /** The next bytes: a view, not a copy. */
  bytes(sizeBytes: number): Uint8Array {
    const start = this.#take(sizeBytes)
    return this.whole.subarray(start, this.position)
  }

  /** Bytes between two offsets: a view, not a copy. */
  slice(start: number, end: number): Uint8Array {
    return this.whole.subarray(start, end)
  }

  error(expected: string, offset: number = this.position, found?: string): ImageError {
    const instead = found ?? (offset >= this.end ? `the end, ${this.end}` : undefined)
    return new ImageError(this.file, expected, instead === undefined ? { offset } : { offset, found: instead })
  }

  #take(sizeBytes: number): number {
    const start = this.position
    if (sizeBytes > this.end - start) throw this.error(`${sizeBytes} bytes`, start, `${this.end - start}`)
    this.position += sizeBytes
    return start
  }
}
