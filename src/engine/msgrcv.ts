import { IPC_NOWAIT, MSG_COPY, S_IRUGO } from '../abi/index.ts'
import { copyAtCounter, copyAtIndex, serveCopiers } from './copies.ts'
import { wakeSenders } from './delivery.ts'
import type { Msgrcv } from './entry.ts'
import { hold, isTooLong, take } from './msg-queue.ts'
import { fail, finish, isAgreed, type Step } from './namespace.ts'
import { permittedQueue } from './permissions.ts'
import { convertMode, findMsg } from './search.ts'
import { wait } from './waiters.ts'

/** Takes a message or, with MSG_COPY, copies one. Source: ipc/msg.c, do_msgrcv(). */
export function msgrcv(step: Step, call: Msgrcv): void {
  const { ticket, caller, namespace } = step
  if (call.msqid < 0 || call.msgsz < 0) return fail(step, ticket, 'EINVAL')
  if (call.msgflg & MSG_COPY) {
    if (namespace.msgCopy === 'counter') return copyAtCounter(step, call)
    const copied = copyAtIndex(namespace, caller, call)
    return typeof copied === 'string' ? fail(step, ticket, copied) : finish(step, ticket, copied)
  }
  const queue = permittedQueue(namespace, caller, call.msqid, S_IRUGO)
  if (typeof queue === 'string') return fail(step, ticket, queue)

  const selector = convertMode(call.msgtyp, call.msgflg)
  const address = findMsg(queue.messages, selector)
  if (address === undefined) {
    if (call.msgflg & IPC_NOWAIT) return fail(step, ticket, 'ENOMSG')
    return wait(step, { kind: 'receivers', ticket, caller, queue, call, selector })
  }
  // Only the selected message is measured: a shorter one behind it is not taken in its stead.
  if (isTooLong(queue.messages.sizeOf(address), call)) return fail(step, ticket, 'E2BIG')

  const message = queue.messages.read(address, call.msgsz)
  if (!isAgreed(step, message)) return
  finish(step, ticket, message)
  if (call.hold) return hold(step, queue, address, step)
  take(step, queue, address, caller.pid)
  serveCopiers(step, queue)
  wakeSenders(step, queue)
}
