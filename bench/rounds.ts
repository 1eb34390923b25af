import type { Contender } from './contender.ts'

/** How long to measure. */
export interface Pace {
  /** Rounds that count. */
  readonly rounds: number
  /** How long each side works before, so that it is warm: V8 compiles what runs often, and again what runs on. */
  readonly warmMs: number
  /** About how long each side works in a round. */
  readonly roundMs: number
}

/** Nanoseconds that each side took for a time of its work in one round. */
export interface Round {
  readonly oursNs: number
  readonly peerNs: number
}

export interface Spread {
  readonly median: number
  readonly low: number
  readonly high: number
}

/** More times than this are never needed: the clock is exact to a microsecond. */
const COUNT_MAX = 10_000_000

/**
 * Checks both sides, then times them in turns, and checks them again. What else the machine does meets both sides of a
 * round alike, and who goes first changes from round to round.
 *
 * @throws {WrongResult} Of either side; there is no figure.
 */
export async function compare(ours: Contender, peer: Contender, pace: Pace): Promise<Round[]> {
  await ours.check()
  await peer.check()
  const oursNs = await warmedUp(ours, pace)
  const peerNs = await warmedUp(peer, pace)

  const rounds: Round[] = []
  for (let number = 0; number < pace.rounds; number++) {
    if (number % 2 === 0) rounds.push({ oursNs: await oursNs(), peerNs: await peerNs() })
    else {
      const peersFirst = await peerNs()
      rounds.push({ oursNs: await oursNs(), peerNs: peersFirst })
    }
  }
  await ours.check()
  await peer.check()
  return rounds
}

/** Times a side until it is warm. @returns What times it for one round. */
async function warmedUp(contender: Contender, { roundMs, warmMs }: Pace): Promise<() => Promise<number>> {
  let latestNs = Number.POSITIVE_INFINITY
  let spentNs = 0
  const timed = async (count: number) => {
    latestNs = await contender.time(count)
    spentNs += latestNs * count
    return latestNs
  }
  const wanted = () => Math.min(Math.max(Math.floor((roundMs * 1e6) / latestNs), 1), COUNT_MAX)
  let count = 1
  // The first times are slow, and promise too little: a round is approached in steps.
  for (await timed(count); count < wanted() || spentNs < warmMs * 1e6; await timed(count)) {
    count = Math.min(wanted(), 10 * count)
  }
  return () => timed(wanted())
}

/** Median, lowest and highest of some numbers, at least one. */
export function spread(numbers: readonly number[]): Spread {
  const sorted = [...numbers].sort((one, other) => one - other)
  return { median: median(sorted), low: sorted[0] ?? Number.NaN, high: sorted.at(-1) ?? Number.NaN }
}

function median(sorted: readonly number[]): number {
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2
}

/** How many times the peer's rate ours is, round by round. */
export function rates(rounds: readonly Round[]): number[] {
  return rounds.map(({ oursNs, peerNs }) => peerNs / oursNs)
}

/** How many times the peer's time ours takes, round by round. */
export function times(rounds: readonly Round[]): number[] {
  return rounds.map(({ oursNs, peerNs }) => oursNs / peerNs)
}
