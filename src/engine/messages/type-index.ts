/** What is kept for one type: the type as two 32-bit halves, and whatever is found by it. */
export interface OfType {
  readonly high: number
  readonly low: number
}

/** Where the types below part: those whose bit is 0, and those whose bit is 1. */
interface Branch<Chain extends OfType> {
  /** 0 is the highest of 64 bits. */
  readonly bit: number
  zero: Branch<Chain> | Chain
  one: Branch<Chain> | Chain
}

/**
 * What is found by a message type: a crit-bit tree. A type is found, and so is the lowest, in as many steps as
 * there are bits that tell the types apart: about the logarithm of their number, 63 at the most. There is no hash, so
 * no types can be chosen to collide. Source: D. J. Bernstein, Crit-bit trees.
 */
export class TypeIndex<Chain extends OfType> {
  #root: Branch<Chain> | Chain | undefined

  find(high: number, low: number): Chain | undefined {
    if (this.#root === undefined) return undefined
    const chain = nearest(this.#root, high, low)
    return chain.high === high && chain.low === low ? chain : undefined
  }

  /** The chain of the lowest type. */
  lowest(): Chain | undefined {
    let node = this.#root
    while (node !== undefined && isBranch(node)) node = node.zero
    return node
  }

  /** Adds a type that is not there. */
  add(chain: Chain): void {
    if (this.#root === undefined) {
      this.#root = chain
      return
    }
    const other = nearest(this.#root, chain.high, chain.low)
    const highDifference = other.high ^ chain.high
    const bit = highDifference === 0 ? 32 + Math.clz32(other.low ^ chain.low) : Math.clz32(highDifference)

    let parent: Branch<Chain> | undefined
    let node = this.#root
    while (isBranch(node) && node.bit < bit) {
      parent = node
      node = childOf(node, chain.high, chain.low)
    }
    const isOne = bitOf(chain.high, chain.low, bit) === 1
    this.#replace(parent, node, isOne ? { bit, zero: node, one: chain } : { bit, zero: chain, one: node })
  }

  remove(chain: Chain): void {
    let grandparent: Branch<Chain> | undefined
    let parent: Branch<Chain> | undefined
    let node = this.#root
    while (node !== undefined && isBranch(node)) {
      grandparent = parent
      parent = node
      node = childOf(node, chain.high, chain.low)
    }
    if (parent === undefined) this.#root = undefined
    else this.#replace(grandparent, parent, parent.zero === chain ? parent.one : parent.zero)
  }

  #replace(parent: Branch<Chain> | undefined, node: Branch<Chain> | Chain, by: Branch<Chain> | Chain): void {
    if (parent === undefined) this.#root = by
    else if (parent.zero === node) parent.zero = by
    else parent.one = by
  }
}

/** The only chain that can have this type. */
function nearest<Chain extends OfType>(root: Branch<Chain> | Chain, high: number, low: number): Chain {
  let node = root
  while (isBranch(node)) node = childOf(node, high, low)
  return node
}

function childOf<Chain extends OfType>(branch: Branch<Chain>, high: number, low: number): Branch<Chain> | Chain {
  return bitOf(high, low, branch.bit) === 1 ? branch.one : branch.zero
}

function bitOf(high: number, low: number, bit: number): number {
  return bit < 32 ? (high >>> (31 - bit)) & 1 : (low >>> (63 - bit)) & 1
}

function isBranch<Chain extends OfType>(node: Branch<Chain> | Chain): node is Branch<Chain> {
  return 'bit' in node
}
