import { FRAMES_A_TURN, LATE_MS } from './limits.ts'

/**
 * Accepts that came alone, of all connections, in the order in which they came. Nobody waits for one, and its client is
 * about to make its next call: done by itself it would take a turn, a write into the journal and an answer, which that call
 * would have to wait for. So it is done with the next frame of whoever, and before it: nobody sees that it was late.
 */
export class LateAccepts {
  #accepts: (() => void)[] = []
  #timer: NodeJS.Timeout | undefined
  readonly #tooLate = () => {
    this.#timer = undefined
    this.perform()
  }

  add(accept: () => void): void {
    this.#accepts.push(accept)
    if (this.#accepts.length >= FRAMES_A_TURN) return this.perform()
    // Never stopped, only found idle: to set and stop one for each accept would cost more than what it is for.
    this.#timer ??= setTimeout(this.#tooLate, LATE_MS)
  }

  /** Does what came, before anything else is done. */
  perform(): void {
    if (this.#accepts.length === 0) return
    const accepts = this.#accepts
    this.#accepts = []
    for (const accept of accepts) accept()
  }

  /** Forgets them, as a crash does. */
  drop(): void {
    clearTimeout(this.#timer)
    this.#accepts = []
  }
}
