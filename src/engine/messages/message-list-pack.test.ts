import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Long } from '../../abi/index.ts'
import { MessageList } from './index.ts'

/** Five of them fill an ordinary segment of 256 KiB, but for a few words. */
const FIFTH_BYTES = 52_000
const COUNT = 25
const SENDER = { pid: 1, uid: 1 }
const HOLDER = { session: 1, number: 1 }
/** One of each five stays: all segments go on having a live record. */
const stays = (sequence: number): boolean => sequence % 5 === 3

/** A list of long messages, numbered from 1. */
function listOf(typeOf: (sequence: number) => Long): MessageList {
  const list = new MessageList()
  const mtext = new Uint8Array(FIFTH_BYTES)
  for (let sequence = 1; sequence <= COUNT; sequence++) {
    mtext[0] = sequence
    list.append({ mtype: typeOf(sequence), mtext }, sequence, SENDER, 1)
  }
  return list
}

function addressOf(list: MessageList, sequence: number): number {
  const address = list.withSequence(sequence)
  assert.ok(address !== undefined, `message ${sequence}`)
  return address
}

function sequenceOf(list: MessageList, address: number | undefined): number | undefined {
  return address === undefined ? undefined : list.sequenceOf(address)
}

/** Removes all but each fifth message of a list in which all types differ, and looks at what is left. */
function checkPacked(list: MessageList): void {
  const before = addressOf(list, 23)
  for (let sequence = 1; sequence <= COUNT; sequence++) {
    if (!stays(sequence)) list.remove(addressOf(list, sequence))
  }
  assert.ok(addressOf(list, 23) < before, 'what is left stands closer together')
  assert.deepEqual(
    [...list].map((address) => [list.sequenceOf(address), list.read(address, 1).mtext[0]]),
    [3, 8, 13, 18, 23].map((sequence) => [sequence, sequence]),
  )
  assert.equal(sequenceOf(list, list.oldest()), 3)
  assert.equal(sequenceOf(list, list.oldestOf(18)), 18)
  assert.equal(sequenceOf(list, list.oldestExcept(3)), 8)
  assert.equal(sequenceOf(list, list.oldestOfLowest()), 3)
}

test('MessageList is packed before anybody searched it by type, and finds what is left', () => {
  checkPacked(listOf((sequence) => sequence))
})

test('MessageList is packed after its index of types was given up, and finds what is left', () => {
  const list = listOf((sequence) => sequence)
  assert.equal(list.oldestOf(COUNT + 1), undefined)
  list.hide(addressOf(list, 3), HOLDER)
  list.show(addressOf(list, 3))
  checkPacked(list)
})

for (const [index, first] of [
  ['without', 1],
  ['with', 2],
] as const) {
  test(`MessageList that is packed ${index} an index of types knows where a run of one type ends, and what is held`, () => {
    const list = listOf((sequence) => (sequence === 22 || sequence === 24 ? 2 : 1))
    assert.equal(sequenceOf(list, list.oldestOf(first)), first === 1 ? 1 : 22)
    assert.equal(sequenceOf(list, list.oldestExcept(1)), 22)
    const before = addressOf(list, 22)
    for (let sequence = 1; sequence < 21; sequence++) {
      const oldest = list.oldestOf(1) ?? -1
      if (stays(sequence)) list.hide(oldest, HOLDER)
      else list.remove(oldest)
    }
    assert.ok(addressOf(list, 22) < before, 'what is left stands closer together')
    assert.deepEqual(
      [list.oldest(), list.oldestExcept(1), list.oldestOf(2)].map((address) => sequenceOf(list, address)),
      [21, 22, 22],
    )
    assert.deepEqual(
      [...list].filter((address) => list.holderOf(address) === HOLDER).map((address) => list.sequenceOf(address)),
      [3, 8, 13, 18],
    )
    list.remove(addressOf(list, 21))
    assert.deepEqual(
      [list.oldest(), list.oldestExcept(1), list.oldestOf(1)].map((address) => sequenceOf(list, address)),
      [22, 22, 23],
    )
    list.show(addressOf(list, 8))
    assert.deepEqual([list.oldest(), list.oldestOf(1)], [addressOf(list, 8), addressOf(list, 8)])
  })
}

test('MessageList leaves messages where they are while it has lost few: to move them takes time', () => {
  const list = listOf(() => 1)
  const before = addressOf(list, COUNT)
  for (let count = 0; count < 10; count++) list.remove(list.oldest() ?? -1)
  assert.equal(addressOf(list, COUNT), before)
})

test('MessageList ends where all that follow are hidden, and what was the first one', () => {
  const list = new MessageList()
  const mtext = new Uint8Array(1)
  for (const sequence of [1, 2, 3]) list.append({ mtype: 2, mtext }, sequence, SENDER, 1)
  for (const sequence of [1, 3]) list.hide(addressOf(list, sequence), { session: 1, number: sequence })
  assert.equal(list.oldestOf(3), undefined)
  assert.equal(sequenceOf(list, list.oldestOfLowest()), 2)
})
