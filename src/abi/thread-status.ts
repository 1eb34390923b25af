import { ALL_CAPABILITIES, CAPABILITY_BIT, type Capability } from './constants.ts'

/** What /proc tells of a thread, by name: `Uid`, `CapEff`. */
export type ThreadStatus = ReadonlyMap<string, string>

/** The text of /proc/PID/status. Source: proc_pid_status(5). */
export function readThreadStatus(text: string): ThreadStatus {
  return new Map(
    text.split('\n').map((line) => {
      const colon = line.indexOf(':')
      return [line.slice(0, colon), line.slice(colon + 1).trim()]
    }),
  )
}

/** A mask of a status, `CapEff` or `SigPnd`; 0 where it is not told. */
export function maskIn(status: ThreadStatus | undefined, name: string): bigint {
  return BigInt(`0x${status?.get(name) ?? '0'}`)
}

/** Whether a capability is in effect. @param bit Its number. Source: include/uapi/linux/capability.h. */
export function isCapable(status: ThreadStatus | undefined, bit: number): boolean {
  return ((maskIn(status, 'CapEff') >> BigInt(bit)) & 1n) === 1n
}

/** The capabilities in effect, of those that calls on queues ask for. */
export function capabilitiesIn(status: ThreadStatus | undefined): Capability[] {
  return ALL_CAPABILITIES.filter((capability) => isCapable(status, CAPABILITY_BIT[capability]))
}
