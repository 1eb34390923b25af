import { createRequire } from 'node:module'
import { BackendError } from '../../contract/index.ts'

/** What is used of NATS's client; its own types would make every user of our declarations install it. */
export interface NatsConnection {
  readonly info?: {
    readonly version: string
    readonly max_payload: number
    readonly cluster?: string
    readonly server_name: string
  }
  publish(subject: string, bytes?: Uint8Array, options?: { readonly reply: string }): void
  subscribe(
    subject: string,
    options: { readonly callback: (error: unknown, message: NatsMessage | undefined) => void },
  ): { unsubscribe(): void }
  status(): AsyncIterable<{ readonly type: string }>
  close(): Promise<void>
  /** Not of its documented interface: it may be missing in a later version. */
  readonly protocol?: { readonly transport?: { close?(error: Error): Promise<void> } }
}

export interface NatsMessage {
  readonly subject: string
  readonly data: Uint8Array
  /** `code` is 0 where the message has no status. */
  readonly headers?: { readonly code: number; get(name: string): string }
  respond(text: string): boolean
}

export interface StreamPeer {
  readonly name: string
  readonly current: boolean
  readonly offline?: boolean
  /** Nanoseconds since it was heard. */
  readonly active: number
  readonly lag?: number
}

export interface StreamInfo {
  readonly config: { readonly num_replicas: number }
  readonly state: {
    readonly messages: number
    readonly bytes: number
    readonly first_seq: number
    readonly last_seq: number
  }
  readonly cluster?: { readonly leader?: string; readonly replicas?: readonly StreamPeer[] }
  /** The server's clock. */
  readonly ts?: string
}

export interface JetStreamManager {
  readonly streams: {
    add(config: object): Promise<StreamInfo>
    info(name: string): Promise<StreamInfo>
    delete(name: string): Promise<boolean>
    purge(name: string, options: { readonly seq: number } | { readonly filter: string }): Promise<unknown>
  }
}

/** Its own type is of no use here: it is handed on. */
export interface JetStreamClient {
  publish(subject: string, bytes: Uint8Array, options: object): Promise<{ readonly seq: number }>
}

interface Jetstream {
  jetstream(connection: NatsConnection, options: object): JetStreamClient
  jetstreamManager(connection: NatsConnection, options: object): Promise<JetStreamManager>
}

interface Transport {
  createInbox(): string
  connect(options: object): Promise<NatsConnection>
  credsAuthenticator(creds: Uint8Array): object
}

export interface ObjectStore {
  get(name: string): Promise<{ readonly data: ReadableStream<Uint8Array> } | null>
  put(meta: { readonly name: string }, bytes: ReadableStream<Uint8Array>): Promise<unknown>
}

export interface KeyValues {
  get(
    key: string,
  ): Promise<{ readonly value: Uint8Array; readonly revision: number; readonly operation: string } | null>
  create(key: string, value: string): Promise<number>
  update(key: string, value: string, revision: number): Promise<number>
}

interface Stores {
  readonly Objm: new (
    client: JetStreamClient,
  ) => { create(name: string, options: object): Promise<ObjectStore>; open(name: string): Promise<ObjectStore> }
  readonly Kvm: new (client: JetStreamClient) => { create(name: string, options: object): Promise<KeyValues> }
}

/** NATS's client, which is an optional peer of this package. @throws {BackendError} `ERR_MSGQ_UNAVAILABLE` it is not installed. */
export function natsModules(): Jetstream & Transport & Stores {
  const require = createRequire(import.meta.url)
  try {
    const transport = require('@nats-io/transport-node') as Transport
    const { Objm } = require('@nats-io/obj') as Pick<Stores, 'Objm'>
    const { Kvm } = require('@nats-io/kv') as Pick<Stores, 'Kvm'>
    return { ...transport, ...(require('@nats-io/jetstream') as Jetstream), Objm, Kvm }
  } catch (cause) {
    const packages = '@nats-io/jetstream @nats-io/kv @nats-io/obj @nats-io/transport-node'
    const message = `nats: namespaces are reached through NATS's client, which is not here: run \`npm install ${packages}\``
    throw new BackendError('ERR_MSGQ_UNAVAILABLE', message, { cause })
  }
}
