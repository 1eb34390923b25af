import type { HeldMessage } from '../contract/index.ts'

/** A page that has not accepted a message by now is gone: the message is shown again, at its place. */
const ACCEPT_WITHIN_MS = 10_000
/** Messages that are held at a time: a person takes one after the other. */
const HELD_MAX = 64

/** Received messages that are on their way to a page: they stay on their queues until it has them. */
export class Holdings {
  readonly #held = new Map<number, { readonly message: HeldMessage; readonly timer: ReturnType<typeof setTimeout> }>()
  #last = 0

  assertRoom(): void {
    if (this.#held.size >= HELD_MAX) throw new RangeError(`${HELD_MAX} messages are on their way already`)
  }

  /** @returns By what number to accept it. */
  add(message: HeldMessage): number {
    const number = ++this.#last
    const timer = setTimeout(() => this.#letGo(number), ACCEPT_WITHIN_MS)
    this.#held.set(number, { message, timer })
    return number
  }

  /** @throws {RangeError} it was let go, and is on its queue again. @throws as `accept`. */
  async accept(number: number): Promise<void> {
    const held = this.#held.get(number)
    if (held === undefined) throw new RangeError('the message was not accepted in time, and is on its queue again')
    this.#forget(number)
    await held.message.accept()
  }

  /** Shows every message again. */
  close(): void {
    for (const number of [...this.#held.keys()]) this.#letGo(number)
  }

  #letGo(number: number): void {
    const held = this.#held.get(number)
    this.#forget(number)
    // Refused by a queue that was removed, or a namespace that is closed: there the message is not held either.
    held?.message.refuse().catch(() => undefined)
  }

  #forget(number: number): void {
    clearTimeout(this.#held.get(number)?.timer)
    this.#held.delete(number)
  }
}
