import { ByteReader } from './byte-reader.ts'
import { ByteWriter, IMAGE_FILE_BYTES_MAX } from './byte-writer.ts'
import { turn } from './turn.ts'

/** Bytes that are fed between two turns of the event loop: some milliseconds. */
const FED_BYTES = 256 * 1024

/** Takes a file chunk by chunk, and makes something of it. */
export interface FileDecoder<Result> {
  /** @param chunk Good until this returns. @throws {ImageError} */
  feed(chunk: Uint8Array): void
  /** The file has ended. @throws {ImageError} */
  end(): Result
}

/** Feeds many bytes, while others have their turns. */
export async function feedInTurns(decoder: FileDecoder<unknown>, bytes: Uint8Array): Promise<void> {
  for (let start = 0; start < bytes.length; start += FED_BYTES) {
    decoder.feed(bytes.subarray(start, start + FED_BYTES))
    await turn()
  }
}

/**
 * Reads a file that comes in chunks; what was read is let go. Whoever reads asks `has` first, and where the answer is
 * no, waits for the next chunk.
 */
export class ChunkReader extends ByteReader {
  /** What a chunk has left over, and what joins it. */
  #kept = new Uint8Array(0)
  #hasEnded = false
  /** How many bytes the last `has` found missing. */
  missing = 0

  constructor(file: string) {
    super(file, new Uint8Array(0))
  }

  /** Whether so many bytes are there, or will never be. */
  has(sizeBytes: number): boolean {
    this.missing = Math.max(sizeBytes - (this.end - this.position), 0)
    return this.missing === 0 || this.#hasEnded
  }

  /** Whether all that was fed is read. */
  get isEmpty(): boolean {
    return this.position === this.end
  }

  get isAtEnd(): boolean {
    return this.#hasEnded && this.isEmpty
  }

  feed(chunk: Uint8Array): void {
    if (this.isEmpty) return this.#show(chunk, chunk.length)
    const length = this.#keep(chunk.length)
    this.#kept.set(chunk, length)
    this.end = length + chunk.length
  }

  /** Lets the chunk go that was fed. */
  letGo(): void {
    if (this.position < this.end) this.#keep(0)
    else this.#show(this.#kept.subarray(0, 0), 0)
  }

  finish(): void {
    this.#hasEnded = true
  }

  /** Has what is not read among what is kept, and room behind it. @returns Where the room begins. */
  #keep(roomBytes: number): number {
    const rest = this.window.subarray(this.position, this.end)
    if (this.window === this.#kept && this.end + roomBytes <= this.#kept.length) return this.end
    const needed = rest.length + roomBytes
    // Twice as much, so that a message of many chunks is not copied with each of them.
    const doubled = Math.max(needed, Math.min(needed * 2, IMAGE_FILE_BYTES_MAX))
    const target = needed <= this.#kept.length ? this.#kept : new Uint8Array(doubled)
    target.set(rest)
    this.#kept = target
    this.#show(target, rest.length)
    return rest.length
  }

  #show(window: Uint8Array, length: number): void {
    this.origin += this.position
    this.window = window
    this.position = 0
    this.end = length
  }
}

/** A whole file, in one piece. */
export class WholeFile implements FileDecoder<Uint8Array> {
  readonly #bytes: ByteWriter

  constructor(file: string) {
    this.#bytes = new ByteWriter(file)
  }

  feed(chunk: Uint8Array): void {
    this.#bytes.bytes(chunk)
  }

  end(): Uint8Array {
    return this.#bytes.written()
  }
}
