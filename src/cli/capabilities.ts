import { readFileSync } from 'node:fs'
import { type Capability, capabilitiesIn, readThreadStatus } from '../abi/index.ts'

/** What this process may do, of what the calls on queues ask for. */
export function ownCapabilities(): Capability[] {
  return capabilitiesIn(readThreadStatus(readFileSync('/proc/self/status', 'latin1')))
}
