import {
  IPC_INFO,
  IPC_RMID,
  IPC_SET,
  IPC_STAT,
  MSG_INFO,
  MSG_STAT,
  MSG_STAT_ANY,
  MSGMAP,
  MSGPOOL,
  MSGSEG,
  MSGSSZ,
  MSGTQL,
  type MsqidDs,
  S_IRUGO,
  S_IRWXUGO,
  UINT_MAX,
} from '../abi/index.ts'
import { wakeSenders } from './delivery.ts'
import type { Msgctl, NamespaceInfo } from './entry.ts'
import { sequenceOf } from './identifiers.ts'
import type { MsgQueue } from './msg-queue.ts'
import { fail, finish, type Namespace, type Step } from './namespace.ts'
import { capable, ipcPerms, ownerOrAdmin } from './permissions.ts'
import { expunge, recheckReaders, waitersOf } from './waiters.ts'

/** Tells about, changes or removes a queue. Source: ipc/msg.c, ksys_msgctl(). */
export function msgctl(step: Step, call: Msgctl): void {
  const { ticket, namespace } = step
  if (call.msqid < 0) return fail(step, ticket, 'EINVAL')
  switch (call.cmd) {
    case IPC_INFO:
    case MSG_INFO:
      return finish(step, ticket, namespaceInfo(namespace, call.cmd))
    case IPC_STAT:
    case MSG_STAT:
    case MSG_STAT_ANY:
      return stat(step, call)
    case IPC_SET:
      return set(step, call)
    case IPC_RMID:
      return remove(step, call)
    default:
      return fail(step, ticket, 'EINVAL')
  }
}

function namespaceInfo({ limits, identifiers, messageCount, byteCount }: Namespace, cmd: number): NamespaceInfo {
  const inUse = cmd === MSG_INFO
  return {
    maxIndex: Math.max(identifiers.maxIndex, 0),
    info: {
      pool: inUse ? identifiers.inUse : MSGPOOL,
      map: inUse ? messageCount : MSGMAP,
      max: limits.msgmax,
      mnb: limits.msgmnb,
      mni: limits.msgmni,
      ssz: MSGSSZ,
      tql: inUse ? byteCount : MSGTQL,
      seg: MSGSEG,
    },
  }
}

function stat(step: Step, { msqid, cmd }: Msgctl): void {
  const { ticket, caller, namespace } = step
  const { identifiers } = namespace
  const queue = cmd === IPC_STAT ? identifiers.find(msqid) : identifiers.at(msqid)
  if (queue === undefined) return fail(step, ticket, 'EINVAL')
  if (cmd !== MSG_STAT_ANY && !ipcPerms(queue, caller, S_IRUGO)) return fail(step, ticket, 'EACCES')
  const stat = msqidDs(namespace, queue)
  finish(step, ticket, cmd === IPC_STAT ? stat : { msqid: queue.msqid, stat })
}

function msqidDs({ msgCopy }: Namespace, queue: MsgQueue): MsqidDs {
  const { key, uid, gid, cuid, cgid, mode, cbytes, qnum, qbytes, lspid, lrpid, copyCounter } = queue
  const stat = {
    perm: { key, uid, gid, cuid, cgid, mode, seq: sequenceOf(queue.msqid) },
    stime: seconds(queue.stime),
    rtime: seconds(queue.rtime),
    ctime: seconds(queue.ctime),
    cbytes,
    qnum,
    qbytes,
    lspid,
    lrpid,
  }
  return msgCopy === 'counter' ? { ...stat, copyCounter } : stat
}

/** Source: ipc/msg.c, msgctl_down(). */
function set(step: Step, { msqid, settings }: Msgctl): void {
  const { ticket, caller, namespace } = step
  if (settings === undefined) return fail(step, ticket, 'EFAULT')
  const queue = namespace.identifiers.find(msqid)
  if (queue === undefined) return fail(step, ticket, 'EINVAL')
  if (!ownerOrAdmin(queue, caller)) return fail(step, ticket, 'EPERM')
  // The kernel hands qbytes on as an int, and compares it as an unsigned one.
  const qbytes = settings.qbytes | 0
  if (qbytes >>> 0 > namespace.limits.msgmnb && !capable(caller, 'CAP_SYS_RESOURCE')) return fail(step, ticket, 'EPERM')
  const { uid, gid, mode } = settings.perm
  if (uid >>> 0 === UINT_MAX || gid >>> 0 === UINT_MAX) return fail(step, ticket, 'EINVAL')

  step.changed = true
  queue.uid = uid >>> 0
  queue.gid = gid >>> 0
  queue.mode = mode & S_IRWXUGO
  // A negative int becomes an unsigned long by its sign: no limit that anyone reaches.
  queue.qbytes = qbytes < 0 ? 2 ** 64 + qbytes : qbytes
  queue.ctime = step.now
  recheckReaders(step, queue)
  wakeSenders(step, queue)
  finish(step, ticket, 0)
}

function remove(step: Step, { msqid }: Msgctl): void {
  const { ticket, caller, namespace } = step
  const queue = namespace.identifiers.find(msqid)
  if (queue === undefined) return fail(step, ticket, 'EINVAL')
  if (!ownerOrAdmin(queue, caller)) return fail(step, ticket, 'EPERM')
  removeQueue(step, queue)
  finish(step, ticket, 0)
}

/** Source: ipc/msg.c, freeque(). */
function removeQueue(step: Step, queue: MsgQueue): void {
  const { namespace } = step
  step.changed = true
  namespace.identifiers.remove(queue)
  expunge(step, waitersOf(queue), 'EIDRM')
  for (const holder of queue.messages.holders) namespace.held.delete(holder)
  namespace.messageCount -= queue.qnum
  namespace.byteCount -= queue.cbytes
}

function seconds(timeMs: number): number {
  return Math.floor(timeMs / 1000)
}
