import { INT_MAX, IPC_NOWAIT, IPCMNI, MSG_COPY, MSG_STAT, type Msgbuf } from '../../abi/index.ts'
import { SyscallError } from '../../contract/index.ts'
import type { IndexedStat } from '../../engine/index.ts'
import type { KernelCalls } from './kernel-calls.ts'

/** How many messages are copied before a look whether it is worth to go on: cheap beside them, and soon. */
const LOOK_EVERY = 64

/** A queue as one reading found it. */
export interface CopiedQueue extends IndexedStat {
  readonly messages: readonly Msgbuf[]
}

/** @returns `known` when nothing has changed; `undefined` when messages were taken meanwhile, or the queue is gone. */
export async function readQueue(
  open: () => KernelCalls,
  msqid: number,
  known: CopiedQueue | undefined,
  pause: () => Promise<void> | undefined,
): Promise<CopiedQueue | undefined> {
  const before = statOf(open(), msqid)
  if (before === undefined) return undefined
  const last = before.stat.qnum - 1
  const lastMessage = last < 0 ? undefined : messageAt(open(), msqid, last)
  const messages: Msgbuf[] = []
  for (let same = known !== undefined; ; ) {
    await pause()
    const message = messageAt(open(), msqid, messages.length)
    if (message === 'gone') return undefined
    if (message === undefined) {
      const after = statOf(open(), msqid)
      if (after?.stat.qnum !== messages.length) return undefined
      same &&= messages.length === known?.messages.length && isSameStat(after, known)
      return same ? known : { ...after, messages }
    }
    const other = known?.messages[messages.length]
    const isKnown = other !== undefined && isSameMessage(message, other)
    same &&= isKnown
    // Held once, however often it is read.
    messages.push(isKnown ? other : message)
    // The message that was last stays at its index for as long as none before it is taken.
    if (messages.length % LOOK_EVERY !== 0 || messages.length > last) continue
    if (!isStillAt(open(), msqid, last, lastMessage)) return undefined
  }
}

function statOf(calls: KernelCalls, msqid: number): IndexedStat | undefined {
  const found = calls.statAt(msqid % IPCMNI, MSG_STAT)
  if (found === 'EINVAL') return undefined
  if (typeof found !== 'string') return found.msqid === msqid ? found : undefined
  throw ofCheckpoint(calls.error(found, { name: 'msgctl', msqid, cmd: MSG_STAT }))
}

function isStillAt(calls: KernelCalls, msqid: number, index: number, message: Msgbuf | 'gone' | undefined): boolean {
  const now = messageAt(calls, msqid, index)
  if (typeof now !== 'object' || typeof message !== 'object') return now === message
  return isSameMessage(now, message)
}

/** @returns `undefined` past the last message. */
function messageAt(calls: KernelCalls, msqid: number, index: number): Msgbuf | 'gone' | undefined {
  const call = {
    name: 'msgrcv',
    msqid,
    msgsz: INT_MAX,
    msgtyp: index,
    msgflg: MSG_COPY | IPC_NOWAIT,
  } as const
  const copied = calls.tryReceive(call)
  if (typeof copied !== 'string') return copied
  if (copied === 'ENOMSG') return undefined
  if (copied === 'EIDRM') return 'gone'
  if (copied !== 'EINVAL') throw ofCheckpoint(calls.error(copied, call))
  if (!stands(calls, msqid)) return 'gone'
  // A message longer than a msgmax that was lowered since cannot be copied. Source: ipc/msg.c, prepare_copy().
  const { msgmax } = calls.limits()
  const hint = `message ${index} is longer than msgmax, ${msgmax}, and cannot be copied: raise msgmax first`
  throw new SyscallError('EINVAL', 'checkpoint', { msqid, hint })
}

function stands(calls: KernelCalls, msqid: number): boolean {
  return calls.queueAt(msqid % IPCMNI)?.msqid === msqid
}

function ofCheckpoint({ code, msqid, hint }: SyscallError): SyscallError {
  return new SyscallError(code, 'checkpoint', {
    ...(msqid === undefined ? {} : { msqid }),
    ...(hint === undefined ? {} : { hint }),
  })
}

function isSameStat(a: IndexedStat, b: IndexedStat): boolean {
  return a.msqid === b.msqid && JSON.stringify(a.stat) === JSON.stringify(b.stat)
}

function isSameMessage(a: Msgbuf, b: Msgbuf): boolean {
  return a.mtype === b.mtype && Buffer.compare(a.mtext, b.mtext) === 0
}
