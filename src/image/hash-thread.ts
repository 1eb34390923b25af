// Default exports alone: a bundler for browsers stubs these modules, and finds no names in the stub.
import threads from 'node:worker_threads'
import { CHUNK_BYTES } from './byte-writer.ts'
import type { ChunkHash } from './chunk-hash.ts'

/** A chunk that is to be hashed, or the end of them. */
export type HashCommand = { readonly slot: number; readonly sizeBytes: number } | 'digest'
/** A chunk was hashed, or this is the digest of all. */
export type HashReport = 'hashed' | { readonly sha256: string }

/**
 * As many chunks as are made or read while the thread starts, so that nobody waits for it; what was not used takes no
 * memory.
 */
const SLOTS = 16

/** The thread has two buffers' worth of state: V8 does not start in less. */
const RESOURCE_LIMITS = { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 1, stackSizeMb: 1 }

/** Hashes on a thread of its own: the chunks are in memory that both threads see. */
export class HashThread implements ChunkHash {
  readonly #memory = new SharedArrayBuffer(SLOTS * CHUNK_BYTES)
  readonly #worker: threads.Worker
  #lent = 0
  #sent = 0
  #hashed = 0
  #digest: string | undefined
  #death: Error | undefined
  /** Whoever waits for a report: there is one at most. */
  #wake: () => void = () => undefined

  constructor() {
    // Its own extension: this file may run compiled or with its types stripped.
    const script = new URL(`./hash-worker${import.meta.url.slice(-3)}`, import.meta.url)
    this.#worker = new threads.Worker(script, {
      name: 'msgq hash',
      workerData: this.#memory,
      // Nothing that the program asked of its own threads: no preloaded modules, no coverage, no inspector.
      execArgv: [],
      env: {},
      resourceLimits: RESOURCE_LIMITS,
    })
    this.#worker.on('message', (report: HashReport) => {
      if (report === 'hashed') this.#hashed++
      else this.#digest = report.sha256
      this.#wake()
    })
    this.#worker.on('error', (error) => this.#died(error))
    this.#worker.on('exit', () => this.#died(new Error('the thread that hashes a file has ended')))
  }

  async lend(): Promise<Uint8Array> {
    const chunk = this.#lent++
    // Its slot had another chunk before.
    while (this.#hashed <= chunk - SLOTS) await this.#report()
    return new Uint8Array(this.#memory, (chunk % SLOTS) * CHUNK_BYTES, CHUNK_BYTES)
  }

  addLent(chunk: Uint8Array): void {
    this.#send({ slot: this.#sent++ % SLOTS, sizeBytes: chunk.length })
  }

  async add(bytes: Uint8Array): Promise<void> {
    for (let start = 0; start < bytes.length; start += CHUNK_BYTES) {
      const piece = bytes.subarray(start, start + CHUNK_BYTES)
      const buffer = await this.lend()
      buffer.set(piece)
      this.addLent(piece)
    }
  }

  async digest(): Promise<string> {
    this.#send('digest')
    while (this.#digest === undefined) await this.#report()
    return this.#digest
  }

  close(): void {
    void this.#worker.terminate()
  }

  #send(command: HashCommand): void {
    this.#worker.postMessage(command)
  }

  /** The next report, whichever it is. @throws What the thread died of. */
  async #report(): Promise<void> {
    if (this.#death === undefined) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    if (this.#death !== undefined && this.#digest === undefined) throw this.#death
  }

  #died(error: Error): void {
    this.#death ??= error
    this.#wake()
  }
}
