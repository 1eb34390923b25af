import type { OnNotice } from './errors.ts'
import type { ReadSoFar } from './reading.ts'
import type { Retain } from './retention.ts'
import { SEGMENT_HEADER_BYTES } from './segment.ts'

/**
 * When a record counts as durable.
 *
 * - `fsync`: it is on the disk, and a power cut loses nothing that was said to be durable.
 * - `interval`: the kernel has it; a power cut loses what came in the last `intervalMs`, and the time of a flush.
 * - `none`: the kernel has it, and writes it when it likes, each finished segment at the latest.
 */
export type Durability = 'fsync' | 'interval' | 'none'

export interface JournalOptions {
  /** Default `fsync`. */
  readonly durability?: Durability
  /** With `interval`: milliseconds between two flushes, 1 or more. Default 100. */
  readonly intervalMs?: number
  /** Size of a segment's file, 8 KiB to 1 GiB. Default 16 MiB. */
  readonly segmentBytes?: number
  /** What stays for looking back. Default: nothing. */
  readonly retain?: Retain
  /** Bytes of the last segment that only records which free space may use, up to half of one. Default 1 MiB, or that half. */
  readonly reserveBytes?: number
  /** Cuts damage off, and keeps what was cut in files beside the journal. Default false: damage is an error. */
  readonly acceptLoss?: boolean
  /** Hears what is worth a line in a log. */
  readonly onNotice?: OnNotice
  /**
   * Hears that every record up to this one is durable, in order, once for many of them. Must not throw.
   * Records are answered from here: one call for a batch costs less than a promise for each.
   */
  readonly onDurable?: (sequence: number) => void
  /** Hears how far reading what brings the state back has come, again and again. What it throws ends the start. */
  readonly onProgress?: (read: ReadSoFar) => void
}

/** Large enough that a segment is rarely begun, small enough that it is zeroed in some 50 ms and replayed in one piece. */
const SEGMENT_BYTES = 1 << 24
/** The header, and as much for frames. */
const SEGMENT_BYTES_MIN = 2 * SEGMENT_HEADER_BYTES
/** A segment is read in one piece, and Node reads at most 2^31-1 bytes at once. */
const SEGMENT_BYTES_MAX = 1 << 30
/** Some ten thousand receives, accepts and removals. */
const RESERVE_BYTES = 1 << 20
/** What a power cut may lose; a disk takes this many flushes a second without a stop. */
const INTERVAL_MS = 100

/** The longest record: a segment is made as large as it needs. */
export const RECORD_BYTES_MAX: number = SEGMENT_BYTES_MAX - 2 * SEGMENT_HEADER_BYTES

/** Fills in what was left out. @throws {RangeError} A number is out of its range. */
export function settle(options: JournalOptions): Required<JournalOptions> {
  const segmentBytes = options.segmentBytes ?? SEGMENT_BYTES
  check('segmentBytes', segmentBytes, SEGMENT_BYTES_MIN, SEGMENT_BYTES_MAX)
  const reserveMax = (segmentBytes - SEGMENT_HEADER_BYTES) / 2
  const reserveBytes = options.reserveBytes ?? Math.min(RESERVE_BYTES, reserveMax)
  check('reserveBytes', reserveBytes, 0, reserveMax)
  const intervalMs = options.intervalMs ?? INTERVAL_MS
  check('intervalMs', intervalMs, 1, 2 ** 31 - 1)
  return {
    durability: options.durability ?? 'fsync',
    intervalMs,
    segmentBytes,
    reserveBytes,
    retain: options.retain ?? {},
    acceptLoss: options.acceptLoss ?? false,
    onNotice: options.onNotice ?? (() => undefined),
    onDurable: options.onDurable ?? (() => undefined),
    onProgress: options.onProgress ?? (() => undefined),
  }
}

function check(name: string, value: number, least: number, most: number): void {
  if (value >= least && value <= most) return
  throw new RangeError(`${name} is ${least} to ${most}, not ${value}`)
}
