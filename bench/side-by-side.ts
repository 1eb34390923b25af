import type { Comparison, Measured, Setting, Unit } from './comparison.ts'
import type { Contender } from './contender.ts'
import { compare, type Pace, type Round, rates, spread, times } from './rounds.ts'

const PACE: Pace = { rounds: 9, warmMs: 1_000, roundMs: 150 }
const QUICK: Pace = { rounds: 2, warmMs: 1, roundMs: 2 }

/** A comparison of two contenders. Ours is made first: a peer may read what it has written. */
export function sideBySide(
  description: Omit<Comparison, 'measure'>,
  ours: (setting: Setting) => Promise<Contender>,
  peer: (setting: Setting) => Promise<Contender>,
  pace?: Pace,
): Comparison {
  return {
    ...description,
    measure: async (setting) => measured(description.unit, await roundsOf(setting, ours, peer, pace)),
  }
}

/** Makes two contenders, compares them and closes them. */
export async function roundsOf(
  setting: Setting,
  makeOurs: (setting: Setting) => Promise<Contender>,
  makePeer: (setting: Setting) => Promise<Contender>,
  pace: Pace = PACE,
): Promise<Round[]> {
  const ours = await makeOurs(setting)
  try {
    const peer = await makePeer(setting)
    try {
      return await compare(ours, peer, setting.quick ? QUICK : pace)
    } finally {
      await peer.close()
    }
  } finally {
    await ours.close()
  }
}

/** What some rounds show. */
export function measured(unit: Unit, rounds: readonly Round[]): Measured & { oursNs: number; peerNs: number } {
  return {
    ratios: unit === 'times the rate' ? rates(rounds) : times(rounds),
    oursNs: spread(rounds.map(({ oursNs }) => oursNs)).median,
    peerNs: spread(rounds.map(({ peerNs }) => peerNs)).median,
  }
}
