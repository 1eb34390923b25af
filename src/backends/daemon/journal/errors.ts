/** Why there is no journal to go on with. Each code has a heading in docs/reference/errors.md. */
export type JournalErrorCode =
  /** Another process has the directory. */
  | 'ERR_MSGQ_JOURNAL_LOCKED'
  /** Records that were on the disk are not there, or cannot be read. */
  | 'ERR_MSGQ_JOURNAL_DAMAGED'
  /** A newer msgq wrote it. */
  | 'ERR_MSGQ_JOURNAL_VERSION'
  /** The disk did not take what it was given: nothing that was not said to be durable may be answered. */
  | 'ERR_MSGQ_JOURNAL_FAILED'

/** Records that are gone. */
export interface Lost {
  /** Sequence number of the first of them. */
  readonly first: number
  /** Of the last of them, where that is known: records after it are still there, and are of no use without these. */
  readonly last?: number
}

export interface JournalErrorDetails {
  readonly file?: string
  /** The byte of the file at which the fault was seen, from 0. */
  readonly offset?: number
  readonly lost?: Lost
  readonly cause?: unknown
}

/** A journal cannot be opened, read or gone on with. */
export class JournalError extends Error {
  override readonly name = 'JournalError'
  readonly code: JournalErrorCode
  /** The file's name in the journal's directory. */
  readonly file?: string
  readonly offset?: number
  /** What cannot be replayed. */
  readonly lost?: Lost

  constructor(code: JournalErrorCode, message: string, { file, offset, lost, cause }: JournalErrorDetails = {}) {
    super(`${code}: ${message}`, cause === undefined ? undefined : { cause })
    this.code = code
    if (file !== undefined) this.file = file
    if (offset !== undefined) this.offset = offset
    if (lost !== undefined) this.lost = lost
  }
}

/** What is worth a line in a log, and stops nothing. */
export interface JournalNotice {
  readonly kind: /** A write that a crash interrupted was cut off: nothing in it had been said to be durable. */
    | 'torn-tail'
    /** Something is damaged that is not needed. */
    | 'damage-not-needed'
    /** Loss was accepted: what could not be replayed is kept in a file of its own. */
    | 'set-aside'
    /** What only served for looking back is no longer there. */
    | 'history-ended'
    | 'disk-full'
    | 'disk-has-room'
  /** The same in words. */
  readonly message: string
  readonly file?: string
  readonly offset?: number
  readonly bytes?: number
}

export type OnNotice = (notice: JournalNotice) => void
