/** The messages of one type, a chain of addresses through the records. */
export interface TypeChain {
  readonly high: number
  readonly low: number
  head: number
  tail: number
}

/** Where the types below part: those whose bit is 0, and those whose bit is 1. */
interface Branch {
  /** 0 is the highest of 64 bits. */
  readonly bit: number
  zero: Node
  one: Node
}

type Node = Branch | TypeChain

/**
 * The types on a queue and their messages: a crit-bit tree. A type is found, and so is the lowest, in as many steps as
 * there are bits that tell the types apart: about the logarithm of their number, 63 at the most. There is no hash, so
 * no types can be chosen to collide. Source: D. J. Bernstein, Crit-bit trees.
 */
export class TypeIndex {
  #root: Node | undefined

  find(high: number, low: number): TypeChain | undefined {
    if (this.#root === undefined) return undefined
    const chain = nearest(this.#root, high, low)
    return chain.high === high && chain.low === low ? chain : undefined
  }

  /** The chain of the lowest type. */
  lowest(): TypeChain | undefined {
    let node = this.#root
    while (node !== undefined && isBranch(node)) node = node.zero
    return node
  }

  /** Adds a type that is not there. */
  add(chain: TypeChain): void {
    if (this.#root === undefined) {
      this.#root = chain
      return
    }
    const other = nearest(this.#root, chain.high, chain.low)
    const highDifference = other.high ^ chain.high
    const bit = highDifference === 0 ? 32 + Math.clz32(other.low ^ chain.low) : Math.clz32(highDifference)

    let parent: Branch | undefined
    let node = this.#root
    while (isBranch(node) && node.bit < bit) {
      parent = node
      node = childOf(node, chain.high, chain.low)
    }
    const isOne = bitOf(chain.high, chain.low, bit) === 1
    this.#replace(parent, node, isOne ? { bit, zero: node, one: chain } : { bit, zero: chain, one: node })
  }

  remove(chain: TypeChain): void {
    let grandparent: Branch | undefined
    let parent: Branch | undefined
    let node = this.#root
    while (node !== undefined && isBranch(node)) {
      grandparent = parent
      parent = node
      node = childOf(node, chain.high, chain.low)
    }
    if (parent === undefined) this.#root = undefined
    else this.#replace(grandparent, parent, parent.zero === chain ? parent.one : parent.zero)
  }

  #replace(parent: Branch | undefined, node: Node, by: Node): void {
    if (parent === undefined) this.#root = by
    else if (parent.zero === node) parent.zero = by
    else parent.one = by
  }
}

/** The only chain that can have this type. */
function nearest(root: Node, high: number, low: number): TypeChain {
  let node = root
  while (isBranch(node)) node = childOf(node, high, low)
  return node
}

function childOf(branch: Branch, high: number, low: number): Node {
  return bitOf(high, low, branch.bit) === 1 ? branch.one : branch.zero
}

function bitOf(high: number, low: number, bit: number): number {
  return bit < 32 ? (high >>> (31 - bit)) & 1 : (low >>> (63 - bit)) & 1
}

function isBranch(node: Node): node is Branch {
  return 'bit' in node
}
