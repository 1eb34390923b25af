import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LONG_MAX, type Long, long } from '../../abi/index.ts'
import { highHalf, lowHalf } from './record.ts'
import { NONE, TypeIndex } from './type-index.ts'

/** Types that differ first at each of the 64 bits, and neighbours of them. */
const TYPES: readonly Long[] = [
  ...new Set(Array.from({ length: 62 }, (_, bit) => [2n ** BigInt(bit), 2n ** BigInt(bit) + 1n].map(long)).flat()),
  LONG_MAX,
]

const find = (index: TypeIndex, type: Long) => index.find(highHalf(type), lowHalf(type))
const add = (index: TypeIndex, type: Long) => index.add(highHalf(type), lowHalf(type))
const byValue = (a: Long, b: Long) => (a < b ? -1 : a > b ? 1 : 0)

test('TypeIndex finds each type that was added, no other, and tells them in order, lowest first', () => {
  const index = new TypeIndex()
  assert.equal(index.lowest(), NONE)
  assert.deepEqual([...index], [])
  const slots = new Map<Long, number>()
  // Neither rising nor falling: 47 and the number of types have no divisor in common.
  for (let step = 0; step < TYPES.length; step++) {
    const type = TYPES[(step * 47) % TYPES.length] ?? 0
    assert.equal(find(index, type), NONE)
    slots.set(type, add(index, type))
    index.setHead(slots.get(type) ?? NONE, step)
    index.setTail(slots.get(type) ?? NONE, step + 1)
    assert.equal(index.count, step + 1)
    const lowest = [...slots.keys()].sort(byValue)[0] ?? 0
    assert.equal(index.lowest(), slots.get(lowest))
  }
  assert.equal(slots.size, TYPES.length)
  assert.equal(new Set(slots.values()).size, TYPES.length)
  for (const [type, slot] of slots) assert.equal(find(index, type), slot)
  assert.deepEqual(
    [...index],
    [...slots.keys()].sort(byValue).map((type) => slots.get(type)),
  )
  for (let step = 0; step < TYPES.length; step++) {
    const slot = slots.get(TYPES[(step * 47) % TYPES.length] ?? 0) ?? NONE
    assert.deepEqual([index.headOf(slot), index.tailOf(slot)], [step, step + 1])
  }
  index.dropTails()
  for (const slot of slots.values()) assert.equal(index.tailOf(slot), undefined)
})

test('TypeIndex forgets what is removed, and gives its room to what comes', () => {
  const index = new TypeIndex()
  const slots = new Map(TYPES.map((type) => [type, add(index, type)]))
  for (let step = 0; step < TYPES.length; step++) {
    const type = TYPES[(step * 29) % TYPES.length] ?? 0
    const slot = slots.get(type) ?? NONE
    slots.delete(type)
    index.setTail(slot, 5)
    index.remove(slot)
    assert.equal(index.count, slots.size)
    assert.equal(find(index, type), NONE)
    assert.deepEqual(
      [...index],
      [...slots.keys()].sort(byValue).map((each) => slots.get(each)),
    )
    if (step % 3 !== 0) continue
    // In and out again, at the same slot.
    assert.equal(add(index, type), slot)
    assert.equal(index.tailOf(slot), undefined)
    assert.equal(find(index, type), slot)
    assert.equal(index.lowest(), [...index][0])
    index.remove(slot)
  }
  assert.equal(index.lowest(), NONE)
  const fresh = add(index, 7)
  assert.equal(find(index, 7), fresh)
  assert.ok(fresh < TYPES.length)
})

test('TypeIndex whose only type was removed is as a new one', () => {
  const index = new TypeIndex()
  for (const type of [5, 9]) {
    index.remove(add(index, type))
    assert.deepEqual([index.count, index.lowest(), [...index], find(index, type)], [0, NONE, [], NONE])
  }
  const types = [4, 1, 2 ** 33, 3, 2, 5] as const
  const slots = types.map((type) => add(index, type))
  assert.deepEqual(
    types.map((type) => find(index, type)),
    slots,
  )
  assert.deepEqual(
    [...index],
    [1, 4, 3, 0, 5, 2].map((place) => slots[place]),
  )
})

test('TypeIndex keeps addresses of 32 bits', () => {
  const index = new TypeIndex()
  const slot = add(index, 1)
  index.setHead(slot, 0xffff_fff0)
  index.setTail(slot, 0xffff_fff0)
  assert.deepEqual([index.headOf(slot), index.tailOf(slot)], [0xffff_fff0, 0xffff_fff0])
  index.setHead(slot, 0)
  index.setTail(slot, 0)
  assert.deepEqual([index.headOf(slot), index.tailOf(slot)], [0, 0])
})
