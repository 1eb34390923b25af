import { DAEMON_FAULTS } from './daemon-faults.ts'
import { ENGINE_FAULTS } from './engine-faults.ts'
import type { Fault } from './fault.ts'
import { OTHER_FAULTS } from './other-faults.ts'

/** Every fault that is planted, one after the other, by `npm run plant`. */
export const FAULTS: readonly Fault[] = [...ENGINE_FAULTS, ...DAEMON_FAULTS, ...OTHER_FAULTS]
