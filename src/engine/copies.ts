import { type ErrnoName, IPC_NOWAIT, MSG_EXCEPT, S_IRUGO } from '../abi/index.ts'
import type { Caller, CopyAfter, Message, Msgrcv, SetCopyCounter } from './entry.ts'
import type { Address } from './messages/index.ts'
import { isTooLong, type MsgQueue } from './msg-queue.ts'
import { fail, finish, type Namespace, type Step } from './namespace.ts'
import { ownerOrAdmin, permittedQueue } from './permissions.ts'
import { convertMode, findAfter, findNumber, type Selector } from './search.ts'
import { type BlockedCopier, unwait, wait } from './waiters.ts'

/**
 * Copies the message at an index, as Linux has it since 3.14. It changes nothing and never waits, so that it is a mere
 * reading of the state. Source: ipc/msg.c, do_msgrcv(), prepare_copy().
 */
export function copyAtIndex(namespace: Namespace, caller: Caller, call: Msgrcv): Message | ErrnoName {
  if (call.msqid < 0 || call.msgsz < 0) return 'EINVAL'
  if (call.msgflg & MSG_EXCEPT || !(call.msgflg & IPC_NOWAIT)) return 'EINVAL'
  const queue = readableQueue(namespace, caller, call.msqid)
  if (typeof queue === 'string') return queue

  const index = call.msgtyp
  const address = index >= 0 && index < queue.qnum ? queue.messages.at(Number(index)) : undefined
  if (address === undefined) return 'ENOMSG'
  const sizeBytes = queue.messages.sizeOf(address)
  if (isTooLong(sizeBytes, call)) return 'E2BIG'
  // A copy is never cut short, and its buffer never longer than msgmax is now. Source: ipc/msgutil.c, copy_msg().
  const capacity = Math.min(call.msgsz, namespace.limits.msgmax)
  return sizeBytes > capacity ? 'EINVAL' : queue.messages.read(address)
}

/** Copies the message whose number, among the selected ones, is the queue's copy counter, as proposed in 2012. */
export function copyAtCounter(step: Step, call: Msgrcv): void {
  const queue = readableQueue(step.namespace, step.caller, call.msqid)
  if (typeof queue === 'string') return fail(step, step.ticket, queue)
  copyOrWait(step, queue, call)
}

/** Copies the oldest selected message after a sequence number: the position is the reader's own to keep. */
export function copyAfter(step: Step, call: CopyAfter): void {
  if (call.msqid < 0 || call.msgsz < 0) return fail(step, step.ticket, 'EINVAL')
  const queue = readableQueue(step.namespace, step.caller, call.msqid)
  if (typeof queue === 'string') return fail(step, step.ticket, queue)
  copyOrWait(step, queue, call)
}

/** Sets the counter that `copyAtCounter` goes by; for those who may change the queue. */
export function setCopyCounter(step: Step, { msqid, copyCounter }: SetCopyCounter): void {
  const { ticket, caller, namespace } = step
  if (namespace.msgCopy !== 'counter' || !namespace.checkpointRestore) return fail(step, ticket, 'ENOSYS')
  const queue = namespace.identifiers.find(msqid)
  if (queue === undefined) return fail(step, ticket, 'EINVAL')
  if (!ownerOrAdmin(queue, caller)) return fail(step, ticket, 'EPERM')
  step.changed = true
  queue.copyCounter = copyCounter
  finish(step, ticket, 0)
  serveCopiers(step, queue)
}

/** Ends the waiting copies that can be made now, in order. No copy makes another one possible, so one walk will do. */
export function serveCopiers(step: Step, queue: MsgQueue): void {
  if (queue.copiers.length === 0) return
  for (const copier of [...queue.copiers]) {
    const found = findCopy(queue, copier.call, copier.selector, queue.lastSequence - 1)
    if (found === undefined) continue
    unwait(step.namespace, copier)
    finishCopy(step, queue, copier, found)
  }
}

/** Whether a copy finds nothing yet. By index a copy never waits, and where copying is not built in none does. */
export function copyWouldWait(namespace: Namespace, queue: MsgQueue, call: Msgrcv | CopyAfter): boolean {
  if (!namespace.checkpointRestore || (call.name === 'msgrcv' && namespace.msgCopy === 'index')) return false
  return findCopy(queue, call, convertMode(call.msgtyp, call.msgflg)) === undefined
}

function copyOrWait(step: Step, queue: MsgQueue, call: Msgrcv | CopyAfter): void {
  const { ticket, caller } = step
  const selector = convertMode(call.msgtyp, call.msgflg)
  const found = findCopy(queue, call, selector)
  if (found !== undefined) return finishCopy(step, queue, { ticket, call }, found)
  if (call.msgflg & IPC_NOWAIT) return fail(step, ticket, 'ENOMSG')
  wait(step, { kind: 'copiers', ticket, caller, queue, call, selector })
}

/** @param passed What is known not to be selected: who waits needs to see only the newest message. */
function findCopy(queue: MsgQueue, call: Msgrcv | CopyAfter, selector: Selector, passed = 0): Address | undefined {
  if (call.name === 'msgrcv') return findNumber(queue.messages, selector, queue.copyCounter)
  return findAfter(queue.messages, selector, Math.max(call.sequence, passed))
}

function finishCopy(
  step: Step,
  queue: MsgQueue,
  { ticket, call }: Pick<BlockedCopier, 'ticket' | 'call'>,
  address: Address,
): void {
  if (isTooLong(queue.messages.sizeOf(address), call)) return fail(step, ticket, 'E2BIG')
  // Only a copy that is returned moves the counter.
  if (call.name === 'msgrcv') {
    queue.copyCounter++
    step.changed = true
  }
  finish(step, ticket, queue.messages.read(address, call.msgsz))
}

/** The queue that a copy reads, or why it may not. */
function readableQueue(namespace: Namespace, caller: Caller, msqid: number): MsgQueue | 'ENOSYS' | 'EINVAL' | 'EACCES' {
  // Never a silent receive where copying is not built in.
  if (!namespace.checkpointRestore) return 'ENOSYS'
  return permittedQueue(namespace, caller, msqid, S_IRUGO)
}
