import { SyscallError } from '../contract/index.ts'
import type { Limits, Msgsnd } from '../engine/index.ts'
import { MESSAGE_BYTES_MAX, queueChunks } from '../wire/index.ts'
import type { RestoreCalls } from './restore.ts'

/** What is alike where an engine is reached by bytes: behind a socket, and behind a log. */

/**
 * The calls of a restore in chunks that bytes can carry. What they cannot carry no namespace can have been like: EINVAL.
 */
export function carriedCalls({ perform, begin }: Omit<RestoreCalls, 'chunks'>): RestoreCalls {
  return {
    perform: async (call) => {
      try {
        return await perform(call)
      } catch (error) {
        throw asInvalid(call.name, error)
      }
    },
    begin: async (call) => {
      try {
        return await begin(call)
      } catch (error) {
        throw asInvalid(call.name, error)
      }
    },
    chunks: queueChunks,
  }
}

/**
 * Why a message of more than `MESSAGE_BYTES_MAX` bytes is not sent: as for a kernel that finds no memory for it, once it
 * is not longer than any message may be. Source: ipc/msgutil.c.
 *
 * @param where What carries it.
 */
export function tooLong({ msqid, mtext }: Msgsnd, { msgmax }: Limits, where: string): SyscallError {
  const isAllowed = mtext.length <= msgmax
  const most = isAllowed ? `a message ${where} has at most ${MESSAGE_BYTES_MAX} bytes` : `msgmax is ${msgmax}`
  return new SyscallError(isAllowed ? 'ENOMEM' : 'EINVAL', 'msgsnd', { msqid, hint: `${most}, not ${mtext.length}` })
}

function asInvalid(syscall: string, error: unknown): unknown {
  return error instanceof RangeError ? new SyscallError('EINVAL', syscall, { hint: error.message }) : error
}
