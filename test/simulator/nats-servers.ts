import { natsModules } from '../../src/backends/jetstream/nats-modules.ts'
import type { LogRecord } from '../../src/backends/jetstream/replicated-log.ts'
import { type Cut, type LogFaults, type LogKeeper, NO_FAULTS } from './log-keeper.ts'
import { type Hears, NatsClient, type NatsMessage } from './nats-client.ts'
import { matches, type Stored, Stream, type StreamConfig } from './nats-stream.ts'
import type { Network } from './network.ts'
import type { SimulatedSocket } from './sockets.ts'
import type { SimulatedProcess, World } from './world.ts'

const ADDRESSES = ['10.0.0.1:4222', '10.0.0.2:4222', '10.0.0.3:4222']
/** As little as lets an image be several messages. */
const PAYLOAD_BYTES_MAX = 8_192
const VERSION = '2.12.1'
const HEARTBEAT_MS = 30_000
/** A connection that was cut off without a word says nothing for so long: longer than any client waits. */
const CUT_MS = 60_000
/** What a server answers that knows that it has no leader. Source: nats-server, server/errors.json. */
const NOT_AVAILABLE = { code: 503, err_code: 10_008, description: 'JetStream system temporarily unavailable' }
const NO_STREAM = { code: 404, err_code: 10_059, description: 'stream not found' }
const NO_MESSAGE = { code: 404, err_code: 10_037, description: 'no message found' }

interface NatsServer {
  readonly address: string
  process: SimulatedProcess
}

/** A push consumer: what was there when it was made is sent once somebody listens. */
interface Consumer {
  readonly name: string
  readonly stream: Stream
  readonly subject: string
  readonly server: SimulatedProcess
  left: readonly Stored[]
  delivered: number
}

export interface NatsOptions {
  readonly latencyMs: number
  /** For how long ids are remembered, milliseconds. */
  readonly idMemoryMs: number
}

/**
 * Three servers of NATS JetStream behind simulated sockets, as far as nodes use them: NATS's own client talks to them. What they
 * agreed on is in one place; what is asked of them, and what they answer, is late, lost, doubled and so reordered; whom a node
 * reads from may be behind the others; a server that is killed takes its connections and consumers along.
 */
export class NatsServers implements LogKeeper, Hears {
  readonly servers: readonly string[] = ADDRESSES
  readonly #world: World
  readonly #network: Network
  readonly #options: NatsOptions
  readonly #logSubject: string
  readonly #streams = new Map<string, Stream>()
  readonly #consumers = new Map<string, Consumer>()
  readonly #machines: NatsServer[]
  #clients: NatsClient[] = []
  faults: LogFaults = NO_FAULTS
  isDown = false
  behind = 0
  onRecord: (record: LogRecord) => void = () => undefined

  constructor(world: World, network: Network, name: string, options: NatsOptions) {
    this.#world = world
    this.#network = network
    this.#options = options
    this.#logSubject = `msgq.${name}`
    // The client is loaded and used before a world begins: what it makes up then is none of the seed's.
    natsModules().createInbox()
    this.#machines = ADDRESSES.map((address) => ({ address, process: this.#start(address) }))
    world.onDeath((process) => {
      this.#clients = this.#clients.filter((client) => client.process !== process)
      for (const [name, { server }] of this.#consumers) if (server === process) this.#consumers.delete(name)
    })
  }

  get size(): LogKeeper['size'] {
    const log = this.#streamOf(this.#logSubject)
    const choices = this.#streams.get('KV_MSGQ')
    return { records: log?.last ?? 0, trimmed: (log?.first ?? 1) - 1, images: choices?.last ?? 0 }
  }

  heal(): void {
    this.faults = NO_FAULTS
    this.isDown = false
    this.behind = 0
    for (const { process } of this.#machines) if (process.isStopped) this.#world.goOn(process)
  }

  /** Nothing gets through; which way says nothing, for TCP wants both. */
  cut(process: SimulatedProcess, cut: Cut): void {
    this.#network.bar(process, 'silent')
    if (cut === 'both') this.#network.stall(process, CUT_MS)
    else this.#network.cut(process, () => this.#world.random.pick([0, 10, 1_000]))
  }

  join(process: SimulatedProcess): void {
    this.#network.join(process)
  }

  /** Kills a server, which is started again. @returns Whether the others are enough. */
  killServer(downMs: number): boolean {
    if (this.#machines.some(({ process }) => !process.isAlive)) return false
    const machine = this.#world.random.pick(this.#machines)
    this.#world.kill(machine.process, 'killed')
    this.#world.later(downMs, this.#world.outside, 'starts the server again', () => {
      machine.process = this.#start(machine.address)
    })
    return true
  }

  /** Stops a server for so long, as SIGSTOP does: it is connected, and answers nothing. */
  pauseServer(ms: number): void {
    const { process } = this.#world.random.pick(this.#machines)
    this.#world.stop(process)
    this.#world.later(
      ms,
      this.#world.outside,
      'the server goes on',
      () => process.isStopped && this.#world.goOn(process),
    )
  }

  published(client: NatsClient, message: NatsMessage): void {
    const { subject, reply } = message
    const stream = this.#streamOf(subject)
    const times =
      stream !== undefined && this.#happens(this.faults.doubled) && /Msg-Id/.test(message.headers ?? '') ? 2 : 1
    if (stream === undefined && !subject.startsWith('$JS.API.')) return this.#tell(message, client)
    for (let time = 0; time < times; time++) {
      this.#travel(this.#world.outside, subject, () => {
        if (this.isDown && !this.#happens(50)) return
        const answers = this.isDown ? [error(NOT_AVAILABLE)] : this.#answers(stream, message)
        if (reply !== undefined) this.#answer(answers.map((answer) => ({ ...answer, subject: reply })))
      })
    }
  }

  subscribed(subject: string): void {
    for (const consumer of this.#consumers.values()) if (consumer.subject === subject) this.#deliver(consumer)
  }

  #start(address: string): SimulatedProcess {
    return this.#world.spawn(`nats${address.split('.')[3]?.[0]}`, async (process) => {
      const listener = this.#network.createServer()
      const info = { server_id: address, server_name: process.name, version: VERSION, proto: 1, headers: true }
      const more = { max_payload: PAYLOAD_BYTES_MAX, jetstream: true, cluster: 'simulated', client_id: 1 }
      listener.on('connection', (socket: SimulatedSocket) => {
        this.#clients = this.#clients.filter(({ isGone }) => !isGone)
        this.#clients.push(new NatsClient(socket, process, { ...info, ...more }, this))
      })
      this.#network.free(address)
      listener.listen({ path: address }, () => undefined)
    })
  }

  /** What the leader does with a request. */
  #answers(stream: Stream | undefined, { subject, headers = '', data = Buffer.alloc(0) }: NatsMessage): Answer[] {
    const asked = () => JSON.parse(Buffer.from(data).toString() || '{}')
    if (stream !== undefined) return [this.#store(stream, subject, headers, data)]
    const [, , what = '', verb = '', ...words] = subject.split('.')
    const name = what === 'STREAM' && verb === 'MSG' ? words[1] : words[0]
    const of = this.#streams.get(name ?? '')
    if (what === 'INFO') return [json({})]
    if (what === 'STREAM' && verb === 'CREATE') return [this.#create(asked())]
    if (of === undefined) return [what === 'DIRECT' ? { status: '404 Message Not Found' } : error(NO_STREAM)]
    if (what === 'DIRECT') return this.#direct(of, words.slice(1).join('.'), asked())
    if (what === 'CONSUMER')
      return [verb === 'CREATE' ? this.#consume(of, words[1] ?? '', asked().config) : json({ success: true })]
    switch (verb) {
      case 'INFO':
        return [json(infoOf(of))]
      case 'PURGE':
        of.purge(asked())
        return [json({ success: true })]
      case 'MSG':
        return [storedAnswer(of.lastOf(asked().last_by_subj))]
      default:
        throw new Error(`nobody simulates ${subject}`)
    }
  }

  #create(config: StreamConfig): Answer {
    const stream = this.#streams.get(config.name) ?? new Stream(config, this.#options.idMemoryMs)
    this.#streams.set(config.name, stream)
    return json(infoOf(stream))
  }

  #store(stream: Stream, subject: string, headers: string, data: Uint8Array): Answer {
    const stored = stream.store(subject, headers, data, this.#world.now)
    if ('code' in stored) return error({ code: 400, err_code: stored.code, description: stored.why })
    const { sequence, isDuplicate } = stored
    if (subject === this.#logSubject && !isDuplicate) this.onRecord({ sequence, bytes: Uint8Array.from(data) })
    return json({ stream: stream.config.name, seq: sequence, ...(isDuplicate && { duplicate: true }) })
  }

  /** Any server answers, one that is behind too; one may die while it does. */
  #direct(
    stream: Stream,
    subject: string,
    asked: { readonly seq?: number; readonly batch?: number; readonly max_bytes?: number },
  ): Answer[] {
    const upTo = stream.last - this.#world.random.below(this.behind + 1)
    if (subject !== '') {
      const found = stream.lastOf(subject, upTo)
      return [found === undefined ? { status: '404 Message Not Found' } : directAnswer(stream, found)]
    }
    const found = stream.read(asked.seq ?? 1, upTo).slice(0, asked.batch ?? 1)
    if (found.length === 0) return [{ status: '404 Message Not Found' }]
    const answers = found.map((each) => directAnswer(stream, each))
    const end = { status: '204 EOB', headers: `Nats-Last-Sequence: ${found.at(-1)?.sequence ?? 0}\r\n` }
    return this.#happens(this.faults.lost)
      ? answers.slice(0, this.#world.random.below(answers.length))
      : [...answers, end]
  }

  #consume(stream: Stream, name: string, config: ConsumerConfig): Answer {
    const {
      deliver_subject: subject,
      deliver_policy: policy,
      filter_subject: filter = '>',
      opt_start_seq: from = 1,
    } = config
    const left = stream.read(policy === 'by_start_sequence' ? from : 1).filter((each) => matches(filter, each.subject))
    const alive = this.#machines.filter(({ process }) => process.isAlive)
    const server = this.#world.random.pick(alive).process
    const consumer = { name, stream, subject, server, left, delivered: 0 }
    this.#consumers.set(name, consumer)
    this.#world.later(0, server, 'a consumer is there', () => this.#deliver(consumer))
    this.#beat(consumer)
    return json({ stream_name: stream.config.name, name, config, num_pending: left.length, push_bound: false })
  }

  #deliver(consumer: Consumer): void {
    const { left, stream, subject, name } = consumer
    if (left.length === 0 || !this.#isHeard(subject)) return
    consumer.left = []
    const sent = left.map(({ sequence, time, data, headers, subject: of }, index): Told => {
      const place = [1, sequence, ++consumer.delivered, Math.floor(time * 1e6), left.length - 1 - index]
      return { subject, of, reply: ['$JS.ACK', stream.config.name, name, ...place].join('.'), headers, data }
    })
    this.#answer(sent.filter(() => !this.#happens(this.faults.lost)))
  }

  /** It says that it is there as long as somebody listens. */
  #beat(consumer: Consumer): void {
    this.#world.later(HEARTBEAT_MS, consumer.server, 'a heartbeat', () => {
      const { name, subject, delivered, stream } = consumer
      if (this.#consumers.get(name) !== consumer) return
      if (!this.#isHeard(subject)) return void this.#consumers.delete(name)
      const headers = `Nats-Last-Consumer: ${delivered}\r\nNats-Last-Stream: ${stream.last}\r\n`
      this.#answer([{ subject, status: '100 Idle Heartbeat', headers }])
      this.#beat(consumer)
    })
  }

  #isHeard(subject: string): boolean {
    return this.#clients.some((client) => client.subscriptionsTo((pattern) => matches(pattern, subject)).length > 0)
  }

  /** Has those hear who subscribed. */
  #tell(message: NatsMessage, from?: NatsClient): void {
    for (const client of this.#clients) {
      if (client === from) continue
      for (const id of client.subscriptionsTo((pattern) => matches(pattern, message.subject))) {
        this.#travel(client.process, message.subject, () => client.send(id, [message]))
      }
    }
  }

  /** Sends to whoever listens to a subject, all at once. */
  #answer(messages: readonly Told[]): void {
    const [first] = messages
    if (first === undefined) return
    const { subject } = first
    for (const client of this.#clients) {
      for (const id of client.subscriptionsTo((pattern) => matches(pattern, subject))) {
        const sent = messages.map(({ of, ...message }) => ({ ...message, subject: of ?? subject }))
        this.#travel(client.process, 'an answer', () => client.send(id, sent))
      }
    }
  }

  #streamOf(subject: string): Stream | undefined {
    return [...this.#streams.values()].find((stream) => stream.takes(subject))
  }

  /** On the way between servers. */
  #travel(to: SimulatedProcess, what: string, arrive: () => void): void {
    const { random } = this.#world
    if (this.#happens(this.faults.lost)) return
    const ms = (this.#options.latencyMs * random.below(1000)) / 1000
    this.#world.later(this.#happens(this.faults.late) ? ms + random.below(2_000) : ms, to, shown(what), arrive)
  }

  #happens(percent: number): boolean {
    return percent > 0 && this.#world.random.chance(percent)
  }
}

type Answer = Omit<NatsMessage, 'subject'>
/** Where the subscription is of another subject than the message. */
type Told = NatsMessage & { readonly of?: string }

interface ConsumerConfig {
  readonly deliver_subject: string
  readonly deliver_policy?: string
  readonly filter_subject?: string
  readonly opt_start_seq?: number
}

/** Without the names that the client makes up: they are of this process, and no seed's. */
function shown(subject: string): string {
  return subject.startsWith('_INBOX')
    ? 'an inbox'
    : subject
        .split('.')
        .slice(0, subject.startsWith('$O') ? 3 : 4)
        .join('.')
}

function json(value: object): Answer {
  return { data: Buffer.from(JSON.stringify(value)) }
}

function error(why: object): Answer {
  return json({ error: why })
}

function infoOf({ config, first, last }: Stream): object {
  const state = { messages: last + 1 - first, bytes: 0, first_seq: first, last_seq: last }
  return { config: { num_replicas: 1, ...config }, state }
}

function directAnswer({ config }: Stream, { sequence, subject, headers, data, time }: Stored): Answer {
  const own = `Nats-Stream: ${config.name}\r\nNats-Subject: ${subject}\r\nNats-Sequence: ${sequence}\r\n`
  return { headers: `${headers}${own}Nats-Time-Stamp: ${new Date(Math.floor(time)).toISOString()}\r\n`, data }
}

function storedAnswer(found: Stored | undefined): Answer {
  if (found === undefined) return error(NO_MESSAGE)
  const { sequence, subject, data, time } = found
  return json({
    message: { seq: sequence, subject, data: data.toString('base64'), time: new Date(Math.floor(time)).toISOString() },
  })
}
