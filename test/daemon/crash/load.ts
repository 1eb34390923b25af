/** What the clients of a crash test do to queues, and tell of it. */

/** A message that a client received. */
export interface Received {
  readonly queue: number
  readonly type: number
  readonly sequence: number
  readonly text: string
}

/** What a client did since it told last. */
export interface Told {
  /** The texts of messages whose sends were acknowledged. */
  readonly acknowledged: readonly string[]
  /** Of those that were refused, or aborted: they were never sent. */
  readonly notSent: readonly string[]
  readonly received: readonly Received[]
  /** What should not happen. */
  readonly faults: readonly string[]
}

export type Order = { readonly order: 'go'; readonly queues: readonly number[] } | { readonly order: 'pause' }
