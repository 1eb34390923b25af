import type { Msgbuf } from '../abi/index.ts'
import { BackendError, SyscallError } from '../contract/index.ts'
import { type MovePlan, untilRemoved } from './move-plan.ts'
import type { SlotWords } from './slot-file.ts'
import { SlotReceiver } from './slot-receiver.ts'
import { foundWords, Spool, spoolDirectory, spooledMessages } from './spool.ts'

/** Moves messages by receiving them into a slot, which outlives this process until its message is on the target. */
export async function spooledMove(plan: MovePlan, words: SlotWords): Promise<number> {
  const { source, target, selector, most, options } = plan
  const { signal, follow = false } = options
  const directory = options.spool ?? spoolDirectory()
  const receiver = SlotReceiver.open(source, selector, directory, words)
  const { spool } = receiver
  try {
    await sendFound(plan, spool)
    if (options.rescue === true) await rescue(plan, directory, words)
    const mustTake = (sizeBytes: number) => target.mustTake(sizeBytes)
    let moved = 0
    for (; moved < most; moved++) {
      const message = await untilRemoved(plan, () => receiver.receive({ waits: follow, signal, mustTake }))
      if (message === undefined) break
      await send(plan, spool, message)
      options.onMoved?.({ mtype: message.mtype, sizeBytes: message.mtext.length })
    }
    return moved
  } finally {
    spool.close()
  }
}

async function send({ target, options: { signal } }: MovePlan, spool: Spool, message: Msgbuf): Promise<void> {
  spool.sending(message)
  try {
    await target.send(message.mtype, message.mtext, signal)
  } catch (error) {
    if (isCertainlyNotSent(error, signal)) spool.notSent(message)
    throw error
  }
  spool.clear()
}

function isCertainlyNotSent(error: unknown, signal: AbortSignal | undefined): boolean {
  if (error instanceof SyscallError) return true
  if (error instanceof BackendError) return error.code !== 'ERR_MSGQ_IN_DOUBT'
  return signal?.aborted === true && error === signal.reason
}

/** Sends what an earlier move has left in a slot. */
async function sendFound(plan: MovePlan, spool: Spool): Promise<void> {
  const { found } = spool
  if (found === undefined) return
  await plan.target.mustTake(found.mtext.length)
  await plan.options.onFound?.(foundWords(found))
  await send(plan, spool, found)
}

async function rescue(plan: MovePlan, directory: string, { target }: SlotWords): Promise<void> {
  for (const left of spooledMessages(directory)) {
    const slot = Spool.openLeft(left, target)
    try {
      await sendFound(plan, slot)
    } finally {
      slot.close()
    }
  }
}
