import { ImageError } from './errors.ts'

/** Reads bytes of a file, or of a part of it, in order and never beyond its end. */
export class ByteReader {
  readonly file: string
  /** The bytes that are there; positions are in it. */
  window: Uint8Array
  /** Where the window stands in the file. */
  origin: number
  readonly start: number
  end: number
  position: number

  constructor(file: string, window: Uint8Array, start = 0, end: number = window.length, origin = 0) {
    this.file = file
    this.window = window
    this.origin = origin
    this.start = start
    this.end = end
    this.position = start
  }

  byte(): number {
    const byte = this.position < this.end ? this.window[this.position] : undefined
    if (byte === undefined) throw this.error('one more byte')
    this.position++
    return byte
  }

  /** A little-endian u32. */
  uint32(what: string): number {
    const at = this.position
    if (this.end - at < 4) throw this.error(`${what}, 4 bytes`)
    const { window } = this
    const [a = 0, b = 0, c = 0, d = 0] = [window[at], window[at + 1], window[at + 2], window[at + 3]]
    this.position += 4
    return (a | (b << 8) | (c << 16) | (d << 24)) >>> 0
  }

  /** The next bytes as a part of their own, which must lie within this one. */
  part(sizeBytes: number): ByteReader {
    const start = this.skip(sizeBytes)
    return new ByteReader(this.file, this.window, start, this.position, this.origin)
  }

  /** Goes over the next bytes. @returns Where they begin. */
  skip(sizeBytes: number): number {
    const start = this.position
    if (sizeBytes > this.end - start) throw this.error(`${sizeBytes} bytes`, start, `${this.end - start}`)
    this.position += sizeBytes
    return start
  }

  /** A copy of the bytes between two positions. */
  slice(start: number, end: number): Uint8Array {
    return this.window.slice(start, end)
  }

  /** @param position Where the fault is; in the error it is the file's offset. */
  error(expected: string, position: number = this.position, found?: string): ImageError {
    const instead = found ?? (position >= this.end ? `the end, ${this.origin + this.end}` : undefined)
    return new ImageError(this.file, expected, { offset: this.origin + position, found: instead })
  }
}
