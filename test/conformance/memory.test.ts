import { memoryTarget } from '../../src/cli/conformance/embedded-target.ts'
import { conformanceWithCounts } from './counts.ts'

conformanceWithCounts(memoryTarget)
