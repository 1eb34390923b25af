/** Runs that one shrinking may cost: each is a namespace of its own, and a report should not take a minute. */
const SHRINK_RUNS_MAX = 3000

/**
 * The shortest failing list that leaving items out leads to.
 *
 * @param items A list that fails.
 * @param fails Runs a list from the start; tells whether it still fails.
 */
export function shrink<T>(items: readonly T[], fails: (items: readonly T[]) => boolean): readonly T[] {
  let shortest = items
  let runs = 0
  for (let size = Math.ceil(items.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    // Single items again and again, until none can be left out; longer parts once each.
    for (let shorter = true; shorter; ) {
      shorter = false
      for (let start = 0; start < shortest.length; ) {
        if (++runs > SHRINK_RUNS_MAX) return shortest
        const candidate = [...shortest.slice(0, start), ...shortest.slice(start + size)]
        if (candidate.length < shortest.length && fails(candidate)) {
          shortest = candidate
          shorter = size === 1
        } else {
          start += size
        }
      }
    }
  }
  return shortest
}
