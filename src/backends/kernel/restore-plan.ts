import { INT_MAX, IPC_PRIVATE, IPCMNI, isLong, S_IRWXUGO, UINT_MAX } from '../../abi/index.ts'
import { SyscallError } from '../../contract/index.ts'
import type { Checkpoint, CheckpointMessage, CheckpointQueue, Limits } from '../../engine/index.ts'

/** The limits that a restore works under, and those that it leaves. */
export interface PlannedLimits {
  readonly during: Limits
  readonly after: Limits
}

/**
 * Limits of a restore. A namespace without queues takes the image's as they are, another one keeps the higher. While
 * queues are filled they are high enough for every message and queue of the image: its own limits may have been lowered
 * under them, and a queue's qbytes begin as msgmnb.
 */
export function planLimits({ queues, limits }: Checkpoint, now: Limits, inUse: number): PlannedLimits {
  const after: Limits =
    inUse === 0
      ? limits
      : {
          msgmax: Math.max(now.msgmax, limits.msgmax),
          msgmnb: Math.max(now.msgmnb, limits.msgmnb),
          msgmni: Math.max(now.msgmni, limits.msgmni),
        }
  if (inUse > 0 && inUse + queues.length > after.msgmni) {
    const hint = `msgmni is ${after.msgmni}, ${inUse} queues stand and ${queues.length} more are to be restored`
    throw new SyscallError('ENOSPC', 'restore', { hint })
  }
  let { msgmax, msgmnb } = after
  for (const { qbytes, messages } of queues) {
    let bytes = 0
    for (const { mtext } of messages) {
      bytes += mtext.length
      msgmax = Math.max(msgmax, mtext.length)
    }
    msgmnb = Math.max(msgmnb, Math.min(qbytes, INT_MAX), Math.min(bytes, INT_MAX), messages.length)
  }
  return { after, during: { msgmax, msgmnb, msgmni: Math.max(after.msgmni, inUse + queues.length) } }
}

/** @throws {TypeError} It is no checkpoint at all. @throws {SyscallError} `EINVAL`, naming the queue that cannot be. */
export function checkCheckpoint(checkpoint: Checkpoint): void {
  if (typeof checkpoint !== 'object' || checkpoint === null || !Array.isArray(checkpoint.queues)) throw notACheckpoint()
  const { limits, nextId, queues } = checkpoint
  if (typeof limits !== 'object' || limits === null) throw notACheckpoint()
  if (!isUpTo(limits.msgmax, INT_MAX) || !isUpTo(limits.msgmnb, INT_MAX) || !isUpTo(limits.msgmni, IPCMNI)) {
    throw invalid('its limits are none that the kernel takes')
  }
  if (nextId !== -1 && !isUpTo(nextId, INT_MAX)) throw invalid(`its msg_next_id is ${nextId}`)

  const indexes = new Set<number>()
  const keys = new Set<number>()
  for (const queue of queues) {
    checkQueue(queue)
    const index = queue.msqid & (IPCMNI - 1)
    if (indexes.has(index)) throw invalid(`two of its queues have index ${index}`, queue.msqid)
    indexes.add(index)
    const { key } = queue.perm
    if (key === IPC_PRIVATE) continue
    if (keys.has(key)) throw invalid('two of its queues have one key', queue.msqid)
    keys.add(key)
  }
}

function checkQueue(queue: CheckpointQueue): void {
  if (typeof queue?.perm !== 'object' || queue.perm === null) throw notACheckpoint()
  if (queue.messages?.[Symbol.iterator] === undefined) throw notACheckpoint()
  const { msqid, perm, qbytes, messages } = queue
  if (!isUpTo(msqid, INT_MAX)) throw invalid(`an id is ${msqid}`)
  if ((perm.key | 0) !== perm.key) throw invalid(`its key is ${perm.key}`, msqid)
  if (![perm.uid, perm.gid, perm.cuid, perm.cgid].every((id) => isUpTo(id, UINT_MAX - 1))) {
    throw invalid('its owner or creator is none', msqid)
  }
  if (!isUpTo(perm.mode, S_IRWXUGO)) throw invalid(`its mode is ${perm.mode}`, msqid)
  if (!isUpTo(qbytes, 2 ** 64)) throw invalid(`its qbytes are ${qbytes}`, msqid)
  for (const message of messages) checkMessage(message, msqid)
}

function checkMessage(message: CheckpointMessage, msqid: number): void {
  if (!(message?.mtext instanceof Uint8Array)) throw notACheckpoint()
  if (!isLong(message.mtype) || message.mtype < 1) throw invalid(`a message has type ${message.mtype}`, msqid)
  if (message.mtext.length > INT_MAX) throw invalid(`a message has ${message.mtext.length} bytes`, msqid)
}

function isUpTo(value: number, most: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= most
}

function invalid(hint: string, msqid?: number): SyscallError {
  return new SyscallError('EINVAL', 'restore', msqid === undefined ? { hint } : { msqid, hint })
}

function notACheckpoint(): TypeError {
  return new TypeError('checkpoint must be what checkpoint() or readImage() gave')
}
