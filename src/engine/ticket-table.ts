import type { Ticket } from './entry.ts'

/** A power of two, as every number of slots. */
const SLOTS_LEAST = 16
/** Slots for each value: a table that is filled and emptied again and again keeps its size. */
const SHRINK_BELOW = 32

/**
 * Values by the ticket of a call: what sessions were answered, and what receives hold, where every call puts one in and
 * takes one out.
 *
 * A Map is no good at that. V8's keeps in each table that it gave up a link to the next: once one of them is old, all
 * later ones, and what was in them, outlive the collections of young objects. A quarter of a daemon's time went there.
 * And its key, of two numbers, would be a string to make at each use.
 *
 * Open addressing, linear probing.
 */
export class TicketTable<Value extends object> {
  #tickets: (Ticket | undefined)[] = emptySlots(SLOTS_LEAST)
  #values: (Value | undefined)[] = emptySlots(SLOTS_LEAST)
  #shift = 32 - Math.log2(SLOTS_LEAST)
  #size = 0

  get size(): number {
    return this.#size
  }

  get(ticket: Ticket): Value | undefined {
    return this.#values[this.#find(ticket)]
  }

  has(ticket: Ticket): boolean {
    return this.#tickets[this.#find(ticket)] !== undefined
  }

  set(ticket: Ticket, value: Value): void {
    const at = this.#find(ticket)
    this.#values[at] = value
    if (this.#tickets[at] !== undefined) return
    this.#tickets[at] = ticket
    this.#size++
    // Half of the slots stay empty: a search ends at the first of them.
    if (this.#size * 2 > this.#tickets.length) this.#resize(this.#tickets.length * 2)
  }

  delete(ticket: Ticket): void {
    const at = this.#find(ticket)
    if (this.#tickets[at] === undefined) return
    this.#removeAt(at)
    this.#shrink()
  }

  /** Deletes all whose tickets have this number or a lower one. @param deleted Is told each of them. */
  deleteUpTo(number: number, deleted?: (value: Value) => void): void {
    const [tickets, values] = [this.#tickets, this.#values]
    for (let at = 0; at < tickets.length; ) {
      const [ticket, value] = [tickets[at], values[at]]
      // What moves up into the hole has yet to be looked at, or has come round from the beginning and stays.
      if (ticket === undefined || ticket.number > number) at++
      else {
        this.#removeAt(at)
        if (value !== undefined) deleted?.(value)
      }
    }
    this.#shrink()
  }

  /** All of them, by session and number: the same ones always come in the same order. */
  entries(): [Ticket, Value][] {
    return this.#inOrder().map((at) => [this.#tickets[at] as Ticket, this.#values[at] as Value])
  }

  values(): Value[] {
    return this.#inOrder().map((at) => this.#values[at] as Value)
  }

  /** As `values`, in whatever order they lie: what is the same in any order need not sort them. */
  unsorted(): Value[] {
    return this.#values.filter((value) => value !== undefined)
  }

  /** The slots that have one. */
  #inOrder(): number[] {
    const tickets = this.#tickets
    const slots: number[] = []
    for (let at = 0; at < tickets.length; at++) if (tickets[at] !== undefined) slots.push(at)
    return slots.sort((a, b) => compare(tickets[a] as Ticket, tickets[b] as Ticket))
  }

  /** The slot that has a ticket or, where none has, the one that it would get. */
  #find({ session, number }: Ticket): number {
    const tickets = this.#tickets
    const mask = tickets.length - 1
    for (let at = hash(session, number) >>> this.#shift; ; at = (at + 1) & mask) {
      const ticket = tickets[at]
      if (ticket === undefined || (ticket.number === number && ticket.session === session)) return at
    }
  }

  /** Those behind it move up, so that no search ends too early. */
  #removeAt(removed: number): void {
    const [tickets, values] = [this.#tickets, this.#values]
    const mask = tickets.length - 1
    let hole = removed
    for (let at = (hole + 1) & mask; ; at = (at + 1) & mask) {
      const ticket = tickets[at]
      if (ticket === undefined) break
      const fromHome = (at - (hash(ticket.session, ticket.number) >>> this.#shift)) & mask
      if (fromHome < ((at - hole) & mask)) continue
      tickets[hole] = ticket
      values[hole] = values[at]
      hole = at
    }
    tickets[hole] = undefined
    values[hole] = undefined
    this.#size--
  }

  #shrink(): void {
    let length = this.#tickets.length
    while (length > SLOTS_LEAST && this.#size * SHRINK_BELOW < length) length /= 2
    if (length < this.#tickets.length) this.#resize(length)
  }

  #resize(length: number): void {
    const [tickets, values] = [this.#tickets, this.#values]
    this.#empty(length)
    for (let at = 0; at < tickets.length; at++) {
      const [ticket, value] = [tickets[at], values[at]]
      if (ticket !== undefined && value !== undefined) this.set(ticket, value)
    }
  }

  #empty(length: number): void {
    this.#tickets = emptySlots(length)
    this.#values = emptySlots(length)
    this.#shift = 32 - Math.log2(length)
    this.#size = 0
  }
}

function compare(one: Ticket, other: Ticket): number {
  return one.session - other.session || one.number - other.number
}

function emptySlots(length: number): undefined[] {
  return new Array<undefined>(length).fill(undefined)
}

/** Fibonacci hashing, whose high bits count: the slots of tickets that follow one another lie far apart. Numbers have up to 53 bits. */
function hash(session: number, number: number): number {
  const bits = (number | 0) ^ ((number / 0x1_0000_0000) | 0) ^ (session | 0)
  return Math.imul(bits, 0x9e37_79b1)
}
