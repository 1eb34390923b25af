import { IPC_NOWAIT, S_IWUGO } from '../abi/index.ts'
import { hasRoomInPool, MESSAGE_BYTES } from './bounds.ts'
import { deliver } from './delivery.ts'
import type { Msgsnd } from './entry.ts'
import { msgFitsInQueue } from './msg-queue.ts'
import { fail, type Step } from './namespace.ts'
import { ipcPerms } from './permissions.ts'
import { wait } from './waiters.ts'

/** Puts a message on a queue, or straight into the hands of a waiting receiver. Source: ipc/msg.c, do_msgsnd(). */
export function msgsnd(step: Step, call: Msgsnd): void {
  const { ticket, caller, namespace } = step
  const sizeBytes = call.mtext.length
  if (sizeBytes > namespace.limits.msgmax || call.msqid < 0 || call.mtype < 1) return fail(step, ticket, 'EINVAL')
  // The kernel makes room for the message before it looks for the queue. Source: ipc/msgutil.c, load_msg().
  if (!hasRoomInPool(namespace, sizeBytes + MESSAGE_BYTES)) return fail(step, ticket, 'ENOMEM')
  const queue = namespace.identifiers.find(call.msqid)
  if (queue === undefined) return fail(step, ticket, 'EINVAL')
  if (!ipcPerms(queue, caller, S_IWUGO)) return fail(step, ticket, 'EACCES')
  if (!queue.messages.hasAddressFor(sizeBytes)) return fail(step, ticket, 'ENOMEM')
  // "If there is insufficient space, then the default behavior of msgsnd() is to block until space becomes available."
  if (msgFitsInQueue(queue, sizeBytes)) return deliver(step, queue, ticket, caller, call)
  if (call.msgflg & IPC_NOWAIT) return fail(step, ticket, 'EAGAIN')
  // The entry's bytes are its owner's: who waits keeps a copy.
  wait(step, { kind: 'senders', ticket, caller, queue, call: { ...call, mtext: call.mtext.slice() } })
}
