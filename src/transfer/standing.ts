import { IPCMNI, MSG_INFO, MSG_STAT_ANY } from '../abi/index.ts'
import { type IpcNamespace, SyscallError } from '../contract/index.ts'
import type { IndexedStat } from '../engine/index.ts'

/** The queue at the index of an id, whatever its own id; `undefined` when the index is free. Needs no permission. */
export function queueAtIndexOf(namespace: IpcNamespace, msqid: number): Promise<IndexedStat | undefined> {
  return unless('EINVAL', namespace.msgctl(msqid % IPCMNI, MSG_STAT_ANY))
}

/** The queue of a key; `undefined` when there is none. Needs no permission. */
export async function queueOfKey(namespace: IpcNamespace, key: number): Promise<IndexedStat | undefined> {
  const msqid = await unless('ENOENT', namespace.msgget(key, 0))
  if (msqid === undefined) return undefined
  const queue = await queueAtIndexOf(namespace, msqid)
  return queue?.msqid === msqid ? queue : undefined
}

/** How many queues a namespace has. */
export async function queuesInUse(namespace: IpcNamespace): Promise<number> {
  const { info } = await namespace.msgctl(0, MSG_INFO)
  return info.pool
}

/** What a call answers; `undefined` when the kernel's rules refuse it with this code. */
export async function unless<Value>(code: string, call: Promise<Value>): Promise<Value | undefined> {
  try {
    return await call
  } catch (error) {
    if (error instanceof SyscallError && error.code === code) return undefined
    throw error
  }
}
