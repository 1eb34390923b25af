import { S_IRUGO, S_IWUGO } from '../abi/index.ts'
import { MESSAGE_BYTES } from './bounds.ts'
import type { Caller, CopyAfter, Msgrcv, Msgsnd, Ticket, WaitingCall } from './entry.ts'
import type { MsgQueue } from './msg-queue.ts'
import { fail, type Namespace, type Step, ticketKey } from './namespace.ts'
import { ipcPerms } from './permissions.ts'
import type { Selector } from './search.ts'

/** A receive that waits for a message to take. Source: ipc/msg.c, struct msg_receiver. */
export interface BlockedReceiver {
  readonly kind: 'receivers'
  readonly ticket: Ticket
  readonly caller: Caller
  readonly queue: MsgQueue
  readonly call: Msgrcv
  readonly selector: Selector
}

/** A send that waits for room. Source: ipc/msg.c, struct msg_sender. */
export interface BlockedSender {
  readonly kind: 'senders'
  readonly ticket: Ticket
  readonly caller: Caller
  readonly queue: MsgQueue
  readonly call: Msgsnd
}

/** A copy that waits for a message to copy. The kernel has none. */
export interface BlockedCopier {
  readonly kind: 'copiers'
  readonly ticket: Ticket
  readonly caller: Caller
  readonly queue: MsgQueue
  readonly call: Msgrcv | CopyAfter
  readonly selector: Selector
}

export type Waiter = BlockedReceiver | BlockedSender | BlockedCopier

/** Puts a call at the tail of its queue's list: ENOMEM where too many wait. */
export function wait(step: Step, waiter: Waiter): void {
  const { namespace } = step
  if (namespace.waiting.size >= namespace.bounds.waitingCalls) return fail(step, waiter.ticket, 'ENOMEM')
  step.changed = true
  namespace.sendingBytes += sendingBytesOf(waiter)
  namespace.waiting.set(ticketKey(waiter.ticket), waiter)
  const list: { push(waiter: Waiter): void } = waiter.queue[waiter.kind]
  list.push(waiter)
}

/** Takes a call that is about to end off its list. */
export function unwait(namespace: Namespace, waiter: Waiter): void {
  namespace.waiting.delete(ticketKey(waiter.ticket))
  namespace.sendingBytes -= sendingBytesOf(waiter)
  if (waiter.kind === 'receivers') return waiter.queue.receivers.delete(waiter)
  const list: Waiter[] = waiter.queue[waiter.kind]
  list.splice(list.indexOf(waiter), 1)
}

/** What a waiting call has of messages: a send has its own. */
export function sendingBytesOf({ kind, call }: Waiter): number {
  return kind === 'senders' ? call.mtext.length + MESSAGE_BYTES : 0
}

/** Ends waiting calls with one error, in order. Source: ipc/msg.c, expunge_all(). */
export function expunge(step: Step, waiters: readonly Waiter[], code: 'EACCES' | 'EIDRM' | 'EINTR'): void {
  for (const waiter of waiters) {
    step.changed = true
    unwait(step.namespace, waiter)
    fail(step, waiter.ticket, code)
  }
}

/** All calls that wait on a queue, in the order in which its removal wakes them. Source: ipc/msg.c, freeque(). */
export function waitersOf(queue: MsgQueue): Waiter[] {
  return [...queue.receivers, ...queue.senders, ...queue.copiers]
}

/** Ends the readers that IPC_SET took the permission from; the others keep their order. */
export function recheckReaders(step: Step, queue: MsgQueue): void {
  const readers: Waiter[] = [...queue.receivers, ...queue.copiers]
  expunge(
    step,
    readers.filter(({ caller }) => !ipcPerms(queue, caller, S_IRUGO)),
    'EACCES',
  )
}

/** Whether a waiting sender may still write. A sender is asked only when its message fits. */
export function maySend(sender: BlockedSender): boolean {
  return ipcPerms(sender.queue, sender.caller, S_IWUGO)
}

/** Every waiting call, queue by queue, each list in the order in which it is served. */
export function waitingCalls(namespace: Namespace): WaitingCall[] {
  return [...namespace.identifiers.queues()].flatMap((queue) =>
    waitersOf(queue).map(({ ticket, caller, call }) => ({ ticket, msqid: queue.msqid, caller, call })),
  )
}
