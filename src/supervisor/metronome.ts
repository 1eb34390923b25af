import {
  CLOCK_MONOTONIC,
  ITIMERSPEC_BYTES,
  linuxCalls,
  SIGEV_THREAD_ID,
  SIGEVENT_BYTES,
  supervisionCalls,
  wakeSignal,
} from '../linux/index.ts'

/**
 * Ends a call that blocks this thread, with EINTR, at the next beat: what has no timeout of its own. It beats again and
 * again, for one beat may come just before the thread blocks.
 */
export class Metronome {
  readonly #calls = supervisionCalls()
  readonly #timer: number
  readonly #beats: Uint8Array
  readonly #silence = new Uint8Array(new ArrayBuffer(ITIMERSPEC_BYTES))

  /** @param beatNs Below a second. @throws {Error} there is no timer, or no signal, to be had. */
  constructor(beatNs: number) {
    const event = new Uint8Array(new ArrayBuffer(SIGEVENT_BYTES))
    const fields = new DataView(event.buffer)
    // Behind a value for the handler: the signal, how it is sent, to whom. Source: include/uapi/asm-generic/siginfo.h.
    fields.setInt32(8, wakeSignal(), true)
    fields.setInt32(12, SIGEV_THREAD_ID, true)
    fields.setInt32(16, linuxCalls().gettid(), true)
    const made = new Uint8Array(new ArrayBuffer(4))
    const { addressOf } = this.#calls
    if (this.#calls.timerCreate(CLOCK_MONOTONIC, addressOf(event), addressOf(made)) !== 0) {
      throw new Error(`no timer can be made: errno ${this.#calls.errno()}`)
    }
    this.#timer = new DataView(made.buffer).getInt32(0, true)
    this.#beats = new Uint8Array(new ArrayBuffer(ITIMERSPEC_BYTES))
    const spec = new DataView(this.#beats.buffer)
    spec.setBigInt64(8, BigInt(beatNs), true)
    spec.setBigInt64(24, BigInt(beatNs), true)
  }

  start(): void {
    this.#calls.timerSettime(this.#timer, 0, this.#calls.addressOf(this.#beats))
  }

  stop(): void {
    this.#calls.timerSettime(this.#timer, 0, this.#calls.addressOf(this.#silence))
  }
}
