import type { Call, Caller, Completion, Engine, Entry, Ticket } from '../engine/index.ts'

/** A call that was submitted: finished, or waiting under its ticket. */
export interface Submitted {
  readonly ticket: Ticket
  readonly completion: Completion | undefined
}

/** Orders the calls on one engine, gives each its time, and brings completions to whoever waits for them. */
export class Host {
  readonly engine: Engine
  readonly #now: () => number
  readonly #waiting = new Map<number, (completion: Completion) => void>()
  #lastNumber = 0

  /** @param now Milliseconds since 1970. */
  constructor(engine: Engine, now: () => number) {
    this.engine = engine
    this.#now = now
  }

  get now(): number {
    return this.#now()
  }

  /** Applies one call. Without a completion it waits: say with `whenDone` who is told. */
  submit(caller: Caller, call: Call): Submitted {
    const ticket = { session: 0, number: ++this.#lastNumber }
    const entry: Entry = { ticket, now: this.#now(), caller, call }
    let own: Completion | undefined
    for (const completion of this.engine.apply(entry).completions) {
      if (completion.ticket === ticket) own = completion
      else this.#settle(completion)
    }
    return { ticket, completion: own }
  }

  /** Has `settle` called once, with the end of a waiting call. */
  whenDone(ticket: Ticket, settle: (completion: Completion) => void): void {
    this.#waiting.set(ticket.number, settle)
  }

  #settle(completion: Completion): void {
    const { number } = completion.ticket
    const settle = this.#waiting.get(number)
    this.#waiting.delete(number)
    settle?.(completion)
  }
}
