import type { Comparison, Measured, Peer, Setting } from '../comparison.ts'
import { CALLS, type CallKind, calls, copiesAt } from '../contenders/embedded-queue.ts'
import { digits } from '../report.ts'
import { spread } from '../rounds.ts'
import { measured, roundsOf, sideBySide } from '../side-by-side.ts'

const SHALLOW = 100
const DEEP = 1_000_000
const QUICK_DEEP = 1_000
const TYPES = 100

const ITSELF: Peer = {
  name: `itself with ${SHALLOW} pending`,
  difference: "The same call in the same process, on a queue that is all in the processor's caches.",
}

export const GROWTH: readonly Comparison[] = [
  {
    name: 'depth-growth',
    work: `\`memory:\` the send or receive that grows most, ${digits(DEEP)} messages of ${TYPES} types pending`,
    peer: ITSELF,
    unit: 'times the time',
    requirements: [],
    atMost: 4,
    measure: slowestCall,
  },
  sideBySide(
    {
      name: 'copy-growth',
      work: `\`memory:\` copy at a random index, ${digits(DEEP)} messages pending`,
      peer: ITSELF,
      unit: 'times the time',
      requirements: [],
      atMost: 12,
    },
    (setting) => copiesAt(deepIn(setting)),
    () => copiesAt(SHALLOW),
  ),
]

/** The call whose time grows most. */
async function slowestCall(setting: Setting): Promise<Measured> {
  const all: Measured[] = []
  for (const kind of Object.keys(CALLS) as CallKind[]) {
    const rounds = await roundsOf(
      setting,
      () => calls(kind, deepIn(setting), TYPES),
      () => calls(kind, SHALLOW, TYPES),
    )
    all.push({ ...measured('times the time', rounds), of: CALLS[kind] })
  }
  return all.reduce((slowest, each) => (spread(each.ratios).median > spread(slowest.ratios).median ? each : slowest))
}

function deepIn({ quick }: Setting): number {
  return quick ? QUICK_DEEP : DEEP
}
