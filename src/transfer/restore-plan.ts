import { IPC_PRIVATE } from '../abi/index.ts'
import { formatKey, type IpcNamespace, type NotRestored, SyscallError } from '../contract/index.ts'
import {
  type Checkpoint,
  type CheckpointMessages,
  type CheckpointQueue,
  cbytesOf,
  type IndexedStat,
  type Limits,
  viewsOf,
} from '../engine/index.ts'
import { queueAtIndexOf, queueOfKey, queuesInUse } from './standing.ts'

/** How a queue of an image is named. */
export type QueueName = { readonly msqid: number } | { readonly key: number }

/** What a restore does beyond the plain one, which brings all queues back with their ids, or none. */
export interface RestoreChoice {
  /** Only these queues of the image. Default: all. */
  readonly only?: readonly QueueName[]
  /**
   * What to do where a queue of the image meets one that stands. `refuse`, the default: EEXIST. `replace`: whatever has
   * its key or its id's index is removed, and those who wait there get EIDRM. `append`: its messages are sent to the
   * queue of the same key or, without a key, of the same id; that queue keeps its limits, owner and mode.
   */
  readonly standing?: 'refuse' | 'replace' | 'append'
  /** Queues get fresh ids, and meet a queue that stands by their keys alone. */
  readonly asNew?: boolean
}

/** A queue of the image, and where its messages are to be, or are. */
export interface Placement {
  /** Its id in the image. */
  readonly from: number
  /** Its id in the namespace; absent while a fresh one is not known. */
  readonly to?: number
  readonly key: number
  readonly messages: number
  readonly bytes: number
}

/** A queue of the namespace that is in the way. */
export interface StandingQueue {
  readonly msqid: number
  readonly key: number
  readonly messages: number
  readonly bytes: number
}

export interface QueueRestoreReport {
  readonly restored: readonly Placement[]
  /** Queues of the image whose messages were sent to a queue that stood. */
  readonly appended: readonly Placement[]
  /** Queues that were removed. */
  readonly replaced: readonly StandingQueue[]
  readonly notRestored: readonly NotRestored[]
}

/** What a restore would do. Nothing has changed. */
export interface RestorePlan extends Omit<QueueRestoreReport, 'notRestored'> {
  /** Why it would fail; empty when nothing is known to be in the way. */
  readonly conflicts: readonly SyscallError[]
}

/** A plan with what it takes to carry it out. */
export interface FullPlan extends RestorePlan {
  readonly makes: readonly CheckpointQueue[]
  readonly appends: readonly Append[]
  /** The namespace had no queues. */
  readonly wasEmpty: boolean
  readonly limits: Limits
}

export interface Append {
  readonly queue: CheckpointQueue
  readonly onto: number
}

/**
 * Finds out what a restore would do, and changes nothing.
 *
 * @throws {SyscallError} `ENOENT` a key, `EINVAL` an id of `only` is not in the image. @throws as the namespace's calls.
 */
export async function planRestore(
  namespace: IpcNamespace,
  checkpoint: Checkpoint,
  choice: RestoreChoice = {},
): Promise<RestorePlan> {
  const { restored, appended, replaced, conflicts } = await fullPlan(namespace, checkpoint, choice)
  return { restored, appended, replaced, conflicts }
}

export async function fullPlan(
  namespace: IpcNamespace,
  checkpoint: Checkpoint,
  choice: RestoreChoice,
): Promise<FullPlan> {
  if (!Array.isArray(checkpoint?.queues))
    throw new TypeError('checkpoint must be what checkpoint() or readImage() gave')
  const makes: CheckpointQueue[] = []
  const appends: Append[] = []
  const replaced = new Map<number, StandingQueue>()
  const conflicts: SyscallError[] = []
  const limits = await namespace.limits()
  const sums = new Sums(limits)
  for (const queue of chosenQueues(checkpoint, choice.only)) {
    const inTheWay = await meets(namespace, queue, choice.asNew === true)
    const same = inTheWay.find((standing) => isSame(queue, standing))
    const [first] = inTheWay
    if (first === undefined) makes.push(queue)
    else if (choice.standing === 'replace') {
      makes.push(queue)
      for (const standing of inTheWay) replaced.set(standing.msqid, describe(standing))
    } else if (choice.standing === 'append' && same !== undefined) {
      appends.push({ queue, onto: same.msqid })
      conflicts.push(...sums.add(queue, same))
    } else conflicts.push(conflictOf(queue, first))
  }
  return {
    makes,
    appends,
    wasEmpty: (await queuesInUse(namespace)) === 0,
    limits,
    restored: makes.map((queue) => placement(queue, choice.asNew ? undefined : queue.msqid)),
    appended: appends.map(({ queue, onto }) => placement(queue, onto)),
    replaced: [...replaced.values()],
    conflicts,
  }
}

/** How much a queue of the image has, and where. */
export function placement({ msqid, perm: { key }, messages }: CheckpointQueue, to: number | undefined): Placement {
  const counts = { key, messages: messages.length, bytes: cbytesOf(messages) }
  return to === undefined ? { from: msqid, ...counts } : { from: msqid, to, ...counts }
}

function longestOf(messages: CheckpointMessages): number {
  let longest = 0
  for (const { mtext } of viewsOf(messages)) longest = Math.max(longest, mtext.length)
  return longest
}

function chosenQueues({ queues }: Checkpoint, only: readonly QueueName[] | undefined): readonly CheckpointQueue[] {
  if (only === undefined) return queues
  const chosen = only.map((name) => {
    const found = queues.find(({ msqid, perm }) =>
      'msqid' in name ? msqid === name.msqid : perm.key === (name.key | 0),
    )
    if (found !== undefined) return found
    const ids = queues.map(({ msqid }) => msqid).join(', ')
    const hint = `the image has no such queue; it has ${ids === '' ? 'none' : `those with the ids ${ids}`}`
    throw 'msqid' in name
      ? new SyscallError('EINVAL', 'restore', { msqid: name.msqid, hint })
      : new SyscallError('ENOENT', 'restore', { key: name.key, hint })
  })
  return queues.filter((queue) => chosen.includes(queue))
}

/** The queues that a queue of the image cannot stand beside: one at most has its key, and one its index. */
async function meets(namespace: IpcNamespace, queue: CheckpointQueue, asNew: boolean): Promise<IndexedStat[]> {
  const { key } = queue.perm
  const byKey = key === IPC_PRIVATE ? undefined : await queueOfKey(namespace, key)
  const byIndex = asNew ? undefined : await queueAtIndexOf(namespace, queue.msqid)
  const both = byKey?.msqid === byIndex?.msqid ? [byKey] : [byKey, byIndex]
  return both.filter((standing) => standing !== undefined).filter((standing) => standing.msqid >= 0)
}

/** Whether programs would take one for the other: they find a queue by its key, or else have its id. */
function isSame({ msqid, perm: { key } }: CheckpointQueue, standing: IndexedStat): boolean {
  return standing.stat.perm.key === key && (key !== IPC_PRIVATE || standing.msqid === msqid)
}

function describe({ msqid, stat }: IndexedStat): StandingQueue {
  return { msqid, key: stat.perm.key, messages: stat.qnum, bytes: stat.cbytes }
}

function conflictOf({ msqid, perm: { key } }: CheckpointQueue, standing: IndexedStat): SyscallError {
  const ofImage = `queue ${msqid} of the image`
  if (key !== IPC_PRIVATE && standing.stat.perm.key === key) {
    const hint = `${ofImage} has it, and so has queue ${standing.msqid} here`
    return new SyscallError('EEXIST', 'restore', { key, hint })
  }
  const its = standing.msqid === msqid ? 'its id' : 'the index of its id'
  const whose = standing.stat.perm.key === IPC_PRIVATE ? 'without a key' : `of key ${formatKey(standing.stat.perm.key)}`
  const hint = `${its} is that of queue ${standing.msqid} ${whose}, which stands here`
  return new SyscallError('EEXIST', 'restore', { msqid, hint })
}

/** The higher of each limit. */
export function higherOf(a: Limits, b: Limits): Limits {
  return {
    msgmax: Math.max(a.msgmax, b.msgmax),
    msgmnb: Math.max(a.msgmnb, b.msgmnb),
    msgmni: Math.max(a.msgmni, b.msgmni),
  }
}

/** What has been appended to each queue so far: several queues of an image may go to one. */
class Sums {
  readonly #limits: Limits
  readonly #added = new Map<number, { bytes: number; messages: number }>()

  constructor(limits: Limits) {
    this.#limits = limits
  }

  /** @returns Why it does not fit: a restore does not wait for room, so that it cannot wait for ever. */
  add(queue: CheckpointQueue, { msqid, stat }: IndexedStat): SyscallError[] {
    const { messages, bytes } = placement(queue, msqid)
    const before = this.#added.get(msqid) ?? { bytes: stat.cbytes, messages: stat.qnum }
    const after = { bytes: before.bytes + bytes, messages: before.messages + messages }
    this.#added.set(msqid, after)
    const longest = longestOf(queue.messages)
    const ofImage = `queue ${queue.msqid} of the image`
    if (longest > this.#limits.msgmax) {
      const hint = `msgmax is ${this.#limits.msgmax}, and ${ofImage} has a message of ${longest} bytes`
      return [new SyscallError('EINVAL', 'restore', { msqid, hint })]
    }
    if (messages === 0 || (after.bytes <= stat.qbytes && after.messages <= stat.qbytes)) return []
    const room = `has ${before.messages} messages and ${before.bytes} bytes, and room for ${stat.qbytes} of each`
    const hint = `it ${room}: the ${messages} messages and ${bytes} bytes of ${ofImage} do not fit`
    return [new SyscallError('EAGAIN', 'restore', { msqid, hint })]
  }
}
