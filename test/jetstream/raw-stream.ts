import { createRequire } from 'node:module'

interface Connection {
  close(): Promise<void>
}

interface Publisher {
  publish(subject: string, bytes: Uint8Array, options: object): Promise<{ readonly seq: number }>
}

/** What a stream is, as NATS's own client tells. */
export interface StreamShape {
  readonly config: { readonly num_replicas: number }
  readonly state: { readonly consumer_count: number; readonly bytes: number }
}

interface Manager {
  readonly streams: { info(name: string): Promise<StreamShape>; delete(name: string): Promise<boolean> }
}

/** Asks a server about a stream. */
export function shapeOf(server: string, name: string): Promise<StreamShape> {
  return managing(server, ({ streams }) => streams.info(name))
}

/** Removes a stream, whatever it is to us. */
export async function deleteStream(server: string, name: string): Promise<void> {
  await managing(server, ({ streams }) => streams.delete(name))
}

async function managing<Value>(server: string, act: (manager: Manager) => Promise<Value>): Promise<Value> {
  const require = createRequire(import.meta.url)
  const connection = await require('@nats-io/transport-node').connect({ servers: [server] })
  try {
    return await act(await require('@nats-io/jetstream').jetstreamManager(connection))
  } finally {
    await connection.close()
  }
}

/** A stream of three copies as NATS's own client uses it, with nothing of ours between. */
export class RawStream {
  readonly #connection: Connection
  readonly #publisher: Publisher
  readonly #name: string
  #last = 0

  private constructor(connection: Connection, publisher: Publisher, name: string) {
    this.#connection = connection
    this.#publisher = publisher
    this.#name = name
  }

  static async open(server: string, name: string): Promise<RawStream> {
    const require = createRequire(import.meta.url)
    const { connect } = require('@nats-io/transport-node')
    const { jetstream, jetstreamManager } = require('@nats-io/jetstream')
    const connection = await connect({ servers: [server] })
    const manager = await jetstreamManager(connection)
    await manager.streams.add({ name, subjects: [name], storage: 'file', num_replicas: 3, allow_direct: true })
    return new RawStream(connection, jetstream(connection), name)
  }

  /** @returns Its place. */
  async publish(bytes: Uint8Array): Promise<number> {
    return (await this.#publisher.publish(this.#name, bytes, { msgID: `${++this.#last}`, timeout: 20_000 })).seq
  }

  close(): Promise<void> {
    return this.#connection.close()
  }
}
