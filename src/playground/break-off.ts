import { IPC_NOWAIT, IPC_STAT, MSG_COPY } from '../abi/index.ts'
import type { IpcNamespace } from '../contract/index.ts'
import { diffImages } from '../image/index.ts'

/** No message of the playground is longer. */
const ANY_BYTES = 2 ** 31 - 1

/** How a checkpoint that broke left its queue. */
export interface BrokenOff {
  readonly way: 'copy' | 'take'
  readonly msqid: number
  /** Messages that had been read when it broke. */
  readonly read: number
  readonly before: number
  readonly after: number
  /** Nothing of the queue has changed: messages, order, and all that IPC_STAT tells. */
  readonly isWhole: boolean
}

/**
 * Saves a queue message by message, and breaks after some: the disk is full, say. With MSG_COPY nothing was taken; without
 * it a message can only be read by taking it, to be sent again later, and later does not come.
 */
export async function breakOff(
  namespace: IpcNamespace,
  msqid: number,
  way: 'copy' | 'take',
  most: number,
): Promise<BrokenOff> {
  const before = await namespace.checkpoint()
  const stat = await namespace.msgctl(msqid, IPC_STAT)
  let read = 0
  for (; read < Math.min(most, stat.qnum); read++) {
    if (way === 'copy') await namespace.msgrcv(msqid, stat.cbytes, read, IPC_NOWAIT | MSG_COPY)
    else await namespace.msgrcv(msqid, ANY_BYTES, 0, IPC_NOWAIT)
  }
  const after = await namespace.checkpoint()
  const now = await namespace.msgctl(msqid, IPC_STAT)
  const { fields, queues } = diffImages(before, after)
  const isWhole = fields.length === 0 && queues.length === 0 && JSON.stringify(now) === JSON.stringify(stat)
  return { way, msqid, read, before: stat.qnum, after: now.qnum, isWhole }
}
