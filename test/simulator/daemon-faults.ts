import type { DaemonLife } from './daemon-life.ts'
import { provableSpans } from './damage.ts'
import { delay } from './stage.ts'
import type { SimulatedProcess } from './world.ts'

/** How long a daemon is missed: shorter and longer than a client tries to come back, and than a session waits for it. */
const DOWN_MS = [1, 1, 1, 50, 50, 50, 500, 500, 3_000, 3_000, 35_000, 100_000]
const CUT_OFF_MS = [100, 5_000, 40_000, 80_000]

/** A crash comes so many events later: most of them are where most is going on. */
const AMIDST_EVENTS = 100

type Fault =
  | 'killed'
  | 'power cut'
  | 'damaged'
  | 'stopped'
  | 'paused'
  | 'client killed'
  | 'client closed'
  | 'client paused'
  | 'cut'
  | 'cut off'
  | 'stalled'
  | 'bad flushes'
  | 'disk full'
  | 'clock jumps'
  | 'nothing'

const WEIGHTS: Readonly<Record<Fault, number>> = {
  killed: 5,
  'power cut': 5,
  damaged: 2,
  stopped: 2,
  paused: 1,
  'client killed': 3,
  'client closed': 2,
  'client paused': 1,
  cut: 5,
  'cut off': 2,
  stalled: 2,
  'bad flushes': 1,
  'disk full': 2,
  'clock jumps': 2,
  nothing: 2,
}

/** Lives in which disks are full again and again, and whoever received stays there: what a full disk refuses is owed. */
const OF_FULL_DISKS: Readonly<Record<Fault, number>> = {
  ...WEIGHTS,
  'disk full': 20,
  killed: 2,
  'power cut': 1,
  'client killed': 0,
  'client closed': 1,
}
const FULL_DISKS_PERCENT = 15

/** Breaks a daemon's world, one thing after the other, and lets some of it be broken while the next breaks. */
export class DaemonFaults {
  readonly #life: DaemonLife
  readonly #weights: Readonly<Record<Fault, number>>
  #mend: (() => void)[] = []
  /** Bring back what was damaged. */
  #damage: (() => void)[] = []
  /** Makes room on the disk. */
  #fullDisk: () => void = () => undefined
  #cutsPower = false

  constructor(life: DaemonLife) {
    this.#life = life
    this.#weights = life.world.random.chance(FULL_DISKS_PERCENT) ? OF_FULL_DISKS : WEIGHTS
  }

  /** Waits a while, and breaks something. */
  async next(): Promise<void> {
    const life = this.#life
    const { random } = life.world
    // Most that breaks while nothing runs breaks nothing.
    if (random.chance(85)) await life.whenServed()
    await delay(life.world, life.thinkMs * random.pick([0.5, 3, 10, 30]) + random.below(50))
    const fault = random.weighted(this.#weights)
    life.world.note(fault)
    life.count(fault)
    this.#break(fault)
    // What is broken already is mended by and by.
    if (random.chance(50)) this.#mend.shift()?.()
  }

  /** Mends everything, and waits until the world goes its way again. */
  async healed(): Promise<void> {
    for (const mend of this.#mend.splice(0)) mend()
    this.#fullDisk()
    this.#bringBack()
    await delay(this.#life.world, 1_000)
  }

  /** What becomes of the disk when its process is gone. */
  daemonDied(): void {
    const { disk } = this.#life
    if (this.#cutsPower) disk.cutPower()
    else disk.kill()
    this.#cutsPower = false
  }

  /** A start that finds damage has changed nothing: the next one finds the files as they were. */
  startFailed(isDamaged: boolean, error: unknown): void {
    if (!isDamaged) return
    if (this.#damage.length === 0) return this.#life.world.fail(error)
    this.#life.count('damage refused')
    this.#bringBack()
  }

  #break(fault: Fault): void {
    const life = this.#life
    const { world, network, disk, daemon } = life
    const { random } = world
    const client = life.clients.length > 0 ? random.pick(life.clients) : undefined
    const lasts = (ms: number, mend: () => void) => {
      this.#mend.push(mend)
      world.later(ms, world.outside, `${fault} ends`, mend)
    }
    switch (fault) {
      case 'power cut':
      case 'killed':
        if (daemon === undefined) return
        life.downMs = random.pick(DOWN_MS)
        return this.#crash(fault, daemon)
      case 'damaged':
        if (daemon === undefined) return
        life.downMs = random.pick([1, 500])
        world.kill(daemon, fault)
        return this.#spoil()
      case 'stopped':
        life.downMs = random.pick(DOWN_MS)
        return life.stopDaemon()
      case 'paused':
        if (daemon === undefined) return
        world.stop(daemon)
        return lasts(random.pick([100, 5_000, 70_000]), () => daemon.isStopped && world.goOn(daemon))
      case 'client paused':
        if (client === undefined) return
        world.stop(client.process)
        return lasts(random.pick([100, 5_000, 70_000]), () => client.process.isStopped && world.goOn(client.process))
      case 'client killed':
      case 'client closed':
        if (client !== undefined && !client.process.isStopped) life.replaceClient(client, fault === 'client killed')
        return
      case 'cut':
        if (client !== undefined) this.#cutSoon(client.process)
        return
      case 'cut off':
        if (client === undefined) return
        network.bar(client.process, random.pick(['refused', 'silent']))
        this.#cut(client.process)
        return lasts(random.pick(CUT_OFF_MS), () => network.join(client.process))
      case 'stalled':
        if (client !== undefined) network.stall(client.process, random.pick([50, 1_000, 20_000]))
        return
      case 'bad flushes':
        disk.faults = { shortWrites: 50, failedFlushes: 5 }
        return lasts(20_000, () => {
          disk.faults = { shortWrites: 0, failedFlushes: 0 }
        })
      case 'disk full':
        // Until all is mended, mostly: some are so full, for so long, that what may use the reserve uses it up.
        disk.capacity = disk.usedBytes + random.pick([0, random.below(20_000)])
        this.#fullDisk = () => {
          disk.capacity = Number.POSITIVE_INFINITY
        }
        return void world.later(random.pick([20_000, 200_000]), world.outside, `${fault} ends`, this.#fullDisk)
      case 'clock jumps':
        return void this.#jump()
      case 'nothing':
        return
    }
  }

  /** Most crashes come while something is on its way to the disk: there is what they can lose. */
  #crash(fault: Fault, daemon: SimulatedProcess): void {
    const { world, disk, durability } = this.#life
    const { random } = world
    const isTime = random.chance(80) ? () => disk.isDirty : () => true
    const crash = () => {
      // Without an fsync for each nothing is promised of a power cut.
      this.#cutsPower = daemon.isAlive && fault === 'power cut' && durability === 'fsync'
      world.kill(daemon, fault)
    }
    world.amidst(random.below(AMIDST_EVENTS), `${fault} now`, crash, isTime)
  }

  /** Most cuts come while something is on its way: then a frame may be cut in two. */
  #cutSoon(client: SimulatedProcess): void {
    const { world, network } = this.#life
    const { random } = world
    const isTime = random.chance(80) ? () => network.isBusy(client) : () => true
    world.amidst(random.below(AMIDST_EVENTS), 'cut now', () => this.#cut(client), isTime)
  }

  #cut(client: SimulatedProcess): void {
    const lostBytes = this.#life.network.cut(client, () => this.#heardMs())
    this.#life.count('bytes cut off', lostBytes)
  }

  /** A byte of what is at rest is another one. */
  #spoil(): void {
    const { world, disk } = this.#life
    const spans = provableSpans(disk)
    if (spans.length === 0) return
    const { name, from, to } = world.random.pick(spans)
    world.note(`damages ${name}`)
    this.#damage.push(disk.damage(name, world.random.between(from, to - 1)))
  }

  #bringBack(): void {
    for (const bringBack of this.#damage.splice(0)) bringBack()
  }

  /** An end of a connection may take long to hear that it is cut. */
  #heardMs(): number {
    const { random } = this.#life.world
    return random.pick([0, 1, 10, 1_000, 30_000])
  }

  #jump(): void {
    const { world, daemon, clients } = this.#life
    const { random } = world
    const process = random.chance(50) ? daemon : clients[random.below(Math.max(1, clients.length))]?.process
    if (process !== undefined) process.clockAheadMs += random.pick([-86_400_000, -5_000, -1, 1, 5_000, 86_400_000])
  }
}
