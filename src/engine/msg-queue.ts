import { MSG_NOERROR } from '../abi/index.ts'
import type { Caller, Limits, Message, Msgrcv, Ticket } from './entry.ts'
import { MessageList, type QueuedMessage } from './messages.ts'
import { type Namespace, type Step, ticketKey } from './namespace.ts'
import type { BlockedCopier, BlockedReceiver, BlockedSender } from './waiters.ts'

/** One queue. Times are milliseconds; the kernel's structs show whole seconds. Source: ipc/msg.c, struct msg_queue. */
export interface MsgQueue {
  readonly msqid: number
  readonly key: number
  uid: number
  gid: number
  readonly cuid: number
  readonly cgid: number
  mode: number

  stime: number
  rtime: number
  ctime: number
  lspid: number
  lrpid: number

  /** Payload bytes and messages on the queue, held ones included. */
  cbytes: number
  qnum: number
  qbytes: number

  /** The 2012 proposal's q_copy_cnt, an unsigned int. */
  copyCounter: number
  /** Messages ever sent to this queue, hand-overs included: the last one's sequence number. */
  lastSequence: number

  readonly messages: MessageList
  /** Waiting calls, each list in the order in which they are served. */
  readonly receivers: BlockedReceiver[]
  readonly senders: BlockedSender[]
  readonly copiers: BlockedCopier[]
}

/** A new, empty queue. Source: ipc/msg.c, newque(). */
export function newQueue(
  msqid: number,
  key: number,
  mode: number,
  caller: Caller,
  limits: Limits,
  now: number,
): MsgQueue {
  return {
    msqid,
    key,
    uid: caller.uid,
    gid: caller.gid,
    cuid: caller.uid,
    cgid: caller.gid,
    mode,
    stime: 0,
    rtime: 0,
    ctime: now,
    lspid: 0,
    lrpid: 0,
    cbytes: 0,
    qnum: 0,
    qbytes: limits.msgmnb,
    copyCounter: 0,
    lastSequence: 0,
    messages: new MessageList(),
    receivers: [],
    senders: [],
    copiers: [],
  }
}

/** A message that a receive holds, until its `accept`, its `refuse`, or the end of its session or queue. */
export interface HeldMessage {
  readonly queue: MsgQueue
  readonly queued: QueuedMessage
  readonly receive: Ticket
  readonly caller: Caller
}

/** Room is asked for before hand-over: a full queue refuses also what a receiver waits for. Source: ipc/msg.c, msg_fits_inqueue(). */
export function msgFitsInQueue(queue: MsgQueue, sizeBytes: number): boolean {
  return sizeBytes + queue.cbytes <= queue.qbytes && 1 + queue.qnum <= queue.qbytes
}

/** Counts a message and puts it at the tail. */
export function link(namespace: Namespace, queue: MsgQueue, message: Message): QueuedMessage {
  queue.qnum++
  queue.cbytes += message.mtext.length
  namespace.messageCount++
  namespace.byteCount += message.mtext.length
  return queue.messages.append(message)
}

/** Takes a message off its queue for the process or thread `lrpid`. Every receive lowers the copy counter. */
export function receive(step: Step, queue: MsgQueue, queued: QueuedMessage, lrpid: number): void {
  const sizeBytes = queued.message.mtext.length
  queue.messages.remove(queued)
  queue.qnum--
  queue.cbytes -= sizeBytes
  step.namespace.messageCount--
  step.namespace.byteCount -= sizeBytes
  queue.rtime = step.now
  queue.lrpid = lrpid
  if (queue.copyCounter > 0) queue.copyCounter--
  step.changed = true
}

/** Hides a message at its place for a receive that holds. */
export function hold(
  step: Step,
  queue: MsgQueue,
  queued: QueuedMessage,
  receiver: Pick<Step, 'ticket' | 'caller'>,
): void {
  const { ticket, caller } = receiver
  queued.holder = ticket
  step.namespace.held.set(ticketKey(ticket), { queue, queued, receive: ticket, caller })
  step.changed = true
}

/** Whether a message is longer than a call accepts: E2BIG, and it stays. */
export function isTooLong(message: Message, call: Pick<Msgrcv, 'msgsz' | 'msgflg'>): boolean {
  return message.mtext.length > call.msgsz && !(call.msgflg & MSG_NOERROR)
}

/** A message as MSG_NOERROR hands it over: no longer than msgsz. */
export function cutToSize(message: Message, { msgsz }: Pick<Msgrcv, 'msgsz'>): Message {
  return message.mtext.length > msgsz ? { ...message, mtext: message.mtext.subarray(0, msgsz) } : message
}
