import { conformanceWithCounts } from './counts.ts'
import { memoryTarget } from './embedded-target.ts'

conformanceWithCounts(memoryTarget)
