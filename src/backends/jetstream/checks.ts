/** Check points that are not decided: of a session that never says anything the end comes sooner. */
const POINTS_MAX = 8

interface Point {
  readonly sequence: number
  /** The sessions that were open, and still are. */
  readonly voters: Set<number>
  readonly hashes: Map<number, string>
  own: string | undefined
}

/** What a check point came to, seen from here. */
export type Verdict =
  | { readonly agrees: true; readonly sequence: number; readonly hash: string }
  | { readonly agrees: false; readonly sequence: number; readonly own: string; readonly others: readonly string[] }

/**
 * What replicas had at check points, as the log tells: more than half of those that were there are right. Where two
 * differ and there is no third, none can tell who is, and both are told so.
 */
export class Checks {
  #points: Point[] = []
  readonly #decided: (verdict: Verdict) => void

  constructor(decided: (verdict: Verdict) => void) {
    this.#decided = decided
  }

  begin(sequence: number, voters: Iterable<number>): void {
    this.#points.push({ sequence, voters: new Set(voters), hashes: new Map(), own: undefined })
    if (this.#points.length > POINTS_MAX) this.#points.shift()
  }

  own(sequence: number, hash: string): void {
    const point = this.#point(sequence)
    if (point === undefined) return
    point.own = hash
    this.#decide(point)
  }

  reported(sequence: number, session: number, hash: string): void {
    const point = this.#point(sequence)
    if (point === undefined || !point.voters.has(session)) return
    point.hashes.set(session, hash)
    this.#decide(point)
  }

  ended(session: number): void {
    for (const point of [...this.#points]) {
      point.voters.delete(session)
      point.hashes.delete(session)
      this.#decide(point)
    }
  }

  clear(): void {
    this.#points = []
  }

  #point(sequence: number): Point | undefined {
    return this.#points.find((point) => point.sequence === sequence)
  }

  #decide(point: Point): void {
    const { sequence, voters, hashes, own } = point
    if (own === undefined) return
    const reports = [...hashes.values()]
    const right = reports.find((hash) => 2 * reports.filter((each) => each === hash).length > voters.size)
    if (right === undefined && reports.length < voters.size) return
    this.#points = this.#points.filter((each) => each !== point)
    if (voters.size === 0) return
    if (right === own) return this.#decided({ agrees: true, sequence, hash: own })
    this.#decided({ agrees: false, sequence, own, others: [...new Set(reports)].filter((hash) => hash !== own) })
  }
}
