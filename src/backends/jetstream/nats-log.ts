import { setTimeout } from 'node:timers/promises'
import { BackendError } from '../../contract/index.ts'
import { CONNECT_MS, connectNats, isNotFound, type NatsOptions, unavailable } from './nats-connection.ts'
import { NatsImages } from './nats-images.ts'
import { type JetStreamManager, type NatsConnection, natsModules, type StreamInfo } from './nats-modules.ts'
import { NatsReading } from './nats-reading.ts'
import type { LogRecord, ReplicatedLog } from './replicated-log.ts'

/** Reading many records at once from any server, and streams whose every copy is flushed before the answer: both came until here. */
export const SERVER_VERSION_LEAST = '2.12'
/**
 * A server that is there answers in milliseconds, and long records take longer. What is not answered is sent again under
 * the same id, for as long as a leader is elected: soon, so that it is there when the leader is.
 */
const ANSWER_MS = 250
const BYTES_A_MS = 1024
/** Elections of NATS take up to 9 s. */
const ELECTION_MS_MOST = 12_000
const ASK_AGAIN_MS = 200
/** Beside the bytes of a record stand its headers. */
const HEADERS_BYTES = 1024
/** NATS itself recommends so many: one machine may be lost. */
const REPLICAS_OF_CLUSTER = 3

export interface NatsLogOptions extends NatsOptions {
  readonly name: string
  /** How many servers keep the log. Default: 3 on a cluster, 1 on a single server. */
  readonly replicas?: number
}

/** A log that is a stream of NATS JetStream. */
export class NatsLog implements ReplicatedLog {
  readonly recordBytesMax: number
  readonly images: NatsImages
  readonly #connection: NatsConnection
  readonly #manager: JetStreamManager
  readonly #stream: string
  readonly #subject: string
  readonly #reading: NatsReading
  readonly #appending = new Set<(error: Error) => void>()
  readonly #publish: (bytes: Uint8Array, id: string) => Promise<{ readonly seq: number }>

  private constructor(connection: NatsConnection, manager: JetStreamManager, name: string, replicas: number) {
    this.#connection = connection
    this.#manager = manager
    this.#stream = streamOf(name)
    this.#subject = subjectOf(name)
    this.#reading = new NatsReading(connection, this.#stream)
    this.recordBytesMax = (connection.info?.max_payload ?? 0) - HEADERS_BYTES
    const client = natsModules().jetstream(connection, { timeout: CONNECT_MS })
    this.images = new NatsImages(client, manager, name, replicas)
    this.#publish = (bytes, id) => client.publish(this.#subject, bytes, { msgID: id })
    void this.#watch()
  }

  /** What was asked of the server that was lost is asked again at once of the next one. */
  async #watch(): Promise<void> {
    for await (const { type } of this.#connection.status()) {
      if (type !== 'reconnect') continue
      this.#reading.interrupt()
      for (const interrupt of [...this.#appending]) interrupt(new Error('the connection was lost'))
    }
  }

  /** Connects, and makes the stream if it is not there. @throws {BackendError} `ERR_MSGQ_UNAVAILABLE` with what to do. */
  static async open(options: NatsLogOptions): Promise<NatsLog> {
    const { jetstreamManager } = natsModules()
    const servers = options.servers.join(', ')
    const connection = await connectNats(options)
    try {
      const { version = '0', cluster } = connection.info ?? {}
      if (isOlder(version, SERVER_VERSION_LEAST)) {
        throw unavailable(`the NATS server at ${servers} is ${version}: ${SERVER_VERSION_LEAST} or newer is needed`)
      }
      const manager = await jetstreamManager(connection, { timeout: CONNECT_MS })
      const replicas = options.replicas ?? (cluster === undefined ? 1 : REPLICAS_OF_CLUSTER)
      const stream = await patiently(() => makeStream(manager, options.name, replicas))
      return new NatsLog(connection, manager, options.name, stream.config.num_replicas)
    } catch (cause) {
      await connection.close()
      throw cause instanceof BackendError ? cause : unavailable(`there is no stream at ${servers}`, cause)
    }
  }

  append(bytes: Uint8Array, id: string): Promise<number> {
    return new Promise((resolve, reject) => {
      const over = () => {
        clearInterval(again)
        this.#appending.delete(failed)
      }
      const failed = (error: Error) => {
        over()
        reject(error)
      }
      const stored = ({ seq }: { readonly seq: number }) => {
        over()
        resolve(seq)
      }
      // An answer to what was sent before is as good: where the way is long it comes when the next is already sent.
      const send = () => this.#publish(bytes, id).then(stored, failed)
      const again = setInterval(send, ANSWER_MS + bytes.length / BYTES_A_MS)
      this.#appending.add(failed)
      void send()
    })
  }

  read(from: number): Promise<readonly LogRecord[]> {
    return this.#reading.read(from)
  }

  async trim(before: number): Promise<void> {
    await this.#manager.streams.purge(this.#stream, { seq: before })
  }

  onGrowth(hear: (sequence: number) => void): void {
    this.#connection.subscribe(`${this.#subject}.grown`, {
      callback: (_, message) => {
        const sequence = Number(Buffer.from(message?.data ?? []).toString())
        if (Number.isSafeInteger(sequence)) hear(sequence)
      },
    })
  }

  /** Has others told how this node is, whenever they ask. */
  onAsked(answer: () => string): void {
    this.#connection.subscribe(`${this.#subject}.who`, {
      callback: (_, message) => message?.respond(answer()),
    })
  }

  announce(sequence: number): void {
    this.#connection.publish(`${this.#subject}.grown`, Buffer.from(String(sequence)))
  }

  /** Removes the stream, and with it the namespace. */
  async remove(): Promise<void> {
    await this.images.remove()
    await this.#manager.streams.delete(this.#stream)
  }

  close(): Promise<void> {
    return this.#connection.close()
  }
}

/** Does what fails only while the servers elect a leader among them. */
async function patiently<Value>(ask: () => Promise<Value>): Promise<Value> {
  const since = performance.now()
  for (;;) {
    try {
      return await ask()
    } catch (error) {
      if (!isOfElection(error) || performance.now() - since > ELECTION_MS_MOST) throw error
      await setTimeout(ASK_AGAIN_MS)
    }
  }
}

/** Nobody answers, or JetStream is "temporarily unavailable". Source: nats-server, server/errors.json, 10008. */
function isOfElection(error: unknown): boolean {
  const { name, code } = error as { readonly name?: unknown; readonly code?: unknown }
  return name === 'TimeoutError' || name === 'RequestError' || code === 503 || code === 10_008
}

async function makeStream(manager: JetStreamManager, name: string, replicas: number): Promise<StreamInfo> {
  try {
    return await manager.streams.info(streamOf(name))
  } catch (error) {
    if (!isNotFound(error)) throw error
    return await manager.streams.add({
      name: streamOf(name),
      subjects: [subjectOf(name)],
      storage: 'file',
      num_replicas: replicas,
      discard: 'new',
      allow_direct: true,
      deny_delete: true,
    })
  }
}

export function streamOf(name: string): string {
  return `MSGQ_${name}`
}

export function subjectOf(name: string): string {
  return `msgq.${name}`
}

export function isOlder(version: string, least: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const [leastMajor = 0, leastMinor = 0] = least.split('.').map(Number)
  return major < leastMajor || (major === leastMajor && minor < leastMinor)
}
