/**
 * A column: one number of every message of a queue, as runs `[value, count, value, count, …]`, oldest message first.
 * `null` stands for messages that do not tell. A million messages that one process sent are two numbers.
 */
export type Column = readonly (number | null)[]

/** Puts what every item tells into a column. */
export function column<Item>(items: readonly Item[], tell: (item: Item) => number | undefined): Column {
  const runs: (number | null)[] = []
  let value: number | null = null
  let count = 0
  for (const item of items) {
    const next = tell(item) ?? null
    if (next !== value && count > 0) {
      runs.push(value, count)
      count = 0
    }
    value = next
    count++
  }
  if (count > 0) runs.push(value, count)
  return runs
}

/** As `column`, of the difference to the last item that tells, the first one's to 0: what rises becomes short. */
export function risingColumn<Item>(items: readonly Item[], tell: (item: Item) => number | undefined): Column {
  let last = 0
  return column(items, (item) => {
    const value = tell(item)
    if (value === undefined) return undefined
    const difference = value - last
    last = value
    return difference
  })
}

/**
 * Every value of a column, in order; NaN for what is not told.
 *
 * @param length How many there must be: never more than this are made.
 * @returns `undefined` when it is no column of this length.
 */
export function valuesOf(runs: readonly unknown[], length: number): Float64Array | undefined {
  const values = new Float64Array(length)
  let filled = 0
  for (let index = 0; index < runs.length; index += 2) {
    const value = runs[index]
    const count = runs[index + 1]
    if (value !== null && !Number.isSafeInteger(value)) return undefined
    if (typeof count !== 'number' || !Number.isInteger(count) || count < 1) return undefined
    if (count > length - filled) return undefined
    values.fill(typeof value === 'number' ? value : Number.NaN, filled, filled + count)
    filled += count
  }
  return filled === length ? values : undefined
}

/** Every value of a rising column, in order; NaN for what is not told. */
export function risingValuesOf(runs: readonly unknown[], length: number): Float64Array | undefined {
  const values = valuesOf(runs, length)
  if (values === undefined) return undefined
  let last = 0
  for (let index = 0; index < length; index++) {
    const difference = values[index] ?? Number.NaN
    if (Number.isNaN(difference)) continue
    last += difference
    values[index] = last
  }
  return values
}
