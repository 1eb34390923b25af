/**
 * The order of one namespace's calls. A call that waits gets a thread, which takes a moment to line up in the kernel;
 * the calls after it stay behind it, so that the kernel sees them as the program made them.
 */
export class CallLine {
  readonly #behind: (() => void)[] = []
  #isHeld = false

  /**
   * Makes a call now, or when those before it are in their places.
   *
   * @param signal Lets a call that is still in line go, with the signal's reason.
   */
  run<Result>(signal: AbortSignal | undefined, make: () => Result | Promise<Result>): Promise<Result> {
    if (!this.#isHeld && this.#behind.length === 0) return Promise.resolve(make())
    return new Promise((resolve, reject) => {
      const abort = () => {
        this.#behind.splice(this.#behind.indexOf(turn), 1)
        reject(signal?.reason)
      }
      const turn = () => {
        signal?.removeEventListener('abort', abort)
        try {
          resolve(make())
        } catch (error) {
          reject(error)
        }
      }
      signal?.addEventListener('abort', abort, { once: true })
      this.#behind.push(turn)
    })
  }

  /** Holds back the calls that follow, until the returned function is called. */
  hold(): () => void {
    this.#isHeld = true
    return () => {
      this.#isHeld = false
      this.#advance()
    }
  }

  #advance(): void {
    while (!this.#isHeld) {
      const turn = this.#behind.shift()
      if (turn === undefined) return
      turn()
    }
  }
}
