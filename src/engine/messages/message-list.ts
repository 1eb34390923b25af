import type { Long, Msgbuf } from '../../abi/index.ts'
import type { Message, Sender, Ticket } from '../entry.ts'
import { type Address, highHalf, lowHalf, MessageLog } from './message-log.ts'
import { type OfType, TypeIndex } from './type-index.ts'

/** The messages of one type, a chain of addresses through the records. */
interface TypeChain extends OfType {
  head: Address
  tail: Address
}

/** At this depth a walk is faster than an index. */
const SCAN_MAX = 16

/**
 * The messages of one queue, oldest first. What `oldest…` finds is what a receive may take; a held message is hidden
 * from it, and there for everything else. An address is good until the next removal.
 */
export class MessageList {
  #log = new MessageLog()
  /** Who holds what is hidden, by sequence number. */
  readonly #holders = new Map<number, Ticket>()
  #oldest: Address | undefined
  /** The visible messages by type: made by the first search that needs it, kept until the list is empty. */
  #types: TypeIndex<TypeChain> | undefined
  /** All visible messages before `end` have one type; `undefined` is the end of the list. */
  #run: { readonly high: number; readonly low: number; end: Address | undefined } | undefined
  /** The message that was found by its index last: copies in order need no search. */
  #indexed: { readonly index: number; readonly address: Address } | undefined

  /** Whether one more message of some bytes has an address. */
  hasAddressFor(sizeBytes: number): boolean {
    return this.#log.hasAddressFor(sizeBytes)
  }

  /** Puts a message at the tail; its bytes are copied. */
  append(message: Msgbuf, sequence: number, sender: Sender, time: number): Address {
    const address = this.#log.append(message, sequence, sender, time)
    this.#oldest ??= address
    if (this.#run !== undefined) this.#run.end ??= address
    if (this.#types !== undefined) this.#chain(this.#types, address)
    return address
  }

  remove(address: Address): void {
    if (this.#isHeld(address)) this.#holders.delete(this.sequenceOf(address))
    else if (this.#log.count > 1) this.#leaveSight(address)
    this.#indexed = undefined
    this.#log.kill(address)
    if (this.#log.count === 0) this.#forget()
    else if (this.#log.isSparse) this.#pack()
  }

  /** Hides a message for the receive that holds it. */
  hide(address: Address, holder: Ticket): void {
    this.#leaveSight(address)
    this.#holders.set(this.sequenceOf(address), holder)
  }

  /** Shows a hidden message again. */
  show(address: Address): void {
    const sequence = this.sequenceOf(address)
    this.#holders.delete(sequence)
    if (this.#oldest === undefined || sequence < this.sequenceOf(this.#oldest)) this.#oldest = address
    // It belongs somewhere into its chain: the next search by type finds where.
    this.#types = undefined
    this.#run = undefined
  }

  /** The receives that hold a message. */
  get holders(): Iterable<Ticket> {
    return this.#holders.values()
  }

  /** The receive that holds this message. */
  holderOf(address: Address): Ticket | undefined {
    return this.#holders.size === 0 ? undefined : this.#holders.get(this.sequenceOf(address))
  }

  /** The oldest message. */
  oldest(): Address | undefined {
    return this.#oldest
  }

  /** The oldest message of a type. */
  oldestOf(mtype: Long): Address | undefined {
    const [high, low] = [highHalf(mtype), lowHalf(mtype)]
    if (this.#oldest === undefined || this.#hasType(this.#oldest, high, low)) return this.#oldest
    if (!this.#shouldScan()) return this.#index().find(high, low)?.head
    let at = this.#following(this.#oldest)
    while (at !== undefined && !this.#hasType(at, high, low)) at = this.#following(at)
    return at
  }

  /** The oldest message of any other type. */
  oldestExcept(mtype: Long): Address | undefined {
    const [high, low] = [highHalf(mtype), lowHalf(mtype)]
    if (this.#oldest === undefined || !this.#hasType(this.#oldest, high, low)) return this.#oldest
    const run = this.#run?.high === high && this.#run.low === low ? this.#run : undefined
    let at = run === undefined ? this.#oldest : run.end
    while (at !== undefined && this.#hasType(at, high, low)) at = this.#following(at)
    this.#run = { high, low, end: at }
    return at
  }

  /** The oldest message of the lowest type. */
  oldestOfLowest(): Address | undefined {
    if (this.#oldest === undefined) return undefined
    if (!this.#shouldScan()) return this.#index().lowest()?.head
    let lowest = this.#oldest
    for (let at = this.#following(lowest); at !== undefined; at = this.#following(at)) {
      if (this.typeOf(at) < this.typeOf(lowest)) lowest = at
    }
    return lowest
  }

  /** The message at an index from the oldest, 0. */
  at(index: number): Address | undefined {
    const before = this.#indexed
    const address = before?.index === index - 1 ? this.#log.following(before.address) : this.#log.at(index)
    if (address !== undefined) this.#indexed = { index, address }
    return address
  }

  /** The oldest message whose sequence number is above one. */
  after(sequence: number): Address | undefined {
    return this.#log.after(sequence)
  }

  /** The message behind one. */
  following(address: Address): Address | undefined {
    return this.#log.following(address)
  }

  /** The message with a sequence number. */
  withSequence(sequence: number): Address | undefined {
    const address = this.#log.after(sequence - 1)
    return address !== undefined && this.sequenceOf(address) === sequence ? address : undefined
  }

  /** All messages, oldest first. The list must not change meanwhile. */
  *[Symbol.iterator](): Generator<Address> {
    for (let at = this.#log.first(); at !== undefined; at = this.#log.following(at)) yield at
  }

  typeOf(address: Address): Long {
    return this.#log.typeOf(address)
  }

  sizeOf(address: Address): number {
    return this.#log.sizeOf(address)
  }

  sequenceOf(address: Address): number {
    return this.#log.sequenceOf(address)
  }

  /** The message, with bytes of its own: at most `msgsz` of them. */
  read(address: Address, msgsz: number = Number.POSITIVE_INFINITY): Message {
    return this.#log.read(address, msgsz)
  }

  /** An empty list needs no index. */
  #forget(): void {
    this.#oldest = undefined
    this.#types = undefined
    this.#run = undefined
  }

  /** Takes a message out of what `oldest…` finds. It is always the oldest of its type. */
  #leaveSight(address: Address): void {
    if (address === this.#oldest) this.#oldest = this.#following(address)
    if (this.#run !== undefined && address === this.#run.end) this.#run.end = this.#following(address)
    if (this.#types === undefined) return
    const chain = this.#types.find(this.#log.typeHighOf(address), this.#log.typeLowOf(address))
    if (chain?.head !== address) throw new Error('assertion: what leaves is the oldest message of its type')
    const next = this.#log.nextOf(address)
    if (next === undefined) this.#types.remove(chain)
    else chain.head = next
  }

  #index(): TypeIndex<TypeChain> {
    if (this.#types !== undefined) return this.#types
    const types = new TypeIndex<TypeChain>()
    for (let at = this.#oldest; at !== undefined; at = this.#following(at)) this.#chain(types, at)
    this.#types = types
    return types
  }

  #chain(types: TypeIndex<TypeChain>, address: Address): void {
    this.#log.setNext(address, undefined)
    const [high, low] = [this.#log.typeHighOf(address), this.#log.typeLowOf(address)]
    const chain = types.find(high, low)
    if (chain === undefined) return types.add({ high, low, head: address, tail: address })
    this.#log.setNext(chain.tail, address)
    chain.tail = address
  }

  #shouldScan(): boolean {
    return this.#types === undefined && this.#log.count <= SCAN_MAX
  }

  #hasType(address: Address, high: number, low: number): boolean {
    return this.#log.typeLowOf(address) === low && this.#log.typeHighOf(address) === high
  }

  #isHeld(address: Address): boolean {
    return this.#holders.size > 0 && this.#holders.has(this.sequenceOf(address))
  }

  /** The visible message behind one. */
  #following(address: Address): Address | undefined {
    let at = this.#log.following(address)
    while (at !== undefined && this.#isHeld(at)) at = this.#log.following(at)
    return at
  }

  /** Writes the messages into a log without dead records. */
  #pack(): void {
    const sparse = this.#log
    this.#log = new MessageLog()
    for (let at = sparse.first(); at !== undefined; at = sparse.following(at)) {
      const message = sparse.read(at, Number.POSITIVE_INFINITY)
      this.#log.append(message, message.sequence, message.sender, message.time)
    }
    this.#types = undefined
    this.#run = undefined
    const first = this.#log.first()
    this.#oldest = first !== undefined && this.#isHeld(first) ? this.#following(first) : first
  }
}
