import { readFileSync } from 'node:fs'
import { ALL_CAPABILITIES, CAPABILITY_BIT, type Capability } from '../abi/index.ts'

/** What this process may do, of what the calls on queues ask for. Source: CapEff of /proc/PID/status. */
export function ownCapabilities(): Capability[] {
  const [, effective = '0'] = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? []
  const bits = BigInt(`0x${effective}`)
  return ALL_CAPABILITIES.filter((capability) => (bits >> BigInt(CAPABILITY_BIT[capability])) & 1n)
}
