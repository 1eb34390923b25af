import { ImageError } from './errors.ts'

/** Most bytes of one file of an image: what every JavaScript engine can hold in one buffer, and so read again. */
export const IMAGE_FILE_BYTES_MAX: number = 2 ** 31 - 1

/** What is written and read at a time: enough for the disk to be busy, and two of them stay in a processor's cache. */
export const CHUNK_BYTES = 0x10_0000

const FIRST_CAPACITY_BYTES = 1024

/** Up to this, copying in a loop takes less time than making the view that a copy in one go needs (measured). */
const WORD_BY_WORD_MAX_BYTES = 128

/** Bytes of one file, in a buffer that doubles as it grows. */
export class ByteWriter {
  readonly #file: string
  #buffer = new Uint8Array(FIRST_CAPACITY_BYTES)
  #view = new DataView(this.#buffer.buffer)
  /** The buffer that was taken last but one. */
  #spare = new Uint8Array(FIRST_CAPACITY_BYTES)
  #length = 0
  #takenBytes = 0

  constructor(file: string) {
    this.#file = file
  }

  /** How many bytes were written and not taken. */
  get length(): number {
    return this.#length
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

  /**
   * Makes room for some bytes, which the caller must write into `view` at once.
   *
   * @returns Where in `view` they begin.
   */
  room(count: number): number {
    this.#reserve(count)
    const start = this.#length
    this.#length += count
    return start
  }

  /** The bytes, until the next room is made. */
  get view(): DataView {
    return this.#view
  }

  /** Writes the bytes of a source from `start` to `end`. */
  copy(source: DataView, start: number, end: number): void {
    const sizeBytes = end - start
    if (sizeBytes > WORD_BY_WORD_MAX_BYTES) {
      return this.bytes(new Uint8Array(source.buffer, source.byteOffset + start, sizeBytes))
    }
    this.#reserve(sizeBytes)
    copyShort(this.#view, this.#length, source, start, end)
    this.#length += sizeBytes
  }

  /** Writes some zeros, which are few. */
  zeros(count: number): void {
    this.#reserve(count)
    for (let written = 0; written < count; written++) this.#buffer[this.#length++] = 0
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

  /** Takes what was written, and goes on with the file. It is good until the take after the next, and then overwritten. */
  take(): Uint8Array {
    this.#assertRoomFor(this.#length)
    const taken = this.written()
    this.#takenBytes += taken.length
    const spare = this.#spare.length < this.#buffer.length ? new Uint8Array(this.#buffer.length) : this.#spare
    this.#spare = this.#buffer
    this.#use(spare)
    this.#length = 0
    return taken
  }

  #reserve(count: number): void {
    if (this.#length + count > this.#buffer.length) this.#grow(count)
  }

  #grow(count: number): void {
    const needed = this.#length + count
    this.#assertRoomFor(needed)
    const grown = new Uint8Array(Math.min(Math.max(needed, this.#buffer.length * 2), IMAGE_FILE_BYTES_MAX))
    grown.set(this.written())
    this.#use(grown)
  }

  #use(buffer: Uint8Array<ArrayBuffer>): void {
    this.#buffer = buffer
    this.#view = new DataView(buffer.buffer)
  }

  #assertRoomFor(sizeBytes: number): void {
    if (this.#takenBytes + sizeBytes <= IMAGE_FILE_BYTES_MAX) return
    throw new ImageError(this.#file, `at most ${IMAGE_FILE_BYTES_MAX} bytes a file`, { found: 'more to write' })
  }

  #setUint32(at: number, value: number): void {
    this.#buffer[at] = value
    this.#buffer[at + 1] = value >>> 8
    this.#buffer[at + 2] = value >>> 16
    this.#buffer[at + 3] = value >>> 24
  }
}

/** Copies few bytes, by words: four at a time, for what V8 checks of both views it then checks once for four. */
export function copyShort(target: DataView, to: number, source: DataView, start: number, end: number): void {
  let at = to
  let from = start
  for (; from <= end - 16; from += 16, at += 16) {
    target.setInt32(at, source.getInt32(from, true), true)
    target.setInt32(at + 4, source.getInt32(from + 4, true), true)
    target.setInt32(at + 8, source.getInt32(from + 8, true), true)
    target.setInt32(at + 12, source.getInt32(from + 12, true), true)
  }
  for (; from <= end - 4; from += 4, at += 4) target.setInt32(at, source.getInt32(from, true), true)
  for (; from < end; from++, at++) target.setUint8(at, source.getUint8(from))
}

/** All chunks of a file in one. */
export function joined(file: string, chunks: Iterable<Uint8Array>): Uint8Array {
  const whole = new ByteWriter(file)
  for (const chunk of chunks) whole.bytes(chunk)
  return whole.written()
}
