import { serveCopiers } from './copies.ts'
import type { Caller, Msgsnd, Ticket } from './entry.ts'
import type { QueuedMessage } from './messages.ts'
import { cutToSize, hold, isTooLong, link, type MsgQueue, msgFitsInQueue, receive } from './msg-queue.ts'
import { fail, finish, type Step } from './namespace.ts'
import { testMsg } from './search.ts'
import { type BlockedSender, maySend, unwait, wait } from './waiters.ts'

/** Sends a message for which there is room. */
export function deliver(step: Step, queue: MsgQueue, ticket: Ticket, caller: Caller, call: Msgsnd): void {
  step.changed = true
  queue.lspid = caller.pid
  queue.stime = step.now
  const queued = link(step.namespace, queue, {
    mtype: call.mtype,
    mtext: call.mtext,
    sequence: ++queue.lastSequence,
    sender: { pid: caller.pid, uid: caller.uid },
    time: step.now,
  })
  show(step, queue, queued)
  finish(step, ticket, 0)
}

/** Shows a message that just came into sight to whoever waits for one: copiers see it, then a receiver may take it. */
export function show(step: Step, queue: MsgQueue, queued: QueuedMessage): void {
  serveCopiers(step, queue)
  if (!pipelinedSend(step, queue, queued)) return
  // The hand-over may have lowered the copy counter.
  serveCopiers(step, queue)
}

/**
 * Hands a message to the first waiting receiver that it matches; those for which it is too long end in E2BIG on the
 * way. Returns whether someone took it off the queue. Source: ipc/msg.c, pipelined_send().
 */
function pipelinedSend(step: Step, queue: MsgQueue, queued: QueuedMessage): boolean {
  const { message } = queued
  for (const receiver of [...queue.receivers]) {
    if (!testMsg(message.mtype, receiver.selector)) continue
    unwait(step.namespace, receiver)
    if (isTooLong(message, receiver.call)) {
      fail(step, receiver.ticket, 'E2BIG')
      continue
    }
    // A receiver that waited leaves its thread's id, one that did not its process's. Source: ipc/msg.c, task_pid().
    if (receiver.call.hold) hold(step, queue, queued, receiver)
    else receive(step, queue, queued, receiver.caller.tid)
    finish(step, receiver.ticket, cutToSize(message, receiver.call))
    return !receiver.call.hold
  }
  return false
}

/**
 * Wakes the senders whose message fits now, each tested by itself; the others move to the tail. No room is reserved:
 * a woken sender that finds none left queues again, at the tail. Source: ipc/msg.c, ss_wakeup().
 */
export function wakeSenders(step: Step, queue: MsgQueue): void {
  if (queue.senders.length === 0) return
  const fits = ({ call }: BlockedSender) => msgFitsInQueue(queue, call.mtext.length)
  const woken = queue.senders.filter(fits)
  const others = queue.senders.filter((sender) => !fits(sender))
  queue.senders.splice(0, Number.POSITIVE_INFINITY, ...woken, ...others)

  for (const sender of woken) {
    const { ticket, caller, call } = sender
    unwait(step.namespace, sender)
    if (!maySend(sender)) fail(step, ticket, 'EACCES')
    else if (fits(sender)) deliver(step, queue, ticket, caller, call)
    else wait(step, sender)
  }
}
