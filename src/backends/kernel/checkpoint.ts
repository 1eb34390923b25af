import { IPCMNI, MSG_INFO, type MsqidDs } from '../../abi/index.ts'
import { abortSignal, type CheckpointOptions, SyscallError } from '../../contract/index.ts'
import type { Checkpoint, CheckpointQueue, Limits } from '../../engine/index.ts'
import { type CopiedQueue, readQueue } from './checkpoint-queue.ts'
import { type Collection, type Looked, Subject } from './checkpoint-reading.ts'
import type { KernelCalls } from './kernel-calls.ts'
import { nextId } from './limits.ts'

/** How long a reading may keep the event loop from anything else. */
const SLICE_MS = 10

/** The namespace beside its queues' content. */
interface Facts {
  readonly limits: Limits
  readonly nextId: number
  readonly msqids: readonly number[]
}

/**
 * Copies every queue, message by message, until all of them stood still at one moment; removes nothing. Each is read
 * at least twice, and one that changed meanwhile again, alone. The last message of a queue costs the kernel a walk over
 * all before it: the whole is O(n²) in the length of a queue.
 *
 * @param open The calls of the namespace; throws when it was closed meanwhile.
 * @throws {SyscallError} `EACCES` a queue may not be read; `EINVAL` a message is longer than msgmax; `ENOSYS`.
 * @throws {BackendError} `ERR_MSGQ_TORN` there was no such moment; `ERR_MSGQ_CLOSED`.
 */
export async function checkpoint(
  open: () => KernelCalls,
  copy: 'index' | 'none' | 'counter',
  { signal, onRetry }: CheckpointOptions,
): Promise<Checkpoint> {
  abortSignal(signal)
  open()
  if (copy === 'none') {
    const hint = 'MSG_COPY needs a kernel built with CONFIG_CHECKPOINT_RESTORE'
    throw new SyscallError('ENOSYS', 'checkpoint', { hint })
  }
  let now = 0
  const collection: Collection = { tick: () => ++now, onRetry }
  const pause = pausing(signal)
  const facts = new Subject('the set of queues', collection, async (known: Facts | undefined) =>
    readFacts(open(), known),
  )
  const queues = new Map<number, Subject<CopiedQueue>>()
  const queue = (msqid: number) =>
    new Subject(`queue ${msqid}`, collection, (known: CopiedQueue | undefined) => readQueue(open, msqid, known, pause))

  await facts.look()
  for (;;) {
    const msqids = new Set(facts.reading?.value.msqids)
    for (const msqid of queues.keys()) if (!msqids.has(msqid)) queues.delete(msqid)
    for (const msqid of msqids) {
      if (queues.has(msqid)) continue
      const subject = queue(msqid)
      queues.set(msqid, subject)
      await subject.look()
    }
    const apart = notTogether([...shortestFirst(queues.values()), facts])
    if (apart.length === 0) return checkpointOf(facts, queues)
    for (const subject of apart) {
      if (await subject.look()) continue
      // A queue that cannot be read may be gone: first see which there are.
      if (subject.reading === undefined) await facts.look()
      signal?.throwIfAborted()
      await turn()
      break
    }
  }
}

/**
 * Queues that change all the time stand still together only for a moment: it must not be spent on reading a long one,
 * which will still be as it was afterwards, or will not.
 */
function shortestFirst(queues: Iterable<Subject<CopiedQueue>>): Subject<CopiedQueue>[] {
  const lengthOf = ({ reading }: Subject<CopiedQueue>) => reading?.value.messages.length ?? 0
  return [...queues].sort((a, b) => lengthOf(a) - lengthOf(b))
}

/** Those that are not known to have stood at the moment from which the last of them is known to stand. */
function notTogether(subjects: readonly Looked[]): Looked[] {
  const moment = subjects.reduce((latest, { reading }) => Math.max(latest, reading?.since ?? latest), 0)
  return subjects.filter(({ reading }) => reading === undefined || reading.until < moment)
}

/** @returns `known` when nothing has changed. */
function readFacts(calls: KernelCalls, known: Facts | undefined): Facts {
  const { maxIndex } = calls.info(MSG_INFO)
  const msqids: number[] = []
  for (let index = 0; index <= maxIndex; index++) {
    const found = calls.queueAt(index)
    if (found !== undefined) msqids.push(found.msqid)
  }
  const facts = { limits: calls.limits(), nextId: nextId(calls), msqids }
  return known !== undefined && JSON.stringify(known) === JSON.stringify(facts) ? known : facts
}

function checkpointOf(facts: Subject<Facts>, queues: ReadonlyMap<number, Subject<CopiedQueue>>): Checkpoint {
  if (facts.reading === undefined) throw new Error('assertion: the set of queues was read')
  const { limits, nextId } = facts.reading.value
  const copied = [...queues.values()].map(({ reading }) => {
    if (reading === undefined) throw new Error('assertion: every queue was read')
    return checkpointQueue(reading.value)
  })
  // In the order of their indexes, as the kernel lists them.
  copied.sort((a, b) => (a.msqid % IPCMNI) - (b.msqid % IPCMNI))
  return { time: Date.now(), limits, nextId, queues: copied, waiting: [] }
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

/** Lets the event loop turn when that was long ago, and ends what is not wanted any more. */
function pausing(signal: AbortSignal | undefined): () => Promise<void> | undefined {
  let since = performance.now()
  const turnNow = async () => {
    await turn()
    signal?.throwIfAborted()
    since = performance.now()
  }
  return () => (performance.now() - since < SLICE_MS ? undefined : turnNow())
}

/**
 * The shortest pause. After a reading that did not agree a longer one does harm: whoever sleeps is woken when the
 * others are at it again. With four processes flat out on two processors 199 tries of 200 succeed so, and 181 with 1 ms.
 */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
