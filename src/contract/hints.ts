import type { ErrnoName } from '../abi/index.ts'
import type { Call, Limits } from '../engine/index.ts'
import { SyscallError, type SyscallErrorDetails } from './errors.ts'

/** The error of a call that the kernel's rules refused, with what to do about it where that is known. */
export function syscallError(code: ErrnoName, call: Call, limits?: Limits): SyscallError {
  const details: { -readonly [Name in keyof SyscallErrorDetails]: SyscallErrorDetails[Name] } = {}
  if ('msqid' in call) details.msqid = call.msqid
  if ('key' in call) details.key = call.key
  const hint = hintFor(code, call, limits)
  if (hint !== undefined) details.hint = hint
  return new SyscallError(code, call.name, details)
}

function hintFor(code: ErrnoName, call: Call, limits: Limits | undefined): string | undefined {
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
      if (code === 'EPERM') return 'only owner and creator may; qbytes above msgmnb needs CAP_SYS_RESOURCE'
      return code === 'EACCES' ? 'IPC_STAT needs read permission' : undefined
    case 'setLimits':
      if (code === 'EINVAL') return 'msgmax and msgmnb go from 0 to 2147483647, msgmni from 0 to 32768'
      return code === 'EACCES' ? "only the namespace's root may set limits" : undefined
    case 'setNextId':
      if (code === 'EINVAL') return 'msg_next_id goes from 0 to 2147483647'
      return code === 'EACCES' ? 'CAP_CHECKPOINT_RESTORE or CAP_SYS_ADMIN is needed' : undefined
    case 'accept':
    case 'refuse':
      return code === 'EINVAL' ? 'the message is held no more' : undefined
    default:
      return undefined
  }
}
