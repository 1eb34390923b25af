/** How much was read of what brings a state back. */
export interface ReadSoFar {
  readonly bytes: number
  /** About so many in all, 1 or more. */
  readonly totalBytes: number
}

/** Counts what is read of an image, once to check it and once to use it, and of the segments after it. */
export class Reading {
  readonly #totalBytes: number
  readonly #tell: (read: ReadSoFar) => void
  #bytes = 0

  constructor(totalBytes: number, tell: (read: ReadSoFar) => void) {
    this.#totalBytes = Math.max(1, totalBytes)
    this.#tell = tell
  }

  add(bytes: number): void {
    this.#bytes = Math.min(this.#bytes + bytes, this.#totalBytes)
    this.#tell({ bytes: this.#bytes, totalBytes: this.#totalBytes })
  }

  /** Chunks as they are, counted. */
  async *counted(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      this.add(chunk.length)
      yield chunk
    }
  }
}
