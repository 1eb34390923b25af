// Default exports alone: a bundler for browsers stubs these modules, and finds no names in the stub.
import crypto from 'node:crypto'
import { CHUNK_BYTES } from './byte-writer.ts'
import { HashThread } from './hash-thread.ts'

/** Hashes a file chunk by chunk, in order, each chunk once. */
export interface ChunkHash {
  /** A buffer for the next chunk, of CHUNK_BYTES or as long as the file. It is the caller's until the next but one is lent. */
  lend(): Promise<Uint8Array>
  /** Hashes a chunk that is at the start of the oldest buffer lent whose chunk was not hashed. It must not change. */
  addLent(chunk: Uint8Array): void
  /** Hashes bytes of the caller's own, which may change as soon as this returns. Not to be used beside `lend`. */
  add(bytes: Uint8Array): Promise<void>
  /** The SHA-256 of all chunks, in lower-case hexadecimal. */
  digest(): Promise<string>
  /** Whatever happened: nothing is wanted of it any more. */
  close(): void
}

/**
 * From this size on a file is hashed on a thread of its own, while this one makes or understands it. A thread takes as
 * long to start as 40 MB to be hashed, but on another core.
 */
const THREAD_MIN_BYTES = 16 * CHUNK_BYTES

/** @param sizeBytes How long the file is, about. */
export function chunkHash(sizeBytes: number): ChunkHash {
  return sizeBytes < THREAD_MIN_BYTES ? new HashHere(Math.min(CHUNK_BYTES, sizeBytes)) : new HashThread()
}

/** Hashes at once. */
class HashHere implements ChunkHash {
  readonly #hash = crypto.createHash('sha256')
  readonly #capacity: number
  readonly #buffers: Uint8Array[] = []
  #lent = 0

  constructor(capacity: number) {
    this.#capacity = Math.max(capacity, 1)
  }

  async lend(): Promise<Uint8Array> {
    const index = this.#lent++ % 2
    this.#buffers[index] ??= new Uint8Array(this.#capacity)
    return this.#buffers[index]
  }

  addLent(chunk: Uint8Array): void {
    this.#hash.update(chunk)
  }

  async add(bytes: Uint8Array): Promise<void> {
    this.#hash.update(bytes)
  }

  async digest(): Promise<string> {
    return this.#hash.digest('hex')
  }

  close(): void {
    this.#buffers.length = 0
  }
}
