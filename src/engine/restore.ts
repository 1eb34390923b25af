import type { ErrnoName } from '../abi/index.ts'
import { INT_MAX, IPC_PRIVATE, IPCID_SEQ_MAX, IPCMNI, isLong, S_IRWXUGO, UINT_MAX } from '../abi/index.ts'
import { hasRoomInPool, MESSAGE_BYTES } from './bounds.ts'
import type { CheckpointHeader, CheckpointMessages, CheckpointQueue } from './checkpoint.ts'
import type { Limits, RestoreBegin, RestoreChunk, RestoreCommit, Ticket } from './entry.ts'
import { indexOf } from './identifiers.ts'
import { areValidLimits, isIntUpTo } from './limits.ts'
import { cbytesOf, MessagePacker, type MessageView, PackedMessages, viewsOf } from './messages/index.ts'
import { link, type MsgQueue, newQueue } from './msg-queue.ts'
import { fail, finish, type Namespace, type Step, ticketKey } from './namespace.ts'
import { checkpointRestoreCapable } from './permissions.ts'

/** Restores that may be under way at once: each holds a whole image. */
export const RESTORES_MAX = 16

/** What a restore has brought so far. Nothing of it is in the namespace before its commit. */
export interface StagedRestore {
  readonly ticket: Ticket
  readonly header: CheckpointHeader
  readonly queues: Map<number, StagedQueue>
  /** What its messages take. */
  stagedBytes: number
}

interface StagedQueue {
  /** What its first part told of it. */
  readonly queue: Omit<CheckpointQueue, 'messages'>
  readonly messages: MessagePacker
  /** The last message's sequence number, or what it will be. */
  lastSequence: number
}

export function restoreBegin(step: Step, { header }: RestoreBegin): void {
  const { ticket, caller, namespace } = step
  if (!namespace.checkpointRestore) return fail(step, ticket, 'ENOSYS')
  if (!checkpointRestoreCapable(caller)) return fail(step, ticket, 'EPERM')
  if (!isValidHeader(header)) return fail(step, ticket, 'EINVAL')
  if (namespace.restores.size >= RESTORES_MAX) return fail(step, ticket, 'ENOSPC')
  step.changed = true
  namespace.restores.set(ticketKey(ticket), { ticket, header, queues: new Map(), stagedBytes: 0 })
  finish(step, ticket, 0)
}

/** A part that is not valid ends the whole restore. */
export function restoreChunk(step: Step, { restore, queues }: RestoreChunk): void {
  const { ticket, namespace } = step
  const staged = namespace.restores.get(ticketKey(restore))
  if (staged === undefined) return fail(step, ticket, 'EINVAL')
  const sizeBytes = queues.reduce((sum, { messages }) => sum + bytesOf(messages), 0)
  if (!hasRoomInPool(namespace, sizeBytes)) return fail(step, ticket, 'ENOMEM')
  step.changed = true
  for (const queue of queues) {
    if (!isValidQueue(queue) || !stage(staged, queue)) {
      unstage(namespace, staged)
      return fail(step, ticket, 'EINVAL')
    }
  }
  addStaged(namespace, staged, sizeBytes)
  finish(step, ticket, 0)
}

/** What messages take, as `Bounds` count it. */
export function bytesOf(messages: CheckpointMessages): number {
  return cbytesOf(messages) + messages.length * MESSAGE_BYTES
}

export function addStaged(namespace: Namespace, staged: StagedRestore, sizeBytes: number): void {
  staged.stagedBytes += sizeBytes
  namespace.stagedBytes += sizeBytes
}

/** Forgets what a restore has brought. */
export function unstage(namespace: Namespace, { ticket, stagedBytes }: StagedRestore): void {
  namespace.restores.delete(ticketKey(ticket))
  namespace.stagedBytes -= stagedBytes
}

/** Adds a queue, or further messages of one. @returns Whether they are valid. */
export function stage({ queues }: StagedRestore, { messages, ...queue }: CheckpointQueue): boolean {
  let staged = queues.get(queue.msqid)
  if (staged === undefined) {
    if (queues.size === IPCMNI) return false
    staged = { queue, messages: new MessagePacker(), lastSequence: 0 }
    queues.set(queue.msqid, staged)
  }
  return stageMessages(staged, messages)
}

function stageMessages(staged: StagedQueue, messages: CheckpointMessages): boolean {
  if (messages instanceof PackedMessages && messages.tellsAll && staged.messages.length === 0) {
    staged.messages.take(messages)
    staged.lastSequence = messages.lastSequence
    return true
  }
  for (const message of viewsOf(messages)) {
    const { sequence = staged.lastSequence + 1 } = message
    // Cursors go by sequence numbers: they must rise along a queue.
    if (!isValidMessage(message) || sequence <= staged.lastSequence) return false
    staged.messages.append(message)
    staged.lastSequence = sequence
  }
  return true
}

/**
 * Makes all queues of a restore, or none. A namespace without queues takes the image's limits, msg_next_id and
 * identifier cursor as they are; in another one limits are only raised.
 */
export function restoreCommit(step: Step, { restore }: RestoreCommit): void {
  const { ticket, namespace } = step
  const staged = namespace.restores.get(ticketKey(restore))
  if (staged === undefined) return fail(step, ticket, 'EINVAL')
  step.changed = true
  unstage(namespace, staged)
  const limits = limitsAfter(namespace, staged.header)
  const conflict = findConflict(namespace, limits, [...staged.queues.values()])
  if (conflict !== undefined) return fail(step, ticket, conflict)

  const wasEmpty = namespace.identifiers.inUse === 0
  namespace.limits = limits
  if (wasEmpty) takeIdentifiers(namespace, staged.header)
  for (const queue of staged.queues.values()) restoreQueue(step, queue)
  finish(step, ticket, staged.queues.size)
}

function limitsAfter({ limits, identifiers }: Namespace, header: CheckpointHeader): Limits {
  if (identifiers.inUse === 0) return header.limits
  return {
    msgmax: Math.max(limits.msgmax, header.limits.msgmax),
    msgmnb: Math.max(limits.msgmnb, header.limits.msgmnb),
    msgmni: Math.max(limits.msgmni, header.limits.msgmni),
  }
}

function findConflict(namespace: Namespace, limits: Limits, staged: readonly StagedQueue[]): ErrnoName | undefined {
  const { identifiers } = namespace
  const indexes = new Set<number>()
  const keys = new Set<number>()
  for (const { queue, lastSequence } of staged) {
    const { key } = queue.perm
    if (indexes.has(indexOf(queue.msqid)) || keys.has(key)) return 'EINVAL'
    if (lastSequence > (queue.lastSequence ?? lastSequence)) return 'EINVAL'
    if (identifiers.at(queue.msqid) !== undefined || identifiers.withKey(key) !== undefined) return 'EEXIST'
    indexes.add(indexOf(queue.msqid))
    if (key !== IPC_PRIVATE) keys.add(key)
  }
  // An image may hold more queues than its own msgmni, which can be lowered under them.
  const wasEmpty = identifiers.inUse === 0
  if (!wasEmpty && identifiers.inUse + staged.length > limits.msgmni) return 'ENOSPC'
  return undefined
}

function takeIdentifiers({ identifiers }: Namespace, header: CheckpointHeader): void {
  identifiers.nextId = header.nextId
  if (header.identifiers === undefined) return
  identifiers.nextIndex = header.identifiers.nextIndex
  identifiers.lastIndex = header.identifiers.lastIndex
  identifiers.sequence = header.identifiers.sequence
}

/** What an image does not tell is as if its caller had made and filled the queue now. */
function restoreQueue(step: Step, { queue, messages: packer, lastSequence }: StagedQueue): void {
  const { namespace, caller, now } = step
  const { msqid, perm } = queue
  const messages = packer.packed()
  const creator = { uid: perm.cuid, gid: perm.cgid }
  const restored: MsgQueue = {
    ...newQueue(msqid, perm.key, perm.mode, creator, namespace.limits, now),
    uid: perm.uid,
    gid: perm.gid,
    qbytes: queue.qbytes,
    stime: queue.stime ?? (messages.length > 0 ? now : 0),
    rtime: queue.rtime ?? 0,
    ctime: queue.ctime ?? now,
    lspid: queue.lspid ?? (messages.length > 0 ? caller.pid : 0),
    lrpid: queue.lrpid ?? 0,
    copyCounter: queue.copyCounter ?? 0,
  }
  if (messages.tellsAll) takeMessages(namespace, restored, messages)
  else for (const message of viewsOf(messages)) restoreMessage(step, restored, message)
  restored.lastSequence = queue.lastSequence ?? lastSequence
  namespace.identifiers.add(restored)
}

/** As they are: a million of them take as long as one. */
function takeMessages(namespace: Namespace, queue: MsgQueue, messages: PackedMessages): void {
  queue.messages.take(messages)
  queue.qnum = messages.length
  queue.cbytes = messages.cbytes
  namespace.messageCount += messages.length
  namespace.byteCount += messages.cbytes
}

function restoreMessage({ namespace, caller, now }: Step, queue: MsgQueue, message: MessageView): void {
  const { sequence = queue.lastSequence + 1, sender = caller, time = now } = message
  queue.lastSequence = sequence
  link(namespace, queue, message, sequence, sender, time)
}

function isValidHeader({ limits, nextId, identifiers }: CheckpointHeader): boolean {
  if (!areValidLimits(limits) || !(nextId === -1 || isIntUpTo(nextId, INT_MAX))) return false
  if (identifiers === undefined) return true
  const { nextIndex, lastIndex, sequence } = identifiers
  return isIntUpTo(nextIndex, IPCMNI) && isIntUpTo(lastIndex + 1, IPCMNI) && isIntUpTo(sequence, IPCID_SEQ_MAX - 1)
}

function isValidQueue(queue: CheckpointQueue): boolean {
  const { msqid, perm, qbytes, stime, rtime, ctime, lspid, lrpid, copyCounter, lastSequence } = queue
  return (
    isIntUpTo(msqid, INT_MAX) &&
    Number.isInteger(perm.key) &&
    (perm.key | 0) === perm.key &&
    [perm.uid, perm.gid, perm.cuid, perm.cgid].every((id) => isIntUpTo(id, UINT_MAX - 1)) &&
    isIntUpTo(perm.mode, S_IRWXUGO) &&
    // Above 2^53 a sign-extended int is a whole number still.
    isIntUpTo(qbytes, 2 ** 64) &&
    [stime, rtime, ctime, lastSequence].every((value) => isIntUpTo(value ?? 0, Number.MAX_SAFE_INTEGER)) &&
    [lspid, lrpid].every((pid) => isIntUpTo(pid ?? 0, INT_MAX)) &&
    isIntUpTo(copyCounter ?? 0, UINT_MAX)
  )
}

function isValidMessage({ mtype, mtext, sequence, sender, time }: MessageView): boolean {
  return (
    isLong(mtype) &&
    mtype >= 1 &&
    mtext.length <= INT_MAX &&
    isIntUpTo(sequence ?? 1, Number.MAX_SAFE_INTEGER) &&
    isIntUpTo(sender?.pid ?? 0, INT_MAX) &&
    isIntUpTo(sender?.uid ?? 0, UINT_MAX) &&
    isIntUpTo(time ?? 0, Number.MAX_SAFE_INTEGER)
  )
}
