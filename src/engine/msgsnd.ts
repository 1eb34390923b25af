import { type ErrnoName, IPC_NOWAIT, S_IWUGO } from '../abi/index.ts'
import { hasRoomInPool, MESSAGE_BYTES } from './bounds.ts'
import { deliver } from './delivery.ts'
import type { Caller, Msgsnd } from './entry.ts'
import { type MsgQueue, msgFitsInQueue } from './msg-queue.ts'
import { fail, isAgreed, type Namespace, type Step } from './namespace.ts'
import { permittedQueue } from './permissions.ts'
import { wait } from './waiters.ts'

/** Puts a message on a queue, or straight into the hands of a waiting receiver. Source: ipc/msg.c, do_msgsnd(). */
export function msgsnd(step: Step, call: Msgsnd): void {
  const { ticket, caller, namespace } = step
  const queue = queueToSendTo(namespace, caller, call)
  if (typeof queue === 'string') return fail(step, ticket, queue)
  // "If there is insufficient space, then the default behavior of msgsnd() is to block until space becomes available."
  if (msgFitsInQueue(queue, call.mtext.length)) {
    if (isAgreed(step, 0)) deliver(step, queue, ticket, caller, call)
    return
  }
  if (call.msgflg & IPC_NOWAIT) return fail(step, ticket, 'EAGAIN')
  // The entry's bytes are its owner's: who waits keeps a copy.
  wait(step, { kind: 'senders', ticket, caller, queue, call: { ...call, mtext: call.mtext.slice() } })
}

/** The queue on which a send puts its message once there is room, or the error that it ends in. */
function queueToSendTo(namespace: Namespace, caller: Caller, call: Msgsnd): MsgQueue | ErrnoName {
  const sizeBytes = call.mtext.length
  if (sizeBytes > namespace.limits.msgmax || call.msqid < 0 || call.mtype < 1) return 'EINVAL'
  // The kernel makes room for the message before it looks for the queue. Source: ipc/msgutil.c, load_msg().
  if (!hasRoomInPool(namespace, sizeBytes + MESSAGE_BYTES)) return 'ENOMEM'
  const queue = permittedQueue(namespace, caller, call.msqid, S_IWUGO)
  if (typeof queue === 'string') return queue
  return queue.messages.hasAddressFor(sizeBytes) ? queue : 'ENOMEM'
}
