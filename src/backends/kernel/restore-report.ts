import { type NotRestored, toldByMessages } from '../../contract/index.ts'
import type { Checkpoint, CheckpointQueue } from '../../engine/index.ts'

const BY_THE_KERNEL = 'the kernel sets it itself'
const NOT_KEPT = 'the kernel keeps no such thing'
const ABSENT = 'not in the image'

/** What the kernel did not take of a checkpoint that it restored, and what the checkpoint did not tell. */
export function notRestored(checkpoint: Checkpoint, hadQueues: boolean): NotRestored[] {
  const lost: NotRestored[] = checkpoint.queues.flatMap(lostOfQueue)
  if (checkpoint.identifiers !== undefined) lost.push({ field: 'identifiers', reason: BY_THE_KERNEL })
  if (hadQueues && checkpoint.nextId >= 0) lost.push({ field: 'nextId', reason: 'the namespace had queues of its own' })
  return lost
}

function lostOfQueue(queue: CheckpointQueue): NotRestored[] {
  const { msqid, perm, messages } = queue
  const lost: NotRestored[] = []
  const lose = (field: string, reason: string) => lost.push({ msqid, field, reason })

  for (const field of ['stime', 'rtime', 'ctime', 'lspid', 'lrpid'] as const) {
    const value = queue[field]
    // What never happened is 0 in the restored queue as well, but for sending, which the restore itself did.
    const isRestored = value === 0 && (field === 'rtime' || field === 'lrpid' || messages.length === 0)
    if (value === undefined) lose(field, ABSENT)
    else if (!isRestored) lose(field, BY_THE_KERNEL)
  }
  if (perm.cuid !== process.geteuid?.() || perm.cgid !== process.getegid?.()) {
    lose('creator', 'the kernel takes whoever restores it')
  }
  if ((queue.copyCounter ?? 0) > 0) lose('copyCounter', NOT_KEPT)
  if ((queue.lastSequence ?? 0) > 0) lose('lastSequence', NOT_KEPT)
  for (const field of toldByMessages(messages)) lose(field, NOT_KEPT)
  return lost
}
