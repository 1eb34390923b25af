/** A power of two, as every number of slots. */
const SLOTS_LEAST = 64

/**
 * What waits for an answer, by ticket number. Numbers rise one by one, so that their low bits are a place; as many places
 * as lie between the oldest call and the newest.
 *
 * Not a Map: V8's keeps in each table that it gave up a link to the next, and so, once one of them is old, all that ever
 * waited for an answer, until the old objects are collected too. Two fifths of a busy client’s time went there, or more.
 */
export class CallWindow<Value extends object> {
  #slots: (Value | undefined)[] = new Array<undefined>(SLOTS_LEAST).fill(undefined)
  /** No number below is there, and none from `next`. */
  #first = 1
  #next = 1
  #size = 0

  get size(): number {
    return this.#size
  }

  /** The lowest number that is there. */
  get oldest(): number | undefined {
    return this.#size === 0 ? undefined : this.#first
  }

  get(number: number): Value | undefined {
    return number >= this.#first && number < this.#next ? this.#slots[number & (this.#slots.length - 1)] : undefined
  }

  /** @param number Above all that ever were there. */
  add(number: number, value: Value): void {
    if (this.#size === 0) this.#first = number
    while (number - this.#first >= this.#slots.length) this.#grow()
    this.#slots[number & (this.#slots.length - 1)] = value
    this.#next = number + 1
    this.#size++
  }

  delete(number: number): void {
    if (this.get(number) === undefined) return
    this.#slots[number & (this.#slots.length - 1)] = undefined
    this.#size--
    while (this.#first < this.#next && this.get(this.#first) === undefined) this.#first++
  }

  /** What is there now, by rising number. */
  entries(): (readonly [number, Value])[] {
    const entries: (readonly [number, Value])[] = []
    for (let number = this.#first; number < this.#next; number++) {
      const value = this.get(number)
      if (value !== undefined) entries.push([number, value])
    }
    return entries
  }

  #grow(): void {
    const slots = new Array<Value | undefined>(this.#slots.length * 2).fill(undefined)
    for (const [number, value] of this.entries()) slots[number & (slots.length - 1)] = value
    this.#slots = slots
  }
}
