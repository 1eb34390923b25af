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

  add(value: number | undefined): void {
    const next = value ?? null
    if (next !== this.#value) {
      this.#endRun()
      this.#value = next
    }
    this.#count++
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

  end(): Column {
    return this.#differences.end()
  }
}

/** Each value of a column in turn; `undefined` for what is not told. */
export class ColumnReader {
  readonly #runs: Column
  #next = 0
  #value: number | null = null
  #left = 0

  constructor(runs: Column) {
    this.#runs = runs
  }

  next(): number | undefined {
    if (this.#left === 0) {
      this.#value = this.#runs[this.#next] ?? null
      this.#left = this.#runs[this.#next + 1] ?? Number.POSITIVE_INFINITY
      this.#next += 2
    }
    this.#left--
    return this.#value ?? undefined
  }
}

export class RisingColumnReader {
  readonly #differences: ColumnReader
  #last = 0

  constructor(differences: Column) {
    this.#differences = new ColumnReader(differences)
  }

  next(): number | undefined {
    const difference = this.#differences.next()
    if (difference === undefined) return undefined
    this.#last += difference
    return this.#last
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
    const first = last + difference
    last += difference * count
    return difference >= step && first >= 0 && last >= 0 && Number.isSafeInteger(first) && Number.isSafeInteger(last)
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
