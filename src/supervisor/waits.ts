import { ERRNO, maskIn } from '../abi/index.ts'
import type { Listener } from './listener.ts'
import { readStatus } from './program-threads.ts'
import type { Trapped } from './trapped-call.ts'

/**
 * The kernel tells nobody of a signal for a thread whose call has been received, and so it is asked, this often: between
 * once and twice as long a program waits for its EINTR. Less is felt by nobody, and costs 15 µs a waiting thread.
 */
const LOOK_MS = 10
/** After so many looks without a waiting call there are no more until one waits. */
const IDLE_LOOKS = 100

/** What the kernel answers itself where a signal without a handler comes: the call is made again, or its program is gone. Source: include/linux/errno.h. */
const ERESTARTNOHAND = 514

/** Why a waiting call ended early: what to answer, or that nobody is there to hear it. */
export class WaitEnd extends Error {
  override readonly name = 'WaitEnd'
  readonly errno: number | undefined

  constructor(errno: number | undefined) {
    super(errno === undefined ? 'the program is gone' : `a signal came: errno ${errno}`)
    this.errno = errno
  }
}

interface Wait {
  readonly trapped: Trapped
  readonly isOnlyThread: boolean
  readonly controller: AbortController
  /** Looks that it has lived through, and of those the last ones that saw a signal. */
  looks: number
  signalled: number
}

/** The calls that may wait, each of which a signal or its program's death ends. */
export class Waits implements Disposable {
  readonly #listener: Listener
  readonly #waits = new Map<number, Wait>()
  /** One that has not been used for an abort serves its thread's next call. */
  readonly #controllers = new Map<number, AbortController>()
  #timer: NodeJS.Timeout | undefined
  #idle = 0

  constructor(listener: Listener) {
    this.#listener = listener
  }

  /** How many calls wait. */
  get count(): number {
    return this.#waits.size
  }

  /** Begins to look after a thread's call. @returns Aborted, with a `WaitEnd`, when it is to end. */
  begin(trapped: Trapped, pid: number): AbortSignal {
    const { tid } = trapped
    const controller = this.#controllers.get(tid) ?? new AbortController()
    this.#waits.set(tid, { trapped, isOnlyThread: pid === tid, controller, looks: 0, signalled: 0 })
    this.#timer ??= setInterval(() => this.#look(), LOOK_MS)
    this.#idle = 0
    return controller.signal
  }

  /** Ends looking after it: it is answered now. */
  end(trapped: Trapped): void {
    const { tid } = trapped
    const wait = this.#waits.get(tid)
    // The number may be another thread's by now.
    if (wait?.trapped !== trapped) return
    this.#waits.delete(tid)
    if (wait.controller.signal.aborted) this.#controllers.delete(tid)
    else this.#controllers.set(tid, wait.controller)
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
    for (const { controller } of this.#waits.values()) controller.abort(new WaitEnd(undefined))
  }

  #look(): void {
    if (this.#waits.size === 0 && ++this.#idle > IDLE_LOOKS) {
      clearInterval(this.#timer)
      this.#timer = undefined
      this.#controllers.clear()
    }
    for (const wait of this.#waits.values()) {
      // Most calls end at once, and need no look.
      if (wait.looks++ > 0 && !wait.controller.signal.aborted) this.#lookAt(wait)
    }
  }

  #lookAt(wait: Wait): void {
    const { trapped, controller, isOnlyThread } = wait
    if (!this.#listener.isWaiting(trapped)) return controller.abort(new WaitEnd(undefined))
    const errno = errnoOfSignals(trapped.tid)
    wait.signalled = errno === undefined ? 0 : wait.signalled + 1
    // Another thread of the process may be about to take the signal: the kernel prefers the first thread.
    if (errno !== undefined && (isOnlyThread || wait.signalled > 1)) controller.abort(new WaitEnd(errno))
  }
}

/** What a call is to answer because of the signals that wait for its thread; `undefined` where there are none. */
function errnoOfSignals(tid: number): number | undefined {
  const status = readStatus(tid)
  const mask = (name: string) => maskIn(status, name)
  const pending = (mask('SigPnd') | mask('ShdPnd')) & ~mask('SigBlk') & ~mask('SigIgn')
  if (pending === 0n) return undefined
  return (pending & mask('SigCgt')) === 0n ? ERESTARTNOHAND : ERRNO.EINTR
}
