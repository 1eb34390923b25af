import type {
  ChosenImage,
  LogImage,
  LogImages,
  LogRecord,
  ReplicatedLog,
} from '../../src/backends/jetstream/replicated-log.ts'
import { type Cut, type LogFaults, type LogKeeper, NO_FAULTS } from './log-keeper.ts'
import type { SimulatedProcess, World } from './world.ts'

/** A client asks again after so long without an answer. Source: src/backends/jetstream/nats-log.ts. */
const ANSWER_MS = 400
const RECORD_BYTES_MAX = 4_096
/** Pieces of an image that is read come so far apart. */
const PIECE_MS = 5

export interface LogOptions {
  readonly latencyMs: number
  /** For how long ids are remembered, milliseconds. */
  readonly idMemoryMs: number
}

/**
 * What several servers keep together, in one place: it takes records once for each id that it remembers, and forgets what is
 * trimmed. The way to it loses, doubles, delays and reorders; whom a node reads from may be behind the others.
 */
export class LogServers implements LogKeeper {
  readonly #world: World
  readonly options: LogOptions
  readonly records: LogRecord[] = []
  readonly #ids = new Map<string, { readonly sequence: number; readonly time: number }>()
  readonly images: Map<string, { readonly start: number; readonly pieces: readonly Uint8Array[] }> = new Map()
  /** The first place where nothing is written, and the first that is not discarded. */
  imagesEnd = 1
  imagesFirst = 1
  readonly #hearers = new Map<SimulatedProcess, (sequence: number) => void>()
  readonly #cutOff = new Map<SimulatedProcess, Cut>()
  chosen: ChosenImage = { image: undefined, revision: 0 }
  /** Records before are trimmed. */
  first = 1
  faults: LogFaults = NO_FAULTS
  /** No leader: nothing is taken, nothing is answered. */
  isDown = false
  /** Who reads sees so many of the last records not yet. */
  behind = 0
  /** Is told each record. */
  onRecord: (record: LogRecord) => void = () => undefined

  constructor(world: World, options: LogOptions) {
    this.#world = world
    this.options = options
    world.onDeath((process) => {
      this.#hearers.delete(process)
      this.#cutOff.delete(process)
    })
  }

  get size(): LogKeeper['size'] {
    return { records: this.records.length, trimmed: this.first - 1, images: this.chosen.revision }
  }

  heal(): void {
    this.faults = NO_FAULTS
    this.isDown = false
    this.behind = 0
    this.#cutOff.clear()
  }

  cut(process: SimulatedProcess, cut: Cut): void {
    this.#cutOff.set(process, cut)
  }

  join(process: SimulatedProcess): void {
    this.#cutOff.delete(process)
  }

  hear(process: SimulatedProcess, hear: (sequence: number) => void): void {
    this.#hearers.set(process, hear)
  }

  append(bytes: Uint8Array, id: string): number {
    const { now } = this.#world
    const known = this.#ids.get(id)
    if (known !== undefined && now - known.time <= this.options.idMemoryMs) return known.sequence
    const record = { sequence: this.records.length + 1, bytes: Uint8Array.from(bytes) }
    this.records.push(record)
    this.#ids.set(id, { sequence: record.sequence, time: now })
    this.onRecord(record)
    return record.sequence
  }

  /** Some of the records from a place on. */
  read(from: number): LogRecord[] {
    const { random } = this.#world
    const start = Math.max(from, this.first)
    const end = this.records.length - random.below(this.behind + 1)
    const list = this.records.slice(start - 1, Math.max(start - 1, Math.min(end, start + random.between(1, 50))))
    return list.map(({ sequence, bytes }) => ({ sequence, bytes: Uint8Array.from(bytes) }))
  }

  announce(by: SimulatedProcess, sequence: number): void {
    for (const [process, hear] of this.#hearers) {
      if (process !== by) this.#travel(by, process, 'log has grown', () => hear(sequence))
    }
  }

  /** A request and its answer. @throws nobody answers in time: it may have been done or not. */
  request<Value>(what: string, make: () => Value): Promise<Value> {
    const world = this.#world
    const process = world.current
    return new Promise((resolve, reject) => {
      const late = world.later(ANSWER_MS, process, `${what} is not answered`, () => reject(new Error('timeout')))
      const answer = (value: Value) => {
        late.isCancelled = true
        resolve(value)
      }
      this.#travel(process, world.outside, what, () => {
        if (this.isDown) return
        const value = make()
        this.#travel(process, process, `${what} is answered`, () => answer(value))
      })
    })
  }

  /** On the way between a process and the servers. */
  #travel(of: SimulatedProcess, to: SimulatedProcess, what: string, arrive: () => void): void {
    const { random } = this.#world
    const { lost, doubled, late } = this.faults
    const times = random.chance(doubled) ? 2 : 1
    for (let time = 0; time < times; time++) {
      if (random.chance(lost)) continue
      const ms = (this.options.latencyMs * random.below(1000)) / 1000
      this.#world.later(random.chance(late) ? ms + random.below(2_000) : ms, to, what, () => {
        if (to !== of && isCut(this.#cutOff.get(of), 'to')) return
        if (!isCut(this.#cutOff.get(to), 'from')) arrive()
      })
    }
  }
}

function isCut(cut: Cut | undefined, way: Cut): boolean {
  return cut === 'both' || cut === way
}

/** The log as one process sees it. */
export class SimulatedLog implements ReplicatedLog {
  readonly recordBytesMax: number = RECORD_BYTES_MAX
  readonly images: LogImages
  readonly #servers: LogServers
  readonly #process: SimulatedProcess

  constructor(world: World, servers: LogServers) {
    this.#servers = servers
    this.#process = world.current
    this.images = imagesOf(world, servers)
  }

  append(bytes: Uint8Array, id: string): Promise<number> {
    return this.#servers.request(`append ${id}`, () => this.#servers.append(bytes, id))
  }

  read(from: number): Promise<readonly LogRecord[]> {
    return this.#servers.request(`read ${from}`, () => this.#servers.read(from))
  }

  trim(before: number): Promise<void> {
    return this.#servers.request(`trim ${before}`, () => {
      this.#servers.first = Math.max(this.#servers.first, before)
    })
  }

  onGrowth(hear: (sequence: number) => void): void {
    this.#servers.hear(this.#process, hear)
  }

  announce(sequence: number): void {
    this.#servers.announce(this.#process, sequence)
  }

  async close(): Promise<void> {
    this.#servers.hear(this.#process, () => undefined)
  }
}

function imagesOf(world: World, servers: LogServers): LogImages {
  return {
    chosen: () => servers.request('image chosen', () => servers.chosen),
    write: async (sequence, pieces) => {
      const start = await servers.request('where images end', () => servers.imagesEnd++)
      const written: Uint8Array[] = []
      for await (const piece of pieces) written.push(Uint8Array.from(piece))
      const name = `image ${sequence}, ${world.random.next()}`
      await servers.request(name, () => {
        servers.imagesEnd++
        // Otherwise some of it was discarded meanwhile.
        if (start >= servers.imagesFirst) servers.images.set(name, { start, pieces: written })
      })
      return { name, start }
    },
    read: async function* ({ name }: LogImage) {
      const image = await servers.request(`read ${name}`, () => servers.images.get(name))
      if (image === undefined) throw new Error(`there is no ${name}`)
      for (const piece of image.pieces) {
        await new Promise<void>((resolve) => {
          world.later(PIECE_MS, world.current, 'a piece', resolve)
        })
        yield Uint8Array.from(piece)
      }
    },
    choose: (image, revision) =>
      servers.request(`choose image ${image.sequence}`, () => {
        if (servers.chosen.revision !== revision) return false
        servers.chosen = { image, revision: revision + 1 }
        return true
      }),
    discardBefore: ({ start }) =>
      servers.request(`discard images before ${start}`, () => {
        servers.imagesFirst = Math.max(servers.imagesFirst, start)
        for (const [name, image] of servers.images) if (image.start < start) servers.images.delete(name)
      }),
  }
}
