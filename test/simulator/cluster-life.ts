import { IPC_CREAT, IPC_SET } from '../../src/abi/index.ts'
import { openJetstreamNamespace } from '../../src/backends/jetstream/index.ts'
import { JetstreamNamespace } from '../../src/backends/jetstream/jetstream-namespace.ts'
import { Node } from '../../src/backends/jetstream/node.ts'
import { Waiters } from '../../src/backends/jetstream/waiters.ts'
import { BackendError, type IpcNamespace } from '../../src/contract/index.ts'
import type { Caller } from '../../src/engine/index.ts'
import { Account } from './account.ts'
import { ClusterWatch } from './cluster-watch.ts'
import { ROOT } from './journal-watch.ts'
import type { LifeReport } from './lives.ts'
import { NatsServers } from './nats-servers.ts'
import { Network } from './network.ts'
import { Program } from './programs.ts'
import { LogServers, SimulatedLog } from './simulated-log.ts'
import { ask, delay, play, soon } from './stage.ts'
import { takeAll } from './take-all.ts'
import { type SimulatedProcess, World } from './world.ts'

const NODES = 3
const NAME = 'simulated'
const KEYS = [11, 12, 13]
/** Four heartbeats and some: then the session of a node that is gone has ended. */
const SESSION_ENDS_MS = 60_000

/** A crash comes so many events later: most of them are where most is going on. */
const AMIDST_EVENTS = 100

const WEIGHTS = {
  'node killed': 7,
  'node closed': 2,
  'node paused': 3,
  'node cut off': 4,
  'no leader': 4,
  'answers lost': 4,
  'much doubled': 3,
  'much late': 3,
  'reads behind': 3,
  'clock jumps': 2,
  nothing: 2,
} as const

/** What else breaks where there are servers. */
const OF_SERVERS = { 'server killed': 4, 'server paused': 2, 'connection cut': 3, stalled: 2 } as const

type Fault = keyof typeof WEIGHTS | keyof typeof OF_SERVERS

export interface ClusterOptions {
  readonly faults: number
  readonly counts: number
  /** What stands under the nodes: a log, or NATS servers that their own adaptor and NATS's own client talk to. */
  readonly over: 'log' | 'nats'
}

interface Member {
  readonly process: SimulatedProcess
  node: Node | undefined
  namespace: IpcNamespace | undefined
  program: Program | undefined
}

/** Nodes over a replicated log, the way to which breaks, and their programs. */
export class ClusterLife {
  readonly world: World
  readonly #servers: LogServers | NatsServers
  readonly #network: Network
  readonly #account = new Account()
  readonly #watch: ClusterWatch
  readonly #counts = new Map<string, number>()
  readonly #options: ClusterOptions
  readonly #nodeOptions: object
  readonly #thinkMs: number
  readonly #tasks: number
  #members: Member[] = []
  #queues: number[] = []
  #started = 0
  /** Whoever joins now begins when the others go on. */
  #isQuiet = false
  #mend: (() => void)[] = []

  constructor(seed: number, options: ClusterOptions) {
    this.world = new World(seed)
    this.#options = options
    const { random } = this.world
    this.#thinkMs = random.pick([5, 20, 100, 3_000])
    this.#tasks = options.over === 'nats' ? random.between(1, 2) : random.between(2, 5)
    const kept = { latencyMs: random.pick([1, 5, 50]), idMemoryMs: random.pick([500, 5_000, 120_000]) }
    this.#network = new Network(this.world, { latencyMs: 1, slow: 0, bufferBytes: 65_536, connectsMax: 2_000 })
    this.#servers =
      options.over === 'log' ? new LogServers(this.world, kept) : new NatsServers(this.world, this.#network, NAME, kept)
    this.#nodeOptions = {
      checkEvery: random.pick([20, 100, 1_000]),
      imageEveryBytes: random.pick([2_000, 20_000]),
      trimMarginRecords: random.pick([1, 10, 100]),
    }
    this.#watch = new ClusterWatch(this.#account, this.#servers)
  }

  /** @throws what is wrong. */
  async run(): Promise<LifeReport> {
    const { world } = this
    const unwatch = this.#watch.begin()
    world.afterEvent = () => this.#watch.look()
    try {
      await play(world, this.#network, () => this.#story())
    } finally {
      unwatch()
    }
    for (const [what, count] of Object.entries(this.#account.counts)) this.#count(what, count)
    for (const [what, count] of Object.entries(this.#servers.size)) this.#count(what, count)
    this.#count('looks', this.#watch.looks)
    return { hash: world.hash, hours: world.now / 3_600_000, events: world.events, counts: this.#counts }
  }

  #count(what: string, times = 1): void {
    if (times > 0) this.#counts.set(what, (this.#counts.get(what) ?? 0) + times)
  }

  async #story(): Promise<void> {
    const { counts, faults } = this.#options
    for (let count = 0; count < NODES; count++) this.#startMember()
    await this.#setUp()
    for (let number = 0; number < counts; number++) {
      for (let fault = 0; fault < faults; fault++) await this.#nextFault()
      this.#isQuiet = true
      await this.#heal()
      const stopping = this.#members.map(({ process, program }) =>
        program === undefined ? undefined : ask(this.world, process, 'pauses', () => program.stop()),
      )
      await soon(this.world, Promise.all(stopping), 'a call that never ends')
      await this.#agree()
      this.#account.checkOrder()
      if (number === counts - 1) break
      this.#isQuiet = false
      for (const { process, program } of this.#members) {
        if (program !== undefined) this.world.later(0, process, 'goes on', () => program.start())
      }
    }
    await this.#drain()
  }

  /** Every replica comes to have applied all of the log. */
  async #agree(): Promise<void> {
    const isThere = ({ node, process }: Member) =>
      !process.isAlive || node === undefined || node.status.sequence === this.#watch.sequence
    const agreed = async () => {
      while (!this.#members.every(isThere)) await delay(this.world, 100)
    }
    await soon(this.world, agreed(), 'replicas that do not come together')
  }

  async #drain(): Promise<void> {
    for (const { process, program } of this.#members) if (program === undefined) this.world.kill(process, 'too late')
    this.#members = this.#members.filter(({ process }) => process.isAlive)
    const closing = this.#members.map(({ process, namespace }) =>
      ask(this.world, process, 'closes', async () => namespace?.close()),
    )
    await soon(this.world, Promise.all(closing), 'a node that does not close')
    const last = this.#join('drain')
    // It has to be there for what dead nodes held to be shown again.
    await delay(this.world, SESSION_ENDS_MS)
    const { namespace } = last
    if (namespace === undefined) throw new Error('no node can join, and nothing is broken')
    const taking = ask(this.world, last.process, 'takes all', () =>
      takeAll(this.world, this.#account, namespace, this.#queues),
    )
    await soon(this.world, taking, 'what takes all')
    this.#account.checkEmpty()
    this.#account.checkOrder()
  }

  async #setUp(): Promise<void> {
    const [first] = this.#members
    if (first === undefined) throw new Error('assertion: there are nodes')
    await soon(this.world, this.#whenJoined(first), 'a first node')
    this.#queues = await ask(this.world, first.process, 'makes queues', async () => {
      const { namespace } = first
      if (namespace === undefined) throw new Error('assertion: it has joined')
      const queues = await Promise.all(KEYS.map((key) => namespace.msgget(key, IPC_CREAT | 0o600)))
      for (const [index, queue] of queues.entries()) {
        const settings = { perm: { uid: 0, gid: 0, mode: 0o600 }, qbytes: index === 0 ? 300 : 1_000 }
        await namespace.msgctl(queue, IPC_SET, settings)
      }
      return queues
    })
    for (const member of this.#members) this.#begin(member)
  }

  async #whenJoined(member: Member): Promise<void> {
    while (member.namespace === undefined) await delay(this.world, 10)
  }

  #startMember(): void {
    this.#members.push(this.#join(`node${++this.#started}`))
  }

  #join(name: string): Member {
    const { world } = this
    const member: Member = {
      process: world.spawn(name, async (process) => {
        const { node, namespace } = await this.#open(process)
        member.node = node
        member.namespace = namespace
        if (this.#members.includes(member)) this.#begin(member)
      }),
      node: undefined,
      namespace: undefined,
      program: undefined,
    }
    return member
  }

  /** Opens a namespace; again where nobody answers. */
  async #open(process: SimulatedProcess): Promise<{ node: Node; namespace: IpcNamespace }> {
    const servers = this.#servers
    const caller = { ...ROOT, pid: process.pid, tid: process.pid }
    for (;;) {
      try {
        if (servers instanceof NatsServers) return await this.#openOverNats(servers, caller)
        // What `openJetstreamNamespace` does, over this log.
        const node = await Node.open(new SimulatedLog(this.world, servers), this.#nodeOptions)
        const clustered = { node, waiters: new Waiters(node), url: 'nats:', readsLocally: false }
        return { node, namespace: new JetstreamNamespace(clustered, caller) }
      } catch (error) {
        if (!(error instanceof BackendError) || error.code !== 'ERR_MSGQ_UNAVAILABLE') throw error
        this.#count('could not join')
      }
    }
  }

  async #openOverNats({ servers }: NatsServers, caller: Caller): Promise<{ node: Node; namespace: IpcNamespace }> {
    const opened: Node[] = []
    const namespace = await openJetstreamNamespace(`nats://${servers.join(',')}/${NAME}`, {
      ...this.#nodeOptions,
      caller,
      onNode: (node) => opened.push(node),
    })
    const [node] = opened
    if (node === undefined) throw new Error('assertion: a namespace that is open has a node')
    return { node, namespace }
  }

  #begin(member: Member): void {
    const { namespace, process } = member
    if (namespace === undefined || this.#queues.length === 0 || member.program !== undefined) return
    this.world.later(0, process, 'program starts', () => {
      const options = { queues: this.#queues, tasks: this.#tasks, thinkMs: this.#thinkMs }
      member.program = new Program(this.world, this.#account, namespace, options)
      if (!this.#isQuiet) member.program.start()
    })
  }

  async #nextFault(): Promise<void> {
    const { world } = this
    const { random } = world
    await delay(world, this.#thinkMs * random.pick([0.5, 3, 10, 30]) + random.below(50))
    const fault = random.weighted(this.#options.over === 'log' ? WEIGHTS : { ...WEIGHTS, ...OF_SERVERS })
    world.note(fault)
    this.#count(fault)
    this.#break(fault)
    if (random.chance(50)) this.#mend.shift()?.()
  }

  async #heal(): Promise<void> {
    for (const mend of this.#mend.splice(0)) mend()
    this.#servers.heal()
    await delay(this.world, 1_000)
  }

  #break(fault: Fault): void {
    const { world } = this
    const servers = this.#servers
    const { random } = world
    const member = random.pick(this.#members)
    const lasts = (ms: number, mend: () => void) => {
      this.#mend.push(mend)
      world.later(ms, world.outside, `${fault} ends`, mend)
    }
    const worse = (faults: Partial<LogServers['faults']>) => {
      servers.faults = { ...servers.faults, ...faults }
      lasts(random.pick([1_000, 20_000]), () => {
        servers.faults = { lost: 0, doubled: 0, late: 0 }
      })
    }
    switch (fault) {
      case 'node killed':
        return world.amidst(
          random.below(AMIDST_EVENTS),
          `${fault} now`,
          // Whoever is to pause or to close now is not killed any more: that would never end.
          () => this.#isQuiet || this.#replace(member, true),
          () => !this.#isQuiet,
        )
      case 'node closed':
        return this.#replace(member, false)
      case 'node paused':
        world.stop(member.process)
        return lasts(random.pick([100, 5_000, 60_000]), () => member.process.isStopped && world.goOn(member.process))
      case 'node cut off':
        servers.cut(member.process, random.pick(['both', 'both', 'to', 'from']))
        return lasts(random.pick([1_000, 10_000, 60_000]), () => servers.join(member.process))
      case 'no leader':
        servers.isDown = true
        return lasts(random.pick([500, 9_000, 20_000]), () => {
          servers.isDown = false
        })
      case 'answers lost':
        return worse({ lost: random.pick([5, 30]) })
      case 'much doubled':
        return worse({ doubled: 50 })
      case 'much late':
        return worse({ late: 30 })
      case 'reads behind':
        servers.behind = random.pick([1, 5])
        return lasts(10_000, () => {
          servers.behind = 0
        })
      case 'clock jumps':
        member.process.clockAheadMs += random.pick([-86_400_000, -5_000, -1, 1, 5_000, 86_400_000])
        return
      case 'server killed':
        if (servers instanceof NatsServers) servers.killServer(random.pick([50, 2_000, 20_000]))
        return
      case 'server paused':
        if (servers instanceof NatsServers) servers.pauseServer(random.pick([100, 1_000, 8_000]))
        return
      case 'connection cut':
        return world.amidst(
          random.below(AMIDST_EVENTS),
          `${fault} now`,
          () => {
            this.#count(
              'bytes cut off',
              this.#network.cut(member.process, () => random.pick([0, 10, 1_000])),
            )
          },
          () => this.#network.isBusy(member.process),
        )
      case 'stalled':
        return this.#network.stall(member.process, random.pick([50, 1_000, 5_000]))
      case 'nothing':
        return
    }
  }

  #replace(member: Member, isKilled: boolean): void {
    const { world } = this
    const { process, program, namespace } = member
    if (process.isStopped || !this.#members.includes(member)) return
    this.#members = this.#members.filter((each) => each !== member)
    if (isKilled || program === undefined) world.kill(process, 'killed')
    else {
      world.later(0, process, 'ends', () => {
        program
          .stop()
          .then(() => namespace?.close())
          .then(
            () => world.kill(process, 'closed'),
            (error: unknown) => world.fail(error),
          )
      })
    }
    this.#startMember()
  }
}
