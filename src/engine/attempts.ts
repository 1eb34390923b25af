import { type ErrnoName, IPC_NOWAIT, MSG_COPY, S_IRUGO } from '../abi/index.ts'
import { copyWouldWait } from './copies.ts'
import type { Caller, CopyAfter, Message, Msgrcv, Msgsnd } from './entry.ts'
import { isTooLong, msgFitsInQueue } from './msg-queue.ts'
import { queueToSendTo } from './msgsnd.ts'
import type { Namespace } from './namespace.ts'
import { permittedQueue } from './permissions.ts'
import { convertMode, findMsg } from './search.ts'

/**
 * Whether a call, made now, would wait. It changes nothing, so that whoever keeps waiting calls outside the engine knows
 * when an attempt is worth an entry; what the attempt then ends in is for the entry to say.
 */
export function wouldWait(namespace: Namespace, caller: Caller, call: Msgrcv | CopyAfter): boolean {
  if (call.msgflg & IPC_NOWAIT || call.msgsz < 0) return false
  const queue = permittedQueue(namespace, caller, call.msqid, S_IRUGO)
  if (typeof queue === 'string') return false
  if (call.name === 'copyAfter' || call.msgflg & MSG_COPY) return copyWouldWait(namespace, queue, call)
  return findMsg(queue.messages, convertMode(call.msgtyp, call.msgflg)) === undefined
}

/**
 * The message that a receive, made now, would take, or the error that it would end in; ENOMSG where it would wait. It
 * changes nothing: whoever can tell at once whether the message arrived takes it then, and needs no hold.
 */
export function wouldTake(namespace: Namespace, caller: Caller, call: Msgrcv): Message | ErrnoName {
  if (call.msqid < 0 || call.msgsz < 0) return 'EINVAL'
  const queue = permittedQueue(namespace, caller, call.msqid, S_IRUGO)
  if (typeof queue === 'string') return queue
  const address = findMsg(queue.messages, convertMode(call.msgtyp, call.msgflg))
  if (address === undefined) return 'ENOMSG'
  return isTooLong(queue.messages.sizeOf(address), call) ? 'E2BIG' : queue.messages.read(address, call.msgsz)
}

/** The error that a send, made now, would end in, EAGAIN where it would wait; `undefined`: it would send. Changes nothing. */
export function wouldRefuse(namespace: Namespace, caller: Caller, call: Msgsnd): ErrnoName | undefined {
  const queue = queueToSendTo(namespace, caller, call)
  if (typeof queue === 'string') return queue
  return msgFitsInQueue(queue, call.mtext.length) ? undefined : 'EAGAIN'
}
