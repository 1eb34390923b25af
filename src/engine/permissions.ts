import type { Capability } from '../abi/index.ts'
import type { Caller } from './entry.ts'
import type { MsgQueue } from './msg-queue.ts'
import type { Namespace } from './namespace.ts'

/**
 * Whether the caller may use a queue as `flag` asks: read bits, write bits, in any class. Owner and creator are one
 * class, then the two groups, then everyone; the first class that fits decides alone. Source: ipc/util.c, ipcperms().
 */
export function ipcPerms(queue: MsgQueue, caller: Caller, flag: number): boolean {
  const requested = ((flag >> 6) | (flag >> 3) | flag) & 0o7
  return (requested & ~grantedMode(queue, caller)) === 0 || capable(caller, 'CAP_IPC_OWNER')
}

/** The queue of an identifier, or why the caller may not use it as `flag` asks. */
export function permittedQueue(
  namespace: Namespace,
  caller: Caller,
  msqid: number,
  flag: number,
): MsgQueue | 'EINVAL' | 'EACCES' {
  const queue = namespace.identifiers.find(msqid)
  if (queue === undefined) return 'EINVAL'
  return ipcPerms(queue, caller, flag) ? queue : 'EACCES'
}

/** Whether the caller may change or remove a queue; its mode does not matter. Source: ipc/util.c, ipcctl_obtain_check(). */
export function ownerOrAdmin(queue: MsgQueue, caller: Caller): boolean {
  return caller.uid === queue.uid || caller.uid === queue.cuid || capable(caller, 'CAP_SYS_ADMIN')
}

export function capable(caller: Caller, capability: Capability): boolean {
  return caller.capabilities.includes(capability)
}

/** Whether the caller may checkpoint or restore, and write msg_next_id. Source: include/linux/capability.h, checkpoint_restore_ns_capable(). */
export function checkpointRestoreCapable(caller: Caller): boolean {
  return capable(caller, 'CAP_CHECKPOINT_RESTORE') || capable(caller, 'CAP_SYS_ADMIN')
}

function grantedMode(queue: MsgQueue, caller: Caller): number {
  if (caller.uid === queue.cuid || caller.uid === queue.uid) return queue.mode >> 6
  if (inGroup(caller, queue.cgid) || inGroup(caller, queue.gid)) return queue.mode >> 3
  return queue.mode
}

function inGroup(caller: Caller, gid: number): boolean {
  return caller.gid === gid || caller.groups.includes(gid)
}
