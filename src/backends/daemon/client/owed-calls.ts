import type { Call } from '../../../engine/index.ts'
import type { Asker } from './asking.ts'
import type { End } from './end.ts'

/** After which it is asked again. A daemon looks once a second whether its disk has room. */
const AGAIN_MS = 500

/** What says that a call was not made, or may not have been, and that it can be later. */
const LATER = [
  'ERR_MSGQ_NO_SPACE',
  'ERR_MSGQ_TOO_MANY_WAITS',
  'ERR_MSGQ_SESSION_FULL',
  'ERR_MSGQ_UNAVAILABLE',
  'ERR_MSGQ_IN_DOUBT',
]

/** A call whose end nobody hears of: an accept, a refuse, an interrupt. */
export interface Owed {
  readonly call: Call
  readonly asker: Asker
}

/** Whether a call that somebody owes is to be asked again. */
export function canBeMadeLater(end: End): boolean {
  return 'code' in end && LATER.includes(end.code)
}

/**
 * Calls that have to be made, and that the server refused for now: its disk was too full. They are asked again until they
 * are made: a program has the message that an accept is of, and would get it once more.
 */
export class OwedCalls {
  readonly #patienceMs: number
  readonly #ask: (owed: readonly Owed[]) => void
  #owed: Owed[] = []
  #timer: NodeJS.Timeout | undefined
  /** Until when this process does not end because of them; `undefined` while nothing was refused. */
  #patientUntil: number | undefined
  #isLastTime = false

  /** @param patienceMs How long a process that has nothing else to do waits until they are made. */
  constructor(patienceMs: number, ask: (owed: readonly Owed[]) => void) {
    this.#patienceMs = patienceMs
    this.#ask = ask
  }

  /** Whether some will be asked again. */
  get areWaiting(): boolean {
    return this.#timer !== undefined
  }

  /** Messages that were received and are not accepted, and will be shown again. */
  get unaccepted(): number {
    return this.#owed.reduce((sum, { call }) => sum + (call.name === 'acceptAll' ? call.receives.length : 0), 0)
  }

  /** One was refused. */
  add(owed: Owed): void {
    this.#owed.push(owed)
    const now = performance.now()
    this.#patientUntil ??= now + this.#patienceMs
    const isPatient = now < this.#patientUntil
    if (this.#isLastTime && !isPatient) return
    this.#timer ??= setTimeout(() => this.#askAgain(), AGAIN_MS)
    if (!isPatient) this.#timer.unref()
  }

  /** One was made: there is room again. */
  made(): void {
    this.#patientUntil = undefined
  }

  /** Nobody will be there later: once patience has ended they are given up. */
  close(): void {
    this.#isLastTime = true
    this.#timer?.ref()
  }

  drop(): void {
    this.#owed = []
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #askAgain(): void {
    const owed = this.#owed
    this.drop()
    this.#ask(owed)
  }
}
