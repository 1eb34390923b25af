import type { Setting } from './comparison.ts'
import { cCalls, cCopiesAt } from './contenders/c-loop.ts'
import { CALLS, type CallKind, calls, copiesAt } from './contenders/embedded-queue.ts'
import type { Pace } from './rounds.ts'
import { measured, roundsOf } from './side-by-side.ts'

/** Nanoseconds of one call, ours and the kernel's, against the number of pending messages. */
export interface Growth {
  readonly call: string
  readonly points: readonly { readonly depth: number; readonly oursNs: number; readonly kernelNs: number }[]
}

const DEPTHS = [100, 1_000, 10_000, 100_000, 1_000_000]
const QUICK_DEPTHS = DEPTHS.slice(0, 2)
/** Of messages, where a line says nothing else. */
const TYPES = 100
/** Many points make a line: each needs less than a figure that stands alone. */
const PACE: Pace = { rounds: 3, warmMs: 300, roundMs: 100 }

/** Measures every call at every depth, ours and the kernel's side by side, for the picture in docs/performance.md. */
export async function measureGrowth(setting: Setting): Promise<Growth[]> {
  const { scratch, quick } = setting
  const ofKind = (call: string, kind: CallKind, typesAt = (_depth: number) => TYPES) => ({
    call,
    ours: (depth: number) => calls(kind, depth, typesAt(depth)),
    kernel: (depth: number) => cCalls(scratch, kind, depth, typesAt(depth)),
  })
  const lines = [
    ...(Object.keys(CALLS) as CallKind[]).map((kind) => ofKind(CALLS[kind], kind)),
    ofKind(`${CALLS.type}, each its own`, 'type', (depth) => depth),
    { call: 'copy at a random index', ours: copiesAt, kernel: (depth: number) => cCopiesAt(scratch, depth) },
  ]
  const growth: Growth[] = []
  for (const { call, ours, kernel } of lines) {
    const points = []
    for (const depth of quick ? QUICK_DEPTHS : DEPTHS) {
      const makeOurs = () => ours(depth)
      const makeKernel = () => kernel(depth)
      const { oursNs, peerNs } = measured('times the time', await roundsOf(setting, makeOurs, makeKernel, PACE))
      points.push({ depth, oursNs, kernelNs: peerNs })
    }
    growth.push({ call, points })
  }
  return growth
}
