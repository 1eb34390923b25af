import { ERRNO, ERRNO_MESSAGE, type ErrnoName } from '../abi/index.ts'

/** What a failed call was about. */
export interface SyscallErrorDetails {
  readonly msqid?: number
  readonly key?: number
  /** What to do about it: the limit that was hit, the permission that is missing. */
  readonly hint?: string
}

/** The kernel's rules said no. Shaped like Node's own system errors. */
export class SyscallError extends Error {
  override readonly name = 'SyscallError'
  /** The errno's name, `'ENOMSG'` for instance. */
  readonly code: ErrnoName
  /** The errno, negative as in Node's own system errors. */
  readonly errno: number
  /** The call that failed: `'msgrcv'`. */
  readonly syscall: string
  readonly msqid?: number
  readonly key?: number
  readonly hint?: string

  constructor(code: ErrnoName, syscall: string, { msqid, key, hint }: SyscallErrorDetails = {}) {
    const queue = msqid === undefined ? '' : ` (queue ${msqid})`
    const named = key === undefined ? queue : ` (key ${formatKey(key)})`
    super(`${code}: ${ERRNO_MESSAGE[code]}, ${syscall}${named}${hint === undefined ? '' : `: ${hint}`}`)
    this.code = code
    this.errno = -ERRNO[code]
    this.syscall = syscall
    if (msqid !== undefined) this.msqid = msqid
    if (key !== undefined) this.key = key
    if (hint !== undefined) this.hint = hint
  }
}

/** Why a queue could not be asked. Each code has a heading in docs/reference/errors.md. */
export type BackendErrorCode =
  /** The call was not made: it is safe to try again. */
  | 'ERR_MSGQ_UNAVAILABLE'
  /** The call may have happened. */
  | 'ERR_MSGQ_IN_DOUBT'
  /** This backend cannot do that: see its capabilities. */
  | 'ERR_MSGQ_UNSUPPORTED'
  /** The namespace was closed; the call did not happen. */
  | 'ERR_MSGQ_CLOSED'
  /** Queues kept changing while they were copied: there is no checkpoint. */
  | 'ERR_MSGQ_TORN'
  /** More calls wait than this backend can let wait; the call was not made. */
  | 'ERR_MSGQ_TOO_MANY_WAITS'
  /** The disk under the namespace is full; the call was not made. */
  | 'ERR_MSGQ_NO_SPACE'
  /** This replica is not as the others are: it has stopped. */
  | 'ERR_MSGQ_DIVERGED'
  /** Both sides speak no version of the protocol, or one of them broke it. */
  | 'ERR_MSGQ_PROTOCOL'

/** The queue could not be asked. */
export class BackendError extends Error {
  override readonly name = 'BackendError'
  readonly code: BackendErrorCode

  constructor(code: BackendErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(`${code}: ${message}`, options)
    this.code = code
  }
}

/** A key as ipcs(1) prints it: 0x and eight hexadecimal digits. */
export function formatKey(key: number): string {
  return `0x${(key >>> 0).toString(16).padStart(8, '0')}`
}
