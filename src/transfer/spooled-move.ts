import { IPC_NOWAIT, type Msgbuf } from '../abi/index.ts'
import { BackendError, type IpcNamespace, SyscallError } from '../contract/index.ts'
import { Lookahead } from './lookahead.ts'
import { type MovePlan, untilRemoved } from './move-plan.ts'
import type { SlotWords } from './slot-file.ts'
import { Spool, spoolDirectory, spooledMessages } from './spool.ts'

/** A wait with room for no bytes takes an empty message alone, and ends with E2BIG when there is a longer one. */
const EMPTY: Msgbuf = { mtype: 1, mtext: new Uint8Array(0) }

/** Moves messages by receiving them into a slot, which outlives this process until its message is on the target. */
export async function spooledMove(plan: MovePlan, words: SlotWords): Promise<number> {
  const { source, selector, most, options } = plan
  const receiveInto = intoOf(source.namespace)
  const directory = options.spool ?? spoolDirectory()
  const spool = Spool.open(directory, words)
  try {
    await sendFound(plan, spool)
    if (options.rescue === true) await rescue(plan, directory, words)
    const receive = receiver(plan, new Lookahead(source, selector), spool, receiveInto)
    let moved = 0
    for (; moved < most; moved++) {
      const message = await untilRemoved(plan, receive)
      if (message === undefined) break
      await send(plan, spool, message)
      options.onMoved?.({ mtype: message.mtype, sizeBytes: message.mtext.length })
    }
    return moved
  } finally {
    spool.close()
  }
}

type ReceiveInto = NonNullable<IpcNamespace['msgrcvInto']>

function intoOf(namespace: IpcNamespace): ReceiveInto {
  const { capabilities, msgrcvInto, url } = namespace
  if (msgrcvInto === undefined) {
    const why = `${url} can neither hold a message nor receive it into memory: one that is moved could be lost`
    throw new BackendError('ERR_MSGQ_UNSUPPORTED', why)
  }
  if (capabilities.copy === 'index') return msgrcvInto.bind(namespace)
  const why = 'a message is looked at before it is taken, and this kernel cannot copy (CONFIG_CHECKPOINT_RESTORE)'
  throw new BackendError('ERR_MSGQ_UNSUPPORTED', why)
}

/** Takes one message into the slot; `undefined` when there is none, and none is waited for. */
function receiver(
  { source: { msqid }, target, selector, options: { signal, follow = false } }: MovePlan,
  lookahead: Lookahead,
  spool: Spool,
  receiveInto: ReceiveInto,
): () => Promise<Msgbuf | undefined> {
  const waiting = signal === undefined ? {} : { signal }
  return async () => {
    for (;;) {
      signal?.throwIfAborted()
      const next = await lookahead.next()
      if (next === undefined && !follow) return undefined
      await target.mustTake(next?.mtext.length ?? 0)
      const expected = next ?? EMPTY
      const msgflg = selector.msgflg | (next === undefined ? 0 : IPC_NOWAIT)
      spool.expect(expected)
      try {
        const length = await receiveInto(spool.address, msqid, expected.mtext.length, selector.msgtyp, msgflg, waiting)
        const message = spool.landed(length)
        lookahead.taken(message)
        return message
      } catch (error) {
        // Nothing has landed, or nobody knows: the slot itself tells.
        if (!isAnotherNow(error)) throw error
        lookahead.reset()
      }
    }
  }
}

/** Another receiver took the message that we looked at, or the one that we waited for has come. */
function isAnotherNow(error: unknown): boolean {
  return error instanceof SyscallError && (error.code === 'ENOMSG' || error.code === 'E2BIG')
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
  const { mtype, mtext, mayBeSent, mayBeCut, source, target } = found
  await plan.target.mustTake(mtext.length)
  const about = { mtype, sizeBytes: mtext.length, mayBeDoubled: mayBeSent, mayBeCut, source, target }
  await plan.options.onFound?.(about)
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
