import { IPC_NOWAIT, IPC_RMID } from '../abi/index.ts'
import { BackendError, type IpcNamespace, type NotRestored, SyscallError, toldByMessages } from '../contract/index.ts'
import type { Checkpoint, CheckpointHeader, CheckpointQueue } from '../engine/index.ts'
import { freshIds } from './fresh-ids.ts'
import { ReplacedQueues } from './replaced-queues.ts'
import {
  type Append,
  type FullPlan,
  fullPlan,
  higherOf,
  placement,
  type QueueRestoreReport,
  type RestoreChoice,
} from './restore-plan.ts'

/** How often fresh ids are asked for, when others make queues so fast that one of them is taken before it is used. */
const FRESH_IDS_TRIES_MAX = 4

/**
 * Brings queues of a checkpoint back as `choice` says, into a namespace of any kind.
 *
 * What fails takes back what it made: queues that were made are removed, queues that were replaced are put back as
 * they were. Messages that were appended cannot be taken back, for others may have them: they go last, and only when
 * there was room for all of them. The error says what stays.
 *
 * @returns What was restored, appended and replaced, with old and new ids, and what could not be brought back.
 * @throws {SyscallError} `EEXIST` a key or an id is in use; `EAGAIN` a queue has no room for what is to be appended;
 *   `EINVAL`, `ENOENT` a queue of `only` is not in the image, or it is not a checkpoint; `EPERM`, `ENOSPC`.
 * @throws {BackendError} `ERR_MSGQ_TORN` a queue to be replaced kept changing; `ERR_MSGQ_IN_DOUBT` the restore failed,
 *   and what it had done could not be undone: the error says what is missing.
 */
export async function restoreQueues(
  namespace: IpcNamespace,
  checkpoint: Checkpoint,
  choice: RestoreChoice = {},
): Promise<QueueRestoreReport> {
  const plan = await fullPlan(namespace, checkpoint, choice)
  const [conflict] = plan.conflicts
  if (conflict !== undefined) throw withOthers(conflict, plan.conflicts.length - 1)
  const before = { limits: plan.limits, nextId: await namespace.nextId() }
  const header = headerOf(checkpoint, choice, plan, before.nextId)
  const replaced = new ReplacedQueues(namespace)
  const undo: Undo = { made: [], appended: [] }
  try {
    for (const { msqid } of plan.replaced) await replaced.remove(msqid)
    // An image without queues is restored too: it has limits.
    const isRestore = plan.makes.length > 0 || plan.appends.length === 0
    const made = isRestore ? await makeQueues(namespace, header, plan.makes, choice) : { ids: [], notRestored: [] }
    undo.made.push(...made.ids)
    for (const append of plan.appends) await appendMessages(namespace, append, undo)
    return {
      restored: plan.makes.map((queue, at) => placement(queue, made.ids[at])),
      appended: plan.appended,
      replaced: plan.replaced,
      notRestored: [...lostOfMade(made.notRestored, checkpoint, choice, plan), ...plan.appends.flatMap(lostOfAppend)],
    }
  } catch (error) {
    await takeBack(namespace, undo, replaced, before, error)
    throw asOfRestore(error, undo)
  }
}

/** Limits and identifiers: the image's own only where it is the whole of a namespace that was empty. */
function headerOf(
  { time, limits, nextId, identifiers }: Checkpoint,
  { asNew = false }: RestoreChoice,
  plan: FullPlan,
  pending: number,
): CheckpointHeader {
  if (!plan.wasEmpty) return { time, limits: higherOf(plan.limits, limits), nextId: pending }
  if (asNew) return { time, limits, nextId: pending }
  return { time, limits, nextId, ...(identifiers !== undefined && { identifiers }) }
}

interface Made {
  readonly ids: readonly number[]
  readonly notRestored: readonly NotRestored[]
}

async function makeQueues(
  namespace: IpcNamespace,
  header: CheckpointHeader,
  queues: readonly CheckpointQueue[],
  { asNew = false }: RestoreChoice,
): Promise<Made> {
  for (let tries = 1; ; tries++) {
    const ids = asNew ? await freshIds(namespace, queues.length) : queues.map(({ msqid }) => msqid)
    const placed = queues.map((queue, at) => ({ ...queue, msqid: ids[at] ?? queue.msqid }))
    try {
      const { notRestored } = await namespace.restore({ ...header, queues: placed, waiting: [] })
      return { ids, notRestored }
    } catch (error) {
      const isTaken = error instanceof SyscallError && error.code === 'EEXIST' && ids.includes(error.msqid ?? -1)
      if (!asNew || !isTaken || tries === FRESH_IDS_TRIES_MAX) throw error
    }
  }
}

/** What was done, for whoever must take it back. */
interface Undo {
  readonly made: number[]
  readonly appended: { readonly onto: number; messages: number }[]
}

async function appendMessages(namespace: IpcNamespace, { queue, onto }: Append, undo: Undo): Promise<void> {
  const sent = { onto, messages: 0 }
  undo.appended.push(sent)
  for (const { mtype, mtext } of queue.messages) {
    await namespace.msgsnd(onto, { mtype, mtext }, IPC_NOWAIT)
    sent.messages++
  }
}

/** Undoes as much as can be. @throws {BackendError} `ERR_MSGQ_IN_DOUBT` some of it could not. */
async function takeBack(
  namespace: IpcNamespace,
  { made }: Undo,
  replaced: ReplacedQueues,
  { limits, nextId }: Pick<CheckpointHeader, 'limits' | 'nextId'>,
  cause: unknown,
): Promise<void> {
  const failures: string[] = []
  const attempt = async (what: string, step: Promise<unknown>) => {
    await step.catch((error: unknown) => failures.push(`${what}: ${error instanceof Error ? error.message : error}`))
  }
  for (const msqid of made) await attempt(`queue ${msqid} stays`, namespace.msgctl(msqid, IPC_RMID))
  const lost = replaced.removed.map(({ msqid }) => msqid).join(', ')
  await attempt(`replaced and not put back: ${lost}`, replaced.putBack(limits, nextId))
  if (made.length > 0) await attempt('limits', restoreLimits(namespace, limits))
  if (failures.length === 0) return
  const why = `the restore failed (${cause instanceof Error ? cause.message : cause}), and could not be undone`
  throw new BackendError('ERR_MSGQ_IN_DOUBT', `${why}: ${failures.join('; ')}`, { cause })
}

/** Writes limits that differ alone: a restore that needed no other limits needs no right to set them. */
async function restoreLimits(namespace: IpcNamespace, limits: CheckpointHeader['limits']): Promise<void> {
  const now = await namespace.limits()
  if (JSON.stringify(now) !== JSON.stringify(limits)) await namespace.setLimits(limits)
}

/** The error as the restore's own, saying what is true now. */
function asOfRestore(error: unknown, { appended }: Undo): unknown {
  if (!(error instanceof SyscallError)) return error
  const stays = appended
    .filter(({ messages }) => messages > 0)
    .map(({ onto, messages }) => `${messages} messages were appended to queue ${onto}, and stay`)
  if (error.syscall === 'restore' && stays.length === 0) return error
  const { code, msqid, key, syscall, hint } = error
  const why = syscall === 'restore' ? [] : [`${syscall} failed`]
  return new SyscallError(code, 'restore', {
    ...(msqid !== undefined && { msqid }),
    ...(key !== undefined && { key }),
    hint: [...why, ...(hint === undefined ? [] : [hint]), ...stays, 'everything else is as it was'].join('; '),
  })
}

function withOthers(conflict: SyscallError, others: number): SyscallError {
  const more = others === 0 ? '' : `; ${others} more of its queues cannot be restored either`
  const { code, msqid, key, hint } = conflict
  return new SyscallError(code, 'restore', {
    ...(msqid !== undefined && { msqid }),
    ...(key !== undefined && { key }),
    hint: `${hint}${more}; nothing was restored`,
  })
}

/** The backend was shown a part of the image: what it says of identifiers is not what the image tells. */
function lostOfMade(
  notRestored: readonly NotRestored[],
  { nextId, identifiers }: Checkpoint,
  { asNew = false }: RestoreChoice,
  { wasEmpty }: FullPlan,
): NotRestored[] {
  if (wasEmpty && !asNew) return [...notRestored]
  const reason = wasEmpty ? 'the queues have fresh ids' : 'the namespace had queues of its own'
  const lost = notRestored.filter(({ field }) => field !== 'nextId' && field !== 'identifiers')
  if (nextId >= 0) lost.push({ field: 'nextId', reason })
  if (identifiers !== undefined) lost.push({ field: 'identifiers', reason })
  return lost
}

/** An appended message is a new one to the queue. */
function lostOfAppend({ queue: { messages }, onto }: Append): NotRestored[] {
  const reason = 'its messages were sent anew'
  return toldByMessages(messages).map((field) => ({ msqid: onto, field, reason }))
}
