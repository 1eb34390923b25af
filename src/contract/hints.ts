import { type ErrnoName, IPC_SET } from '../abi/index.ts'
import type { Call, Limits, Msgctl } from '../engine/index.ts'
import { SyscallError, type SyscallErrorDetails } from './errors.ts'

/** What the cause of a refusal can depend on, as far as it is known. */
export interface Circumstances {
  readonly limits?: Limits
  /** Whether the caller is the queue's owner or creator, or has CAP_SYS_ADMIN. */
  readonly ownsQueue?: boolean
}

/** The error of a call that the kernel's rules refused, with what to do about it where that is known. */
export function syscallError(code: ErrnoName, call: Call, circumstances: Circumstances = {}): SyscallError {
  const details: { -readonly [Name in keyof SyscallErrorDetails]: SyscallErrorDetails[Name] } = {}
  if ('msqid' in call) details.msqid = call.msqid
  if ('key' in call) details.key = call.key
  const hint = hintFor(code, call, circumstances)
  if (hint !== undefined) details.hint = hint
  return new SyscallError(code, call.name, details)
}

function hintFor(code: ErrnoName, call: Call, circumstances: Circumstances): string | undefined {
  const { limits } = circumstances
  if (code === 'ENOMEM') return NO_MEMORY
  switch (call.name) {
    case 'msgget':
      if (code === 'ENOSPC') return `msgmni is ${limits?.msgmni ?? 'reached'}: remove queues, or raise it`
      if (code === 'ENOENT') return 'no queue has this key: IPC_CREAT makes one'
      if (code === 'EEXIST') return 'a queue has this key already: leave IPC_EXCL out to open it'
      return code === 'EACCES' ? "the queue's mode forbids what the permission bits of msgflg ask for" : undefined
    case 'msgsnd':
      if (code === 'EACCES') return 'sending needs write permission'
      if (code === 'EAGAIN') return 'the queue is full: see its qbytes'
      if (code !== 'EINVAL') return undefined
      if (call.mtype < 1) return `mtype is ${call.mtype}: a type is 1 or more`
      if (limits !== undefined && call.mtext.length > limits.msgmax) {
        return `msgmax is ${limits.msgmax}: the message has ${call.mtext.length} bytes`
      }
      return 'no queue has this id'
    case 'msgrcv':
    case 'copyAfter':
      if (code === 'EACCES') return 'receiving and copying need read permission'
      if (code === 'E2BIG') return `the message is longer than msgsz, ${call.msgsz}`
      return undefined
    case 'msgctl':
      if (code === 'EPERM') return notPermitted(call, circumstances)
      return code === 'EACCES' ? 'IPC_STAT needs read permission' : undefined
    case 'setLimits':
      if (code === 'EINVAL') return 'msgmax and msgmnb go from 0 to 2147483647, msgmni from 0 to 32768'
      return code === 'EACCES' ? "only the namespace's root may set limits" : undefined
    case 'setNextId':
      if (code === 'EINVAL') return 'msg_next_id goes from 0 to 2147483647'
      return code === 'EACCES' ? 'CAP_CHECKPOINT_RESTORE or CAP_SYS_ADMIN is needed' : undefined
    case 'setCopyCounter':
      return code === 'EPERM' ? OWNERS_ALONE : undefined
    case 'accept':
    case 'refuse':
      return code === 'EINVAL' ? 'the message is held no more' : undefined
    default:
      return undefined
  }
}

const NO_MEMORY = "the namespace's messages, or its waiting calls, take as much memory as they may"

const OWNERS_ALONE = "it is for the queue's owner or creator, or CAP_SYS_ADMIN"

/** The owner is checked before qbytes. Source: ipc/msg.c, msgctl_down(). */
function notPermitted({ cmd, settings }: Msgctl, { limits, ownsQueue }: Circumstances): string {
  if (cmd !== IPC_SET || ownsQueue === false) return OWNERS_ALONE
  if (limits === undefined || settings === undefined)
    return `${OWNERS_ALONE}; qbytes above msgmnb, for CAP_SYS_RESOURCE`
  if ((settings.qbytes | 0) >>> 0 <= limits.msgmnb) return OWNERS_ALONE
  const above = `msgmnb is ${limits.msgmnb}: qbytes of ${settings.qbytes} needs CAP_SYS_RESOURCE`
  return ownsQueue ? above : `${above}, and ${OWNERS_ALONE}`
}
