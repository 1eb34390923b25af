import { SyscallError } from '../contract/index.ts'
import type { QueuePlace, Target } from './place.ts'
import type { Selector } from './selector.ts'
import { queueAtIndexOf } from './standing.ts'

/** A message that is on the target now. */
export interface MovedMessage {
  readonly mtype: number | bigint
  readonly sizeBytes: number
}

/** A message that an earlier move, which was killed, had in its hands. */
export interface FoundInSpool extends MovedMessage {
  /** The earlier move may have sent it: then it will be there twice. */
  readonly mayBeDoubled: boolean
  /** The earlier move was killed as it received, while others received too: the message may have had more bytes. */
  readonly mayBeCut: boolean
  /** Where it came from, and where the earlier move was bringing it. */
  readonly source: string
  readonly target: string
}

export interface MoveOptions {
  /** Which messages, as for msgrcv: 0, the default, is all of them. */
  readonly msgtyp?: number | bigint
  /** `MSG_EXCEPT`, or 0. */
  readonly msgflg?: number
  /** Most messages to move, 0 or more. Default: as many as the source has now; with `follow` no end. */
  readonly count?: number
  /** Go on as messages come, until `count` were moved or the source is removed. */
  readonly follow?: boolean
  /** Ends the move: it rejects with `signal.reason`. No message is lost. */
  readonly signal?: AbortSignal
  /** The directory of slots, for a source that cannot hold: `spoolDirectory()` is one. */
  readonly spool?: string
  /** Send first what any killed move has left in the spool, not only one from this source. */
  readonly rescue?: boolean
  /** Told of every message that was moved. */
  readonly onMoved?: (message: MovedMessage) => void
  /** Told of every message from the spool before it is sent: who is killed then, finds it again. */
  readonly onFound?: (message: FoundInSpool) => void | Promise<void>
}

/** A move, its arguments checked. */
export interface MovePlan {
  readonly source: QueuePlace
  readonly target: Target
  readonly selector: Selector
  readonly most: number
  readonly options: MoveOptions
}

/**
 * What a receive gets; `undefined` when there is no message, or when a source that is followed was removed: while we
 * waited (EIDRM), or between two messages (EINVAL).
 */
export async function untilRemoved<Value>(
  { source, options: { follow = false } }: MovePlan,
  receive: () => Promise<Value>,
): Promise<Value | undefined> {
  try {
    return await receive()
  } catch (error) {
    if (!(error instanceof SyscallError)) throw error
    if (error.code === 'ENOMSG') return undefined
    if (follow && error.code === 'EIDRM') return undefined
    if (follow && error.code === 'EINVAL' && (await isRemoved(source))) return undefined
    throw error
  }
}

async function isRemoved({ namespace, msqid }: QueuePlace): Promise<boolean> {
  return (await queueAtIndexOf(namespace, msqid))?.msqid !== msqid
}
