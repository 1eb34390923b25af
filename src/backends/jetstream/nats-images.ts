import { randomBytes } from 'node:crypto'
import { isNotFound } from './nats-connection.ts'
import {
  type JetStreamClient,
  type JetStreamManager,
  type KeyValues,
  natsModules,
  type ObjectStore,
} from './nats-modules.ts'
import type { ChosenImage, KeptBytes, LogImage, LogImages } from './replicated-log.ts'

/** The bucket of keys in which each namespace has its choice. */
const CHOICES = 'MSGQ'
/** Bytes of an image in one message of the store. */
const CHUNK_BYTES = 262_144
/** What the client reads may stall for good when the server that serves it dies: then it is begun anew. */
const SILENCE_MS = 10_000
/** Names of two images of a record differ in so many bytes. */
const UNIQUE_BYTES = 8

/** Images in NATS's object store, one bucket for each namespace; which of them counts is a key, set by compare-and-set. */
export class NatsImages implements LogImages {
  readonly #client: JetStreamClient
  readonly #streams: JetStreamManager['streams']
  readonly #name: string
  readonly #replicas: number

  constructor(client: JetStreamClient, { streams }: JetStreamManager, name: string, replicas: number) {
    this.#client = client
    this.#streams = streams
    this.#name = name
    this.#replicas = replicas
  }

  async chosen(): Promise<ChosenImage> {
    const entry = await (await this.#openChoices()).get(this.#name)
    if (entry === null) return { image: undefined, revision: 0 }
    const { value, revision, operation } = entry
    return { image: operation === 'PUT' ? imageOf(value) : undefined, revision }
  }

  /** An object that was put without an answer loses its pieces, though it may be there: it must not be another's. */
  async write(sequence: number, pieces: AsyncIterable<Uint8Array>): Promise<KeptBytes> {
    const store = await this.#openStore()
    const start = await this.#end()
    const iterator = pieces[Symbol.asyncIterator]()
    const bytes = new ReadableStream<Uint8Array>({
      async pull(controller) {
        const next = await iterator.next()
        if (next.done) controller.close()
        else controller.enqueue(next.value)
      },
    })
    const name = `image-${sequence}-${randomBytes(UNIQUE_BYTES).toString('hex')}`
    const meta = { name, options: { max_chunk_size: CHUNK_BYTES } }
    await store.put(meta, bytes)
    return { name, start }
  }

  async *read({ name }: LogImage): AsyncGenerator<Uint8Array> {
    const object = await (await this.#openStore()).get(name)
    if (object === null) throw new Error(`there is no ${name} in the object store ${bucketOf(this.#name)}`)
    const reader = object.data.getReader()
    try {
      for (;;) {
        const next = await inTime(reader.read())
        if (next.done) return
        yield next.value
      }
    } finally {
      void reader.cancel().catch(() => undefined)
    }
  }

  async choose(image: LogImage, revision: number): Promise<boolean> {
    try {
      const choices = await this.#openChoices()
      const choice = JSON.stringify(image)
      await (revision === 0 ? choices.create(this.#name, choice) : choices.update(this.#name, choice, revision))
      return true
    } catch (error) {
      if (isWrongRevision(error)) return false
      throw error
    }
  }

  /** Objects have no say in it: what was killed while it wrote one has left pieces without. */
  async discardBefore({ start }: LogImage): Promise<void> {
    await this.#streams.purge(storeOf(this.#name), { seq: start })
  }

  /** Removes all of them, with the choice, where there are any. */
  async remove(): Promise<void> {
    await orNone(this.#streams.purge(`KV_${CHOICES}`, { filter: `$KV.${CHOICES}.${this.#name}` }))
    await orNone(this.#streams.delete(storeOf(this.#name)))
  }

  /** Where the next bytes come. A store that was lost, and is a new one, goes on where the choice says that it was. */
  async #end(): Promise<number> {
    const { image } = await this.chosen()
    const least = image?.start ?? 1
    const { state } = await this.#streams.info(storeOf(this.#name))
    const end = state.last_seq + 1
    if (end >= least) return end
    await this.#streams.purge(storeOf(this.#name), { seq: least })
    return least
  }

  /** Opened, as the store is, for each use: whichever it is may have been deleted meanwhile, and is made anew. */
  #openChoices(): Promise<KeyValues> {
    const { Kvm } = natsModules()
    return new Kvm(this.#client).create(CHOICES, { replicas: this.#replicas })
  }

  #openStore(): Promise<ObjectStore> {
    const { Objm } = natsModules()
    const options = { replicas: this.#replicas, description: `images of namespace ${this.#name}` }
    return new Objm(this.#client).create(bucketOf(this.#name), options)
  }
}

async function orNone(removing: Promise<unknown>): Promise<void> {
  try {
    await removing
  } catch (error) {
    if (!isNotFound(error)) throw error
  }
}

async function inTime<Value>(reading: Promise<Value>): Promise<Value> {
  let timer: NodeJS.Timeout | undefined
  const silence = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`nothing has come of the object store for ${SILENCE_MS / 1000} s`)),
      SILENCE_MS,
    )
  })
  try {
    return await Promise.race([reading, silence])
  } finally {
    clearTimeout(timer)
  }
}

function bucketOf(name: string): string {
  return `MSGQ_${name}`
}

/** The stream that a bucket is, as are the choices. Source: NATS's ADR-8, key-value stores, and ADR-20, object stores. */
function storeOf(name: string): string {
  return `OBJ_${bucketOf(name)}`
}

/** The first choices told neither a name nor where the bytes begin. */
function imageOf(choice: Uint8Array): LogImage {
  const image = JSON.parse(new TextDecoder().decode(choice)) as Omit<LogImage, keyof KeptBytes>
  return { name: `image-${image.sequence}`, start: 1, ...image }
}

function isWrongRevision(error: unknown): boolean {
  const { code } = error as { readonly code?: unknown }
  return code === 10_071 || code === 10_164
}
