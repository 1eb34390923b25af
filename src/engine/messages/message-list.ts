import type { Long, Msgbuf } from '../../abi/index.ts'
import type { Message, Sender, Ticket } from '../entry.ts'
import { type Address, MessageLog } from './message-log.ts'
import type { PackedMessages } from './packed-messages.ts'
import { highHalf, lowHalf } from './record.ts'
import { NONE, type Slot, TypeIndex } from './type-index.ts'

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
  #types: TypeIndex | undefined
  /** All visible messages before `end` have one type; `undefined` is the end of the list. */
  #run: { readonly high: number; readonly low: number; end: Address | undefined } | undefined
  /** The message that was found by its index last, -1 if none: copies in order need no search. */
  #index = -1
  #addressAtIndex: Address = 0

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

  /** All messages, held ones too, as they are and stay, without a copy. @param cbytes Their payload bytes. */
  share(cbytes: number): PackedMessages {
    return this.#log.share(cbytes)
  }

  /** Takes messages that were shared, without a copy. The list is empty yet, and each of them tells all. */
  take(messages: PackedMessages): void {
    this.#log.take(messages)
    this.#oldest = this.#log.first()
  }

  remove(address: Address): void {
    if (this.#isHeld(address)) this.#holders.delete(this.sequenceOf(address))
    else if (this.#log.count > 1) this.#leaveSight(address)
    this.#index = -1
    this.#log.kill(address)
    if (this.#log.count === 0) this.#forget()
    else if (this.#log.isSparse) this.#pack()
  }

  /** Hides a message for the receive that holds it. */
  hide(address: Address, holder: Ticket): void {
    this.#leaveSight(address)
    this.#log.setSlot(address, NONE)
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
    if (!this.#shouldScan()) return this.#headOf(this.#typeIndex().find(high, low))
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
    if (!this.#shouldScan()) return this.#headOf(this.#typeIndex().lowest())
    let lowest = this.#oldest
    for (let at = this.#following(lowest); at !== undefined; at = this.#following(at)) {
      if (this.typeOf(at) < this.typeOf(lowest)) lowest = at
    }
    return lowest
  }

  /** The message at an index from the oldest, 0. */
  at(index: number): Address | undefined {
    const isNext = index > 0 && index === this.#index + 1
    const address = isNext ? this.#log.following(this.#addressAtIndex) : this.#log.at(index)
    if (address === undefined) return undefined
    this.#index = index
    this.#addressAtIndex = address
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
    const slot = this.#log.slotOf(address)
    if (slot === NONE || this.#types.headOf(slot) !== address) {
      throw new Error('assertion: what leaves is the oldest message of its type')
    }
    const next = this.#log.nextOf(address)
    if (next === undefined) this.#types.remove(slot)
    else this.#types.setHead(slot, next)
  }

  #headOf(slot: Slot): Address | undefined {
    return slot === NONE ? undefined : this.#types?.headOf(slot)
  }

  #typeIndex(): TypeIndex {
    if (this.#types !== undefined) return this.#types
    const types = new TypeIndex()
    for (let at = this.#oldest; at !== undefined; at = this.#following(at)) this.#chain(types, at)
    this.#types = types
    return types
  }

  /** Puts a message at the end of its type's chain. */
  #chain(types: TypeIndex, address: Address): void {
    const high = this.#log.typeHighOf(address)
    const low = this.#log.typeLowOf(address)
    const found = types.find(high, low)
    const slot = found === NONE ? types.add(high, low) : found
    this.#log.setSlot(address, slot)
    this.#join(types, slot, address)
  }

  #join(types: TypeIndex, slot: Slot, address: Address): void {
    this.#log.setNext(address, undefined)
    const tail = types.tailOf(slot)
    if (tail === undefined) types.setHead(slot, address)
    else this.#log.setNext(tail, address)
    types.setTail(slot, address)
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

  /** Packs the log, and follows the messages to where they are now. */
  #pack(): void {
    const types = this.#types
    const oldest = this.#oldest
    const runEnd = this.#run?.end
    types?.dropTails()
    this.#log.pack((from, to) => {
      if (from === oldest) this.#oldest = to
      if (this.#run !== undefined && from === runEnd) this.#run.end = to
      if (types === undefined) return
      // What is held is in no chain.
      const slot = this.#log.slotOf(to)
      if (slot !== NONE) this.#join(types, slot, to)
    })
  }
}
