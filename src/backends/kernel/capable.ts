import { readFileSync } from 'node:fs'
import { CAPABILITY_BIT, type Capability, isCapable, readThreadStatus } from '../../abi/index.ts'

/** Whether this process has a capability in effect; `false` where /proc does not tell. */
export function hasCapability(capability: Capability): boolean {
  let status: string
  try {
    status = readFileSync('/proc/self/status', 'latin1')
  } catch (error) {
    if (error instanceof Error && 'code' in error) return false
    throw error
  }
  return isCapable(readThreadStatus(status), CAPABILITY_BIT[capability])
}
