import { INT_MAX } from '../abi/index.ts'
import { BackendError, SyscallError } from '../contract/index.ts'
import type { MovedMessage } from './move-plan.ts'
import { checkTwoQueues, type QueuePlace, standingQueue, Target } from './place.ts'
import { selectorOf } from './selector.ts'

export interface MirrorOptions {
  /** Which messages: 0, the default, is all; `n > 0` those of type n, or with `MSG_EXCEPT` of any other; `n < 0` up to -n. */
  readonly msgtyp?: number | bigint
  /** `MSG_EXCEPT`, or 0. */
  readonly msgflg?: number
  /** The number of the message to go on after. Default 0: the oldest that is there comes first. */
  readonly after?: number
  /** Ends it: it rejects with `signal.reason`. */
  readonly signal?: AbortSignal
  /** Told of every message that was sent to the target, with its number on the source: go on after it. */
  readonly onCopied?: (message: MovedMessage & { readonly sequence: number }) => void
}

/**
 * Sends copies of a queue's messages to another queue as they come, until the source is removed; the source is untouched.
 * A message that others take before it was copied is missed.
 *
 * @throws {TypeError|RangeError} An option is wrong, or source and target are one queue. Nothing was copied.
 * @throws {SyscallError} as `copyAfter` and msgsnd; what was copied until then stays on the target.
 * @throws {BackendError} `ERR_MSGQ_UNSUPPORTED` the source has no cursors.
 */
export async function mirrorMessages(
  source: QueuePlace,
  target: QueuePlace,
  options: MirrorOptions = {},
): Promise<void> {
  const { msgtyp, msgflg } = selectorOf(options.msgtyp, options.msgflg)
  const { signal, onCopied } = options
  const { namespace, msqid } = source
  signal?.throwIfAborted()
  checkTwoQueues(source, target)
  if (!namespace.capabilities.cursors) {
    throw new BackendError(
      'ERR_MSGQ_UNSUPPORTED',
      `${namespace.url} has no cursors, and what is copied cannot be told from what comes`,
    )
  }
  await standingQueue(source)
  const sink = await Target.at(target)
  for (let sequence = options.after ?? 0; ; ) {
    const message = await namespace
      .copyAfter(msqid, sequence, INT_MAX, msgtyp, msgflg, signal === undefined ? {} : { signal })
      .catch((error: unknown) => {
        if (error instanceof SyscallError && error.code === 'EIDRM') return undefined
        throw error
      })
    if (message === undefined) return
    const { mtype, mtext } = message
    await sink.mustTake(mtext.length)
    await sink.send(mtype, mtext, signal)
    sequence = message.sequence ?? sequence
    onCopied?.({ mtype, sizeBytes: mtext.length, sequence })
  }
}
