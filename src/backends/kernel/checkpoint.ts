import {
  INT_MAX,
  IPC_NOWAIT,
  IPCMNI,
  MSG_COPY,
  MSG_INFO,
  MSG_STAT,
  type Msgbuf,
  type MsqidDs,
} from '../../abi/index.ts'
import { BackendError, SyscallError } from '../../contract/index.ts'
import type { Checkpoint, CheckpointQueue, IndexedStat, Limits } from '../../engine/index.ts'
import type { KernelCalls } from './kernel-calls.ts'
import { nextId } from './limits.ts'

/**
 * Two passes that agree make a checkpoint. A queue that is in use all the time never stands still; a quiet moment
 * among this many passes is what a program that only waits for messages leaves.
 */
export const CHECKPOINT_PASSES_MAX = 16

/** How long a pass may keep the event loop from anything else. */
const SLICE_MS = 10

/** The namespace as one pass saw it. */
interface Pass {
  readonly limits: Limits
  readonly nextId: number
  readonly queues: readonly CopiedQueue[]
}

interface CopiedQueue extends IndexedStat {
  readonly messages: readonly Msgbuf[]
}

/**
 * Copies every queue, message by message, until two passes agree; removes nothing. The last message of a queue costs
 * the kernel a walk over all before it: the whole is O(n²) in the length of a queue.
 *
 * @param open The calls of the namespace; throws when it was closed meanwhile.
 * @throws {SyscallError} `EACCES` a queue may not be read; `EINVAL` a message is longer than msgmax; `ENOSYS`.
 * @throws {BackendError} `ERR_MSGQ_TORN` no two passes agreed; `ERR_MSGQ_CLOSED`.
 */
export async function checkpoint(open: () => KernelCalls, copy: 'index' | 'none' | 'counter'): Promise<Checkpoint> {
  open()
  if (copy === 'none') {
    const hint = 'MSG_COPY needs a kernel built with CONFIG_CHECKPOINT_RESTORE'
    throw new SyscallError('ENOSYS', 'checkpoint', { hint })
  }
  const yielding = sliced()
  let before = await pass(open, yielding)
  for (let passes = 1; passes < CHECKPOINT_PASSES_MAX; passes++) {
    const after = await pass(open, yielding)
    if (before !== undefined && after !== undefined && areEqual(before, after)) return checkpointOf(after)
    before = after
  }
  const why = `queues changed during each of ${CHECKPOINT_PASSES_MAX} passes`
  throw new BackendError('ERR_MSGQ_TORN', `${why}: stop the programs that use them, or try again`)
}

/** @returns `undefined` when a queue went away under the pass. */
async function pass(open: () => KernelCalls, yielding: () => Promise<void> | undefined): Promise<Pass | undefined> {
  const { maxIndex } = open().info(MSG_INFO)
  const queues: CopiedQueue[] = []
  for (let index = 0; index <= maxIndex; index++) {
    await yielding()
    const found = statOf(open(), index)
    if (found === undefined) continue
    const messages: Msgbuf[] = []
    for (;;) {
      await yielding()
      const message = messageAt(open(), found.msqid, messages.length)
      if (message === 'gone') return undefined
      if (message === undefined) break
      messages.push(message)
    }
    queues.push({ ...found, messages })
  }
  return { limits: open().limits(), nextId: nextId(open()), queues }
}

function statOf(calls: KernelCalls, index: number): IndexedStat | undefined {
  const found = calls.statAt(index, MSG_STAT)
  if (found === 'EINVAL') return undefined
  if (typeof found !== 'string') return found
  throw ofCheckpoint(calls.error(found, { name: 'msgctl', msqid: index, cmd: MSG_STAT }))
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

function areEqual(a: Pass, b: Pass): boolean {
  if (a.nextId !== b.nextId || a.queues.length !== b.queues.length) return false
  if (JSON.stringify(a.limits) !== JSON.stringify(b.limits)) return false
  return a.queues.every((queue, at) => isSameQueue(queue, b.queues[at]))
}

function isSameQueue(a: CopiedQueue, b: CopiedQueue | undefined): boolean {
  if (b === undefined || a.msqid !== b.msqid || JSON.stringify(a.stat) !== JSON.stringify(b.stat)) return false
  if (a.messages.length !== a.stat.qnum || a.messages.length !== b.messages.length) return false
  return a.messages.every((message, at) => {
    const other = b.messages[at]
    return other?.mtype === message.mtype && Buffer.compare(other.mtext, message.mtext) === 0
  })
}

function checkpointOf({ limits, nextId, queues }: Pass): Checkpoint {
  return { time: Date.now(), limits, nextId, queues: queues.map(checkpointQueue), waiting: [] }
}

/** The kernel keeps whole seconds. */
function checkpointQueue({ msqid, stat, messages }: CopiedQueue): CheckpointQueue {
  const { seq: _, ...perm } = stat.perm
  return {
    msqid,
    perm,
    qbytes: stat.qbytes,
    ...timesOf(stat),
    lspid: stat.lspid,
    lrpid: stat.lrpid,
    messages,
  }
}

function timesOf({ stime, rtime, ctime }: MsqidDs) {
  return { stime: stime * 1_000, rtime: rtime * 1_000, ctime: ctime * 1_000 }
}

/** A pause that lets the event loop turn when the last one was long ago. */
function sliced(): () => Promise<void> | undefined {
  let since = performance.now()
  const turn = async () => {
    await new Promise((resolve) => setImmediate(resolve))
    since = performance.now()
  }
  return () => (performance.now() - since < SLICE_MS ? undefined : turn())
}
