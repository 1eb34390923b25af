import { type NatsConnection, type NatsMessage, natsModules } from './nats-modules.ts'
import type { LogRecord } from './replicated-log.ts'

/** Records of one reading: the rest comes with the next one. */
const READ_RECORDS = 512
const READ_BYTES = 8 * 1024 * 1024
/**
 * Any server that keeps the log may be the one that reads for us, one that was stopped too, for others see that late.
 * After so long, or some times what readings take, another is asked as well, and after twice as long again: who answers
 * first is heard. What readings take while servers are lost says nothing of that, so there is a bound.
 */
const ASK_AGAIN_MS_LEAST = 30
const ASK_AGAIN_MS_MOST = 250
const ASK_AGAIN_OF_READING = 3
/** Once another had to be asked two are asked at once, for so long: a third of all readings would wait for who is lost. */
const DOUBT_MS = 10_000
/** Of those that have not answered only the last ones are waited for. */
const ASKED_MAX = 8
/** After so long without any answer nobody is there. */
const SILENCE_MS = 5_000

/** What ends an answer. Source: nats-server, server/stream.go, getDirectRequest() and getDirectMulti(). */
const END_OF_BATCH = 204
const NOT_FOUND = 404

/** One server that was asked, whichever it is. */
interface Asked {
  readonly records: LogRecord[]
  heard: number
  /** What has come is all there is, or nothing more comes. */
  end(error?: Error): void
}

/**
 * Reads records of a stream from whichever server answers first. The client's own `direct.getBatch` (3.4.0) leaves a
 * subscription behind for each reading, at the server too; here one is there for all.
 */
export class NatsReading {
  readonly #connection: NatsConnection
  readonly #subject: string
  readonly #inbox: string
  readonly #asked = new Map<string, Asked>()
  #lastAsked = 0
  #tookMs = 0
  #doubtedAt = Number.NEGATIVE_INFINITY

  constructor(connection: NatsConnection, stream: string) {
    this.#connection = connection
    this.#subject = `$JS.API.DIRECT.GET.${stream}`
    this.#inbox = natsModules().createInbox()
    connection.subscribe(`${this.#inbox}.*`, { callback: (_, message) => message && this.#hear(message) })
  }

  /** @throws nobody answers. */
  async read(from: number): Promise<readonly LogRecord[]> {
    const since = performance.now()
    const asked = new Set<Asked>()
    let againMs = Math.min(Math.max(ASK_AGAIN_MS_LEAST, ASK_AGAIN_OF_READING * this.#tookMs), ASK_AGAIN_MS_MOST)
    let again: NodeJS.Timeout | undefined
    try {
      return await new Promise((resolve, reject) => {
        const failed = (error: unknown) => {
          if (asked.size === 0 || performance.now() - since > SILENCE_MS) reject(error)
        }
        const ask = () => {
          const [oldest] = asked
          if (asked.size >= ASKED_MAX) oldest?.end(new Error('nobody answers'))
          this.#ask(from, asked).then(resolve, failed)
        }
        const askAgain = () => {
          this.#doubtedAt = performance.now()
          // A server that dies while it sends says nothing any more.
          for (const each of asked) if (this.#doubtedAt - each.heard > SILENCE_MS) each.end(new Error('nobody answers'))
          againMs = Math.min(againMs * 2, ASK_AGAIN_MS_MOST)
          again = setTimeout(askAgain, againMs)
          ask()
        }
        again = setTimeout(askAgain, againMs)
        ask()
        if (since - this.#doubtedAt < DOUBT_MS) ask()
      })
    } finally {
      clearTimeout(again)
      for (const each of asked) each.end()
    }
  }

  /** The connection was lost, and what was asked with it. */
  interrupt(): void {
    for (const each of [...this.#asked.values()]) each.end(new Error('the connection was lost'))
  }

  #ask(from: number, all: Set<Asked>): Promise<readonly LogRecord[]> {
    return new Promise((resolve, reject) => {
      const token = String(++this.#lastAsked)
      const since = performance.now()
      const asked: Asked = {
        records: [],
        heard: since,
        end: (error) => {
          if (!this.#asked.delete(token)) return
          all.delete(asked)
          // What has come until now is as good.
          if (error !== undefined && asked.records.length === 0) return reject(error)
          // Half of it is of the readings before: one that was slow is soon forgotten.
          this.#tookMs = (this.#tookMs + performance.now() - since) / 2
          resolve(asked.records)
        },
      }
      this.#asked.set(token, asked)
      all.add(asked)
      const limits = JSON.stringify({ seq: from, batch: READ_RECORDS, max_bytes: READ_BYTES })
      this.#connection.publish(this.#subject, Buffer.from(limits), { reply: `${this.#inbox}.${token}` })
    })
  }

  #hear({ subject, headers, data }: NatsMessage): void {
    const asked = this.#asked.get(subject.slice(this.#inbox.length + 1))
    if (asked === undefined) return
    const code = headers?.code ?? 0
    if (code === END_OF_BATCH || code === NOT_FOUND) return asked.end()
    const sequence = Number(headers?.get('Nats-Sequence'))
    if (code !== 0 || !(sequence > 0)) return asked.end(new Error(`a reading was refused: ${code}`))
    asked.heard = performance.now()
    asked.records.push({ sequence, bytes: data })
  }
}
