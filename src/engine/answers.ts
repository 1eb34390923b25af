import type { Completion, Ticket } from './entry.ts'
import { TicketTable } from './ticket-table.ts'

/** Numbers of calls that lie so far apart have their zeros in one array of bits: 16 KiB of them. */
const BITS_MAX = 131_072
const WORD_BITS = 32
const WORDS_LEAST = 8
/** More than this is given back when no bit is set any more. */
const WORDS_KEPT = 256
const NO_WORDS = new Int32Array(0)

/**
 * What the calls of a session ended in, by the numbers of their tickets. Most ended in 0, one after the other: of these a
 * bit is kept, where ticket and completion were two objects that outlive every collection of young ones, and a place in
 * a table for each.
 */
export class Answers {
  readonly #session: number
  readonly #others = new TicketTable<Completion>()
  #words: Int32Array = NO_WORDS
  /** The number of the first bit. */
  #first = 0
  #zeros = 0

  constructor(session: number) {
    this.#session = session
  }

  get size(): number {
    return this.#zeros + this.#others.size
  }

  get(ticket: Ticket): Completion | undefined {
    if (this.#isZero(ticket.number)) return { ticket, value: 0 }
    return this.#others.size === 0 ? undefined : this.#others.get(ticket)
  }

  /** Keeps the end of a call, which has one. */
  set(completion: Completion): void {
    const { number } = completion.ticket
    if ('value' in completion && completion.value === 0 && this.#setBit(number)) this.#zeros++
    else this.#others.set(completion.ticket, completion)
  }

  /** Forgets the ends of all calls up to a number. @param deleted Is told of each that is more than a 0. */
  deleteUpTo(number: number, deleted?: (completion: Completion) => void): void {
    if (this.#others.size > 0) this.#others.deleteUpTo(number, deleted)
    if (this.#zeros > 0 && number >= this.#first) this.#deleteBits(number - this.#first + 1)
  }

  /** All of them, by number. */
  values(): Completion[] {
    const all: Completion[] = []
    let bit = 0
    for (const other of this.#others.values()) {
      const next = other.ticket.number - this.#first
      this.#addZeros(all, bit, next)
      bit = Math.max(bit, next)
      all.push(other)
    }
    this.#addZeros(all, bit, Number.POSITIVE_INFINITY)
    return all
  }

  /** All but those of which a bit is kept, which are a mere 0; in any order. */
  others(): Completion[] {
    return this.#others.unsorted()
  }

  /** Those of some bits: numbers themselves cannot be counted up to the highest. */
  #addZeros(to: Completion[], start: number, end: number): void {
    if (this.#zeros === 0) return
    const session = this.#session
    const most = Math.min(end, this.#words.length * WORD_BITS)
    for (let bit = start; bit < most; bit++) {
      if (bit % WORD_BITS === 0 && this.#words[bit / WORD_BITS] === 0) bit += WORD_BITS - 1
      else if (this.#hasBit(bit)) to.push({ ticket: { session, number: this.#first + bit }, value: 0 })
    }
  }

  #isZero(number: number): boolean {
    const bit = number - this.#first
    return bit >= 0 && bit < this.#words.length * WORD_BITS && this.#hasBit(bit)
  }

  #hasBit(bit: number): boolean {
    return ((this.#words[bit >> 5] as number) & (1 << (bit & 31))) !== 0
  }

  /** @returns Whether there is a place for it. */
  #setBit(number: number): boolean {
    if (this.#zeros === 0) this.#first = number - (number % WORD_BITS)
    const bit = number - this.#first
    if (bit < 0 || bit >= BITS_MAX) return false
    if (bit >= this.#words.length * WORD_BITS) this.#grow(bit)
    const word = bit >> 5
    this.#words[word] = (this.#words[word] as number) | (1 << (bit & 31))
    return true
  }

  #grow(bit: number): void {
    let length = Math.max(WORDS_LEAST, this.#words.length)
    while (bit >= length * WORD_BITS) length *= 2
    const words = new Int32Array(length)
    words.set(this.#words)
    this.#words = words
  }

  /** Those after the first `count` bits move to the front, by whole words. */
  #deleteBits(count: number): void {
    const words = this.#words
    const whole = Math.min(Math.floor(count / WORD_BITS), words.length)
    for (let word = 0; word < whole; word++) this.#zeros -= bitsOf(words[word] as number)
    words.copyWithin(0, whole)
    words.fill(0, words.length - whole)
    this.#first += whole * WORD_BITS
    // Where all words went, the first one is empty.
    const deleted = (words[0] as number) & ((1 << (count % WORD_BITS)) - 1)
    this.#zeros -= bitsOf(deleted)
    words[0] = (words[0] as number) ^ deleted
    if (this.#zeros === 0 && words.length > WORDS_KEPT) this.#words = NO_WORDS
  }
}

/** How many bits of a word are set. */
function bitsOf(word: number): number {
  let count = 0
  for (let rest = word; rest !== 0; rest &= rest - 1) count++
  return count
}
