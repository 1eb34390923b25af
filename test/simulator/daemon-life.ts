import { IPC_CREAT, IPC_SET } from '../../src/abi/index.ts'
import type { LinkOptions } from '../../src/backends/daemon/client/link.ts'
import { openDaemonNamespace } from '../../src/backends/daemon/index.ts'
import { type Durability, JournalError } from '../../src/backends/daemon/journal/index.ts'
import { EngineService } from '../../src/backends/daemon/server/engine-service.ts'
import { Server } from '../../src/backends/daemon/server/server.ts'
import { BackendError, type IpcNamespace } from '../../src/contract/index.ts'
import type { Caller, Engine, Entry } from '../../src/engine/index.ts'
import { Account } from './account.ts'
import { DaemonFaults } from './daemon-faults.ts'
import { SimulatedDisk } from './disk.ts'
import { JournalWatch, ROOT } from './journal-watch.ts'
import type { LifeReport } from './lives.ts'
import { Network } from './network.ts'
import { Program, textOf } from './programs.ts'
import type { SimulatedSocket } from './sockets.ts'
import { ask, delay, play, soon } from './stage.ts'
import { takeAll } from './take-all.ts'
import { type SimulatedProcess, World } from './world.ts'

const SOCKET = '/simulated/msgq.sock'
const KEYS = [11, 12, 13]
/** A daemon that could not start is started again, as a service manager does. */
const START_AGAIN_MS = 1_000
/** A crash may come while all is taken, and a daemon on a slow disk takes long to start. */
const PATIENCE_MS = 200_000
/** A session that ends sooner than this after its client was there ends too early. The daemon gives it 60 s. */
const GRACE_MS_LEAST = 59_000

export interface LifeOptions {
  /** Counts of faults between two counts of all messages, and of those counts. */
  readonly faults: number
  readonly counts: number
}

interface Client {
  readonly process: SimulatedProcess
  namespace: IpcNamespace | undefined
  program: Program | undefined
}

/** A daemon with a journal on a disk, and clients behind sockets; all of it breaks, and in the end everything is counted. */
export class DaemonLife {
  readonly world: World
  readonly disk: SimulatedDisk
  readonly network: Network
  readonly durability: Durability
  readonly thinkMs: number
  readonly watch: JournalWatch
  readonly counts: Map<string, number> = new Map()
  readonly #options: LifeOptions
  readonly #account = new Account()
  readonly #journal: { readonly segmentBytes: number; readonly imageEveryBytes: number; readonly retain: object }
  readonly #tasks: number
  readonly #clientCount: number
  readonly #owners = new Map<number, SimulatedProcess>()
  readonly #processes = new Map<number, SimulatedProcess>()
  /** Clients that close, and what they had received that is shown again. */
  readonly #closing = new Map<SimulatedProcess, string | undefined>()
  readonly #faults: DaemonFaults
  #queues: number[] = []
  #started = 0
  clients: Client[] = []
  /** The daemon, while it runs, and what ends it in order. */
  daemon: SimulatedProcess | undefined
  #stopDaemon: (() => Promise<void>) | undefined
  #isServing = false
  /** Whoever comes now begins when the others go on. */
  #isQuiet = false
  readonly #waitingForDaemon: (() => void)[] = []
  /** How long a daemon that ends is missed. */
  downMs: number = START_AGAIN_MS

  constructor(seed: number, options: LifeOptions) {
    this.world = new World(seed)
    this.#options = options
    const { random } = this.world
    this.thinkMs = random.pick([2, 10, 50, 500, 3_000, 30_000])
    this.durability = random.pick(['fsync', 'fsync', 'fsync', 'interval', 'none'])
    this.#clientCount = random.between(2, 4)
    this.#tasks = random.between(1, 4)
    this.#journal = {
      segmentBytes: random.pick([8_192, 16_384, 65_536]),
      imageEveryBytes: random.pick([5_000, 20_000, 200_000]),
      retain: random.pick([{}, { ms: 60_000, bytes: 100_000 }, { ms: 3_600_000, bytes: 1_000_000 }]),
    }
    this.network = new Network(this.world, {
      latencyMs: random.pick([0.2, 2, 20]),
      slow: random.pick([0, 1, 5]),
      bufferBytes: random.pick([2_048, 65_536]),
      // A client that finds nobody waits for 200 ms before it tries again.
      connectsMax: 500,
    })
    this.disk = new SimulatedDisk(random)
    const flushMs = random.pick([0.1, 1, 10, 50])
    this.disk.pause = () => this.#diskPause(flushMs)
    this.watch = new JournalWatch(this.#account, {
      before: (engine, entry) => this.#before(engine, entry),
      refused: ({ call }) => this.count(`no room for ${call.name}`),
    })
    this.#faults = new DaemonFaults(this)
    this.count(`durability ${this.durability}`)
  }

  /** @throws what is wrong. */
  async run(): Promise<LifeReport> {
    const { world } = this
    const unwatch = this.watch.begin()
    world.afterEvent = () => this.watch.look()
    world.onDeath((process) => this.#died(process))
    try {
      await play(world, this.network, () => this.#story())
    } finally {
      unwatch()
    }
    for (const [what, count] of Object.entries(this.#account.counts)) this.count(what, count)
    this.count('recoveries', this.watch.recoveries)
    this.count('calls that came again', this.watch.repeated)
    this.count('looks', this.watch.looks)
    this.count('looks that compared', this.watch.compared)
    return { hash: world.hash, hours: world.now / 3_600_000, events: world.events, counts: this.counts }
  }

  count(what: string, times = 1): void {
    if (times > 0) this.counts.set(what, (this.counts.get(what) ?? 0) + times)
  }

  /** Ends the daemon as it should end. */
  stopDaemon(): void {
    const { daemon } = this
    const stop = this.#stopDaemon
    if (daemon === undefined || stop === undefined || !this.#isServing) return
    this.#isServing = false
    this.world.later(0, daemon, 'SIGTERM', () => {
      stop().then(
        () => this.world.kill(daemon, 'stopped'),
        () => this.world.kill(daemon, 'its disk failed while it stopped'),
      )
    })
  }

  /** Ends a client as it should end, or at once; another one takes its place. */
  replaceClient(client: Client, isKilled: boolean): void {
    if (!this.clients.includes(client)) return
    this.clients = this.clients.filter((each) => each !== client)
    const { process, program, namespace } = client
    if (isKilled || program === undefined) this.world.kill(process, 'killed')
    else {
      this.world.later(0, process, 'ends', () => {
        program
          .stop()
          .then(() => this.#close(process, namespace))
          .then(
            () => this.world.kill(process, 'closed'),
            (error: unknown) => this.world.fail(error),
          )
      })
    }
    this.#startClient()
  }

  /** On a disk that stays full a client may end and say that what it received is shown again. */
  async #close(process: SimulatedProcess, namespace: IpcNamespace | undefined): Promise<void> {
    this.#closing.set(process, undefined)
    try {
      await namespace?.close()
    } catch (error) {
      if (!(error instanceof BackendError) || error.code !== 'ERR_MSGQ_NO_SPACE') throw error
      return this.count('closed, and owes accepts')
    }
    const text = this.#closing.get(process)
    if (text !== undefined)
      throw new Error(`${text} is shown again, and ${process.name}, which had it, closed in order`)
  }

  async #story(): Promise<void> {
    const { counts, faults } = this.#options
    this.#startDaemon()
    await this.#setUp()
    for (let count = 0; count < this.#clientCount; count++) this.#startClient()
    for (let number = 0; number < counts; number++) {
      for (let fault = 0; fault < faults; fault++) await this.#faults.next()
      this.#isQuiet = true
      await this.#faults.healed()
      await this.#quiet()
      this.#account.checkOrder()
      if (number === counts - 1) break
      this.#isQuiet = false
      for (const { process, program } of this.clients) this.#go(process, program)
    }
    await this.#drain()
  }

  /** Every program pauses, and nothing is under way; then all that is there is counted. */
  async #quiet(): Promise<void> {
    const since = this.world.now
    const stopping = this.clients.map(async ({ process, program, namespace }) => {
      if (program === undefined || namespace === undefined) return
      await ask(this.world, process, 'pauses', () => program.stop())
    })
    await soon(this.world, Promise.all(stopping), 'a call that never ends')
    await this.whenServed()
    this.world.note(`quiet after ${this.world.now - since} ms`)
  }

  /** Takes everything, and sees that nothing is left. */
  async #drain(): Promise<void> {
    for (const { process, program } of this.clients) if (program === undefined) this.world.kill(process, 'too late')
    this.clients = this.clients.filter(({ process }) => process.isAlive)
    const closing = this.clients.map(({ process, namespace }) =>
      ask(this.world, process, 'closes', async () => {
        await namespace?.close()
        this.world.kill(process, 'closed')
      }),
    )
    await soon(
      this.world,
      Promise.all(closing.map((each) => Promise.race([each, delay(this.world, 10_000)]))),
      'a close',
    )
    // What programs held that are gone is shown again.
    await soon(this.world, this.#nothingHeld(), 'a message that stays held')
    const last = this.world.spawn('drain', () => Promise.resolve())
    const taking = ask(this.world, last, 'takes all', async () => {
      const namespace = await connected({ reconnectMs: PATIENCE_MS })
      await takeAll(this.world, this.#account, namespace, this.#queues)
      await namespace.close()
    })
    await soon(this.world, taking, 'what takes all')
    this.#account.checkEmpty()
    this.#account.checkOrder()
  }

  /** However often the daemon is started again until then: sessions last from each start. */
  async #nothingHeld(): Promise<void> {
    while (this.watch.engine === undefined || this.watch.engine.namespace.held.size > 0) await delay(this.world, 1_000)
  }

  async #setUp(): Promise<void> {
    const setUp = this.world.spawn('set-up', () => Promise.resolve())
    this.#queues = await ask(this.world, setUp, 'makes queues', async () => {
      const namespace = await connected()
      const queues = await Promise.all(KEYS.map((key) => namespace.msgget(key, IPC_CREAT | 0o600)))
      const [small = 0] = queues
      await namespace.msgctl(small, IPC_SET, { perm: { uid: 0, gid: 0, mode: 0o600 }, qbytes: 300 })
      for (const queue of queues.slice(1)) {
        await namespace.msgctl(queue, IPC_SET, { perm: { uid: 0, gid: 0, mode: 0o600 }, qbytes: 1_000 })
      }
      await namespace.close()
      return queues
    })
    this.world.kill(setUp, 'done')
  }

  #startClient(): void {
    const { world } = this
    const client: Client = {
      process: world.spawn(`client${++this.#started}`, async () => {
        const namespace = await connected()
        const options = { queues: this.#queues, tasks: this.#tasks, thinkMs: this.thinkMs }
        const program = new Program(world, this.#account, namespace, options)
        client.namespace = namespace
        client.program = program
        if (this.clients.includes(client) && !this.#isQuiet) program.start()
      }),
      namespace: undefined,
      program: undefined,
    }
    this.#processes.set(client.process.pid, client.process)
    this.clients.push(client)
  }

  #go(process: SimulatedProcess, program: Program | undefined): void {
    if (program !== undefined) this.world.later(0, process, 'goes on', () => program.start())
  }

  #startDaemon(): void {
    const { world } = this
    this.daemon = world.spawn(`daemon${++this.#started}`, async (process) => {
      try {
        await this.#serve(process)
      } catch (error) {
        this.#faults.startFailed(error instanceof JournalError && error.code === 'ERR_MSGQ_JOURNAL_DAMAGED', error)
        world.kill(process, `did not start: ${error instanceof Error ? error.message : error}`)
      }
    })
  }

  /** What `startDaemon` does, on this disk. */
  async #serve(process: SimulatedProcess): Promise<void> {
    const service = await EngineService.open(this.disk.process(), {
      url: `unix:${SOCKET}`,
      durability: this.durability,
      ...this.#journal,
      onNotice: ({ kind }) => this.count(kind),
      onImageError: () => this.count('no image'),
    })
    const peerOf = (socket: unknown) => this.#peerOf(socket as SimulatedSocket)
    // Time stands still there between two events: to look again and again finds nothing.
    const server = await Server.listen({ path: SOCKET, service, peerOf, busyPollTurns: 0 })
    this.#isServing = true
    for (const served of this.#waitingForDaemon.splice(0)) this.world.later(0, this.world.outside, 'is served', served)
    this.#stopDaemon = async () => {
      await server.close()
      await service.close()
    }
    service.failed.then(() => this.world.kill(process, 'its disk failed'))
  }

  #peerOf({ peer }: SimulatedSocket): Caller {
    const pid = peer?.process.pid ?? 0
    return { ...ROOT, pid, tid: pid }
  }

  #died(process: SimulatedProcess): void {
    if (process !== this.daemon) return
    this.watch.ended()
    this.daemon = undefined
    this.#isServing = false
    this.#faults.daemonDied()
    const { downMs } = this
    this.downMs = START_AGAIN_MS
    this.world.later(downMs, this.world.outside, 'starts the daemon again', () => this.#startDaemon())
  }

  /** Resolves outside, when the daemon takes calls. */
  async whenServed(): Promise<void> {
    if (this.#isServing) return
    await new Promise<void>((served) => {
      this.#waitingForDaemon.push(served)
    })
  }

  /** Before an entry is applied: which messages it shows again, and whether it may. */
  #before(engine: Engine, { ticket, caller, call }: Entry): void {
    if (call.name === 'openSession') {
      const process = this.#processes.get(caller.pid)
      if (process !== undefined) this.#owners.set(ticket.session, process)
    }
    if (call.name !== 'expireSession' && call.name !== 'refuse') return
    const session = call.name === 'refuse' ? ticket.session : call.session
    const owner = this.#owners.get(session)
    for (const { queue, sequence, receive } of engine.namespace.held.values()) {
      if (receive.session !== session) continue
      // A client refuses by itself what came for a receive that was given up.
      if (call.name === 'refuse' && receive.number !== call.receive.number) continue
      const address = queue.messages.withSequence(sequence)
      if (address === undefined) continue
      const text = textOf(queue.messages.read(address).mtext)
      const wasReceived = this.#account.receiverOf(text) === owner && owner !== undefined
      const wasThere = owner?.isAlive === true && this.network.apartMs(owner) < GRACE_MS_LEAST
      if (wasReceived && wasThere) {
        if (!this.#closing.has(owner))
          throw new Error(`${text} is shown again, and ${owner.name}, which had it, is there`)
        this.#closing.set(owner, text)
      }
      this.#account.shownAgain(text, wasReceived)
    }
  }

  /** Most operations are done at once; some take as long as a flush, or much longer. */
  #diskPause(flushMs: number): Promise<void> {
    const { world } = this
    const ms = world.random.chance(2) ? flushMs * 50 : (flushMs * world.random.below(1000)) / 1000
    return new Promise((resolve) => {
      world.later(ms, world.current, 'disk', resolve)
    })
  }
}

/** Connects to a daemon that may be down for a moment. */
async function connected(options: LinkOptions = {}): Promise<IpcNamespace> {
  for (;;) {
    try {
      return await openDaemonNamespace(SOCKET, options)
    } catch (error) {
      if (!(error instanceof BackendError) || error.code !== 'ERR_MSGQ_UNAVAILABLE') throw error
      await new Promise((resolve) => {
        setTimeout(resolve, 200)
      })
    }
  }
}
