import type { Message, Ticket } from './entry.ts'

/** A message in its place on a queue. */
export interface QueuedMessage {
  readonly message: Message
  /** The receive that holds it: hidden from receives, still counted, still copied. */
  holder: Ticket | undefined
  previous: QueuedMessage | undefined
  next: QueuedMessage | undefined
}

/** The messages of one queue, oldest first. Source: ipc/msg.c, struct msg_queue, q_messages. */
export class MessageList {
  #first: QueuedMessage | undefined
  #last: QueuedMessage | undefined

  append(message: Message): QueuedMessage {
    const queued: QueuedMessage = { message, holder: undefined, previous: this.#last, next: undefined }
    if (this.#last === undefined) this.#first = queued
    else this.#last.next = queued
    this.#last = queued
    return queued
  }

  remove(queued: QueuedMessage): void {
    if (queued.previous === undefined) this.#first = queued.next
    else queued.previous.next = queued.next
    if (queued.next === undefined) this.#last = queued.previous
    else queued.next.previous = queued.previous
    // A removed node that still points into the list would keep younger garbage alive.
    queued.previous = undefined
    queued.next = undefined
  }

  /** The message at an index from the oldest, 0. */
  at(index: number): QueuedMessage | undefined {
    let queued = this.#first
    for (let position = 0; queued !== undefined && position < index; position++) queued = queued.next
    return queued
  }

  *[Symbol.iterator](): Generator<QueuedMessage> {
    for (let queued = this.#first; queued !== undefined; queued = queued.next) yield queued
  }

  get first(): QueuedMessage | undefined {
    return this.#first
  }
}
