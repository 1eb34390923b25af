import { type BackendError, formatKey, type SyscallError } from '../contract/index.ts'

/** What a user of the command line can do about an error; `undefined` leaves the hint that the error carries. */
export function hintFor(error: SyscallError | BackendError): string | undefined {
  switch (error.code) {
    case 'ENOENT':
      if (error.syscall !== 'msgget') return error.hint
      return `no queue has this key: \`msgq ls\` lists the queues, \`msgq create --key ${keyOf(error)}\` makes this one`
    case 'EEXIST':
      return error.syscall === 'msgget'
        ? `a queue has this key already: \`msgq stat ${keyOf(error)}\` tells about it`
        : undefined
    case 'EINVAL':
      return error.hint ?? noSuchQueue(error)
    case 'EIDRM':
      return 'the queue was removed meanwhile'
    case 'ENOMSG':
      return error.hint ?? 'no such message is on the queue: without --nowait, receive waits for one'
    case 'EAGAIN':
      return 'the queue is full, `msgq stat` says how full: without --nowait, send waits for room'
    case 'ENOSYS':
      return 'this kernel cannot copy messages (CONFIG_CHECKPOINT_RESTORE), so nothing can be copied or checkpointed'
    case 'ERR_MSGQ_TORN':
      return '`msgq checkpoint` can stop the programs meanwhile: --freeze-users those that use a queue, --freeze-namespace all'
    default:
      return undefined
  }
}

function noSuchQueue({ msqid }: SyscallError): string | undefined {
  if (msqid === undefined) return undefined
  return `no queue has id ${msqid}: \`msgq ls\` lists the queues`
}

function keyOf(error: SyscallError | BackendError): string {
  return 'key' in error && error.key !== undefined ? formatKey(error.key) : 'KEY'
}
