import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LONG_MAX, type Long } from '../../abi/index.ts'
import type { Ticket } from '../entry.ts'
import { MessageList } from './index.ts'

/** A walk of fixed steps through all that a list does, held against an array: quick, where the property tries much more. */

interface Expected {
  readonly mtype: Long
  readonly sequence: number
  readonly sizeBytes: number
  holder?: Ticket
}

const TYPES: readonly Long[] = [1, 2, 3, 2 ** 33 + 1, 2n ** 53n + 1n, LONG_MAX]
const SENDER = { pid: 1, uid: 1 }

/** Numbers that look random, the same ones in each run. Source: Numerical Recipes' constants of an LCG. */
function numbers(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

class Walk {
  readonly list = new MessageList()
  expected: Expected[] = []
  #sequence = 0

  append(mtype: Long, sizeBytes: number): void {
    this.#sequence += 1 + (this.#sequence % 3)
    this.list.append({ mtype, mtext: new Uint8Array(sizeBytes).fill(this.#sequence) }, this.#sequence, SENDER, 1)
    this.expected.push({ mtype, sequence: this.#sequence, sizeBytes })
  }

  remove({ sequence }: Expected): void {
    this.list.remove(this.#address(sequence))
    this.expected = this.expected.filter((each) => each.sequence !== sequence)
  }

  hide(message: Expected, holder: Ticket): void {
    this.list.hide(this.#address(message.sequence), holder)
    message.holder = holder
  }

  show(message: Expected): void {
    this.list.show(this.#address(message.sequence))
    delete message.holder
  }

  visible(selected: (mtype: Long) => boolean): Expected | undefined {
    return this.expected.find(({ mtype, holder }) => holder === undefined && selected(mtype))
  }

  lowest(): Expected | undefined {
    const types = this.expected.filter(({ holder }) => holder === undefined).map(({ mtype }) => mtype)
    const [lowest] = types.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
    return this.visible((mtype) => mtype === lowest)
  }

  checkFinds(): void {
    const { list } = this
    assert.equal(this.#sequenceAt(list.oldest()), this.visible(() => true)?.sequence)
    assert.equal(this.#sequenceAt(list.oldestOfLowest()), this.lowest()?.sequence)
    for (const type of TYPES) {
      assert.equal(this.#sequenceAt(list.oldestOf(type)), this.visible((mtype) => mtype === type)?.sequence)
      assert.equal(this.#sequenceAt(list.oldestExcept(type)), this.visible((mtype) => mtype !== type)?.sequence)
    }
  }

  checkAll(): void {
    const { list, expected } = this
    assert.deepEqual(
      [...list].map((address) => list.sequenceOf(address)),
      expected.map(({ sequence }) => sequence),
    )
    for (const [index, { sequence, mtype, sizeBytes, holder }] of expected.entries()) {
      const address = list.at(index)
      assert.ok(address !== undefined)
      assert.equal(list.withSequence(sequence), address)
      assert.equal(list.after(sequence - 1), address)
      assert.equal(list.holderOf(address), holder)
      assert.deepEqual([list.typeOf(address), list.sizeOf(address)], [mtype, sizeBytes])
      assert.equal(list.read(address, 3).mtext.length, Math.min(sizeBytes, 3))
      assert.equal(list.following(address), list.at(index + 1))
      assert.equal(list.at(index), address, 'the same index again')
    }
    assert.equal(list.at(expected.length), undefined)
    assert.equal(list.withSequence(this.#sequence + 1), undefined)
    assert.equal(list.withSequence((expected[0]?.sequence ?? 1) - 1), undefined)
    const holders = expected.flatMap(({ holder }) => holder ?? [])
    assert.deepEqual(new Set(list.holders), new Set(holders))
  }

  #address(sequence: number): number {
    const address = this.list.withSequence(sequence)
    assert.ok(address !== undefined)
    return address
  }

  #sequenceAt(address: number | undefined): number | undefined {
    return address === undefined ? undefined : this.list.sequenceOf(address)
  }
}

/** @param depth How many messages the walk is about to have: on either side of where an index of types is made. */
function walk(seed: number, depth: number, steps: number): void {
  const pick = numbers(seed)
  const walk = new Walk()
  for (let step = 0; step < steps; step++) {
    const does = pick(10)
    if (walk.expected.length < depth / 2 || (does < 4 && walk.expected.length < depth * 2)) {
      for (let count = pick(4); count >= 0; count--) walk.append(TYPES[pick(pick(2) === 0 ? 2 : 6)] ?? 1, pick(9))
    } else if (does < 7) {
      const find = [
        walk.visible(() => true),
        walk.lowest(),
        walk.visible((mtype) => mtype === TYPES[pick(6)]),
        walk.visible((mtype) => mtype !== 1),
      ][pick(4)]
      // Whoever takes or hides has searched, and so made an index.
      walk.checkFinds()
      const oldest = find === undefined ? undefined : walk.visible((mtype) => mtype === find.mtype)
      if (oldest !== undefined && pick(3) > 0) walk.remove(oldest)
      else if (oldest !== undefined) walk.hide(oldest, { session: 1, number: step })
    } else {
      const held = walk.expected.filter(({ holder }) => holder !== undefined)
      const one = held[pick(held.length)]
      if (one !== undefined && pick(2) === 0) walk.remove(one)
      else if (one !== undefined) walk.show(one)
    }
    walk.checkFinds()
    if (step % 8 === 0) walk.checkAll()
  }
  for (let first = walk.expected[0]; first !== undefined; first = walk.expected[0]) {
    if (first.holder !== undefined) walk.show(first)
    walk.remove(walk.visible(() => true) ?? first)
    walk.checkFinds()
  }
  walk.checkAll()
  walk.append(2, 4)
  walk.checkFinds()
}

test('MessageList finds, hides, shows and removes what an array would, few messages deep', () => {
  walk(2012, 6, 150)
})

test('MessageList finds, hides, shows and removes what an array would, where types have an index', () => {
  walk(42, 40, 150)
})

test('MessageList that is packed keeps order, index, what is held and what is next of a type', () => {
  const walk = new Walk()
  for (let count = 0; count < 24; count++) walk.append(TYPES[count % 3] ?? 1, 52_000)
  walk.checkFinds()
  const held = walk.expected[6]
  const end = walk.expected[22]
  assert.ok(held && end)
  // Each by its type's order, as receives take them.
  for (const each of walk.expected.filter(({ mtype, sequence }) => mtype === held.mtype && sequence < held.sequence)) {
    walk.remove(each)
  }
  walk.hide(held, { session: 1, number: 1 })
  for (const each of [...walk.expected]) {
    if (each !== held && each.sequence < end.sequence) walk.remove(each)
    walk.checkFinds()
  }
  walk.checkAll()
  walk.append(3, 10)
  walk.checkFinds()
  walk.show(held)
  walk.checkFinds()
  walk.checkAll()
})

test('MessageList.at goes on from the index before it, and from nothing else', () => {
  const list = new MessageList()
  for (let sequence = 1; sequence <= 6; sequence++) {
    list.append({ mtype: 1, mtext: new Uint8Array(1) }, sequence, SENDER, 1)
  }
  const sequenceAt = (index: number) => {
    const address = list.at(index)
    return address === undefined ? undefined : list.sequenceOf(address)
  }
  assert.equal(sequenceAt(2), 3, 'nothing was found before')
  assert.deepEqual([sequenceAt(6), sequenceAt(7)], [undefined, undefined], 'behind the end')
  assert.equal(sequenceAt(1), 2)
  list.remove(list.oldest() ?? -1)
  assert.equal(sequenceAt(2), 4, 'since then all have moved up')
})
