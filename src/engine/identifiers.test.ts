import assert from 'node:assert/strict'
import { test } from 'node:test'
import { IPCMNI } from '../abi/index.ts'
import { Identifiers, indexOf, sequenceOf } from './identifiers.ts'
import { DEFAULT_LIMITS } from './index.ts'
import { newQueue } from './msg-queue.ts'

const caller = { pid: 1, tid: 1, uid: 0, gid: 0, groups: [], capabilities: [] }

/** Takes an identifier and makes its queue, as msgget does. */
function made(identifiers: Identifiers, key = 0) {
  const msqid = identifiers.allocate()
  assert.ok(msqid !== undefined)
  const queue = newQueue(msqid, key, 0o600, caller, DEFAULT_LIMITS, 0)
  identifiers.add(queue)
  return queue
}

function makeMany(identifiers: Identifiers, count: number) {
  return Array.from({ length: count }, () => made(identifiers))
}

test('Identifiers.find wants index and sequence number; at ignores all but the index', () => {
  const identifiers = new Identifiers()
  identifiers.nextId = 3 * 32_768 + 5
  const queue = made(identifiers)
  assert.equal(queue.msqid, 3 * 32_768 + 5)
  assert.deepEqual([indexOf(queue.msqid), sequenceOf(queue.msqid)], [5, 3])
  assert.equal(identifiers.find(queue.msqid), queue)
  for (const other of [5, 2 * 32_768 + 5, 3 * 32_768 + 4, -1, queue.msqid - 2 ** 31]) {
    assert.equal(identifiers.find(other), undefined, String(other))
  }
  assert.equal(identifiers.at(5), queue)
  assert.equal(identifiers.at(7 * 32_768 + 5), queue)
  assert.equal(identifiers.at(4), undefined)
  assert.equal(identifiers.at(6), undefined)
})

test('Identifiers.allocate goes on behind the last index, and around after 64 at least, with the next sequence number', () => {
  // Source: ipc/util.c, ipc_idr_alloc(): idr_alloc_cyclic() up to max(in_use * 3 / 2, ipc_min_cycle).
  const identifiers = new Identifiers()
  for (let index = 0; index < 64; index++) {
    const queue = made(identifiers)
    assert.equal(queue.msqid, index)
    identifiers.remove(queue)
  }
  const around = made(identifiers)
  assert.equal(around.msqid, 32_768)
  identifiers.remove(around)
  assert.equal(made(identifiers).msqid, 32_768 + 1)
})

test('Identifiers.allocate goes around after half as many again as there are queues, when they are many', () => {
  const identifiers = new Identifiers()
  const kept = makeMany(identifiers, 65)
  assert.equal(kept.at(-1)?.msqid, 64)
  // 65 in use: up to index 96, and then from the start, where none is free.
  for (let index = 65; index <= 96; index++) identifiers.remove(made(identifiers))
  assert.equal(identifiers.lastIndex, 96)
  assert.equal(identifiers.allocate(), 32_768 + 65, 'the first free index again')
})

test('Identifiers.allocate takes an index again when the cycle comes to it, and not before', () => {
  const identifiers = new Identifiers()
  const [first, second] = makeMany(identifiers, 3)
  assert.ok(first && second)
  identifiers.remove(second)
  assert.equal(made(identifiers).msqid, 3)
  for (let index = 4; index < 64; index++) identifiers.remove(made(identifiers))
  const again = made(identifiers)
  assert.equal(again.msqid, 32_768 + 1, 'the only one free below where the cycle was')
})

test('Identifiers.allocate starts over with sequence number 0 at IPCID_SEQ_MAX', () => {
  const identifiers = new Identifiers()
  identifiers.sequence = 65_534
  identifiers.lastIndex = 9
  assert.equal(identifiers.allocate(), 0)
  identifiers.sequence = 65_533
  identifiers.nextIndex = 3
  identifiers.lastIndex = 3
  assert.equal(identifiers.allocate(), 65_534 * 32_768 + 3, 'the same index is not above itself')
})

test('Identifiers.allocate obeys msg_next_id once, also 0, and leaves the cycle alone', () => {
  const identifiers = new Identifiers()
  makeMany(identifiers, 2)
  identifiers.nextId = 0
  assert.equal(made(identifiers).msqid, 2, 'index 0 is taken: the next free one')
  assert.equal(identifiers.nextId, -1)
  assert.deepEqual([identifiers.nextIndex, identifiers.lastIndex, identifiers.sequence], [2, 1, 0])
  identifiers.nextId = 32_768 + 32_767
  assert.equal(made(identifiers).msqid, 32_768 + 32_767)
  identifiers.nextId = 32_767
  assert.equal(identifiers.allocate(), undefined, 'none is free from there on')
  assert.equal(identifiers.nextId, -1, 'and it is used up')
})

test('Identifiers knows how many are in use, the highest index, and keys', () => {
  const identifiers = new Identifiers()
  assert.equal(identifiers.maxIndex, -1)
  const [a, b, c] = [made(identifiers, 7), made(identifiers), made(identifiers, 9)]
  assert.deepEqual([identifiers.inUse, identifiers.maxIndex], [3, 2])
  assert.equal(identifiers.withKey(7), a)
  assert.equal(identifiers.withKey(0), undefined, 'IPC_PRIVATE names none')
  assert.deepEqual([...identifiers.queues()], [a, b, c])
  identifiers.remove(b)
  assert.deepEqual([identifiers.inUse, identifiers.maxIndex], [2, 2])
  assert.deepEqual([...identifiers.queues()], [a, c])
  identifiers.remove(c)
  assert.deepEqual([identifiers.inUse, identifiers.maxIndex], [1, 0])
  assert.equal(identifiers.withKey(9), undefined)
  identifiers.nextId = 1
  const low = made(identifiers)
  identifiers.remove(a)
  assert.deepEqual([identifiers.maxIndex, [...identifiers.queues()]], [1, [low]])
  identifiers.remove(low)
  assert.deepEqual([identifiers.inUse, identifiers.maxIndex], [0, -1])
  assert.equal(identifiers.at(1), undefined)
})

test('Identifiers.allocate finds none where all indexes are in use, and leaves the cycle as it was', () => {
  const identifiers = new Identifiers()
  const queue = newQueue(0, 0, 0o600, caller, DEFAULT_LIMITS, 0)
  for (let msqid = 0; msqid < IPCMNI; msqid++) identifiers.add({ ...queue, msqid })
  Object.assign(identifiers, { nextIndex: 7, lastIndex: 6, sequence: 2 })
  assert.equal(identifiers.allocate(), undefined)
  assert.deepEqual([identifiers.nextIndex, identifiers.lastIndex, identifiers.sequence], [7, 6, 2])
  identifiers.remove({ ...queue, msqid: 3 })
  assert.equal(identifiers.allocate(), 3 * 32_768 + 3)
})

test('Identifiers keeps the highest index when a lower one is taken after it', () => {
  const identifiers = new Identifiers()
  identifiers.nextId = 9
  const high = made(identifiers)
  const low = made(identifiers)
  assert.deepEqual([low.msqid, identifiers.maxIndex], [0, 9])
  assert.deepEqual([...identifiers.queues()], [low, high])
})
