import { IPC_MIN_CYCLE, IPC_PRIVATE, IPCID_SEQ_MAX, IPCMNI, IPCMNI_SHIFT } from '../abi/index.ts'
import type { MsgQueue } from './msg-queue.ts'

/** Finds queues by identifier, index and key, and gives new ones theirs. Source: ipc/util.c, struct ipc_ids. */
export class Identifiers {
  readonly #slots: (MsgQueue | undefined)[] = []
  readonly #keys = new Map<number, MsgQueue>()
  inUse = 0
  /** The highest index in use; -1 when there is none. */
  maxIndex = -1
  /** Where the cyclic search for a free index goes on. */
  nextIndex = 0
  lastIndex = -1
  sequence = 0
  /** msg_next_id; -1 when none is pending. */
  nextId = -1

  /** The queue of an identifier: its index must be in use and its sequence number must match. */
  find(msqid: number): MsgQueue | undefined {
    const queue = this.#slots[indexOf(msqid)]
    return queue?.msqid === msqid ? queue : undefined
  }

  /** The queue at an index; high bits are ignored, as MSG_STAT ignores them. */
  at(index: number): MsgQueue | undefined {
    return this.#slots[indexOf(index)]
  }

  withKey(key: number): MsgQueue | undefined {
    return this.#keys.get(key)
  }

  /** All queues in the order of their indexes. */
  *queues(): Generator<MsgQueue> {
    for (let index = 0; index <= this.maxIndex; index++) {
      const queue = this.#slots[index]
      if (queue !== undefined) yield queue
    }
  }

  /**
   * The identifier of the next new queue, or `undefined` when no index is free for it. A pending msg_next_id is
   * consumed either way, and moves neither the cycle nor the sequence. Source: ipc/util.c, ipc_idr_alloc().
   */
  allocate(): number | undefined {
    const { nextId } = this
    this.nextId = -1
    if (nextId >= 0) {
      const index = this.#freeIndex(indexOf(nextId), IPCMNI)
      return index === undefined ? undefined : identifier(nextId >> IPCMNI_SHIFT, index)
    }
    const end = Math.min(Math.max(Math.floor((this.inUse * 3) / 2), IPC_MIN_CYCLE), IPCMNI)
    const index = this.#freeIndex(this.nextIndex, end) ?? this.#freeIndex(0, end)
    if (index === undefined) return undefined
    this.nextIndex = index + 1
    if (index <= this.lastIndex) this.sequence = (this.sequence + 1) % IPCID_SEQ_MAX
    this.lastIndex = index
    return identifier(this.sequence, index)
  }

  add(queue: MsgQueue): void {
    const index = indexOf(queue.msqid)
    // Growing one by one keeps the array dense.
    while (this.#slots.length <= index) this.#slots.push(undefined)
    this.#slots[index] = queue
    if (queue.key !== IPC_PRIVATE) this.#keys.set(queue.key, queue)
    this.inUse++
    if (index > this.maxIndex) this.maxIndex = index
  }

  remove(queue: MsgQueue): void {
    this.#slots[indexOf(queue.msqid)] = undefined
    this.#keys.delete(queue.key)
    this.inUse--
    while (this.maxIndex >= 0 && this.#slots[this.maxIndex] === undefined) this.maxIndex--
  }

  #freeIndex(start: number, end: number): number | undefined {
    for (let index = start; index < end; index++) if (this.#slots[index] === undefined) return index
    return undefined
  }
}

/** The table index in an identifier. */
export function indexOf(msqid: number): number {
  return msqid & (IPCMNI - 1)
}

/** The sequence number in an identifier. */
export function sequenceOf(msqid: number): number {
  return msqid >> IPCMNI_SHIFT
}

function identifier(sequence: number, index: number): number {
  return (sequence << IPCMNI_SHIFT) + index
}
