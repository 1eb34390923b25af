import { INT_MAX, INT_MIN, isLong, type Long, UINT_MAX, writeLong } from '../abi/index.ts'
import { MESSAGE_BYTES_MAX } from './limits.ts'

/**
 * Bytes of a buffer, unless one value needs more: many records share one. V8 allocates a typed array of more than 64
 * bytes outside its heap, which takes longer than to fill it.
 */
const BUFFER_BYTES = 65_536
/** Of the first buffer: a server has a writer for each of ten thousand connections, and most of them are idle. */
const FIRST_BUFFER_BYTES = 1_024
/** A whole number up to 2^53-1 takes 8 bytes of 7 bits; a signed one, with 6 bits in its first byte, 8 too. */
const VARINT_BYTES_MAX = 8

/** So few bytes are copied sooner than V8 has called what copies many. */
const COPIED_ONE_BY_ONE_MAX = 32

const textEncoder = new TextEncoder()

/**
 * Writes the few kinds of values that the format has, one behind the other. What the format cannot carry is a
 * RangeError: no other value is written in its stead.
 */
export class ByteWriter {
  #bytes: Uint8Array = new Uint8Array(0)
  #view: DataView = new DataView(this.#bytes.buffer)
  /** Before this offset stands what was taken: it is never written again. */
  #start = 0
  #end = 0
  readonly #bufferBytes: number
  readonly #firstBytes: number

  /**
   * @param bufferBytes Of whoever takes long records: some of them should fit, or each moves on to a buffer of its own.
   * @param firstBytes Of whoever will surely write as much: no buffer has to grow until then.
   */
  constructor(bufferBytes: number = BUFFER_BYTES, firstBytes: number = FIRST_BUFFER_BYTES) {
    this.#bufferBytes = bufferBytes
    this.#firstBytes = firstBytes
  }

  /** Bytes that were written and not yet taken. */
  get length(): number {
    return this.#end - this.#start
  }

  /** A number from 0 to 255: a tag, or flags. */
  byte(value: number): void {
    this.#reserve(1)
    this.#bytes[this.#end++] = value
  }

  /** A whole number from 0 to 2^53-1: 7 bits a byte, the low ones first, the highest bit set where more follow. */
  uint(value: number): void {
    if (!Number.isSafeInteger(value) || value < 0) throw outOfRange(value, '0 to 2^53-1')
    this.#reserve(VARINT_BYTES_MAX)
    this.#varint(value)
  }

  uint32(value: number): void {
    if (!(value <= UINT_MAX)) throw outOfRange(value, '0 to 2^32-1')
    this.uint(value)
  }

  pid(value: number): void {
    if (!(value <= INT_MAX)) throw outOfRange(value, '0 to 2^31-1')
    this.uint(value)
  }

  /** A whole number from -(2^53-1) to 2^53-1: as `uint`, with the sign in bit 6 of the first byte. */
  int(value: number): void {
    if (!Number.isSafeInteger(value)) throw outOfRange(value, '-(2^53-1) to 2^53-1')
    this.#reserve(VARINT_BYTES_MAX)
    const magnitude = Math.abs(value)
    const first = (magnitude & 0x3f) | (value < 0 ? 0x40 : 0)
    if (magnitude < 0x40) {
      this.#bytes[this.#end++] = first
      return
    }
    this.#bytes[this.#end++] = first | 0x80
    this.#varint(magnitude < 0x8000_0000 ? magnitude >> 6 : Math.floor(magnitude / 0x40))
  }

  int32(value: number): void {
    if (!(value >= INT_MIN && value <= INT_MAX)) throw outOfRange(value, '-2^31 to 2^31-1')
    this.int(value)
  }

  /** A C long: 8 bytes, little-endian. */
  long(value: Long): void {
    if (!isLong(value)) throw outOfRange(value, '-2^63 to 2^63-1')
    this.#reserve(8)
    writeLong(this.#view, this.#end, value)
    this.#end += 8
  }

  /** A whole number from 0 to 2^64 as 8 bytes of a double: qbytes, an unsigned long of which a number may miss the last bits. */
  qbytes(value: number): void {
    if (!Number.isInteger(value) || value < 0 || value > 2 ** 64) throw outOfRange(value, '0 to 2^64')
    this.#reserve(8)
    this.#view.setFloat64(this.#end, value, true)
    this.#end += 8
  }

  /** As many bytes as the format says. */
  raw(bytes: Uint8Array): void {
    const { length } = bytes
    this.#reserve(length)
    if (length > COPIED_ONE_BY_ONE_MAX) this.#bytes.set(bytes, this.#end)
    else for (let index = 0; index < length; index++) this.#bytes[this.#end + index] = bytes[index] as number
    this.#end += length
  }

  /** A message's payload: a length and so many bytes. */
  payload(bytes: Uint8Array): void {
    if (bytes.length > MESSAGE_BYTES_MAX) {
      throw new RangeError(`cannot be encoded: a message has at most ${MESSAGE_BYTES_MAX} bytes, not ${bytes.length}`)
    }
    this.uint(bytes.length)
    this.raw(bytes)
  }

  /** A length and so many bytes of UTF-8. */
  text(text: string): void {
    const bytes = textEncoder.encode(text)
    this.uint(bytes.length)
    this.raw(bytes)
  }

  /** Four little-endian bytes; `fixed32At` can still change them. */
  fixed32(value: number): void {
    this.#reserve(4)
    this.#view.setUint32(this.#end, value, true)
    this.#end += 4
  }

  /** @param offset Of those four bytes: the `length` before them. */
  fixed32At(offset: number, value: number): void {
    this.#view.setUint32(this.#start + offset, value, true)
  }

  /** Unwrites everything behind the first `length` bytes. */
  cutTo(length: number): void {
    this.#end = this.#start + length
  }

  /** What was written, in a part of a buffer that nothing else is written to; the writer starts anew behind it. */
  take(): Uint8Array {
    const taken = this.#bytes.subarray(this.#start, this.#end)
    this.#start = this.#end
    return taken
  }

  #varint(value: number): void {
    const bytes = this.#bytes
    let rest = value
    if (rest > 0x7fff_ffff) {
      // Four bytes with one division, and what is left has 25 bits.
      const high = Math.floor(rest / 0x1000_0000)
      let low = rest & 0xfff_ffff
      for (let count = 0; count < 4; count++) {
        bytes[this.#end++] = (low & 0x7f) | 0x80
        low >>= 7
      }
      rest = high
    }
    while (rest > 0x7f) {
      bytes[this.#end++] = (rest & 0x7f) | 0x80
      rest >>= 7
    }
    bytes[this.#end++] = rest
  }

  #reserve(count: number): void {
    if (this.#end + count > this.#bytes.length) this.#grow(count)
  }

  /** What was not yet taken moves on to a new buffer, twice as long; one that is used more gets longer ones. */
  #grow(count: number): void {
    const { length } = this
    const usual = Math.min(this.#bufferBytes, Math.max(this.#firstBytes, this.#bytes.length * 2))
    const bytes = new Uint8Array(Math.max(usual, length + count, length * 2))
    bytes.set(this.#bytes.subarray(this.#start, this.#end))
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer)
    this.#start = 0
    this.#end = length
  }
}

function outOfRange(value: unknown, range: string): RangeError {
  return new RangeError(`cannot be encoded: a whole number from ${range} is needed, not ${value}`)
}
