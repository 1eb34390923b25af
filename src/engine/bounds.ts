import type { Completion } from './entry.ts'
import type { Namespace } from './namespace.ts'

/**
 * What a namespace may take of the memory of whoever holds it. As in the kernel, where messages are charged to a control
 * group, they are no part of the namespace: no image, journal or log has them. A call beyond them is refused, and what is
 * refused leaves no trace; so an engine without bounds that is given the same entries comes to the same state.
 */
export interface Bounds {
  /**
   * Bytes that all messages take: payloads, and MESSAGE_BYTES beside each; on queues, of waiting sends, of restores that
   * are under way, and of receives whose session has not acknowledged them. Source: ipc/msgutil.c, alloc_msg(), GFP_KERNEL_ACCOUNT.
   */
  readonly poolBytes: number
  /** Calls that wait at once, on all queues. In the kernel each is a thread, and those have limits. */
  readonly waitingCalls: number
}

/** What a message takes beside its payload, about. */
export const MESSAGE_BYTES = 64

/**
 * Eight times what msgmni queues of msgmnb bytes hold, the pool that the kernel's MSGPOOL once was. A waiting call takes
 * some hundred bytes, of a heap that holds four of them for each of 32768 queues.
 */
export const DEFAULT_BOUNDS: Bounds = { poolBytes: 8 * 32_000 * 16_384, waitingCalls: 131_072 }

/** Of whoever applies what others have let in already: a replay, a replica. */
export const UNBOUNDED: Bounds = { poolBytes: Number.POSITIVE_INFINITY, waitingCalls: Number.POSITIVE_INFINITY }

/** Bytes that all messages take now, wherever they are. */
export function pooledBytes({ byteCount, messageCount, sendingBytes, stagedBytes, answerBytes }: Namespace): number {
  return byteCount + messageCount * MESSAGE_BYTES + sendingBytes + stagedBytes + answerBytes
}

/** Whether there is room for messages of so many bytes, what stands beside them included. */
export function hasRoomInPool(namespace: Namespace, sizeBytes: number): boolean {
  return pooledBytes(namespace) + sizeBytes <= namespace.bounds.poolBytes
}

/** What the answer to a call takes while its session may ask for it again. */
export function answerBytesOf(completion: Completion): number {
  if (!('value' in completion)) return 0
  const { value } = completion
  return typeof value === 'object' && 'mtext' in value ? value.mtext.length + MESSAGE_BYTES : 0
}
