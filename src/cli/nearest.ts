/** Most letters by which a word may be mistaken: two slips of the finger. */
const MOST_SLIPS = 2

/** The word that was probably meant, or `undefined` when none is near. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  let best: { candidate: string; slips: number } | undefined
  for (const candidate of candidates) {
    const slips = candidate.startsWith(word) && word !== '' ? 0 : editDistance(word, candidate)
    // Half of a short word may not be slips: `x` is near nothing.
    if (slips > MOST_SLIPS || slips * 2 > candidate.length) continue
    if (best === undefined || slips < best.slips) best = { candidate, slips }
  }
  return best?.candidate
}

/** Letters to add, drop, change or swap with their neighbour (optimal string alignment). */
function editDistance(from: string, to: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: to.length + 1 }, (_, column) => column)
  for (let row = 1; row <= from.length; row++) {
    const current = [row]
    for (let column = 1; column <= to.length; column++) {
      const isSame = from[row - 1] === to[column - 1]
      const changed = (last[column - 1] ?? 0) + (isSame ? 0 : 1)
      const added = (current[column - 1] ?? 0) + 1
      const dropped = (last[column] ?? 0) + 1
      const isSwap = row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1]
      const swapped = isSwap ? (beforeLast[column - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY
      current.push(Math.min(changed, added, dropped, swapped))
    }
    beforeLast = last
    last = current
  }
  return last[to.length] ?? 0
}
