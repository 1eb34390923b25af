import { EventEmitter } from 'node:events'
import { type Carrier, SimulatedSocket, systemError } from './sockets.ts'
import type { SimulatedProcess, World } from './world.ts'

/** In so long a greeting is over, one way or the other. */
const AGREED_MS = 5_000

/** How a network is, while nothing breaks. */
export interface NetworkOptions {
  /** Most milliseconds that bytes are on their way, in most cases. */
  readonly latencyMs: number
  /** How often in a hundred a piece is on its way a hundred times as long. */
  readonly slow: number
  /** Bytes of one direction that are not read yet, before a writer has to wait. */
  readonly bufferBytes: number
  /** Whoever connects more often in a minute goes round in circles. */
  readonly connectsMax: number
}

/** How a process reaches others: as ever; it is refused; or nothing answers. */
type Reach = 'refused' | 'silent'

interface Way {
  /** Nothing arrives before. */
  openFrom: number
  underWayBytes: number
  /** It was cut: so many of the bytes that are under way still arrive. */
  leftBytes: number
}

/** The sockets of a world, Unix ones and TCP's, which are streams both: streams that are slow, cut in pieces, stand still, and are cut off. */
export class Network implements Carrier {
  readonly #world: World
  readonly #options: NetworkOptions
  readonly #listeners = new Map<string, SimulatedListener>()
  /** Socket files, whether or not anybody listens. */
  readonly #files = new Set<string>()
  readonly #sockets = new Set<SimulatedSocket>()
  readonly #ways = new Map<SimulatedSocket, Way>()
  readonly #barred = new Map<SimulatedProcess, Reach>()
  readonly #connects = new Map<SimulatedProcess, { readonly minute: number; readonly count: number }>()
  /** Since when a process has had no connection that both its ends believe in. */
  readonly #apartSince = new Map<SimulatedProcess, number>()

  constructor(world: World, options: NetworkOptions) {
    this.#world = world
    this.#options = options
    world.onDeath((process) => this.#died(process))
  }

  /** Milliseconds for which a process has had no connection worth the name; 0 while it has one. */
  apartMs(process: SimulatedProcess): number {
    const { now } = this.#world
    const isConnected = this.#of(process).some((socket) => socket.peer?.isGone === false && isOld(socket, now))
    return isConnected ? 0 : now - (this.#apartSince.get(process) ?? 0)
  }

  connect(path: string, hear?: () => void): SimulatedSocket {
    const world = this.#world
    this.#countConnect(world.current)
    const socket = new SimulatedSocket(world.current, this, true)
    this.#sockets.add(socket)
    if (hear !== undefined) socket.on('connect', hear)
    const reach = this.#barred.get(world.current)
    if (reach === 'silent') return socket
    const listener = this.#listeners.get(path)
    const server = reach === 'refused' ? undefined : listener?.process
    if (listener === undefined || server === undefined || !server.isAlive) {
      const code = this.#files.has(path) ? 'ECONNREFUSED' : 'ENOENT'
      world.later(this.#latency(), socket.process, 'connection refused', () => {
        this.#forget(socket)
        socket.destroy(systemError(code, 'connect'))
      })
      return socket
    }
    world.later(this.#latency(), server, 'connection comes', () => this.#accept(listener, socket))
    return socket
  }

  createServer(): SimulatedListener {
    return new SimulatedListener(this, this.#world.current)
  }

  listen(path: string, listener: SimulatedListener): void {
    if (this.#files.has(path)) throw systemError('EADDRINUSE', 'listen')
    this.#files.add(path)
    this.#listeners.set(path, listener)
  }

  unlisten(path: string, listener: SimulatedListener): void {
    if (this.#listeners.get(path) !== listener) return
    this.#listeners.delete(path)
    this.#files.delete(path)
  }

  async lstat(path: string): Promise<{ isSocket(): boolean }> {
    if (!this.#files.has(path)) throw systemError('ENOENT', 'lstat')
    return { isSocket: () => true }
  }

  async unlink(path: string): Promise<void> {
    if (!this.#files.delete(path)) throw systemError('ENOENT', 'unlink')
    this.#listeners.delete(path)
  }

  /** Whoever listened there is gone, and leaves no file behind: it was TCP. */
  free(address: string): void {
    this.#files.delete(address)
    this.#listeners.delete(address)
  }

  /** From now on a process cannot connect, until `join`. */
  bar(process: SimulatedProcess, reach: Reach): void {
    this.#barred.set(process, reach)
  }

  join(process: SimulatedProcess): void {
    this.#barred.delete(process)
  }

  /** Whether anything is on its way to or from a process. */
  isBusy(process: SimulatedProcess): boolean {
    const ends = this.#of(process).flatMap((socket) => (socket.peer === undefined ? [] : [socket, socket.peer]))
    return ends.some((end) => this.#way(end).underWayBytes > 0)
  }

  /**
   * Cuts the connections of a process: of what is on its way either way as much arrives as it happens, in its time and up to any
   * byte, and the rest is lost. Each end hears of it when it does.
   *
   * @returns How many bytes are lost.
   */
  cut(process: SimulatedProcess, hearMs: () => number): number {
    let lostBytes = 0
    for (const socket of this.#of(process)) {
      for (const end of [socket, socket.peer]) {
        if (end === undefined) continue
        this.#leave(end)
        end.isCut = true
        const way = this.#way(end)
        way.leftBytes = this.#world.random.below(way.underWayBytes + 1)
        lostBytes += way.underWayBytes - way.leftBytes
        const lost = () => end.destroy(systemError('ECONNRESET', 'read'))
        this.#world.later(hearMs(), end.process, 'connection lost', lost)
      }
    }
    return lostBytes
  }

  /** Nothing gets through to or from a process for so long, or for longer where it stalled already: no byte overtakes another. */
  stall(process: SimulatedProcess, ms: number): void {
    const openFrom = this.#world.now + ms
    for (const socket of this.#of(process)) {
      for (const end of [socket, socket.peer]) {
        if (end === undefined) continue
        const way = this.#way(end)
        way.openFrom = Math.max(way.openFrom, openFrom)
      }
    }
  }

  carry(from: SimulatedSocket, bytes: Buffer): boolean {
    const { peer } = from
    if (peer === undefined) return true
    const way = this.#way(from)
    way.underWayBytes += bytes.length
    const { random } = this.#world
    const cut = bytes.length > 1 && random.chance(20) ? random.between(1, bytes.length - 1) : bytes.length
    for (const piece of [bytes.subarray(0, cut), bytes.subarray(cut)]) {
      if (piece.length === 0) continue
      this.#arriving(way, peer, `${piece.length} bytes`, () => {
        way.underWayBytes -= piece.length
        const arrives = piece.subarray(0, way.leftBytes)
        way.leftBytes -= arrives.length
        if (arrives.length > 0) peer.arrive(arrives)
      })
    }
    return this.#hasRoom(from)
  }

  ended(from: SimulatedSocket): void {
    const { peer } = from
    if (peer === undefined || from.isCut) return
    this.#arriving(this.#way(from), peer, 'end', () => peer.isCut || peer.arriveEnd())
  }

  closed(from: SimulatedSocket): void {
    this.#forget(from)
    const { peer } = from
    if (peer === undefined || from.isCut) return
    // What had come and was not read makes it a reset. Source: Linux net/unix/af_unix.c, unix_release_sock().
    if (from.arrivedBytes === 0) return this.ended(from)
    this.#arriving(this.#way(from), peer, 'reset', () => {
      if (!peer.isCut) peer.destroy(systemError('ECONNRESET', 'read'))
    })
  }

  read(by: SimulatedSocket): void {
    const { peer } = by
    if (peer === undefined || peer.isGone || !peer.needsRoom || !this.#hasRoom(peer)) return
    this.#world.later(this.#latency(), peer.process, 'room', () => peer.room())
  }

  #countConnect(process: SimulatedProcess): void {
    const minute = Math.floor(this.#world.now / 60_000)
    const before = this.#connects.get(process)
    const count = before?.minute === minute ? before.count + 1 : 1
    this.#connects.set(process, { minute, count })
    if (count > this.#options.connectsMax) this.#world.fail(`${process.name} connected ${count} times in a minute`)
  }

  #accept(listener: SimulatedListener, client: SimulatedSocket): void {
    if (client.isGone || client.isCut || !listener.process.isAlive) return
    const socket = new SimulatedSocket(listener.process, this, false)
    this.#sockets.add(socket)
    socket.peer = client
    client.peer = socket
    socket.connectedAt = this.#world.now
    client.connectedAt = this.#world.now
    this.#world.later(this.#latency(), client.process, 'connected', () => {
      if (!client.isGone) client.connected()
    })
    listener.accepted(socket)
  }

  #arriving(way: Way, at: SimulatedSocket, what: string, run: () => void): void {
    const time = Math.max(way.openFrom, this.#world.now + this.#latency())
    way.openFrom = time
    this.#world.later(time - this.#world.now, at.process, what, () => {
      if (!at.isGone) run()
    })
  }

  #latency(): number {
    const { random } = this.#world
    const ms = (this.#options.latencyMs * random.below(1000)) / 1000
    return random.below(1000) < this.#options.slow * 10 ? ms * 100 : ms
  }

  #way(from: SimulatedSocket): Way {
    let way = this.#ways.get(from)
    if (way === undefined) {
      way = { openFrom: 0, underWayBytes: 0, leftBytes: Number.POSITIVE_INFINITY }
      this.#ways.set(from, way)
    }
    return way
  }

  #hasRoom(from: SimulatedSocket): boolean {
    return this.#way(from).underWayBytes + (from.peer?.arrivedBytes ?? 0) < this.#options.bufferBytes
  }

  #of(process: SimulatedProcess): SimulatedSocket[] {
    return [...this.#sockets].filter((socket) => socket.process === process)
  }

  #forget(socket: SimulatedSocket): void {
    socket.isGone = true
    this.#leave(socket)
  }

  /** It counts as a connection no more. */
  #leave(socket: SimulatedSocket): void {
    if (!this.#sockets.delete(socket) || socket.peer === undefined || !isOld(socket, this.#world.now)) return
    for (const end of [socket, socket.peer]) this.#apartSince.set(end.process, this.#world.now)
  }

  /** The kernel closes what was open. */
  #died(process: SimulatedProcess): void {
    for (const socket of this.#of(process)) this.closed(socket)
    for (const [path, listener] of this.#listeners) if (listener.process === process) this.#listeners.delete(path)
    this.#barred.delete(process)
  }
}

/** Whether a connection has lasted so long that a session was surely agreed on. */
function isOld(socket: SimulatedSocket, now: number): boolean {
  return now - socket.connectedAt > AGREED_MS
}

/** What listens: as Node's server, as far as a daemon uses it. */
export class SimulatedListener extends EventEmitter {
  readonly process: SimulatedProcess
  readonly #network: Network
  #path = ''
  #open = 0
  #isClosing = false

  constructor(network: Network, process: SimulatedProcess) {
    super()
    this.#network = network
    this.process = process
  }

  listen({ path }: { readonly path: string }, hear: () => void): void {
    try {
      this.#network.listen(path, this)
    } catch (error) {
      process.nextTick(() => this.emit('error', error))
      return
    }
    this.#path = path
    process.nextTick(hear)
  }

  accepted(socket: SimulatedSocket): void {
    this.#open++
    socket.on('close', () => {
      this.#open--
      this.#closedAll()
    })
    this.emit('connection', socket)
  }

  close(hear?: () => void): void {
    this.#network.unlisten(this.#path, this)
    if (hear !== undefined) this.once('close', hear)
    this.#isClosing = true
    process.nextTick(() => this.#closedAll())
  }

  #closedAll(): void {
    if (this.#isClosing && this.#open === 0) this.emit('close')
  }
}
