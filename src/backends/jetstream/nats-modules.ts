import { createRequire } from 'node:module'
import { BackendError } from '../../contract/index.ts'

/** What is used of NATS's client; its own types would make every user of our declarations install it. */
export interface NatsConnection {
  readonly info?: { readonly version: string; readonly max_payload: number; readonly cluster?: string }
  publish(subject: string, bytes?: Uint8Array): void
  subscribe(subject: string, options: { readonly callback: (error: unknown, message: unknown) => void }): unknown
  close(): Promise<void>
}

export interface StreamInfo {
  readonly config: { readonly num_replicas: number }
}

export interface StoredMessage {
  readonly seq: number
  readonly data: Uint8Array
}

export interface JetStreamManager {
  readonly streams: {
    add(config: object): Promise<StreamInfo>
    info(name: string): Promise<StreamInfo>
    delete(name: string): Promise<boolean>
  }
  readonly direct: {
    getBatch(
      stream: string,
      options: { readonly seq: number; readonly batch: number; readonly max_bytes?: number },
    ): Promise<AsyncIterable<StoredMessage>>
  }
}

interface Jetstream {
  jetstream(
    connection: NatsConnection,
    options: object,
  ): { publish(subject: string, bytes: Uint8Array, options: object): Promise<{ readonly seq: number }> }
  jetstreamManager(connection: NatsConnection, options: object): Promise<JetStreamManager>
}

interface Transport {
  connect(options: object): Promise<NatsConnection>
  credsAuthenticator(creds: Uint8Array): object
}

/** NATS's client, which is an optional peer of this package. @throws {BackendError} `ERR_MSGQ_UNAVAILABLE` it is not installed. */
export function natsModules(): Jetstream & Transport {
  const require = createRequire(import.meta.url)
  try {
    const transport = require('@nats-io/transport-node') as Transport
    return { ...transport, ...(require('@nats-io/jetstream') as Jetstream) }
  } catch (cause) {
    const message =
      "nats: namespaces are reached through NATS's client, which is not here: run `npm install @nats-io/jetstream @nats-io/transport-node`"
    throw new BackendError('ERR_MSGQ_UNAVAILABLE', message, { cause })
  }
}
