import { readFileSync } from 'node:fs'

/** Source: include/uapi/linux/capability.h. */
export const CAP_SYS_ADMIN = 21

/** Whether this process has a capability in effect; `false` where /proc does not tell. */
export function isCapable(capability: number): boolean {
  let status: string
  try {
    status = readFileSync('/proc/self/status', 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error) return false
    throw error
  }
  const [, effective = '0'] = /^CapEff:\s*([0-9a-f]+)$/m.exec(status) ?? []
  return ((BigInt(`0x${effective}`) >> BigInt(capability)) & 1n) === 1n
}
