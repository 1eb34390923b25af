import { type Checkpoint, type CheckpointMessages, type CheckpointQueue, type Told, toldBy } from '../engine/index.ts'
import type { NotRestored } from './ipc-namespace.ts'

const QUEUE_FIELDS = ['stime', 'rtime', 'ctime', 'lspid', 'lrpid', 'copyCounter', 'lastSequence'] as const
const MESSAGE_FIELDS = ['sequence', 'sender', 'time'] as const

/** What a checkpoint does not tell, because its source did not: the kernel, or CRIU's files alone. */
export function missingFrom(checkpoint: Checkpoint): NotRestored[] {
  const reason = 'not in the image'
  const missing: NotRestored[] = checkpoint.identifiers === undefined ? [{ field: 'identifiers', reason }] : []
  for (const queue of checkpoint.queues) {
    for (const field of missingFields(queue)) missing.push({ msqid: queue.msqid, field, reason })
  }
  return missing
}

/** What of a message's number, sender and time any message of a queue tells. */
export function toldByMessages(messages: CheckpointMessages): (keyof Told)[] {
  const told = toldBy(messages)
  return MESSAGE_FIELDS.filter((field) => told[field] > 0)
}

function missingFields(queue: CheckpointQueue): string[] {
  const { messages } = queue
  const told = toldBy(messages)
  return [
    ...QUEUE_FIELDS.filter((field) => queue[field] === undefined),
    ...MESSAGE_FIELDS.filter((field) => told[field] < messages.length),
  ]
}
