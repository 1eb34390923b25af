import crypto from 'node:crypto'
import fsp from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import net from 'node:net'
import timers from 'node:timers/promises'
import type { Network } from './network.ts'
import type { SimulatedSocket } from './sockets.ts'
import type { SimulatedEvent, World } from './world.ts'

/** The longest that a timer of Node's waits. */
const TIMEOUT_MS_MAX = 2 ** 31 - 1
/** A timer is never early, and by so much late. */
const LATE_MS = 2

type TcpAddress = [port: number, host: string, hear?: () => void]

type Anything = (...values: never[]) => unknown

/** A part of Node's that is another one in a world. */
interface Replaced {
  readonly owner: object
  readonly name: string
  readonly by: Anything
}

/**
 * Puts a world in the place of what Node gives the code that runs in it: clocks, timers, randomness, sockets and their files.
 * Disks it is given through an interface. Nothing else of the code under test reaches for the real world.
 *
 * @returns What brings Node's own back.
 */
export function enter(world: World, network: Network): () => void {
  const parts: Replaced[] = [
    ...timersOf(world),
    { owner: Date, name: 'now', by: () => world.current.wallMs(world.now) },
    { owner: performance, name: 'now', by: () => world.current.uptimeMs(world.now) },
    { owner: Math, name: 'random', by: () => world.random.next() / 2 ** 32 },
    { owner: crypto, name: 'randomInt', by: (least: number, end: number) => randomInt(world, least, end) },
    { owner: crypto, name: 'randomBytes', by: (length: number) => randomBytes(world, length) },
    { owner: net, name: 'connect', by: (to: string | Reading, hear?: () => void) => connect(network, to, hear) },
    { owner: net, name: 'createConnection', by: (...to: TcpAddress) => network.connect(`${to[1]}:${to[0]}`, to[2]) },
    { owner: net, name: 'createServer', by: () => network.createServer() },
    { owner: fsp, name: 'lstat', by: (path: string) => network.lstat(path) },
    { owner: fsp, name: 'unlink', by: (path: string) => network.unlink(path) },
    { owner: fsp, name: 'chmod', by: async () => undefined },
    { owner: fsp, name: 'chown', by: async () => undefined },
  ]
  const before = parts.map(({ owner, name }) => Object.getOwnPropertyDescriptor(owner, name))
  for (const { owner, name, by } of parts) {
    Object.defineProperty(owner, name, { value: by, configurable: true, enumerable: true, writable: true })
  }
  syncBuiltinESMExports()
  const unhandled = (error: unknown) => world.fail(error)
  process.on('unhandledRejection', unhandled)
  process.on('uncaughtException', unhandled)
  return () => {
    process.off('unhandledRejection', unhandled)
    process.off('uncaughtException', unhandled)
    for (const [index, { owner, name }] of parts.entries()) {
      const own = before[index]
      if (own === undefined) Reflect.deleteProperty(owner, name)
      else Object.defineProperty(owner, name, own)
    }
    syncBuiltinESMExports()
  }
}

/** A connection whose bytes come in a buffer that is used again and again. */
interface Reading {
  readonly path: string
  readonly onread: { readonly buffer: Buffer; readonly callback: (bytes: number, buffer: Buffer) => boolean }
}

function connect(network: Network, to: string | Reading, hear?: () => void): SimulatedSocket {
  if (typeof to === 'string') return network.connect(to, hear)
  const socket = network.connect(to.path, hear)
  const { buffer, callback } = to.onread
  socket.on('data', (piece: Buffer) => {
    for (let at = 0; at < piece.length; ) {
      const bytes = piece.copy(buffer, 0, at)
      at += bytes
      callback(bytes, buffer)
    }
  })
  return socket
}

function timersOf(world: World): Replaced[] {
  const clear = (timer: unknown) => {
    if (timer instanceof Timer) timer.close()
  }
  const setTimeout = (run: () => void, ms?: number) => new Timer(world, run, ms)
  const setInterval = (run: () => void, ms?: number) => new Timer(world, run, ms, true)
  const setImmediate = (run: () => void) => {
    const timer = new Timer(world, run)
    timer.immediate()
    return timer
  }
  return [
    { owner: globalThis, name: 'setTimeout', by: begun(setTimeout) },
    { owner: globalThis, name: 'setInterval', by: begun(setInterval) },
    { owner: globalThis, name: 'setImmediate', by: setImmediate },
    { owner: globalThis, name: 'clearTimeout', by: clear },
    { owner: globalThis, name: 'clearInterval', by: clear },
    { owner: globalThis, name: 'clearImmediate', by: clear },
    {
      owner: timers,
      name: 'setTimeout',
      by: (ms?: number) => new Promise<void>((resolve) => begun(setTimeout)(resolve, ms)),
    },
    { owner: timers, name: 'setImmediate', by: () => new Promise<void>((resolve) => setImmediate(resolve)) },
  ]
}

function begun(make: (run: () => void, ms?: number) => Timer): (run: () => void, ms?: number) => Timer {
  return (run, ms) => {
    const timer = make(run, ms)
    timer.refresh()
    return timer
  }
}

/** A timer of the process that made it. */
class Timer {
  readonly #world: World
  readonly #process: World['current']
  readonly #run: () => void
  readonly #ms: number
  readonly #isRepeated: boolean
  #event: SimulatedEvent | undefined

  constructor(world: World, run: () => void, ms = 1, isRepeated = false) {
    this.#world = world
    this.#process = world.current
    this.#run = run
    this.#ms = ms >= 1 && ms <= TIMEOUT_MS_MAX ? ms : 1
    this.#isRepeated = isRepeated
  }

  refresh(): this {
    this.close()
    const { random } = this.#world
    const late = random.chance(50) ? 0 : random.below(LATE_MS * 1000) / 1000
    this.#event = this.#world.later(this.#ms / this.#process.clockRate + late, this.#process, 'timer', () => {
      if (this.#isRepeated) this.refresh()
      this.#run()
    })
    return this
  }

  /** After what is due now. */
  immediate(): void {
    this.#event = this.#world.later(0, this.#process, 'immediate', this.#run)
  }

  close(): void {
    if (this.#event !== undefined) this.#event.isCancelled = true
  }

  ref(): this {
    return this
  }

  unref(): this {
    return this
  }

  hasRef(): boolean {
    return true
  }
}

function randomInt({ random }: World, least: number, end: number): number {
  return least + Math.floor((random.next() / 2 ** 32) * (end - least))
}

function randomBytes({ random }: World, length: number): Buffer {
  return Buffer.from(Array.from({ length }, () => random.below(256)))
}
