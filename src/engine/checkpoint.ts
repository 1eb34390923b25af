import { type IpcPerm, S_IRUGO } from '../abi/index.ts'
import type { Caller, Limits, Message, WaitingCall } from './entry.ts'
import type { MsgQueue } from './msg-queue.ts'
import type { Namespace } from './namespace.ts'
import { ipcPerms } from './permissions.ts'
import { waitingCalls } from './waiters.ts'

/** What an image keeps of a namespace beside its queues. */
export interface CheckpointHeader {
  /** When it was taken, milliseconds since 1970. */
  readonly time: number
  readonly limits: Limits
  /** Pending msg_next_id; -1 when there is none. */
  readonly nextId: number
  /** Where identifiers go on; absent when the source does not tell (the kernel, CRIU). */
  readonly identifiers?: IdentifierCursor
}

export interface IdentifierCursor {
  /** The index to try next. */
  readonly nextIndex: number
  /** The index handed out last; -1 before the first. */
  readonly lastIndex: number
  readonly sequence: number
}

/** One queue of an image. Times are milliseconds since 1970; what its source does not tell is absent. */
export interface CheckpointQueue {
  readonly msqid: number
  readonly perm: Omit<IpcPerm, 'seq'>
  readonly qbytes: number
  readonly stime?: number
  readonly rtime?: number
  readonly ctime?: number
  readonly lspid?: number
  readonly lrpid?: number
  readonly copyCounter?: number
  /** Sequence number of the message sent last. */
  readonly lastSequence?: number
  readonly messages: CheckpointMessages
}

/**
 * The messages of one queue of an image, oldest first. An array of them is one. A namespace and a file keep them packed,
 * and make each when it is iterated, with bytes of its own: `Array.from` has them all at once.
 */
export interface CheckpointMessages extends Iterable<CheckpointMessage> {
  readonly length: number
  /** Payload bytes of all, where that is known without looking at each. */
  readonly cbytes?: number
}

/** One message of an image. */
export type CheckpointMessage = Pick<Message, 'mtype' | 'mtext'> &
  Partial<Pick<Message, 'sequence' | 'sender' | 'time'>>

/** A whole namespace at one instant. */
export interface Checkpoint extends CheckpointHeader {
  /** In the order of their indexes. */
  readonly queues: readonly CheckpointQueue[]
  /** The calls that were waiting. Restore drops them: their programs will call again. */
  readonly waiting: readonly WaitingCall[]
}

/** Why there is no checkpoint. */
export interface CheckpointRefusal {
  readonly code: 'ENOSYS' | 'EACCES'
  /** The queue that the caller may not read. */
  readonly msqid?: number
}

/**
 * Copies a whole namespace at one instant, removing nothing. Held messages are copied where they stand. Messages are
 * shared with their queue until it changes: it costs the same however many there are.
 */
export function checkpoint(namespace: Namespace, caller: Caller, time: number): Checkpoint | CheckpointRefusal {
  const { identifiers } = namespace
  if (!namespace.checkpointRestore) return { code: 'ENOSYS' }
  for (const queue of identifiers.queues()) {
    if (!ipcPerms(queue, caller, S_IRUGO)) return { code: 'EACCES', msqid: queue.msqid }
  }
  return {
    time,
    limits: namespace.limits,
    nextId: identifiers.nextId,
    identifiers: {
      nextIndex: identifiers.nextIndex,
      lastIndex: identifiers.lastIndex,
      sequence: identifiers.sequence,
    },
    queues: [...identifiers.queues()].map((queue) => ({
      ...queueFields(queue),
      messages: queue.messages.share(queue.cbytes),
    })),
    waiting: waitingCalls(namespace),
  }
}

/** All of a queue but its messages and who waits. */
export function queueFields(queue: MsgQueue): Required<Omit<CheckpointQueue, 'messages'>> {
  const { msqid, key, uid, gid, cuid, cgid, mode } = queue
  const { qbytes, stime, rtime, ctime, lspid, lrpid, copyCounter, lastSequence } = queue
  return {
    msqid,
    perm: { key, uid, gid, cuid, cgid, mode },
    qbytes,
    stime,
    rtime,
    ctime,
    lspid,
    lrpid,
    copyCounter,
    lastSequence,
  }
}
