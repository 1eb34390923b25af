import { serveCopiers } from './copies.ts'
import type { Caller, Message, Msgsnd, Ticket } from './entry.ts'
import type { Address } from './messages/index.ts'
import { countReceive, hold, isTooLong, link, type MsgQueue, msgFitsInQueue, take } from './msg-queue.ts'
import { fail, finish, type Step } from './namespace.ts'
import { testMsg } from './search.ts'
import { type BlockedReceiver, type BlockedSender, maySend, unwait, wait } from './waiters.ts'

/** Sends a message for which there is room. Its bytes are copied, onto the queue or for the receiver. */
export function deliver(step: Step, queue: MsgQueue, ticket: Ticket, caller: Caller, call: Msgsnd): void {
  step.changed = true
  queue.lspid = caller.pid
  queue.stime = step.now
  const message = {
    mtype: call.mtype,
    mtext: call.mtext,
    sequence: ++queue.lastSequence,
    sender: { pid: caller.pid, uid: caller.uid },
    time: step.now,
  }
  if (queue.copiers.length > 0) show(step, queue, link(step.namespace, queue, message))
  else pipelinedSend(step, queue, message)
  finish(step, ticket, 0)
}

/** Shows a message that just came into sight to whoever waits for one: copiers see it, then a receiver may take it. */
export function show(step: Step, queue: MsgQueue, address: Address): void {
  serveCopiers(step, queue)
  const receiver = nextReceiver(step, queue, queue.messages.typeOf(address), queue.messages.sizeOf(address))
  if (receiver === undefined) return
  finish(step, receiver.ticket, queue.messages.read(address, receiver.call.msgsz))
  if (receiver.call.hold) return hold(step, queue, address, receiver)
  take(step, queue, address, receiver.caller.tid)
  // The hand-over may have lowered the copy counter.
  serveCopiers(step, queue)
}

/** Hands a message to the first waiting receiver that it matches, or puts it on the queue. Source: ipc/msg.c, pipelined_send(). */
function pipelinedSend(step: Step, queue: MsgQueue, message: Message): void {
  const receiver = nextReceiver(step, queue, message.mtype, message.mtext.length)
  if (receiver === undefined || receiver.call.hold) {
    const address = link(step.namespace, queue, message)
    if (receiver === undefined) return
    hold(step, queue, address, receiver)
  } else {
    // A receiver that waited leaves its thread's id, one that did not its process's. Source: ipc/msg.c, task_pid().
    countReceive(step, queue, receiver.caller.tid)
  }
  finish(step, receiver.ticket, { ...message, mtext: message.mtext.slice(0, receiver.call.msgsz) })
}

/** The first waiting receiver that takes a message; those for which it is too long end in E2BIG on the way. */
function nextReceiver(
  step: Step,
  queue: MsgQueue,
  mtype: Message['mtype'],
  sizeBytes: number,
): BlockedReceiver | undefined {
  if (queue.receivers.length === 0) return undefined
  for (const receiver of [...queue.receivers]) {
    if (!testMsg(mtype, receiver.selector)) continue
    unwait(step.namespace, receiver)
    if (!isTooLong(sizeBytes, receiver.call)) return receiver
    fail(step, receiver.ticket, 'E2BIG')
  }
  return undefined
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
