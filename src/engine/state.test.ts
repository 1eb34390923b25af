import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Driven, ipcSet, msgrcv, msgsnd } from '../../test/engine/driven.ts'
import { IPC_RMID, MSG_COPY } from '../abi/index.ts'
import { brokenInvariants, loadState, StateLoader, saveState } from './index.ts'

/** A part has about so many bytes, a message 64 beside its own. */
const PART_BYTES = 262_144
const BESIDE_BYTES = 64

test('saveState cuts a queue before the message that would make a part too long, and tells each queue at least once', () => {
  const driven = new Driven({ limits: { msgmax: 2 ** 20, msgmnb: 2 ** 24 } })
  const rest = PART_BYTES - BESIDE_BYTES - 10
  const sizes = [[], [10, rest], [10, rest + 1], [PART_BYTES * 2, 0]]
  for (const [msqid, each] of sizes.entries()) {
    driven.queue()
    for (const sizeBytes of each) driven.call(msgsnd(msqid, 1, ' '.repeat(sizeBytes)))
  }
  const parts = [...saveState(driven.engine)].flatMap((part) => (part.part === 'queue' ? [part.queue] : []))
  const cut = parts.map(({ msqid, messages }) => [msqid, ...messages.map(({ mtext }) => mtext.length)])
  assert.deepEqual(cut, [[0], [1, 10, rest], [2, 10], [2, rest + 1], [3, PART_BYTES * 2], [3, 0]])
  const { namespace } = loadState(saveState(driven.engine))
  assert.deepEqual([namespace.identifiers.inUse, namespace.messageCount], [4, 6])
  assert.deepEqual(brokenInvariants(namespace), [])
})

/** An engine that has something of everything: a cursor, sessions, answers, each kind of wait, a hold, a restore. */
function full(): Driven {
  const driven = new Driven({ msgCopy: 'counter', ownerUid: 7 })
  driven.call({ name: 'openSession' }, { session: 1 })
  for (const key of [5, 0]) driven.queue(key)
  driven.queue(0, 4)
  driven.call({ name: 'msgctl', msqid: 1, cmd: IPC_RMID })
  driven.call(ipcSet(0, { uid: 1, gid: 2 }))
  driven.call({ name: 'setNextId', nextId: 9 })
  for (const mtype of [1, 2, 2 ** 40]) driven.call(msgsnd(0, mtype, 'message'), { session: 1 })
  driven.call(msgrcv(0, 2, { hold: true }), { session: 1 })
  driven.call(msgrcv(0, 2 ** 40), { session: 1 })
  driven.call(msgrcv(0, 7, { msgflg: MSG_COPY }))
  driven.call({ name: 'copyAfter', msqid: 0, sequence: 9, msgsz: 9, msgtyp: 0, msgflg: 0 })
  driven.call(msgsnd(2, 1, 'too long'))
  for (const msgtyp of [4, -4, 0]) driven.call(msgrcv(2, msgtyp))
  driven.call({ name: 'restoreBegin', header: { time: 0, limits: driven.engine.limits, nextId: -1 } }, { number: 90 })
  const perm = { key: 8, uid: 1, gid: 2, cuid: 3, cgid: 4, mode: 0o640 }
  const messages = [1, 2].map((mtype) => ({ mtype, mtext: new Uint8Array(PART_BYTES) }))
  const queues = [{ msqid: 4, perm, qbytes: 9, messages }]
  driven.call({ name: 'restoreChunk', restore: { session: 0, number: 90 }, queues })
  return driven
}

test('loadState brings back all that saveState tells: cursor, sessions, answers, waits, holds, restores', () => {
  const { engine } = full()
  assert.deepEqual(
    engine.waiting().map(({ call }) => call.name),
    ['msgrcv', 'copyAfter', 'msgrcv', 'msgrcv', 'msgrcv', 'msgsnd'],
  )
  const parts = [...saveState(engine)]
  assert.deepEqual(
    [...new Set(parts.map(({ part }) => part))],
    ['namespace', 'queue', 'session', 'answer', 'waiting', 'held', 'restore', 'staged'],
  )
  assert.equal(parts.filter(({ part }) => part === 'staged').length, 2, 'what a restore brought is cut as queues are')
  const { namespace } = loadState(parts)
  assert.deepEqual(brokenInvariants(namespace), [])
  assert.deepEqual([...namespace.restores.keys()], ['0:90'])
  assert.deepEqual(namespace, engine.namespace)
  // Of a Map's order deepEqual asks nothing; the queue serves its receivers before its senders, who came first.
  assert.deepEqual([...namespace.waiting.keys()], [...engine.namespace.waiting.keys()])
})

test('saveState tells of the moment when it was called, whatever is applied before the last part is asked for', () => {
  const driven = full()
  const expected = [...saveState(driven.engine)]
  const parts = saveState(driven.engine)
  const restore = { session: 0, number: 90 }
  driven.call({ name: 'restoreCommit', restore })
  driven.call({ name: 'expireSession', session: 1 })
  driven.call(msgrcv(0))
  driven.call({ name: 'msgctl', msqid: 2, cmd: IPC_RMID })
  assert.deepEqual([...parts], expected)
})

test('loadState and StateLoader refuse parts that no saveState gave', () => {
  assert.throws(() => loadState([]), /^Error: assertion: /)
  const parts = [...saveState(full().engine)]
  const [namespace] = parts
  assert.ok(namespace)
  for (const kind of ['queue', 'answer', 'waiting', 'held', 'staged'] as const) {
    const part = parts.find(({ part }) => part === kind)
    assert.ok(part)
    assert.throws(() => new StateLoader().add(part), /^Error: assertion: /, `${kind} without a namespace`)
    if (kind !== 'queue') assert.throws(() => loadState([namespace, part]), /^Error: assertion: /, `${kind} alone`)
  }
})
