import type { QueueSeen, Seen } from '../view/index.ts'

/** What a page is told at each sample: the queues that changed since it was told last. */
export interface SeenEvent extends Omit<Seen, 'queues'> {
  readonly changed: readonly QueueSeen[]
  readonly removed: readonly number[]
}
