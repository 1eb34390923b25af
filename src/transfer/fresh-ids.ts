import { IPC_PRIVATE, IPC_RMID } from '../abi/index.ts'
import type { IpcNamespace } from '../contract/index.ts'

/** Nobody but its owner may write, nobody may read: a queue that stands for an id. */
const CLOSED_MODE = 0o200

/**
 * Ids that the namespace would give to new queues now: it makes so many, and removes them. Ids go round, so that
 * nobody else gets one of them soon. Source: ipc/util.c, ipc_idr_alloc().
 *
 * @throws {SyscallError} `ENOSPC` there is no room for so many queues more.
 */
export async function freshIds(namespace: IpcNamespace, count: number): Promise<number[]> {
  if (count === 0) return []
  // A pending msg_next_id is meant for another queue: it is used up by one that is not ours, and written again.
  const pending = await namespace.nextId()
  const extra = pending < 0 ? 0 : 1
  const made: number[] = []
  try {
    while (made.length < count + extra) made.push(await namespace.msgget(IPC_PRIVATE, CLOSED_MODE))
  } finally {
    for (const msqid of made) await namespace.msgctl(msqid, IPC_RMID)
    if (extra > 0 && made.length > 0) await namespace.setNextId(pending)
  }
  return made.slice(extra)
}
