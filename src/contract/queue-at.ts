import { MSG_STAT_ANY } from '../abi/index.ts'
import type { IndexedStat } from '../engine/index.ts'
import { SyscallError } from './errors.ts'
import type { IpcNamespace } from './ipc-namespace.ts'

/** The queue at an index; `undefined` where there is none. Needs no permission on it, as ipcs(1) needs none. */
export async function queueAt(namespace: IpcNamespace, index: number): Promise<IndexedStat | undefined> {
  try {
    return await namespace.msgctl(index, MSG_STAT_ANY)
  } catch (error) {
    if (error instanceof SyscallError && error.code === 'EINVAL') return undefined
    throw error
  }
}
