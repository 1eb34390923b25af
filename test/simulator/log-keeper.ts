import type { LogRecord } from '../../src/backends/jetstream/replicated-log.ts'
import type { SimulatedProcess } from './world.ts'

/** How often in a hundred what happens to a request or an answer. */
export interface LogFaults {
  readonly lost: number
  readonly doubled: number
  readonly late: number
}

export const NO_FAULTS: LogFaults = { lost: 0, doubled: 0, late: 0 }

/** Which way nothing gets through: to the servers, from them, or both. */
export type Cut = 'both' | 'to' | 'from'

/** Who keeps a log, and what can break there. */
export interface LogKeeper {
  faults: LogFaults
  /** No leader: nothing is taken. */
  isDown: boolean
  /** Who reads sees so many of the last records not yet. */
  behind: number
  /** Is told each record. */
  onRecord: (record: LogRecord) => void
  /** What it has: records, those that are trimmed, images that were chosen. */
  readonly size: { readonly records: number; readonly trimmed: number; readonly images: number }
  cut(process: SimulatedProcess, cut: Cut): void
  join(process: SimulatedProcess): void
  /** Ends every fault. */
  heal(): void
}
