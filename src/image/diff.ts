import type { Checkpoint, CheckpointMessage, CheckpointQueue } from '../engine/index.ts'
import { matchRuns } from './match-runs.ts'

/** What one field was, and is. */
export interface FieldChange {
  readonly field: string
  readonly before: number | undefined
  readonly after: number | undefined
}

/** A message that only one image has, at its index there; or one that both have and tell differently. */
export interface MessageChange {
  readonly change: 'added' | 'taken' | 'changed'
  readonly index: number
  readonly message: CheckpointMessage
}

export interface QueueDiff {
  readonly change: 'added' | 'taken' | 'changed'
  readonly msqid: number
  readonly key: number
  readonly fields: readonly FieldChange[]
  readonly messages: readonly MessageChange[]
}

/** What has become of an image. Without fields and queues the two are the same, as far as both tell. */
export interface ImageDiff {
  readonly fields: readonly FieldChange[]
  readonly queues: readonly QueueDiff[]
}

/**
 * Compares two images. Queues are the same when their id is. Their messages are matched by sequence number where both
 * images tell it of all of them, otherwise as the longest common runs of equal type and bytes. What only one of the two
 * tells is not compared.
 */
export function diffImages(before: Checkpoint, after: Checkpoint): ImageDiff {
  const fields = changesOf({ ...before.limits, nextId: before.nextId }, { ...after.limits, nextId: after.nextId })
  const olds = new Map(before.queues.map((queue) => [queue.msqid, queue]))
  const news = new Map(after.queues.map((queue) => [queue.msqid, queue]))
  const queues: QueueDiff[] = []
  for (const old of before.queues) {
    const next = news.get(old.msqid)
    const diff = next === undefined ? whole('taken', old) : changedQueue(old, next)
    if (diff !== undefined) queues.push(diff)
  }
  for (const next of after.queues) if (!olds.has(next.msqid)) queues.push(whole('added', next))
  return { fields, queues }
}

function whole(change: 'added' | 'taken', { msqid, perm, messages }: CheckpointQueue): QueueDiff {
  return {
    change,
    msqid,
    key: perm.key,
    fields: [],
    messages: Array.from(messages, (message, index) => ({ change, index, message })),
  }
}

function changedQueue(old: CheckpointQueue, next: CheckpointQueue): QueueDiff | undefined {
  const fields = changesOf(fieldsOf(old), fieldsOf(next))
  const [olds, news] = [Array.from(old.messages), Array.from(next.messages)]
  const isTold = [olds, news].every((all) => all.every(({ sequence }) => sequence !== undefined))
  const messages = isTold ? bySequence(olds, news) : byRuns(olds, news)
  if (fields.length === 0 && messages.length === 0) return undefined
  return { change: 'changed', msqid: next.msqid, key: next.perm.key, fields, messages }
}

function fieldsOf({ perm, qbytes, stime, rtime, ctime, lspid, lrpid, copyCounter, lastSequence }: CheckpointQueue) {
  return { ...perm, qbytes, stime, rtime, ctime, lspid, lrpid, copyCounter, lastSequence }
}

function changesOf(
  before: Readonly<Record<string, number | undefined>>,
  after: Readonly<Record<string, number | undefined>>,
): FieldChange[] {
  return Object.keys(before)
    .map((field) => ({ field, before: before[field], after: after[field] }))
    .filter((one) => one.before !== undefined && one.after !== undefined && one.before !== one.after)
}

/** Sequence numbers rise along a queue, so both are walked once. */
function bySequence(olds: readonly CheckpointMessage[], news: readonly CheckpointMessage[]): MessageChange[] {
  const numbered = new Map(news.map((message, index) => [message.sequence, { message, index }]))
  const changes: MessageChange[] = []
  const known = new Set<number | undefined>()
  olds.forEach((message, index) => {
    known.add(message.sequence)
    const next = numbered.get(message.sequence)
    if (next === undefined) changes.push({ change: 'taken', index, message })
    else if (!isEqual(message, next.message)) changes.push({ change: 'changed', ...next })
  })
  news.forEach((message, index) => {
    if (!known.has(message.sequence)) changes.push({ change: 'added', index, message })
  })
  return changes
}

function byRuns(olds: readonly CheckpointMessage[], news: readonly CheckpointMessage[]): MessageChange[] {
  const numbers = new Map<string, number>()
  const numberOf = ({ mtype, mtext }: CheckpointMessage) => {
    const content = `${mtype} ${new TextDecoder('latin1').decode(mtext)}`
    const number = numbers.get(content) ?? numbers.size
    numbers.set(content, number)
    return number
  }
  const { onlyBefore, onlyAfter } = matchRuns(olds.map(numberOf), news.map(numberOf))
  const changes = (change: 'added' | 'taken', messages: readonly CheckpointMessage[], indexes: readonly number[]) =>
    indexes.flatMap((index): MessageChange[] => {
      const message = messages[index]
      return message === undefined ? [] : [{ change, index, message }]
    })
  return [...changes('taken', olds, onlyBefore), ...changes('added', news, onlyAfter)]
}

function isEqual(one: CheckpointMessage, other: CheckpointMessage): boolean {
  return (
    one.mtype === other.mtype &&
    one.mtext.length === other.mtext.length &&
    one.mtext.every((byte, index) => byte === other.mtext[index])
  )
}
