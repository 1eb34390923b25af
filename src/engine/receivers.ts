import type { Long } from '../abi/index.ts'
import { highHalf, lowHalf, NONE, type Slot, TypeIndex } from './messages/index.ts'
import { testMsg } from './search.ts'
import type { BlockedReceiver } from './waiters.ts'

/**
 * The receives that wait on a queue, in order of arrival. The kernel asks each whether a message is for it; here those
 * that wait for one type are found by it, and only the others (any, all but a type, types up to one) are asked.
 */
export class Receivers implements Iterable<BlockedReceiver> {
  /** Each with how many came before it. */
  readonly #arrivals = new Map<BlockedReceiver, number>()
  readonly #types = new TypeIndex()
  /** Those that wait for one type, in order of arrival, by its slot. */
  readonly #byType: BlockedReceiver[][] = []
  readonly #others: BlockedReceiver[] = []
  #arrived = 0

  push(receiver: BlockedReceiver): void {
    this.#arrivals.set(receiver, this.#arrived++)
    const { selector } = receiver
    if (selector.mode !== 'equal') this.#others.push(receiver)
    else this.#waitingFor(this.#slotOf(selector.type)).push(receiver)
  }

  delete(receiver: BlockedReceiver): void {
    this.#arrivals.delete(receiver)
    const { selector } = receiver
    if (selector.mode !== 'equal') return leave(this.#others, receiver)
    const slot = this.#slotOf(selector.type)
    const receivers = this.#waitingFor(slot)
    leave(receivers, receiver)
    if (receivers.length === 0) this.#types.remove(slot)
  }

  /** The first that a message of this type is for. */
  first(mtype: Long): BlockedReceiver | undefined {
    if (this.#arrivals.size === 0) return undefined
    const slot = this.#types.find(highHalf(mtype), lowHalf(mtype))
    const own = slot === NONE ? undefined : this.#waitingFor(slot)[0]
    const other = this.#others.find(({ selector }) => testMsg(mtype, selector))
    if (own === undefined || other === undefined) return own ?? other
    return this.#arrival(own) < this.#arrival(other) ? own : other
  }

  /** In order of arrival. */
  [Symbol.iterator](): Iterator<BlockedReceiver> {
    return this.#arrivals.keys()
  }

  #arrival(receiver: BlockedReceiver): number {
    return this.#arrivals.get(receiver) ?? 0
  }

  #waitingFor(slot: Slot): BlockedReceiver[] {
    this.#byType[slot] ??= []
    return this.#byType[slot]
  }

  /** The slot of a type, made if it is not there. */
  #slotOf(mtype: Long): Slot {
    const [high, low] = [highHalf(mtype), lowHalf(mtype)]
    const slot = this.#types.find(high, low)
    return slot === NONE ? this.#types.add(high, low) : slot
  }
}

function leave(list: BlockedReceiver[], receiver: BlockedReceiver): void {
  list.splice(list.indexOf(receiver), 1)
}
