import { type Checkpoint, cbytesOf } from '../engine/index.ts'
import { bytesOf, count } from './words.ts'

/** How much a checkpoint holds. */
export interface Content {
  readonly queues: number
  readonly messages: number
  readonly bytes: number
}

/** Counts a checkpoint's queues, messages and payload bytes. */
export function contentOf({ queues }: Checkpoint): Content {
  let messages = 0
  let bytes = 0
  for (const queue of queues) {
    messages += queue.messages.length
    bytes += cbytesOf(queue.messages)
  }
  return { queues: queues.length, messages, bytes }
}

/** `3 queues, 20 messages, 1234 bytes (1.2 KiB)` */
export function contentWords({ queues, messages, bytes }: Content): string {
  return `${count(queues, 'queue')}, ${count(messages, 'message')}, ${bytesOf(bytes)}`
}
