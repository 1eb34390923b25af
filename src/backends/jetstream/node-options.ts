import type { ImagingOptions } from './imaging.ts'

export interface NodeOptions extends ImagingOptions {
  /** For a namespace that is begun: records and entries between two comparisons of replicas. Default 65536. */
  readonly checkEvery?: number
  /** How often a node that has nothing to say says so; after four it is ended. Default 5000. */
  readonly heartbeatMs?: number
  /** After so long without the cluster a call ends. Default 15000. */
  readonly giveUpMs?: number
}

/** How far a node is. */
export interface NodeStatus {
  readonly session: number
  /** The record applied last. */
  readonly sequence: number
  /** Records and entries that were none. */
  readonly skipped: number
  /** All that are open. */
  readonly sessions: readonly number[]
  /** The last check point at which all replicas had the same, and the record of the last image; 0 before the first. */
  readonly agreed: number
  readonly imaged: number
}
