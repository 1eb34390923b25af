/** One side of a comparison: a piece of work that can be done, checked and timed again and again. */
export interface Contender {
  /** Does the work once and compares all that comes out with what must. @throws {WrongResult} */
  check(): Promise<void>
  /**
   * Does the work some times; what is cheap to check is checked each time.
   *
   * @param count How often, 1 or more.
   * @returns Nanoseconds for each time.
   * @throws {WrongResult}
   */
  time(count: number): Promise<number>
  close(): Promise<void>
}

/** What came out is not what must: there is no figure. */
export class WrongResult extends Error {
  override readonly name = 'WrongResult'
}

/** @throws {WrongResult} */
export function expect(holds: boolean, what: string): asserts holds {
  if (!holds) throw new WrongResult(`a wrong result: ${what}`)
}

/** @throws {WrongResult} */
export function expectBytes(actual: Uint8Array | null | undefined, expected: Uint8Array, what: string): void {
  expect(Buffer.compare(actual ?? new Uint8Array(), expected) === 0, `${what}: other bytes came back`)
}

/** Bytes of which no two neighbours are alike. */
export function pattern(sizeBytes: number): Uint8Array {
  return Uint8Array.from({ length: sizeBytes }, (_, index) => index * 31)
}

/** A clock for intervals, in nanoseconds. */
export function nowNs(): number {
  return performance.now() * 1e6
}

/** Nanoseconds for each of `count` times of some work. (A loop that awaits stands where it is used: a promise more would count.) */
export function timeSync(count: number, work: () => void): number {
  const start = nowNs()
  for (let i = 0; i < count; i++) work()
  return (nowNs() - start) / count
}

/** Marsaglia's xorshift, as the C loop has it: the same sequence of choices on both sides. */
export class Random {
  #seed = 2463534242

  /** A whole number from 0 to one below `bound`. */
  below(bound: number): number {
    let seed = this.#seed
    seed ^= seed << 13
    seed ^= seed >>> 17
    seed ^= seed << 5
    this.#seed = seed
    return (seed >>> 0) % bound
  }
}
