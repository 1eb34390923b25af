import { readFileSync, writeFileSync } from 'node:fs'
import { BackendError, syscallError } from '../../contract/index.ts'
import type { Limits, SetLimits, SetNextId } from '../../engine/index.ts'
import type { KernelCalls } from './kernel-calls.ts'

/**
 * Limits and msg_next_id as the kernel's files have them. The files show the IPC namespace of the thread that opens
 * them, and Node's synchronous calls open them on the calling thread. Source: ipc/ipc_sysctl.c.
 */

const LIMIT_NAMES = ['msgmax', 'msgmnb', 'msgmni'] as const

/** Sets limits, all or none. @throws {SyscallError} `EINVAL`, `EACCES`: nothing has changed. */
export function setLimits(calls: KernelCalls, call: SetLimits): void {
  calls.scope.within(() => {
    const before = calls.limits()
    const written: (keyof Limits)[] = []
    try {
      for (const name of LIMIT_NAMES) {
        const limit = call.limits[name]
        if (limit === undefined || limit === before[name]) continue
        write(name, limit, call)
        written.push(name)
      }
    } catch (error) {
      for (const name of written) write(name, before[name], call)
      throw error
    }
  })
}

/** Pending msg_next_id; -1 when there is none, or a kernel that has no such thing. */
export function nextId(calls: KernelCalls): number {
  return calls.scope.within(() => {
    try {
      return Number(readFileSync(pathOf('msg_next_id'), 'utf8'))
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return -1
      throw unavailable('msg_next_id', error)
    }
  })
}

/** Writes msg_next_id. @throws {SyscallError} `EINVAL`, `EACCES`, `ENOSYS`. */
export function setNextId(calls: KernelCalls, call: SetNextId): void {
  calls.scope.within(() => write('msg_next_id', call.nextId, call))
}

function write(name: keyof Limits | 'msg_next_id', value: number, call: SetLimits | SetNextId): void {
  try {
    writeFileSync(pathOf(name), String(value))
  } catch (error) {
    switch (codeOf(error)) {
      case 'EINVAL':
        throw syscallError('EINVAL', call)
      case 'EACCES':
        throw syscallError('EACCES', call)
      case 'EPERM':
        throw syscallError('EPERM', call)
      case 'ENOENT':
        // The kernel was built without CONFIG_CHECKPOINT_RESTORE, or /proc is not there at all.
        if (name === 'msg_next_id') throw syscallError('ENOSYS', call)
        throw unavailable(name, error)
      default:
        throw unavailable(name, error)
    }
  }
}

function pathOf(name: string): string {
  return `/proc/sys/kernel/${name}`
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}

function unavailable(name: string, cause: unknown): BackendError {
  const why = `${pathOf(name)} cannot be used (${codeOf(cause)}): a container needs /proc/sys writable for this`
  return new BackendError('ERR_MSGQ_UNAVAILABLE', why, { cause })
}
