import { IPC_CREAT, IPC_EXCL, IPC_PRIVATE, IPCMNI, S_IRWXUGO } from '../abi/index.ts'
import type { Msgget } from './entry.ts'
import { newQueue } from './msg-queue.ts'
import { fail, finish, type Step } from './namespace.ts'
import { ipcPerms } from './permissions.ts'

/** Finds or makes the queue of a key. Source: ipc/util.c, ipcget_public(), ipcget_new(). */
export function msgget(step: Step, { key, msgflg }: Msgget): void {
  const { ticket, caller, namespace } = step
  if (key === IPC_PRIVATE) return create(step, key, msgflg)

  const queue = namespace.identifiers.withKey(key)
  if (queue === undefined) return msgflg & IPC_CREAT ? create(step, key, msgflg) : fail(step, ticket, 'ENOENT')
  // Existence is told before permission is asked for.
  if (msgflg & IPC_CREAT && msgflg & IPC_EXCL) return fail(step, ticket, 'EEXIST')
  if (!ipcPerms(queue, caller, msgflg)) return fail(step, ticket, 'EACCES')
  finish(step, ticket, queue.msqid)
}

function create(step: Step, key: number, msgflg: number): void {
  const { ticket, caller, namespace } = step
  const { identifiers, limits } = namespace
  if (identifiers.inUse >= Math.min(limits.msgmni, IPCMNI)) return fail(step, ticket, 'ENOSPC')

  // Where no index is free, a msg_next_id was pending, and has been consumed: without one there is an index.
  step.changed = true
  const msqid = identifiers.allocate()
  if (msqid === undefined) return fail(step, ticket, 'ENOSPC')

  identifiers.add(newQueue(msqid, key, msgflg & S_IRWXUGO, caller, limits, step.now))
  finish(step, ticket, msqid)
}
