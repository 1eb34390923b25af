import { INT_MAX, IPC_NOWAIT, IPC_RMID, MSG_COPY, type MsqidDs } from '../abi/index.ts'
import { BackendError, type IpcNamespace, SyscallError } from '../contract/index.ts'
import type { Checkpoint, CheckpointMessage, CheckpointQueue, Limits } from '../engine/index.ts'
import { queueAtIndexOf, unless } from './standing.ts'

/** How often a queue is looked at, until two looks agree. A queue that is to be replaced has few users left. */
const LOOKS_MAX = 16

/**
 * Removes queues, each as soon as it was saved whole: what changes between the last look and the removal, two calls
 * apart, would be all that is not put back.
 */
export class ReplacedQueues {
  readonly #namespace: IpcNamespace
  readonly #removed: CheckpointQueue[] = []

  constructor(namespace: IpcNamespace) {
    this.#namespace = namespace
  }

  /** Queues that were removed, as they were. */
  get removed(): readonly CheckpointQueue[] {
    return this.#removed
  }

  /**
   * @throws {SyscallError} `EPERM` it may not be removed; `EACCES` it cannot be saved. It stands.
   * @throws {BackendError} `ERR_MSGQ_TORN` it kept changing. It stands.
   */
  async remove(msqid: number): Promise<void> {
    const saved = await save(this.#namespace, msqid)
    // Removed meanwhile by others: then it is in nobody's way, and nothing of ours to put back.
    if (saved === undefined) return
    await this.#namespace.msgctl(msqid, IPC_RMID)
    this.#removed.push(saved)
  }

  /** Puts the removed queues back. @throws as restore. */
  async putBack(limits: Limits, nextId: number): Promise<void> {
    if (this.#removed.length === 0) return
    const image: Checkpoint = { time: Date.now(), limits, nextId, queues: this.#removed, waiting: [] }
    await this.#namespace.restore(image)
  }
}

/** A queue as it is now; `undefined` when it is gone. */
async function save(namespace: IpcNamespace, msqid: number): Promise<CheckpointQueue | undefined> {
  if (namespace.capabilities.restores === 'everything') {
    const { queues } = await namespace.checkpoint()
    return queues.find((queue) => queue.msqid === msqid)
  }
  // Not a checkpoint of the namespace: it would wait for queues to stand still that this restore does not touch.
  let before = await look(namespace, msqid)
  for (let looks = 1; looks < LOOKS_MAX && before !== undefined; looks++) {
    const after = await look(namespace, msqid)
    if (after !== undefined && areEqual(before, after)) return queueOf(msqid, after)
    before = after
  }
  if (before === undefined) return undefined
  const why = `queue ${msqid}, which is to be replaced, changed each time it was saved`
  throw new BackendError('ERR_MSGQ_TORN', `${why}: stop the programs that use it, or try again; nothing has changed`)
}

interface Look {
  readonly stat: MsqidDs
  readonly messages: readonly CheckpointMessage[]
}

async function look(namespace: IpcNamespace, msqid: number): Promise<Look | undefined> {
  const messages: CheckpointMessage[] = []
  for (;;) {
    const copy = namespace.msgrcv(msqid, INT_MAX, messages.length, MSG_COPY | IPC_NOWAIT)
    const message = await unless('ENOMSG', copy).catch((error: unknown) => notSaved(namespace, msqid, error))
    if (message === 'gone') return undefined
    if (message === undefined) break
    messages.push(message)
  }
  const queue = await queueAtIndexOf(namespace, msqid)
  return queue?.msqid === msqid ? { stat: queue.stat, messages } : undefined
}

async function notSaved(namespace: IpcNamespace, msqid: number, error: unknown): Promise<'gone'> {
  if (!(error instanceof SyscallError)) throw error
  if ((await queueAtIndexOf(namespace, msqid))?.msqid !== msqid) return 'gone'
  const hint = 'the queue that is to be replaced cannot be saved first: it stands, and nothing has changed'
  throw new SyscallError(error.code, 'restore', { msqid, hint })
}

function areEqual(a: Look, b: Look): boolean {
  if (JSON.stringify(a.stat) !== JSON.stringify(b.stat) || a.messages.length !== a.stat.qnum) return false
  return (
    a.messages.length === b.messages.length &&
    a.messages.every(({ mtype, mtext }, at) => {
      const other = b.messages[at]
      return other?.mtype === mtype && Buffer.compare(other.mtext, mtext) === 0
    })
  )
}

function queueOf(msqid: number, { stat, messages }: Look): CheckpointQueue {
  const { seq: _, ...perm } = stat.perm
  const { qbytes, lspid, lrpid } = stat
  // The kernel keeps whole seconds.
  const times = { stime: stat.stime * 1_000, rtime: stat.rtime * 1_000, ctime: stat.ctime * 1_000 }
  return { msqid, perm, qbytes, ...times, lspid, lrpid, messages }
}
