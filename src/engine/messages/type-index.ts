import type { Address } from './message-log.ts'

/** A type on the index: its number there, from 0, until it is removed. */
export type Slot = number
/** No slot. */
export const NONE: Slot = -1

/** What is kept for one type, in 32-bit words: its two halves, the branch above it, and the ends of its chain, the tail plus 1. */
const HIGH = 0
const LOW = 1
const PARENT = 2
const HEAD = 3
const TAIL = 4
const TYPE_WORDS = 5
const NO_TAIL = 0

/** Where the types below part, at a bit (0 is the highest of 64): those whose bit is 0, those whose bit is 1. */
const BIT = 0
const ZERO = 1
const ONE = 2
const ABOVE = 3
const BRANCH_WORDS = 4

/** Above the root. */
const NO_BRANCH = -1
/** Types that the first arrays have room for. */
const FIRST_SLOTS = 8

/** A branch by where its words begin; a type by the complement of its slot, which is negative. */
type Node = number

/**
 * What is found by a message type: a crit-bit tree. A type is found, and so is the lowest, in as many steps as
 * there are bits that tell the types apart: about the logarithm of their number, 63 at the most. There is no hash, so
 * no types can be chosen to collide. Its nodes stand in two arrays: a step is an addition, not an object that lies
 * anywhere in memory. Source: D. J. Bernstein, Crit-bit trees.
 */
export class TypeIndex {
  #types = new Int32Array(0)
  #branches = new Int32Array(0)
  /** How many of either were ever used, and which are free again. */
  #usedTypes = 0
  #usedBranches = 0
  readonly #freeTypes: Slot[] = []
  readonly #freeBranches: number[] = []
  #root: Node = 0
  /** Types on the index. */
  count = 0

  find(high: number, low: number): Slot {
    if (this.count === 0) return NONE
    const slot = this.#nearest(high, low)
    const at = slot * TYPE_WORDS
    return this.#types[at + LOW] === low && this.#types[at + HIGH] === high ? slot : NONE
  }

  /** The slot of the lowest type. */
  lowest(): Slot {
    if (this.count === 0) return NONE
    let node = this.#root
    while (node >= 0) node = this.#branches[node + ZERO] as number
    return ~node
  }

  /** All slots, in the order of their types. */
  *[Symbol.iterator](): Generator<Slot> {
    if (this.count === 0) return
    const nodes: Node[] = [this.#root]
    for (let node = nodes.pop(); node !== undefined; node = nodes.pop()) {
      if (node < 0) yield ~node
      else nodes.push(this.#branches[node + ONE] as number, this.#branches[node + ZERO] as number)
    }
  }

  /** Adds a type that is not there. */
  add(high: number, low: number): Slot {
    const slot = this.#newSlot(high, low)
    if (this.count++ === 0) {
      this.#root = ~slot
      this.#setParent(~slot, NO_BRANCH)
      return slot
    }
    const other = this.#nearest(high, low) * TYPE_WORDS
    const highDifference = (this.#types[other + HIGH] as number) ^ high
    const lowDifference = (this.#types[other + LOW] as number) ^ low
    const bit = highDifference === 0 ? 32 + Math.clz32(lowDifference) : Math.clz32(highDifference)

    let parent = NO_BRANCH
    let node = this.#root
    while (node >= 0 && (this.#branches[node + BIT] as number) < bit) {
      parent = node
      node = this.#branches[node + sideOf(high, low, this.#branches[node + BIT] as number)] as number
    }
    const branch = this.#newBranch()
    const side = sideOf(high, low, bit)
    this.#branches[branch + BIT] = bit
    this.#branches[branch + side] = ~slot
    this.#branches[branch + ZERO + ONE - side] = node
    this.#replace(parent, node, branch)
    this.#setParent(node, branch)
    this.#setParent(~slot, branch)
    return slot
  }

  remove(slot: Slot): void {
    const parent = this.#types[slot * TYPE_WORDS + PARENT] as number
    this.count--
    this.#freeTypes.push(slot)
    if (parent === NO_BRANCH) return
    const side = this.#branches[parent + ZERO] === ~slot ? ZERO : ONE
    const sibling = this.#branches[parent + ZERO + ONE - side] as number
    this.#replace(this.#branches[parent + ABOVE] as number, parent, sibling)
    this.#freeBranches.push(parent)
  }

  /** The ends of a type's chain are the owner's: the oldest and the newest message of the type. */
  headOf(slot: Slot): Address {
    return (this.#types[slot * TYPE_WORDS + HEAD] as number) >>> 0
  }

  /** `undefined` for a new slot. */
  tailOf(slot: Slot): Address | undefined {
    const tail = (this.#types[slot * TYPE_WORDS + TAIL] as number) >>> 0
    return tail === NO_TAIL ? undefined : tail - 1
  }

  setHead(slot: Slot, address: Address): void {
    this.#types[slot * TYPE_WORDS + HEAD] = address
  }

  setTail(slot: Slot, address: Address): void {
    this.#types[slot * TYPE_WORDS + TAIL] = address + 1
  }

  /** Every slot is as a new one: the chains are made anew. */
  dropTails(): void {
    for (let at = TAIL; at < this.#types.length; at += TYPE_WORDS) this.#types[at] = NO_TAIL
  }

  /** The only type that can be the one that is looked for. */
  #nearest(high: number, low: number): Slot {
    const branches = this.#branches
    let node = this.#root
    while (node >= 0) node = branches[node + sideOf(high, low, branches[node + BIT] as number)] as number
    return ~node
  }

  /** Puts a node into the place of another one. */
  #replace(parent: number, node: Node, by: Node): void {
    if (parent === NO_BRANCH) this.#root = by
    else this.#branches[parent + (this.#branches[parent + ZERO] === node ? ZERO : ONE)] = by
    this.#setParent(by, parent)
  }

  #setParent(node: Node, parent: number): void {
    if (node < 0) this.#types[~node * TYPE_WORDS + PARENT] = parent
    else this.#branches[node + ABOVE] = parent
  }

  #newSlot(high: number, low: number): Slot {
    const slot = this.#freeTypes.pop() ?? this.#usedTypes++
    const at = slot * TYPE_WORDS
    if (at >= this.#types.length) this.#types = grown(this.#types, TYPE_WORDS)
    this.#types[at + HIGH] = high
    this.#types[at + LOW] = low
    this.#types[at + TAIL] = NO_TAIL
    return slot
  }

  #newBranch(): number {
    const free = this.#freeBranches.pop()
    if (free !== undefined) return free
    const branch = this.#usedBranches++ * BRANCH_WORDS
    if (branch >= this.#branches.length) this.#branches = grown(this.#branches, BRANCH_WORDS)
    return branch
  }
}

/** Which way a type goes at a branch. */
function sideOf(high: number, low: number, bit: number): number {
  // A shift goes by the lower five bits of its distance: from 32 on, the bit is one of the lower half.
  return ZERO + (((bit < 32 ? high : low) >>> (31 - bit)) & 1)
}

function grown(words: Int32Array, each: number): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(Math.max(2 * words.length, FIRST_SLOTS * each))
  larger.set(words)
  return larger
}
