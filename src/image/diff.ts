import type { Checkpoint, CheckpointMessage, CheckpointQueue } from '../engine/index.ts'
import { matchInSteps } from './match-runs.ts'

/** Messages that are looked at between two places where the work may be cut: about a millisecond. */
const STEP_MESSAGES = 2048

/** What goes through many messages does a part of them at each step. */
type Steps<Result> = Generator<undefined, Result>

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
  const steps = diffInSteps(before, after)
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
  }
}

/** As `diffImages`, a millisecond or so at a time: a million messages take seconds, and others may want their turn. */
export function* diffInSteps(before: Checkpoint, after: Checkpoint): Generator<undefined, ImageDiff> {
  const fields = changesOf({ ...before.limits, nextId: before.nextId }, { ...after.limits, nextId: after.nextId })
  const olds = new Map(before.queues.map((queue) => [queue.msqid, queue]))
  const news = new Map(after.queues.map((queue) => [queue.msqid, queue]))
  const queues: QueueDiff[] = []
  for (const old of before.queues) {
    const next = news.get(old.msqid)
    const diff = next === undefined ? yield* whole('taken', old) : yield* changedQueue(old, next)
    if (diff !== undefined) queues.push(diff)
  }
  for (const next of after.queues) if (!olds.has(next.msqid)) queues.push(yield* whole('added', next))
  return { fields, queues }
}

function* whole(change: 'added' | 'taken', { msqid, perm, messages }: CheckpointQueue): Steps<QueueDiff> {
  const all: MessageChange[] = []
  for (const message of messages) if (all.push({ change, index: all.length, message }) % STEP_MESSAGES === 0) yield
  return { change, msqid, key: perm.key, fields: [], messages: all }
}

function* changedQueue(old: CheckpointQueue, next: CheckpointQueue): Steps<QueueDiff | undefined> {
  const fields = changesOf(fieldsOf(old), fieldsOf(next))
  const olds = yield* allOf(old.messages)
  const news = yield* allOf(next.messages)
  const isTold = [olds, news].every((all) => all.every(({ sequence }) => sequence !== undefined))
  const messages = isTold ? yield* bySequence(olds, news) : yield* byRuns(olds, news)
  if (fields.length === 0 && messages.length === 0) return undefined
  return { change: 'changed', msqid: next.msqid, key: next.perm.key, fields, messages }
}

function* allOf(messages: Iterable<CheckpointMessage>): Steps<CheckpointMessage[]> {
  const all: CheckpointMessage[] = []
  for (const message of messages) if (all.push(message) % STEP_MESSAGES === 0) yield
  return all
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
function* bySequence(olds: readonly CheckpointMessage[], news: readonly CheckpointMessage[]): Steps<MessageChange[]> {
  const numbered = new Map<number | undefined, number>()
  for (const [index, { sequence }] of news.entries()) {
    if (index % STEP_MESSAGES === 0) yield
    numbered.set(sequence, index)
  }
  const changes: MessageChange[] = []
  const known = new Set<number | undefined>()
  for (const [index, message] of olds.entries()) {
    if (index % STEP_MESSAGES === 0) yield
    known.add(message.sequence)
    const at = numbered.get(message.sequence) ?? -1
    const next = news[at]
    if (next === undefined) changes.push({ change: 'taken', index, message })
    else if (!isEqual(message, next)) changes.push({ change: 'changed', index: at, message: next })
  }
  for (const [index, message] of news.entries()) {
    if (index % STEP_MESSAGES === 0) yield
    if (!known.has(message.sequence)) changes.push({ change: 'added', index, message })
  }
  return changes
}

function* byRuns(olds: readonly CheckpointMessage[], news: readonly CheckpointMessage[]): Steps<MessageChange[]> {
  const numbers = new Map<string, number>()
  const numberOf = ({ mtype, mtext }: CheckpointMessage) => {
    const content = `${mtype} ${new TextDecoder('latin1').decode(mtext)}`
    const number = numbers.get(content) ?? numbers.size
    numbers.set(content, number)
    return number
  }
  const numbersOf = function* (messages: readonly CheckpointMessage[]): Steps<number[]> {
    const all: number[] = []
    for (const message of messages) if (all.push(numberOf(message)) % STEP_MESSAGES === 0) yield
    return all
  }
  const { onlyBefore, onlyAfter } = yield* matchInSteps(yield* numbersOf(olds), yield* numbersOf(news))
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
