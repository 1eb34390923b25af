/** What of two lists is in one alone, by index. */
export interface Unmatched {
  readonly onlyBefore: readonly number[]
  readonly onlyAfter: readonly number[]
}

/** Most pairs that are compared: beyond this a second of work, what is left counts as unlike. */
const COMPARISONS_MAX = 100_000_000

/** Pairs that are compared between two places where the work may be cut: some milliseconds. */
const STEP_COMPARISONS = 1_000_000

/**
 * Matches two lists of numbers as `diff` does people's: first what they begin and end with, then the longest run that
 * both have, and so on before it and after it. A queue is added to at its end and mostly taken from at its head, so the
 * first run is mostly all.
 */
export function* matchInSteps(before: readonly number[], after: readonly number[]): Generator<undefined, Unmatched> {
  const onlyBefore: number[] = []
  const onlyAfter: number[] = []
  const regions = [{ from: 0, to: before.length, start: 0, end: after.length }]
  let comparisons = 0
  for (let region = regions.pop(); region !== undefined; region = regions.pop()) {
    let { from, to, start, end } = region
    while (from < to && start < end && before[from] === after[start]) {
      from++
      start++
    }
    while (from < to && start < end && before[to - 1] === after[end - 1]) {
      to--
      end--
    }
    comparisons += (to - from) * (end - start)
    const isTooMuch = comparisons > COMPARISONS_MAX
    const run = isTooMuch ? NONE : yield* longestRun(before.slice(from, to), after.slice(start, end))
    if (run.length === 0) {
      for (let index = from; index < to; index++) onlyBefore.push(index)
      for (let index = start; index < end; index++) onlyAfter.push(index)
      continue
    }
    const [at, there] = [from + run.before, start + run.after]
    // The last one in comes out first: what is before the run.
    regions.push({ from: at + run.length, to, start: there + run.length, end })
    regions.push({ from, to: at, start, end: there })
  }
  return { onlyBefore, onlyAfter }
}

const NONE = { before: 0, after: 0, length: 0 }

/** The longest run of equal numbers, the first of equally long ones, by the lengths of runs that end at each pair. */
function* longestRun(before: readonly number[], after: readonly number[]): Generator<undefined, typeof NONE> {
  let best = NONE
  let above = new Uint32Array(after.length + 1)
  let row = new Uint32Array(after.length + 1)
  const stepRows = Math.ceil(STEP_COMPARISONS / (after.length + 1))
  for (let index = 0; index < before.length; index++) {
    for (let other = 0; other < after.length; other++) {
      const length = before[index] === after[other] ? (above[other] ?? 0) + 1 : 0
      row[other + 1] = length
      if (length > best.length) best = { before: index - length + 1, after: other - length + 1, length }
    }
    if (index % stepRows === stepRows - 1) yield
    const spare = above
    above = row
    row = spare
  }
  return best
}
