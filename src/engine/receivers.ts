import type { Long } from '../abi/index.ts'
import { highHalf, lowHalf, type OfType, TypeIndex } from './messages/index.ts'
import { testMsg } from './search.ts'
import type { BlockedReceiver } from './waiters.ts'

/** Those that wait for one type, in order of arrival. */
interface Chain extends OfType {
  readonly receivers: BlockedReceiver[]
}

/**
 * The receives that wait on a queue, in order of arrival. The kernel asks each whether a message is for it; here those
 * that wait for one type are found by it, and only the others (any, all but a type, types up to one) are asked.
 */
export class Receivers implements Iterable<BlockedReceiver> {
  /** Each with how many came before it. */
  readonly #arrivals = new Map<BlockedReceiver, number>()
  readonly #byType = new TypeIndex<Chain>()
  readonly #others: BlockedReceiver[] = []
  #arrived = 0

  get length(): number {
    return this.#arrivals.size
  }

  push(receiver: BlockedReceiver): void {
    this.#arrivals.set(receiver, this.#arrived++)
    const { selector } = receiver
    if (selector.mode !== 'equal') this.#others.push(receiver)
    else this.#chainOf(selector.type).receivers.push(receiver)
  }

  delete(receiver: BlockedReceiver): void {
    this.#arrivals.delete(receiver)
    const { selector } = receiver
    if (selector.mode !== 'equal') return leave(this.#others, receiver)
    const chain = this.#chainOf(selector.type)
    leave(chain.receivers, receiver)
    if (chain.receivers.length === 0) this.#byType.remove(chain)
  }

  /** The first that a message of this type is for. */
  first(mtype: Long): BlockedReceiver | undefined {
    if (this.length === 0) return undefined
    const [own] = this.#byType.find(highHalf(mtype), lowHalf(mtype))?.receivers ?? []
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

  #chainOf(mtype: Long): Chain {
    const [high, low] = [highHalf(mtype), lowHalf(mtype)]
    const found = this.#byType.find(high, low)
    if (found !== undefined) return found
    const chain = { high, low, receivers: [] }
    this.#byType.add(chain)
    return chain
  }
}

function leave(list: BlockedReceiver[], receiver: BlockedReceiver): void {
  list.splice(list.indexOf(receiver), 1)
}
