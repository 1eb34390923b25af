import { IPC_NOWAIT, MSG_COPY, S_IRUGO } from '../abi/index.ts'
import { copyWouldWait } from './copies.ts'
import type { Caller, CopyAfter, Msgrcv } from './entry.ts'
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
