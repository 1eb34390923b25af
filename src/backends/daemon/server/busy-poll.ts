/** Of 2^10 answers one is still followed by a poll, where none found anything: 40 µs in each thousand calls. */
const MISSES_MAX = 10

/** An answer after fewer turns shows that the client ran where this process had to: a poll gains nothing there. */
const EARLY_TURNS = 2
const SKIPPED_WHEN_EARLY = 7

/**
 * Busy polling: for some turns after an answer the event loop looks for the next frame without going to sleep. To be woken
 * costs a processor that has gone idle more than the call itself. Who makes one call after the other is answered in three
 * quarters of the time, for a twentieth more of the processors' time.
 *
 * A poll that found nothing is not begun again after the next answers, of which twice as many are passed over each time: who
 * calls now and then, or shares its processor with this process, pays nothing that could be measured. See docs/decisions/0025.
 */
export class BusyPoll {
  readonly #turnsMax: number
  #turns = 0
  /** Of a poll that goes on. */
  #next: NodeJS.Immediate | undefined
  /** Polls that found nothing, less those that did. */
  #misses = 0
  /** So many answers more are followed by none. */
  #skipped = 0
  readonly #turn = () => {
    if (++this.#turns < this.#turnsMax) this.#next = setImmediate(this.#turn)
    else this.#missed()
  }

  /** @param turnsMax Turns of the event loop that a poll lasts at most; 0: never poll. */
  constructor(turnsMax: number) {
    this.#turnsMax = turnsMax
  }

  get isPolling(): boolean {
    return this.#next !== undefined
  }

  /** Something was written that a client waits for. */
  answered(): void {
    if (this.isPolling) return this.#found()
    if (this.#skipped > 0) this.#skipped--
    else if (this.#turnsMax > 0) this.#begin()
  }

  #begin(): void {
    this.#turns = 0
    this.#next = setImmediate(this.#turn)
  }

  #found(): void {
    if (this.#turns < EARLY_TURNS) return this.#end(SKIPPED_WHEN_EARLY)
    this.#turns = 0
    this.#misses = Math.max(0, this.#misses - 1)
  }

  #missed(): void {
    this.#misses = Math.min(this.#misses + 1, MISSES_MAX)
    this.#end(2 ** this.#misses - 1)
  }

  #end(skipped: number): void {
    clearImmediate(this.#next)
    this.#next = undefined
    this.#skipped = skipped
  }
}
