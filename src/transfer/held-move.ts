import { INT_MAX, IPC_NOWAIT } from '../abi/index.ts'
import { BackendError, type HeldMessage } from '../contract/index.ts'
import { type MovePlan, untilRemoved } from './move-plan.ts'
import type { Target } from './place.ts'
import { unless } from './standing.ts'

/** Moves messages by holding them: each is hidden on the source until it is on the target. */
export async function heldMove(plan: MovePlan): Promise<number> {
  const { source, target, selector, most, options } = plan
  const { signal, follow = false } = options
  const msgflg = selector.msgflg | (follow ? 0 : IPC_NOWAIT)
  let moved = 0
  for (; moved < most; moved++) {
    const held = await untilRemoved(plan, () =>
      source.namespace.msgrcv(source.msqid, INT_MAX, selector.msgtyp, msgflg, {
        hold: true,
        ...(signal !== undefined && { signal }),
      }),
    )
    if (held === undefined) break
    await sendHeld(held, target, signal)
    options.onMoved?.({ mtype: held.mtype, sizeBytes: held.mtext.length })
  }
  return moved
}

/** A hold that ended without us ended with its queue: what was sent is moved, what was not is removed. */
async function sendHeld(held: HeldMessage, target: Target, signal: AbortSignal | undefined): Promise<void> {
  try {
    await target.mustTake(held.mtext.length)
    await target.send(held.mtype, held.mtext, signal)
  } catch (error) {
    const isInDoubt = error instanceof BackendError && error.code === 'ERR_MSGQ_IN_DOUBT'
    // In doubt it stays hidden, and counted, until its session ends: twice is for its owner to decide.
    if (!isInDoubt) await unless('EINVAL', held.refuse())
    throw error
  }
  await unless('EINVAL', held.accept())
}
