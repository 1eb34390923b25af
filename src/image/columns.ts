/**
 * A column: one number of every message of a queue, as runs `[value, count, value, count, …]`, oldest message first.
 * `null` stands for messages that do not tell. A million messages that one process sent are two numbers.
 */
export type Column = readonly (number | null)[]

/** Puts one number of every message into a column. */
export class ColumnWriter {
  readonly #runs: (number | null)[] = []
  #value: number | null = null
  #count = 0

  /** @param count Of how many messages. */
  add(value: number | undefined, count = 1): void {
    const next = value ?? null
    if (next !== this.#value) {
      this.#endRun()
      this.#value = next
    }
    this.#count += count
  }

  /** Nothing is added any more. */
  end(): Column {
    this.#endRun()
    return this.#runs
  }

  #endRun(): void {
    if (this.#count > 0) this.#runs.push(this.#value, this.#count)
    this.#count = 0
  }
}

/** As `ColumnWriter`, of the difference to the last message that tells, the first one's to 0: what rises becomes short. */
export class RisingColumnWriter {
  readonly #differences = new ColumnWriter()
  #last = 0

  add(value: number | undefined): void {
    if (value === undefined) return this.#differences.add(undefined)
    this.#differences.add(value - this.#last)
    this.#last = value
  }

  /** Values that go on from the last one by equal steps; `undefined` for those that are not told. */
  addSteps(step: number | undefined, count: number): void {
    this.#differences.add(step, count)
    this.#last += (step ?? 0) * count
  }

  end(): Column {
    return this.#differences.end()
  }
}

/** What stands for a value that is not told, which is 0 or more. */
export const NOT_TOLD = -1

/** Each value of a column in turn. */
export class ColumnReader {
  readonly #runs: Column
  #next = 0
  #isTold = false
  #value = NOT_TOLD
  #left = 0

  constructor(runs: Column) {
    this.#runs = runs
  }

  /** Whether the value that `next` gave is told: a difference may be -1. */
  get isTold(): boolean {
    return this.#isTold
  }

  /** The value that `next` gave. */
  get value(): number {
    return this.#value
  }

  /** How many more values are the same. */
  get left(): number {
    return this.#left
  }

  /** Goes over some of them. */
  skip(count: number): void {
    this.#left -= count
  }

  next(): number {
    if (this.#left === 0) this.#beginRun()
    this.#left--
    return this.#value
  }

  #beginRun(): void {
    const value = this.#runs[this.#next] ?? null
    this.#isTold = value !== null
    this.#value = value ?? NOT_TOLD
    // Behind the last run nothing is told.
    this.#left = this.#runs[this.#next + 1] ?? Number.POSITIVE_INFINITY
    this.#next += 2
  }
}

export class RisingColumnReader {
  readonly #differences: ColumnReader
  #last = 0

  constructor(differences: Column) {
    this.#differences = new ColumnReader(differences)
  }

  next(): number {
    const difference = this.#differences.next()
    if (!this.#differences.isTold) return NOT_TOLD
    this.#last += difference
    return this.#last
  }

  /** By how much the value that `next` gave is above the one before: 0 where neither is told. */
  get step(): number {
    return this.#differences.isTold ? this.#differences.value : 0
  }

  /** How many more values have the same step. */
  get left(): number {
    return this.#differences.left
  }

  /** Goes over some of them. */
  skip(count: number): void {
    this.#differences.skip(count)
    this.#last += this.step * count
  }
}

/** Whether these are runs that add up to `length` values, each of them up to `most`. */
export function isColumn(runs: readonly unknown[], length: number, most: number): runs is Column {
  return areRuns(runs, length, (value) => value >= 0 && value <= most)
}

/** Whether these are differences that add up to `length` values from 0 to 2^53-1, each `step` or more above the last. */
export function isRisingColumn(runs: readonly unknown[], length: number, step: number): runs is Column {
  let last = 0
  return areRuns(runs, length, (difference, count) => {
    last += difference * count
    // Those in between lie between the last one before and this one.
    return difference >= step && last >= 0 && Number.isSafeInteger(last)
  })
}

/** Whether two columns of one length tell of the same messages. */
export function areToldTogether(one: Column, other: Column): boolean {
  return spansOf(one).join() === spansOf(other).join()
}

/** The last value that a rising column tells, 0 where it tells none. */
export function lastOf(differences: Column): number {
  let last = 0
  for (let index = 0; index < differences.length; index += 2) {
    last += (differences[index] ?? 0) * (differences[index + 1] ?? 0)
  }
  return last
}

function areRuns(
  runs: readonly unknown[],
  length: number,
  isRight: (value: number, count: number) => boolean,
): runs is Column {
  let left = length
  for (let index = 0; index < runs.length; index += 2) {
    const value = runs[index]
    const count = runs[index + 1]
    if (typeof count !== 'number' || !Number.isInteger(count) || count < 1 || count > left) return false
    left -= count
    if (value === null) continue
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || !isRight(value, count)) return false
  }
  return left === 0
}

/** Where what is told begins and where it ends, and so on. */
function spansOf(column: Column): number[] {
  const spans: number[] = []
  let wasTold = false
  let at = 0
  for (let index = 0; index < column.length; index += 2) {
    const isTold = column[index] !== null
    if (isTold !== wasTold) spans.push(at)
    wasTold = isTold
    at += column[index + 1] ?? 0
  }
  return spans
}
