import { MSG_NOERROR, type Msgbuf } from '../abi/index.ts'
import type { Caller, Limits, Msgrcv, Sender, Ticket } from './entry.ts'
import { type Address, MessageList } from './messages/index.ts'
import type { Namespace, Step } from './namespace.ts'
import { Receivers } from './receivers.ts'
import type { BlockedCopier, BlockedSender } from './waiters.ts'

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
  readonly receivers: Receivers
  senders: BlockedSender[]
  readonly copiers: BlockedCopier[]
}

/** A new, empty queue. Source: ipc/msg.c, newque(). */
export function newQueue(
  msqid: number,
  key: number,
  mode: number,
  creator: Pick<Caller, 'uid' | 'gid'>,
  limits: Limits,
  now: number,
): MsgQueue {
  return {
    msqid,
    key,
    uid: creator.uid,
    gid: creator.gid,
    cuid: creator.uid,
    cgid: creator.gid,
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
    receivers: new Receivers(),
    senders: [],
    copiers: [],
  }
}

/** A message that a receive holds, until its `accept`, its `refuse`, or the end of its session or queue. */
export interface HeldMessage {
  readonly queue: MsgQueue
  readonly sequence: number
  readonly receive: Ticket
  readonly caller: Caller
}

/** Room is asked for before hand-over: a full queue refuses also what a receiver waits for. Source: ipc/msg.c, msg_fits_inqueue(). */
export function msgFitsInQueue(queue: MsgQueue, sizeBytes: number): boolean {
  return sizeBytes + queue.cbytes <= queue.qbytes && 1 + queue.qnum <= queue.qbytes
}

/** Counts a message and puts it at the tail; its bytes are copied. */
export function link(
  namespace: Namespace,
  queue: MsgQueue,
  message: Msgbuf,
  sequence: number,
  sender: Sender,
  time: number,
): Address {
  const sizeBytes = message.mtext.length
  queue.qnum++
  queue.cbytes += sizeBytes
  namespace.messageCount++
  namespace.byteCount += sizeBytes
  return queue.messages.append(message, sequence, sender, time)
}

/** Takes a message off its queue for the process or thread `lrpid`. */
export function take(step: Step, queue: MsgQueue, address: Address, lrpid: number): void {
  const sizeBytes = queue.messages.sizeOf(address)
  queue.messages.remove(address)
  queue.qnum--
  queue.cbytes -= sizeBytes
  step.namespace.messageCount--
  step.namespace.byteCount -= sizeBytes
  countReceive(step, queue, lrpid)
}

/** What every receive leaves behind: its time, its pid, and a copy counter that is one lower. */
export function countReceive(step: Step, queue: MsgQueue, lrpid: number): void {
  queue.rtime = step.now
  queue.lrpid = lrpid
  if (queue.copyCounter > 0) queue.copyCounter--
  step.changed = true
}

/** Hides a message at its place for a receive that holds. */
export function hold(
  step: Step,
  queue: MsgQueue,
  address: Address,
  { ticket, caller }: Pick<Step, 'ticket' | 'caller'>,
): void {
  const sequence = queue.messages.sequenceOf(address)
  queue.messages.hide(address, ticket)
  step.namespace.held.set(ticket, { queue, sequence, receive: ticket, caller })
  step.changed = true
}

/** Whether a message is longer than a call accepts: E2BIG, and it stays. */
export function isTooLong(sizeBytes: number, { msgsz, msgflg }: Pick<Msgrcv, 'msgsz' | 'msgflg'>): boolean {
  return sizeBytes > msgsz && !(msgflg & MSG_NOERROR)
}
