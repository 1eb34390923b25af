import { crc32 } from 'node:zlib'
import { ClusterLife } from './cluster-life.ts'
import { DaemonLife } from './daemon-life.ts'
import type { World } from './world.ts'

/** What lives there are; each is a world of its own, with a seed of its own. */
export const KINDS = ['daemon', 'cluster', 'nats'] as const
export type Kind = (typeof KINDS)[number]

/** What a life, or many of them, have seen. */
export interface LifeReport {
  /** Of everything that happened, in order: two runs of one seed have the same. */
  readonly hash: string
  /** Of simulated time. */
  readonly hours: number
  readonly events: number
  /** How often what happened. */
  readonly counts: ReadonlyMap<string, number>
}

/** A world, and what happens in it. */
export interface Life {
  readonly world: World
  run(): Promise<LifeReport>
}

/** A life in which something was not as it must be. */
export class LifeError extends Error {
  readonly kind: Kind
  readonly seed: number
  /** What happened last, a line each. */
  readonly events: readonly string[]

  constructor(kind: Kind, seed: number, events: readonly string[], cause: unknown) {
    const why = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)
    super(`${events.join('\n')}\n${why}\n${repeats(kind, seed)}`, { cause })
    this.kind = kind
    this.seed = seed
    this.events = events
  }
}

/** How a life is run again. */
export function repeats(kind: Kind, seed: number): string {
  return `to repeat: npm run sim -- --of ${kind} --seed ${seed} --lives 1`
}

/** Faults between two counts of all messages, and counts of a life. */
const FAULTS = 10
const COUNTS = 3
/** What NATS's client and servers say to each other is some ten times as many events: lives are shorter. */
const NATS_FAULTS = 5
const NATS_COUNTS = 2

export function newLife(kind: Kind, seed: number): Life {
  switch (kind) {
    case 'daemon':
      return new DaemonLife(seed, { faults: FAULTS, counts: COUNTS })
    case 'cluster':
      return new ClusterLife(seed, { faults: FAULTS, counts: COUNTS, over: 'log' })
    case 'nats':
      return new ClusterLife(seed, { faults: NATS_FAULTS, counts: NATS_COUNTS, over: 'nats' })
  }
}

export interface LivesOptions {
  readonly kind: Kind
  readonly seed: number
  /** Ends after so many lives, and after so many hours of simulated time, whichever is first. */
  readonly lives?: number
  readonly hours?: number
  readonly onLife?: (seed: number, report: LifeReport) => void
  /** Is told everything that happens. */
  readonly onEvent?: (line: string) => void
}

/** Runs lives, of this seed and those after it. @throws {LifeError} */
export async function runLives({
  kind,
  seed,
  lives = Number.POSITIVE_INFINITY,
  hours = Number.POSITIVE_INFINITY,
  onLife,
  onEvent,
}: LivesOptions): Promise<LifeReport & { readonly lives: number }> {
  const counts = new Map<string, number>()
  const hashes: string[] = []
  let passed = 0
  let events = 0
  for (let life = 0; life < lives && passed < hours; life++) {
    const lifeSeed = (seed + life) >>> 0
    const report = await runLife(kind, lifeSeed, onEvent)
    for (const [what, count] of report.counts) counts.set(what, (counts.get(what) ?? 0) + count)
    passed += report.hours
    events += report.events
    hashes.push(report.hash)
    onLife?.(lifeSeed, report)
  }
  return {
    hash: hashOf(hashes),
    hours: passed,
    events,
    counts,
    lives: hashes.length,
  }
}

/** Of lives, by their hashes in the order of their seeds. */
export function hashOf(hashes: readonly string[]): string {
  return crc32(hashes.join()).toString(16).padStart(8, '0')
}

async function runLife(kind: Kind, seed: number, onEvent: LivesOptions['onEvent']): Promise<LifeReport> {
  const life = newLife(kind, seed)
  life.world.trace = onEvent
  try {
    return await life.run()
  } catch (cause) {
    throw new LifeError(kind, seed, life.world.lastEvents, cause)
  }
}
