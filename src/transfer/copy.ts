import { INT_MAX, IPC_NOWAIT, MSG_COPY } from '../abi/index.ts'
import { type ReceivedMessage, unsigned } from '../contract/index.ts'
import type { MovedMessage } from './move-plan.ts'
import { checkTwoQueues, type QueuePlace, standingQueue, Target } from './place.ts'
import { type Selector, selectorOf } from './selector.ts'
import { unless } from './standing.ts'

export interface CopyOptions {
  /** Which messages: 0, the default, is all; `n > 0` those of type n, or with `MSG_EXCEPT` of any other; `n < 0` up to -n. */
  readonly msgtyp?: number | bigint
  /** `MSG_EXCEPT`, or 0. */
  readonly msgflg?: number
  /** Most messages to copy, 0 or more. Default: all that are there now. */
  readonly count?: number
  /** Ends the copying: it rejects with `signal.reason`. */
  readonly signal?: AbortSignal
  /** Told of every message that was sent to the target. */
  readonly onCopied?: (message: MovedMessage) => void
}

/**
 * Sends copies of a queue's messages to another queue, of any two namespaces, oldest first; the source is untouched.
 * Only messages that are there at the beginning are copied. The kernel copies by index: while others receive, a
 * message may be missed. `checkpoint()` gives one whole picture.
 *
 * @returns How many were copied.
 * @throws {TypeError|RangeError} An option is wrong, or source and target are one queue. Nothing was copied.
 * @throws {SyscallError} as a copy and as msgsnd; what was copied until then stays on the target.
 */
export async function copyMessages(source: QueuePlace, target: QueuePlace, options: CopyOptions = {}): Promise<number> {
  const selector = selectorOf(options.msgtyp, options.msgflg)
  const most = options.count === undefined ? Number.POSITIVE_INFINITY : unsigned('count', options.count)
  options.signal?.throwIfAborted()
  checkTwoQueues(source, target)
  const { stat } = await standingQueue(source)
  const sink = await Target.at(target)
  let copied = 0
  if (most === 0) return copied
  for await (const { mtype, mtext } of copiesOf(source, selector, stat.qnum)) {
    options.signal?.throwIfAborted()
    await sink.mustTake(mtext.length)
    await sink.send(mtype, mtext, options.signal)
    options.onCopied?.({ mtype, sizeBytes: mtext.length })
    if (++copied === most) break
  }
  return copied
}

/** Copies of at most the first `qnum` messages. Reads nothing ahead. */
async function* copiesOf(
  { namespace, msqid }: QueuePlace,
  selector: Selector,
  qnum: number,
): AsyncGenerator<ReceivedMessage> {
  let sequence = 0
  for (let index = 0; index < qnum; index++) {
    const copy = namespace.capabilities.cursors
      ? namespace.copyAfter(msqid, sequence, INT_MAX, 0, IPC_NOWAIT)
      : namespace.msgrcv(msqid, INT_MAX, index, MSG_COPY | IPC_NOWAIT)
    const message = await unless('ENOMSG', copy)
    if (message === undefined) return
    sequence = message.sequence ?? 0
    if (selector.selects(message.mtype)) yield message
  }
}
