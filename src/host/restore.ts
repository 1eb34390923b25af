import { IPC_PRIVATE, MSG_INFO, MSG_STAT_ANY } from '../abi/index.ts'
import { formatKey, missingFrom, type NotRestored, type RestoreReport, SyscallError } from '../contract/index.ts'
import type {
  Call,
  Checkpoint,
  CheckpointMessages,
  CheckpointQueue,
  NamespaceInfo,
  RestoreBegin,
  Ticket,
} from '../engine/index.ts'
import type { ValueOf } from './host-session.ts'

/** What makes the calls of a restore. */
export interface RestoreCalls {
  perform<C extends Call>(call: C): ValueOf<C> | Promise<ValueOf<C>>
  /** Begins it; the ticket names it. */
  begin(call: RestoreBegin): Ticket | Promise<Ticket>
  /** The queues of a checkpoint, in chunks that a call can carry. */
  chunks(queues: readonly CheckpointQueue[]): Iterable<readonly CheckpointQueue[]>
}

/** Restores a checkpoint into an engine: all of it, or nothing. */
export async function restore(calls: RestoreCalls, checkpoint: Checkpoint): Promise<RestoreReport> {
  const { queues, waiting: _, ...header } = checkpointArgument(checkpoint)
  const wasEmpty = (await queuesInUse(calls)) === 0
  const begun = await calls.begin({ name: 'restoreBegin', header })
  try {
    for (const chunk of calls.chunks(queues)) {
      await calls.perform({ name: 'restoreChunk', restore: begun, queues: chunk })
    }
  } catch (error) {
    // What was prepared must not stay: a part that is not valid ends the whole restore.
    await succeeds(() => calls.perform({ name: 'restoreChunk', restore: begun, queues: [NO_QUEUE] }))
    throw error
  }
  let committed: number | RestoreReport
  try {
    committed = await calls.perform({ name: 'restoreCommit', restore: begun })
  } catch (error) {
    throw await namingConflict(calls, queues, error)
  }
  // What is behind a socket may be no engine, and then says itself what it could not bring back.
  if (typeof committed === 'object') return committed
  const notRestored = missingFrom(checkpoint)
  if (!wasEmpty) notRestored.push(...NAMESPACE_HAD_QUEUES)
  return { msqids: queues.map(({ msqid }) => msqid), notRestored }
}

/** A queue that no namespace can have. */
const NO_QUEUE: CheckpointQueue = {
  msqid: -1,
  perm: { key: IPC_PRIVATE, uid: 0, gid: 0, cuid: 0, cgid: 0, mode: 0 },
  qbytes: 0,
  messages: [],
}

const NAMESPACE_HAD_QUEUES: readonly NotRestored[] = ['nextId', 'identifiers'].map((field) => ({
  field,
  reason: 'the namespace had queues of its own',
}))

function checkpointArgument(checkpoint: Checkpoint): Checkpoint {
  const looksRight =
    typeof checkpoint === 'object' &&
    checkpoint !== null &&
    Array.isArray(checkpoint.queues) &&
    checkpoint.queues.every((queue) => areMessages(queue?.messages))
  if (!looksRight) throw new TypeError('checkpoint must be what checkpoint() or readImage() gave')
  return checkpoint
}

/** An array is the caller's own making; what else is iterated is a namespace's or an image's. */
function areMessages(messages: CheckpointMessages | undefined): boolean {
  if (Array.isArray(messages)) return messages.every((message) => message?.mtext instanceof Uint8Array)
  return messages?.[Symbol.iterator] !== undefined
}

async function queuesInUse(calls: RestoreCalls): Promise<number> {
  const value = (await calls.perform({ name: 'msgctl', msqid: 0, cmd: MSG_INFO })) as NamespaceInfo
  return value.info.pool
}

/** An EEXIST that names the first queue which is in the way. */
async function namingConflict(
  calls: RestoreCalls,
  queues: readonly CheckpointQueue[],
  error: unknown,
): Promise<unknown> {
  if (!(error instanceof SyscallError) || error.code !== 'EEXIST') return error
  for (const { msqid, perm } of queues) {
    if (await succeeds(() => calls.perform({ name: 'msgctl', msqid, cmd: MSG_STAT_ANY }))) {
      return new SyscallError('EEXIST', 'restore', { msqid, hint: 'its index is in use here; nothing was restored' })
    }
    if (perm.key === IPC_PRIVATE) continue
    if (await succeeds(() => calls.perform({ name: 'msgget', key: perm.key, msgflg: 0 }))) {
      const hint = `queue ${msqid} of the image has it, and so has a queue here (${formatKey(perm.key)}); nothing was restored`
      return new SyscallError('EEXIST', 'restore', { key: perm.key, hint })
    }
  }
  return error
}

async function succeeds(call: () => unknown): Promise<boolean> {
  try {
    await call()
    return true
  } catch (error) {
    if (error instanceof SyscallError) return false
    throw error
  }
}
