import { IPC_STAT, IPCMNI, MSG_INFO, type MsqidDs } from '../abi/index.ts'
import { formatKey, type IpcNamespace, queueAt } from '../contract/index.ts'
import type { IndexedStat } from '../engine/index.ts'
import type { Column } from './table.ts'
import type { Users } from './users.ts'

/** Every queue of a namespace, by index. Needs no permission, as ipcs(1) needs none. */
export async function allQueues(namespace: IpcNamespace): Promise<IndexedStat[]> {
  const { maxIndex } = await namespace.msgctl(0, MSG_INFO)
  const queues: IndexedStat[] = []
  for (let index = 0; index <= maxIndex; index++) {
    const queue = await queueAt(namespace, index)
    if (queue !== undefined) queues.push(queue)
  }
  return queues
}

/** What a queue is. Needs no permission where its index tells it. @throws {SyscallError} `EINVAL` there is none; `EACCES`. */
export async function statOf(namespace: IpcNamespace, msqid: number): Promise<MsqidDs> {
  const queue = await queueAt(namespace, msqid % IPCMNI)
  return queue?.msqid === msqid ? queue.stat : namespace.msgctl(msqid, IPC_STAT)
}

/** A queue in the kernel's field names, all numbers. */
export function queueJson({ msqid, stat }: IndexedStat): Record<string, number> {
  const { perm, ...rest } = stat
  return { msqid, ...perm, ...rest }
}

/** How full a queue is, in percent of what it admits: qbytes limits both bytes and messages. Source: ipc/msg.c, msg_fits_inqueue(). */
export function fullPercent({ cbytes, qnum, qbytes }: MsqidDs): number {
  if (qbytes === 0) return 100
  return Math.floor((Math.max(cbytes, qnum) * 100) / qbytes)
}

/** The words of `ipcs -q`, then depth against limit. */
export const QUEUE_COLUMNS: readonly Column[] = [
  { heading: 'key', align: 'left' },
  { heading: 'msqid', align: 'left' },
  { heading: 'owner', align: 'left' },
  { heading: 'perms', align: 'left' },
  { heading: 'used-bytes', align: 'right' },
  { heading: 'messages', align: 'right' },
  { heading: 'qbytes', align: 'right' },
  { heading: 'full', align: 'right' },
]

export function queueRow({ msqid, stat }: IndexedStat, users: Users): string[] {
  return [
    formatKey(stat.perm.key),
    String(msqid),
    users.user(stat.perm.uid),
    stat.perm.mode.toString(8).padStart(3, '0'),
    String(stat.cbytes),
    String(stat.qnum),
    String(stat.qbytes),
    `${fullPercent(stat)}%`,
  ]
}
