import type { Comparison } from './comparison.ts'
import { ALTERNATIVES } from './comparisons/alternatives.ts'
import { CLUSTER } from './comparisons/cluster.ts'
import { DAEMON } from './comparisons/daemon.ts'
import { DEPTHS } from './comparisons/depths.ts'
import { FILES } from './comparisons/files.ts'
import { GROWTH } from './comparisons/growth.ts'
import { MEMORY } from './comparisons/memory.ts'
import { PAIRS } from './comparisons/pairs.ts'
import { START } from './comparisons/start.ts'

/** Every comparison, in the order in which they are measured. */
export const COMPARISONS: readonly Comparison[] = [
  ...PAIRS,
  ...DEPTHS,
  ...FILES,
  ...GROWTH,
  ...MEMORY,
  ...START,
  ...DAEMON,
  ...CLUSTER,
  ...ALTERNATIVES,
]
