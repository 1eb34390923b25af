import { writeSync } from 'node:fs'
import { isMainThread, Worker, workerData } from 'node:worker_threads'

/** An input that takes so long hangs its parser; on a machine that is busy with other things too. */
const HANGS_AFTER_MS = 30_000

/** Ends this process, and says with which input, when one hangs: nothing in a thread that hangs can. */
export class Watchdog implements AsyncDisposable {
  /** The number of the input that is read. */
  readonly #current = new Float64Array(new SharedArrayBuffer(8))
  readonly #worker: Worker

  constructor(what: string) {
    this.#worker = new Worker(import.meta.filename, { workerData: { current: this.#current, what } })
    this.#worker.unref()
  }

  reads(number: number): void {
    this.#current[0] = number
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker.terminate()
  }
}

if (!isMainThread && workerData?.current instanceof Float64Array) {
  const { current, what } = workerData as { current: Float64Array; what: string }
  let last = -1
  setInterval(() => {
    if (current[0] === last) {
      writeSync(2, `${what}: input ${last} hangs\n`)
      process.kill(process.pid, 'SIGKILL')
    }
    last = current[0] ?? 0
  }, HANGS_AFTER_MS)
}
