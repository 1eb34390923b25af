import { readFile } from 'node:fs/promises'
import { BackendError } from '../../contract/index.ts'
import { type JetStreamManager, type NatsConnection, natsModules } from './nats-modules.ts'
import type { LogRecord, ReplicatedLog } from './replicated-log.ts'

/** Reading by `direct.getBatch`, and streams whose every copy is flushed before the answer: both came until here. */
const SERVER_VERSION_LEAST = '2.12'
/** Records of one reading: the rest comes with the next one. */
const READ_RECORDS = 512
const READ_BYTES = 8 * 1024 * 1024
/** A server that is there answers in milliseconds; while a leader is elected nobody does. */
const ANSWER_MS = 2_000
const CONNECT_MS = 5_000
/** Beside the bytes of a record stand its headers. */
const HEADERS_BYTES = 1024
/** NATS itself recommends so many: one machine may be lost. */
const REPLICAS_OF_CLUSTER = 3

export interface NatsLogOptions {
  /** `host:port`, one or more. */
  readonly servers: readonly string[]
  readonly name: string
  readonly user?: string
  readonly password?: string
  readonly token?: string
  /** A file of credentials, as `nsc` writes it. */
  readonly creds?: string
  readonly tls?: boolean
  /** How many servers keep the log. Default: 3 on a cluster, 1 on a single server. */
  readonly replicas?: number
}

/** A log that is a stream of NATS JetStream. */
export class NatsLog implements ReplicatedLog {
  readonly recordBytesMax: number
  readonly #connection: NatsConnection
  readonly #manager: JetStreamManager
  readonly #stream: string
  readonly #subject: string
  readonly #publish: (bytes: Uint8Array, id: string) => Promise<{ readonly seq: number }>

  private constructor(connection: NatsConnection, manager: JetStreamManager, name: string) {
    this.#connection = connection
    this.#manager = manager
    this.#stream = streamOf(name)
    this.#subject = subjectOf(name)
    this.recordBytesMax = (connection.info?.max_payload ?? 0) - HEADERS_BYTES
    const client = natsModules().jetstream(connection, { timeout: ANSWER_MS })
    this.#publish = (bytes, id) => client.publish(this.#subject, bytes, { msgID: id, timeout: ANSWER_MS })
  }

  /** Connects, and makes the stream if it is not there. @throws {BackendError} `ERR_MSGQ_UNAVAILABLE` with what to do. */
  static async open(options: NatsLogOptions): Promise<NatsLog> {
    const { connect, jetstreamManager } = natsModules()
    const servers = options.servers.join(', ')
    let connection: NatsConnection
    try {
      connection = await connect({ ...(await credentials(options)), timeout: CONNECT_MS, maxReconnectAttempts: -1 })
    } catch (cause) {
      throw unavailable(`no NATS server lets us in at ${servers}`, cause)
    }
    try {
      const { version = '0', cluster } = connection.info ?? {}
      if (isOlder(version, SERVER_VERSION_LEAST)) {
        throw unavailable(`the NATS server at ${servers} is ${version}: ${SERVER_VERSION_LEAST} or newer is needed`)
      }
      const manager = await jetstreamManager(connection, { timeout: CONNECT_MS })
      const replicas = options.replicas ?? (cluster === undefined ? 1 : REPLICAS_OF_CLUSTER)
      await makeStream(manager, options.name, replicas)
      return new NatsLog(connection, manager, options.name)
    } catch (cause) {
      await connection.close()
      throw cause instanceof BackendError ? cause : unavailable(`there is no stream at ${servers}`, cause)
    }
  }

  async append(bytes: Uint8Array, id: string): Promise<number> {
    return (await this.#publish(bytes, id)).seq
  }

  async read(from: number): Promise<readonly LogRecord[]> {
    const limits = { seq: from, batch: READ_RECORDS, max_bytes: READ_BYTES }
    const records: LogRecord[] = []
    try {
      for await (const { seq, data } of await this.#manager.direct.getBatch(this.#stream, limits)) {
        records.push({ sequence: seq, bytes: data })
      }
    } catch (error) {
      // The stream is not so long.
      if (!isNotFound(error)) throw error
    }
    return records
  }

  onGrowth(hear: () => void): void {
    this.#connection.subscribe(`${this.#subject}.grown`, { callback: hear })
  }

  announce(): void {
    this.#connection.publish(`${this.#subject}.grown`)
  }

  /** Removes the stream, and with it the namespace. */
  async remove(): Promise<void> {
    await this.#manager.streams.delete(this.#stream)
  }

  close(): Promise<void> {
    return this.#connection.close()
  }
}

async function credentials({ servers, user, password, token, creds, tls }: NatsLogOptions): Promise<object> {
  return {
    servers: [...servers],
    name: 'msgq',
    ...(user !== undefined && { user, pass: password ?? '' }),
    ...(token !== undefined && { token }),
    ...(creds !== undefined && { authenticator: natsModules().credsAuthenticator(await readFile(creds)) }),
    ...(tls === true && { tls: {} }),
  }
}

async function makeStream(manager: JetStreamManager, name: string, replicas: number): Promise<void> {
  try {
    await manager.streams.info(streamOf(name))
  } catch (error) {
    if (!isNotFound(error)) throw error
    await manager.streams.add({
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

function streamOf(name: string): string {
  return `MSGQ_${name}`
}

function subjectOf(name: string): string {
  return `msgq.${name}`
}

function isNotFound(error: unknown): boolean {
  const { code, status } = error as { readonly code?: unknown; readonly status?: unknown }
  return code === 404 || status === 404 || code === 10_059
}

function isOlder(version: string, least: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const [leastMajor = 0, leastMinor = 0] = least.split('.').map(Number)
  return major < leastMajor || (major === leastMajor && minor < leastMinor)
}

function unavailable(what: string, cause?: unknown): BackendError {
  const why = cause instanceof Error ? ` (${cause.message})` : ''
  return new BackendError('ERR_MSGQ_UNAVAILABLE', `${what}${why}`, { cause })
}
