import { isNotFound } from './nats-connection.ts'
import type { JetStreamManager } from './nats-modules.ts'
import type { LogRecord } from './replicated-log.ts'

/** Records of one reading: the rest comes with the next one. */
const READ_RECORDS = 512
const READ_BYTES = 8 * 1024 * 1024
/**
 * Any server that keeps the log may be the one that reads for us, one that was stopped too, for others see that late.
 * After so long, or some times what readings take, another is asked as well, again and again: who answers first is heard.
 */
const ASK_AGAIN_MS_LEAST = 50
const ASK_AGAIN_OF_READING = 3
/** Of those that have not answered only the last ones are waited for. */
const ASKED_MAX = 8
/** After so long without any answer nobody is there. */
const SILENCE_MS = 5_000

type Batch = Awaited<ReturnType<JetStreamManager['direct']['getBatch']>>

/** Reads records of a stream from whichever server answers first. */
export class NatsReading {
  readonly #manager: JetStreamManager
  readonly #stream: string
  readonly #batches = new Set<Batch>()
  #tookMs = 0

  constructor(manager: JetStreamManager, stream: string) {
    this.#manager = manager
    this.#stream = stream
  }

  /** @throws nobody answers. */
  async read(from: number): Promise<readonly LogRecord[]> {
    const batches = new Set<Batch>()
    const againMs = Math.max(ASK_AGAIN_MS_LEAST, ASK_AGAIN_OF_READING * this.#tookMs)
    const since = performance.now()
    let again: NodeJS.Timeout | undefined
    try {
      return await new Promise((resolve, reject) => {
        const ask = () => {
          const [oldest] = batches
          if (batches.size >= ASKED_MAX) oldest?.stop(new Error('nobody answers'))
          this.#ask(from, batches).then(resolve, (error) => {
            const isOver = batches.size === 0 || performance.now() - since > SILENCE_MS
            if (isOver) reject(error)
          })
        }
        again = setInterval(ask, againMs)
        ask()
      })
    } finally {
      clearInterval(again)
      for (const batch of batches) batch.stop()
    }
  }

  /** The connection was lost, and what was asked with it. */
  interrupt(): void {
    for (const batch of this.#batches) batch.stop(new Error('the connection was lost'))
  }

  async #ask(from: number, batches: Set<Batch>): Promise<readonly LogRecord[]> {
    const since = performance.now()
    const limits = { seq: from, batch: READ_RECORDS, max_bytes: READ_BYTES }
    const batch = await this.#manager.direct.getBatch(this.#stream, limits)
    batches.add(batch)
    this.#batches.add(batch)
    // A server that dies while it sends says nothing any more, and the client would wait for ever.
    const silence = setTimeout(() => batch.stop(new Error('nobody answers')), SILENCE_MS)
    const records: LogRecord[] = []
    try {
      for await (const { seq, data } of batch) {
        records.push({ sequence: seq, bytes: data })
        silence.refresh()
      }
    } catch (error) {
      // The stream is not so long; or what has come until now is as good.
      if (!isNotFound(error) && records.length === 0) throw error
    } finally {
      clearTimeout(silence)
      batches.delete(batch)
      this.#batches.delete(batch)
    }
    // Half of it is of the readings before: one that was slow is soon forgotten.
    this.#tookMs = (this.#tookMs + performance.now() - since) / 2
    return records
  }
}
