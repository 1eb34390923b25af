import { serveCopiers } from './copies.ts'
import type { Caller, Message, Msgsnd, Ticket } from './entry.ts'
import type { Address } from './messages/index.ts'
import { countReceive, hold, isTooLong, link, type MsgQueue, msgFitsInQueue, take } from './msg-queue.ts'
import { fail, finish, type Step } from './namespace.ts'
import { type BlockedReceiver, type BlockedSender, maySend, unwait } from './waiters.ts'

/** Sends a message for which there is room. Its bytes are copied, onto the queue or for the receiver. */
export function deliver(step: Step, queue: MsgQueue, ticket: Ticket, caller: Caller, call: Msgsnd): void {
  step.changed = true
  queue.lspid = caller.pid
  queue.stime = step.now
  queue.lastSequence++
  if (queue.copiers.length > 0)
    show(step, queue, link(step.namespace, queue, call, queue.lastSequence, caller, step.now))
  else pipelinedSend(step, queue, caller, call)
  finish(step, ticket, 0)
}

/** Shows a message that just came into sight to whoever waits for one: copiers see it, then a receiver may take it. */
export function show(step: Step, queue: MsgQueue, address: Address): void {
  serveCopiers(step, queue)
  const receiver = nextReceiver(step, queue, queue.messages.typeOf(address), queue.messages.sizeOf(address))
  if (receiver === undefined) return
  finish(step, receiver.ticket, queue.messages.read(address, receiver.call.msgsz))
  if (receiver.call.hold) return hold(step, queue, address, asThread(receiver))
  take(step, queue, address, receiver.caller.tid)
  // The hand-over may have lowered the copy counter.
  serveCopiers(step, queue)
}

/** Hands a message to the first waiting receiver that it matches, or puts it on the queue. Source: ipc/msg.c, pipelined_send(). */
function pipelinedSend(step: Step, queue: MsgQueue, sender: Caller, call: Msgsnd): void {
  const { namespace, now } = step
  const { mtype, mtext } = call
  const receiver = nextReceiver(step, queue, mtype, mtext.length)
  if (receiver === undefined || receiver.call.hold) {
    const address = link(namespace, queue, call, queue.lastSequence, sender, now)
    if (receiver === undefined) return
    hold(step, queue, address, asThread(receiver))
  } else {
    // A receiver that waited leaves its thread's id, one that did not its process's. Source: ipc/msg.c, task_pid().
    countReceive(step, queue, receiver.caller.tid)
  }
  finish(step, receiver.ticket, {
    mtype,
    // Not slice(): a Buffer's is a view.
    mtext: new Uint8Array(mtext.subarray(0, receiver.call.msgsz)),
    sequence: queue.lastSequence,
    sender: { pid: sender.pid, uid: sender.uid },
    time: now,
  })
}

/** The receive of a hold that began as a wait: once it is accepted, it leaves its thread's id, as one without a hold does. */
function asThread({ ticket, caller }: BlockedReceiver): { readonly ticket: Ticket; readonly caller: Caller } {
  return { ticket, caller: { ...caller, pid: caller.tid } }
}

/** The first waiting receiver that takes a message; those for which it is too long end in E2BIG on the way. */
function nextReceiver(
  step: Step,
  queue: MsgQueue,
  mtype: Message['mtype'],
  sizeBytes: number,
): BlockedReceiver | undefined {
  const { receivers } = queue
  for (let receiver = receivers.first(mtype); receiver !== undefined; receiver = receivers.first(mtype)) {
    unwait(step.namespace, receiver)
    if (!isTooLong(sizeBytes, receiver.call)) return receiver
    fail(step, receiver.ticket, 'E2BIG')
  }
  return undefined
}

/**
 * Wakes the senders whose message fits now, each tested by itself, behind those whose message does not: they moved to
 * the tail before. No room is reserved: a woken sender that finds none left stays, now behind the others. So each must
 * be tested, in the kernel too: who stands before whom from then on depends on all. Source: ipc/msg.c, ss_wakeup().
 */
export function wakeSenders(step: Step, queue: MsgQueue): void {
  if (queue.senders.length === 0) return
  const woken = queue.senders.filter(fits)
  if (woken.length < queue.senders.length)
    queue.senders = [...queue.senders.filter((sender) => !fits(sender)), ...woken]
  for (const sender of woken) {
    const may = maySend(sender)
    if (may && !fits(sender)) continue
    unwait(step.namespace, sender)
    if (may) deliver(step, queue, sender.ticket, sender.caller, sender.call)
    else fail(step, sender.ticket, 'EACCES')
  }
}

function fits({ queue, call }: BlockedSender): boolean {
  return msgFitsInQueue(queue, call.mtext.length)
}
