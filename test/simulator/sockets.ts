import { Duplex } from 'node:stream'
import type { SimulatedProcess } from './world.ts'

/** What carries bytes from one end of a connection to the other. */
export interface Carrier {
  /** Takes bytes on their way. @returns Whether there is room for more at once; if not, `room` is called when there is. */
  carry(from: SimulatedSocket, bytes: Buffer): boolean
  /** Nothing more comes from this end. */
  ended(from: SimulatedSocket): void
  /** This end is gone. */
  closed(from: SimulatedSocket): void
  /** Some of what had arrived was read. */
  read(by: SimulatedSocket): void
}

/**
 * One end of a connection: Node's own stream over bytes that a world carries. What its process writes stays on its way when
 * the process ends, as in a kernel.
 */
export class SimulatedSocket extends Duplex {
  readonly process: SimulatedProcess
  readonly #carrier: Carrier
  /** Once both ends are there. */
  peer: SimulatedSocket | undefined
  isConnecting: boolean
  /** When its peer was there, milliseconds of the world. */
  connectedAt: number = Number.POSITIVE_INFINITY
  /** Arrived and not read. */
  readonly #arrived: Buffer[] = []
  arrivedBytes = 0
  #hasEnded = false
  #wants = false
  #early: (() => void) | undefined
  #room: (() => void) | undefined
  /** The kernel has let go of it. */
  isGone = false
  /** Cut off, and its process does not know: what it writes is lost. */
  isCut = false

  constructor(process: SimulatedProcess, carrier: Carrier, isConnecting: boolean) {
    super({ allowHalfOpen: false, highWaterMark: 16_384 })
    this.process = process
    this.#carrier = carrier
    this.isConnecting = isConnecting
  }

  ref(): this {
    return this
  }

  unref(): this {
    return this
  }

  setNoDelay(): this {
    return this
  }

  /** It is connected: what was written before goes. */
  connected(): void {
    this.isConnecting = false
    this.emit('connect')
    this.#early?.()
    this.#early = undefined
  }

  /** Bytes have come. */
  arrive(bytes: Buffer): void {
    if (this.isGone) return
    this.#arrived.push(bytes)
    this.arrivedBytes += bytes.length
    this.#give()
  }

  /** The other end has said all. */
  arriveEnd(): void {
    if (this.isGone || this.#hasEnded) return
    this.#hasEnded = true
    this.#give()
  }

  /** A write waits for room. */
  get needsRoom(): boolean {
    return this.#room !== undefined
  }

  /** The other end has room again. */
  room(): void {
    const room = this.#room
    this.#room = undefined
    room?.()
  }

  override _read(): void {
    this.#wants = true
    this.#give()
  }

  override _write(bytes: Buffer, _: string, done: (error?: Error | null) => void): void {
    if (this.isConnecting) {
      this.#early = () => this._write(bytes, _, done)
      return
    }
    if (this.isCut) return done()
    if (this.isGone) return done(systemError('EPIPE', 'write'))
    if (this.#carrier.carry(this, Buffer.from(bytes))) done()
    else this.#room = done
  }

  override _final(done: (error?: Error | null) => void): void {
    if (!this.isGone) this.#carrier.ended(this)
    done()
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    if (!this.isGone) this.#carrier.closed(this)
    done(error)
  }

  #give(): void {
    while (this.#wants) {
      const piece = this.#arrived.shift()
      if (piece === undefined) break
      this.arrivedBytes -= piece.length
      this.#wants = this.push(piece)
      this.#carrier.read(this)
    }
    if (!this.#wants || !this.#hasEnded || this.#arrived.length > 0) return
    this.#wants = false
    this.push(null)
  }
}

export function systemError(code: string, syscall: string): Error {
  return Object.assign(new Error(`${syscall} ${code}`), { code, syscall })
}
