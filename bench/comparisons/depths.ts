import type { Comparison, Setting } from '../comparison.ts'
import { cCalls, cCopiesOfAll } from '../contenders/c-loop.ts'
import { calls, copiesOfAll } from '../contenders/embedded-queue.ts'
import { digits } from '../report.ts'
import type { Pace } from '../rounds.ts'
import { sideBySide } from '../side-by-side.ts'
import { C_LOOP } from './pairs.ts'

const PENDING = [100, 1_000, 10_000, 50_000]
const QUICK_DEPTH = 200

/** What takes the kernel 20 seconds is not done nine times. */
const LONG: Pace = { rounds: 3, warmMs: 1_000, roundMs: 150 }

/**
 * How many times every message was received by its type and sent again before, on average: the queue is one in use, and
 * stays as it is. One that was just filled lies in memory in order, which the kernel walks several times faster.
 */
const USES_PER_MESSAGE = 2

export const DEPTHS: readonly Comparison[] = [
  ...PENDING.map((depth) => selective(`selective-${depth}`, depth, 'in use', USES_PER_MESSAGE * depth)),
  selective('selective-fresh-50000', 50_000, 'just filled', 0),
  ...PENDING.map(copyAll),
]

function selective(name: string, depth: number, state: string, uses: number): Comparison {
  return sideBySide(
    {
      name,
      work: `\`memory:\` receive a type, ${digits(depth)} messages pending, each of its own type; a queue ${state}`,
      peer: C_LOOP,
      unit: 'times the rate',
      requirements: ['ipc', 'c-loop'],
      ...(name === 'selective-50000' ? { atLeast: 500 } : {}),
    },
    (setting) => {
      const pending = depthIn(setting, depth)
      return calls('type', pending, pending, quickly(setting, uses))
    },
    (setting) => {
      const pending = depthIn(setting, depth)
      return cCalls(setting.scratch, 'type', pending, pending, quickly(setting, uses))
    },
  )
}

function copyAll(depth: number): Comparison {
  return sideBySide(
    {
      name: `copy-all-${depth}`,
      work: `\`memory:\` copy all of ${digits(depth)} pending messages, index by index`,
      peer: C_LOOP,
      unit: 'times the rate',
      requirements: ['ipc', 'c-loop'],
      ...(depth === 50_000 ? { atLeast: 3_000 } : {}),
    },
    (setting) => copiesOfAll(depthIn(setting, depth)),
    (setting) => cCopiesOfAll(setting.scratch, depthIn(setting, depth)),
    depth === 50_000 ? LONG : undefined,
  )
}

function quickly({ quick }: Setting, uses: number): number {
  return quick ? Math.min(uses, USES_PER_MESSAGE * QUICK_DEPTH) : uses
}

function depthIn({ quick }: Setting, depth: number): number {
  return quick ? Math.min(depth, QUICK_DEPTH) : depth
}
