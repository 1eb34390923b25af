import type { Taken } from './measured.ts'

/** What a daemon took at a moment when nobody was connected and its queues were empty. */
export interface Point extends Taken {
  /** How often the daemon was started before. */
  readonly life: number
  readonly journalBytes: number
  /** Since the beginning. */
  readonly seconds: number
}

/** One thing that must be flat: how much more a later point may have than an earlier one, and why not less. */
interface Tolerance {
  readonly name: string
  readonly of: (point: Point) => number
  readonly factor: number
  readonly plus: number
  readonly reason: string
}

const MIB = 2 ** 20

/** A leak of one small object a call would be more: a life of some minutes has a hundred thousand calls. */
export const TOLERANCES: readonly Tolerance[] = [
  {
    name: 'heap',
    of: ({ heapBytes }) => heapBytes,
    factor: 1.1,
    plus: 3 * MIB,
    reason:
      'code that runs more often is compiled, and up to a minute of sessions whose clients were killed is remembered',
  },
  {
    name: 'buffers',
    of: ({ bufferBytes }) => bufferBytes,
    factor: 1.1,
    plus: 8 * MIB,
    reason: 'each queue keeps a segment of 256 KiB for later, and held messages of killed clients stay for a minute',
  },
  {
    name: 'descriptors',
    of: ({ descriptors }) => descriptors,
    factor: 1,
    plus: 2,
    reason: 'a segment of the journal may be closing, and its successor open',
  },
  {
    name: 'threads',
    of: ({ threads }) => threads,
    factor: 1,
    plus: 4,
    reason: "libuv starts its four threads when they are first needed, which a life's first point may precede",
  },
  {
    name: 'journal',
    of: ({ journalBytes }) => journalBytes,
    factor: 1.25,
    plus: 160 * MIB,
    reason: 'after 64 MiB an image is due, two images are kept, and a segment is made before it is needed',
  },
]

/** What was not flat, in words; nothing when all was. */
export function judge(points: readonly Point[]): string[] {
  const lives = grouped(points)
  const broken: string[] = []
  for (const { name, of, factor, plus } of TOLERANCES) {
    const lasts: number[] = []
    for (const [life, all] of lives) {
      // The first point of a life is of a process that still warms up.
      const warm = all.length > 2 ? all.slice(1) : all
      const [early, late] = [median(warm.slice(0, 2).map(of)), median(warm.slice(-2).map(of))]
      lasts.push(late)
      if (late > early * factor + plus) broken.push(`${name} grew in life ${life} from ${early} to ${late}`)
    }
    const [first = 0, last = 0] = [lasts[0], lasts.at(-1)]
    if (last > first * factor + plus) broken.push(`${name} grew over restarts from ${first} to ${last}`)
  }
  return broken
}

function grouped(points: readonly Point[]): Map<number, Point[]> {
  const lives = new Map<number, Point[]>()
  for (const point of points) lives.set(point.life, [...(lives.get(point.life) ?? []), point])
  return lives
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? 0
}
