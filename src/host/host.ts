import type { Agree, Call, Caller, Completion, Engine, Ticket } from '../engine/index.ts'

/** The longest interval that there is: nothing happens in it. */
const KEEP_ALIVE_MS = 2 ** 31 - 1

/** A call that was submitted: its end, or only its ticket while it waits. */
export type Submitted = Completion | { readonly ticket: Ticket }

/** Orders the calls on one engine, gives each its time, and brings completions to whoever waits for them. */
export class Host {
  readonly engine: Engine
  readonly #now: () => number
  readonly #waiting = new Map<number, (completion: Completion) => void>()
  #lastNumber = 0
  #abortable = 0
  #keepAlive: NodeJS.Timeout | undefined

  /** @param now Milliseconds since 1970. */
  constructor(engine: Engine, now: () => number) {
    this.engine = engine
    this.#now = now
  }

  get now(): number {
    return this.#now()
  }

  /**
   * Applies one call. While it waits, say with `whenDone` who is told of its end.
   *
   * @param agree As the engine's `apply` has it.
   */
  submit(caller: Caller, call: Call, agree?: Agree): Submitted {
    const ticket = { session: 0, number: ++this.#lastNumber }
    const { completions } = this.engine.apply({ ticket, now: this.#now(), caller, call }, agree)
    const first = completions[0]
    // Most calls end only themselves.
    return completions.length === 1 && first?.ticket === ticket ? first : this.#settleAll(completions, ticket)
  }

  /** Has `settle` called once, with the end of a waiting call. */
  whenDone(ticket: Ticket, settle: (completion: Completion) => void): void {
    this.#waiting.set(ticket.number, settle)
  }

  /**
   * Counts a wait that a signal may end. The process stays alive for it, as for a socket: the timer of
   * `AbortSignal.timeout` does not keep it. A wait that nothing else could end keeps nothing alive.
   */
  beginAbortable(): void {
    if (this.#abortable++ === 0) this.#keepAlive = setInterval(() => undefined, KEEP_ALIVE_MS)
  }

  endAbortable(): void {
    if (--this.#abortable === 0) clearInterval(this.#keepAlive)
  }

  /** Tells whoever waited. @returns What became of the call that was submitted. */
  #settleAll(completions: readonly Completion[], ticket: Ticket): Submitted {
    let own: Submitted = { ticket }
    for (const completion of completions) {
      if (completion.ticket === ticket) own = completion
      else this.#settle(completion)
    }
    return own
  }

  #settle(completion: Completion): void {
    const { number } = completion.ticket
    const settle = this.#waiting.get(number)
    this.#waiting.delete(number)
    settle?.(completion)
  }
}
