import type { Checkpoint } from '../engine/index.ts'
import { bytesOf, count } from './words.ts'

/** How much a checkpoint holds. */
export interface Content {
  readonly queues: number
  readonly messages: number
  readonly bytes: number
}

/** Counts a checkpoint's queues, messages and payload bytes. */
export function contentOf({ queues }: Checkpoint): Content {
  const messages = queues.flatMap((queue) => queue.messages)
  const bytes = messages.reduce((sum, { mtext }) => sum + mtext.length, 0)
  return { queues: queues.length, messages: messages.length, bytes }
}

/** `3 queues, 20 messages, 1234 bytes (1.2 KiB)` */
export function contentWords({ queues, messages, bytes }: Content): string {
  return `${count(queues, 'queue')}, ${count(messages, 'message')}, ${bytesOf(bytes)}`
}
