/** A seeded stream of choices: the same seed makes the same choices on every machine. */
export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** An integer from 0 to 2^32-1. Source: splitmix32, as in Guy Steele's SplitMix with a 32-bit finalizer. */
  next(): number {
    this.#state = (this.#state + 0x9e37_79b9) >>> 0
    return mix(this.#state)
  }

  /** An integer from 0 to one below `end`. */
  below(end: number): number {
    return this.next() % end
  }

  /** An integer from `first` to `last`. */
  between(first: number, last: number): number {
    return first + this.below(last - first + 1)
  }

  /** True in `percent` of a hundred cases. */
  chance(percent: number): boolean {
    return this.below(100) < percent
  }

  /** One of the items, which must not be none. Write an item twice to make it twice as likely. */
  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T
  }

  /** One of the names, by weight. */
  weighted<T extends string>(weights: Readonly<Record<T, number>>): T {
    const entries = Object.entries(weights) as [T, number][]
    const total = entries.reduce((sum, [, weight]) => sum + weight, 0)
    let left = this.below(total)
    for (const [name, weight] of entries) {
      if (left < weight) return name
      left -= weight
    }
    throw new RangeError('The weights are all 0.')
  }
}

/** The seed of part `number` of a run, so that parts are unlike each other and each can be run alone. */
export function seedOf(seed: number, number: number): number {
  return mix((mix(seed >>> 0) + number) >>> 0)
}

/** A seed that nobody has chosen. Printed by whoever uses it, so that its run can be repeated. */
export function freshSeed(): number {
  return (mix(Date.now() >>> 0) ^ process.pid) >>> 0
}

function mix(value: number): number {
  let mixed = value ^ (value >>> 16)
  mixed = Math.imul(mixed, 0x21f0_aaad)
  mixed ^= mixed >>> 15
  mixed = Math.imul(mixed, 0x735a_2d97)
  return (mixed ^ (mixed >>> 15)) >>> 0
}
