import type { Requirement } from './requirements.ts'
import { spread } from './rounds.ts'

export type Unit = 'times the rate' | 'times the time' | 'times the memory' | 'bytes' | 'milliseconds'

/** What msgq is measured against. */
export interface Peer {
  readonly name: string
  /** What it does less, more or otherwise: a sentence or two. */
  readonly difference: string
}

/** What a comparison is given. */
export interface Setting {
  /** Only see that results are right: the figures mean nothing. */
  readonly quick: boolean
  /** A folder for files, gone when the run ends; the compiled C loop is in it. */
  readonly scratch: string
}

/** What was measured, round by round. */
export interface Measured {
  readonly ratios: readonly number[]
  /** Nanoseconds for one time of the work, where it is that. */
  readonly oursNs?: number
  readonly peerNs?: number
  /** What the figure is of, where that is known only now. */
  readonly of?: string
}

/** One figure of ours beside one of a peer. */
export interface Comparison {
  /** Names the figure, everywhere and for ever. */
  readonly name: string
  readonly work: string
  readonly peer: Peer
  readonly unit: Unit
  readonly requirements: readonly Requirement[]
  /** What is wanted of the median. */
  readonly atLeast?: number
  readonly atMost?: number
  measure(setting: Setting): Promise<Measured>
}

/** A comparison's result, as `--json` prints it. */
export interface Figure {
  readonly name: string
  readonly peer: string
  /** The median of the rounds, and the lowest and highest of them. */
  readonly ratio: number
  readonly low: number
  readonly high: number
  readonly unit: Unit
}

/** Makes a figure of what was measured. */
export function figure({ name, peer, unit }: Comparison, { ratios, of }: Measured): Figure {
  const { median, low, high } = spread(ratios)
  return {
    name,
    peer: of === undefined ? peer.name : `${peer.name} (${of})`,
    ratio: rounded(median),
    low: rounded(low),
    high: rounded(high),
    unit,
  }
}

/** Four digits are more than any machine repeats. */
function rounded(ratio: number): number {
  return Number(ratio.toPrecision(4))
}
