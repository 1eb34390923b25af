import { WireError } from './errors.ts'

/** Bytes of a frame's length, which does not count itself. */
export const LENGTH_BYTES = 4

/**
 * Cuts a stream into frames, however it comes in pieces: `push` each piece, then take `next` until there is none.
 * Every byte is copied a fixed number of times, and memory is at most twice what was pushed and not yet taken.
 */
export class FrameReader {
  /**
   * Most bytes of a frame. It may be raised at any time: a server that has not yet been greeted asks for less than one
   * that has.
   */
  maxBytes: number
  #bytes: Uint8Array = new Uint8Array(0)
  /** It is no piece that was pushed, and can grow. */
  #isOwn = false
  #start = 0
  #end = 0
  #offset = 0

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes
  }

  /** Bytes that were pushed and not yet taken. */
  get pendingBytes(): number {
    return this.#end - this.#start
  }

  /** Adds a piece of the stream. It is not copied if it holds whole frames: until they are taken, or `keep`, it must not change. */
  push(piece: Uint8Array): void {
    if (this.#start === this.#end) {
      this.#bytes = piece
      this.#isOwn = false
      this.#start = 0
      this.#end = piece.length
      return
    }
    this.#makeRoom(piece.length)
    this.#bytes.set(piece, this.#end)
    this.#end += piece.length
  }

  /** Copies what is left of the last piece: its bytes may change from now on. */
  keep(): void {
    if (!this.#isOwn && this.pendingBytes > 0) this.#move(0)
  }

  /**
   * The next frame without its length: a view, or `undefined` until more was pushed.
   *
   * @throws {WireError} a frame is empty or longer than `maxBytes`. The stream cannot be read any further.
   */
  next(): Uint8Array | undefined {
    if (this.pendingBytes < LENGTH_BYTES) return undefined
    const length = this.#length()
    if (length < 1 || length > this.maxBytes) {
      throw new WireError(this.#offset, `a frame of 1 to ${this.maxBytes} bytes, not ${length}`)
    }
    if (this.pendingBytes < LENGTH_BYTES + length) return undefined
    const start = this.#start + LENGTH_BYTES
    this.#start = start + length
    this.#offset += LENGTH_BYTES + length
    // Of a Buffer, `subarray` makes another, which takes longer.
    return new Uint8Array(this.#bytes.buffer, this.#bytes.byteOffset + start, length)
  }

  /** @throws {WireError} the stream ended within a frame. */
  end(): void {
    if (this.pendingBytes > 0) throw new WireError(this.#offset + this.pendingBytes, 'the rest of a frame')
  }

  /**
   * Doubles, so that a frame in many small pieces is copied twice and not once a piece. The buffer that a frame was
   * handed out of is left as it is; a piece of others has no room behind it.
   */
  #makeRoom(count: number): void {
    if (this.#end + count > this.#bytes.length) this.#move(count)
  }

  #move(count: number): void {
    const pending = this.#bytes.subarray(this.#start, this.#end)
    const bytes = new Uint8Array(Math.max(pending.length + count, pending.length * 2))
    bytes.set(pending)
    this.#bytes = bytes
    this.#isOwn = true
    this.#start = 0
    this.#end = pending.length
  }

  #length(): number {
    return littleEndian32(this.#bytes, this.#start)
  }
}

/** The number of four little-endian bytes, which must be there. */
export function littleEndian32(bytes: Uint8Array, offset: number): number {
  const byte = (index: number) => bytes[offset + index] as number
  return (byte(0) | (byte(1) << 8) | (byte(2) << 16) | (byte(3) << 24)) >>> 0
}
