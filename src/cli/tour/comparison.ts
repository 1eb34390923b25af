import { isDeepStrictEqual } from 'node:util'
import type { Checkpoint, CheckpointQueue } from '../../engine/index.ts'

/**
 * The fields in which two checkpoints differ, but for the time at which they were taken: `stime`, `messages.mtext` …
 * Empty when nothing is lost.
 */
export function differingFields(one: Checkpoint, other: Checkpoint): string[] {
  const { queues, time: _, ...header } = one
  const { queues: otherQueues, time: __, ...otherHeader } = other
  const differing = new Set(differences(header, otherHeader))
  if (queues.length !== otherQueues.length) differing.add('queues')
  queues.forEach((queue, index) => {
    for (const field of queueDifferences(queue, otherQueues[index])) differing.add(field)
  })
  return [...differing]
}

function queueDifferences(queue: CheckpointQueue, other: CheckpointQueue | undefined): string[] {
  if (other === undefined) return []
  const { messages, perm, ...fields } = queue
  const { messages: otherMessages, perm: otherPerm, ...otherFields } = other
  const differing = [...differences(fields, otherFields), ...differences(perm, otherPerm)]
  if (messages.length !== otherMessages.length) differing.push('messages')
  const others = otherMessages[Symbol.iterator]()
  for (const message of messages) differing.push(...differences(message, others.next().value ?? {}))
  return differing
}

function differences(one: object, other: object): string[] {
  const names = new Set([...Object.keys(one), ...Object.keys(other)])
  return [...names].filter((name) => !isDeepStrictEqual(Reflect.get(one, name), Reflect.get(other, name)))
}
