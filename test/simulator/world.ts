import { crc32 } from 'node:zlib'
import { Random } from '../oracle/random.ts'
import { EventHeap } from './event-heap.ts'

/** Node's own, whatever stands in its place while a world runs. */
const realSetImmediate = setImmediate

/** When worlds begin, milliseconds since 1970. */
const BEGINNING = Date.UTC(2012, 7, 10)
/** What a process's clock is ahead of the world's, to begin with. */
const SKEWS_MS = [0, 0, 0, 1, 250, -250, 3_000, -3_000]
/**
 * How fast its clocks run. A good quartz is within 50 millionths, and Linux lets a time server slew by 500 (MAXFREQ, in
 * linux/timex.h); the clocks of a virtual machine that is overloaded are off by more.
 */
const RATES = [1, 1, 1.00005, 0.99995, 1.0005, 0.9995, 1.01, 0.99]
/** So many events are asked of Node's loop at once: each with all its microtasks, and no look at the real world between. */
const EVENTS_A_TURN = 256
/** What waits for its time waits for so many events. */
const PATIENCE_EVENTS = 1_000
/** So many characters are hashed at once: a call for each line takes longer than what it hashes. */
const HASHED_AT_ONCE = 16_384
/** What a failure shows of what went before it. */
const LAST_EVENTS = 40

/** Something that happens at a moment, in a process. */
export interface SimulatedEvent {
  readonly time: number
  readonly order: number
  readonly process: SimulatedProcess
  readonly what: string
  readonly run: () => void
  isCancelled: boolean
}

/** What runs by itself, has its own clock, and ends by itself. Everything that it waits for ends with it. */
export class SimulatedProcess {
  readonly name: string
  readonly pid: number
  /** What its wall clock is ahead of the world's, milliseconds. */
  clockAheadMs = 0
  /** Milliseconds of its clocks and timers that are one of the world's. */
  clockRate = 1
  isAlive = true
  /** Stopped, as by SIGSTOP: what happens to it waits. */
  isStopped = false
  readonly delayed: SimulatedEvent[] = []
  readonly #startedAt: number

  constructor(name: string, pid: number, startedAt: number) {
    this.name = name
    this.pid = pid
    this.#startedAt = startedAt
  }

  /** Milliseconds of a clock that never goes back. */
  uptimeMs(now: number): number {
    return (now - this.#startedAt) * this.clockRate
  }

  /** Milliseconds since 1970, as it believes. */
  wallMs(now: number): number {
    return Math.floor(BEGINNING + this.#startedAt + this.uptimeMs(now) + this.clockAheadMs)
  }
}

/**
 * A world in one process: its time is a number, what happens is a list, and the seed decides the rest. An event runs with
 * all the microtasks that come of it; then the next one, whenever that is.
 */
export class World {
  readonly random: Random
  /** Milliseconds since it began. */
  now = 0
  /** Whose event runs: what it asks of Node it asks for itself. */
  current: SimulatedProcess
  /** The world itself: who breaks things, and looks. */
  readonly outside: SimulatedProcess
  /** Looks after every event. Throws what is wrong. */
  afterEvent: () => void = () => undefined
  /** Is told every line of what happens. */
  trace: ((line: string) => void) | undefined
  readonly #events = new EventHeap()
  #amidst: {
    readonly count: number
    readonly what: string
    readonly run: () => void
    readonly isTime: () => boolean
  }[] = []
  readonly #deaths: ((process: SimulatedProcess) => void)[] = []
  #order = 0
  #lastPid = 100
  #hash = 0
  /** Lines that are no part of the hash yet. */
  #unhashed = ''
  #count = 0
  readonly #last: string[] = []
  #failure: Error | undefined
  #isOver = false

  constructor(seed: number) {
    this.random = new Random(seed)
    this.outside = new SimulatedProcess('world', 1, 0)
    this.current = this.outside
  }

  /** Of everything that happened, in order: two runs of one seed have the same. */
  get hash(): string {
    this.#addToHash()
    return (this.#hash >>> 0).toString(16).padStart(8, '0')
  }

  get events(): number {
    return this.#count
  }

  /** What happened last, a line each. */
  get lastEvents(): readonly string[] {
    return this.#last
  }

  /** Has something happen later. */
  later(afterMs: number, process: SimulatedProcess, what: string, run: () => void): SimulatedEvent {
    const event = {
      time: this.now + Math.max(0, afterMs),
      order: ++this.#order,
      process,
      what,
      run,
      isCancelled: false,
    }
    this.#events.push(event)
    return event
  }

  /**
   * Has something happen after so many more events, whenever they are: in the midst of what is going on.
   *
   * @param isTime Waited for, for some time.
   */
  amidst(events: number, what: string, run: () => void, isTime: () => boolean = () => true): void {
    this.#amidst.push({ count: this.#count + events, what, run, isTime })
  }

  /** Writes down what happened: it is a part of the hash. */
  note(what: string): void {
    const line = `${(this.now / 1000).toFixed(6)} ${this.current.name}: ${what}`
    this.#unhashed += line
    if (this.#unhashed.length > HASHED_AT_ONCE) this.#addToHash()
    if (this.#last.push(line) > LAST_EVENTS) this.#last.shift()
    this.trace?.(line)
  }

  #addToHash(): void {
    this.#hash = crc32(this.#unhashed, this.#hash)
    this.#unhashed = ''
  }

  /** Begins a process. @param main What it does; it ends when that rejects, as a program does. */
  spawn(name: string, main: (process: SimulatedProcess) => Promise<void>): SimulatedProcess {
    const process = new SimulatedProcess(name, ++this.#lastPid, this.now)
    process.clockAheadMs = this.random.pick(SKEWS_MS)
    process.clockRate = this.random.pick(RATES)
    this.later(0, process, 'starts', () => {
      main(process).catch((error: unknown) => this.fail(error))
    })
    return process
  }

  /** Hears of every process that ends, before anything else happens. */
  onDeath(hear: (process: SimulatedProcess) => void): void {
    this.#deaths.push(hear)
  }

  /** Ends a process: nothing that it waited for ever comes. */
  kill(process: SimulatedProcess, why: string): void {
    if (!process.isAlive) return
    process.isAlive = false
    this.note(`${process.name} ends: ${why}`)
    for (const hear of this.#deaths) hear(process)
  }

  stop(process: SimulatedProcess): void {
    process.isStopped = true
  }

  goOn(process: SimulatedProcess): void {
    process.isStopped = false
    for (const { process: of, what, run, isCancelled } of process.delayed.splice(0)) {
      if (!isCancelled) this.later(0, of, what, run)
    }
  }

  /** Ends the run with an error, unless it has ended. */
  fail(error: unknown): void {
    this.#failure ??= error instanceof Error ? error : new Error(String(error))
    this.#isOver = true
  }

  /** Ends the run. */
  finish(): void {
    this.#isOver = true
  }

  /** Lets things happen until `finish`. @throws what was wrong; or that nothing is left to happen. */
  run(): Promise<void> {
    return new Promise((resolve, reject) => {
      let left = 0
      const turn = () => {
        left = EVENTS_A_TURN
        for (let count = 0; count < EVENTS_A_TURN; count++) realSetImmediate(step)
      }
      const step = () => {
        left--
        if (!this.#isOver) this.#step()
        if (left > 0) return
        if (!this.#isOver) return turn()
        if (this.#failure === undefined) resolve()
        else reject(this.#failure)
      }
      turn()
    })
  }

  #step(): void {
    try {
      this.current = this.outside
      if (this.#count > 0) this.afterEvent()
      this.#interrupt()
      const event = this.#next()
      if (event === undefined) throw new Error('nothing is left to happen')
      this.now = Math.max(this.now, event.time)
      this.current = event.process
      this.#count++
      this.note(event.what)
      event.run()
    } catch (error) {
      this.fail(error)
    }
  }

  #interrupt(): void {
    if (this.#amidst.length === 0) return
    const due = this.#amidst.filter(
      ({ count, isTime }) => count <= this.#count && (isTime() || count + PATIENCE_EVENTS <= this.#count),
    )
    if (due.length === 0) return
    this.#amidst = this.#amidst.filter((each) => !due.includes(each))
    for (const { what, run } of due) {
      this.note(what)
      run()
    }
  }

  #next(): SimulatedEvent | undefined {
    for (;;) {
      const event = this.#events.pop()
      if (event === undefined) return undefined
      const { process, isCancelled } = event
      if (isCancelled || !process.isAlive) continue
      if (!process.isStopped) return event
      process.delayed.push(event)
    }
  }
}
