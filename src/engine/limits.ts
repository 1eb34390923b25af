import { INT_MAX, IPCMNI } from '../abi/index.ts'
import type { Limits, SetLimits, SetNextId } from './entry.ts'
import { fail, finish, type Step } from './namespace.ts'
import { checkpointRestoreCapable } from './permissions.ts'

/** Writes msgmax, msgmnb and msgmni, all or none. Source: ipc/ipc_sysctl.c, ipc_permissions(). */
export function setLimits(step: Step, call: SetLimits): void {
  const { ticket, caller, namespace } = step
  // The files' owner may write them, and no capability helps.
  if (caller.uid !== namespace.ownerUid) return fail(step, ticket, 'EACCES')
  const limits = { ...namespace.limits, ...call.limits }
  if (!areValidLimits(limits)) return fail(step, ticket, 'EINVAL')
  step.changed = true
  namespace.limits = limits
  finish(step, ticket, 0)
}

/** Whether the kernel would accept each limit. */
export function areValidLimits({ msgmax, msgmnb, msgmni }: Limits): boolean {
  return isIntUpTo(msgmax, INT_MAX) && isIntUpTo(msgmnb, INT_MAX) && isIntUpTo(msgmni, IPCMNI)
}

/** Writes msg_next_id. */
export function setNextId(step: Step, { nextId }: SetNextId): void {
  const { ticket, caller, namespace } = step
  if (!namespace.checkpointRestore) return fail(step, ticket, 'ENOSYS')
  if (!checkpointRestoreCapable(caller)) return fail(step, ticket, 'EACCES')
  if (!isIntUpTo(nextId, INT_MAX)) return fail(step, ticket, 'EINVAL')
  step.changed = true
  namespace.identifiers.nextId = nextId
  finish(step, ticket, 0)
}

export function isIntUpTo(value: number, most: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= most
}
