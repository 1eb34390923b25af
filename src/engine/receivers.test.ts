import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Driven, ipcSet, msgrcv, msgsnd, USER } from '../../test/engine/driven.ts'
import { LONG_MIN, type Long, MSG_EXCEPT } from '../abi/index.ts'

/** What each receive waits for: by type, by all but one, by up to one, by any. Two wait for type 2. */
const WAITS: readonly (readonly [msgtyp: Long, msgflg?: number])[] = [
  [2],
  [1, MSG_EXCEPT],
  [-2],
  [2],
  [2 ** 40],
  [0],
  [LONG_MIN],
]

/** An engine in which these wait, numbered from 2. */
function waiting(waits: readonly (readonly [msgtyp: Long, msgflg?: number])[]): Driven {
  const driven = new Driven()
  driven.queue()
  for (const [msgtyp, msgflg = 0] of waits) assert.deepEqual(driven.call(msgrcv(0, msgtyp, { msgflg })), [])
  return driven
}

const numbers = ({ engine }: Driven) => engine.waiting().map(({ ticket }) => ticket.number)

test('a message goes to the first that arrived of all that it is for, by type or otherwise', () => {
  const driven = waiting(WAITS)
  assert.deepEqual(numbers(driven), [2, 3, 4, 5, 6, 7, 8])
  const send = (mtype: Long) => driven.call(msgsnd(0, mtype, 'm'))[0]
  assert.equal(send(2), '2 "m"', 'its own type, first of all')
  assert.equal(send(2 ** 40), '3 "m"', 'all but 1 came before those that wait for its type')
  assert.equal(send(1), '4 "m"')
  assert.equal(send(2 ** 40), '6 "m"')
  assert.equal(send(7), '7 "m"')
  assert.deepEqual(numbers(driven), [5, 8])
  assert.equal(send(2), '5 "m"')
  assert.equal(send(2), '8 "m"')
  assert.equal(send(2), '16 0', 'nobody is left')
})

test('a message for nobody is queued: all but its type, up to a lower one, and other types wait on', () => {
  const driven = waiting([[9, MSG_EXCEPT], [-8], [8], [2 ** 32 + 9]])
  assert.deepEqual(driven.call(msgsnd(0, 9, 'm')), ['6 0'])
  assert.deepEqual(numbers(driven), [2, 3, 4, 5])
  assert.deepEqual(driven.call(msgsnd(0, 8, 'm')), ['2 "m"', '7 0'])
  assert.deepEqual(driven.call(msgsnd(0, 8, 'm')), ['3 "m"', '8 0'])
  assert.deepEqual(driven.call(msgsnd(0, 8, 'm')), ['4 "m"', '9 0'])
})

test('receives that end leave the others in their order, whatever they wait for', () => {
  const driven = waiting([[1], [1], [1], [0], [0], [0]])
  for (const number of [3, 6]) {
    driven.call({ name: 'interrupt', call: { session: 0, number } })
  }
  assert.deepEqual(numbers(driven), [2, 4, 5, 7])
  const ends = [1, 1, 1, 5].map((mtype) => driven.call(msgsnd(0, mtype, 'm'))[0])
  assert.deepEqual(ends, ['2 "m"', '4 "m"', '5 "m"', '7 "m"'])
  assert.deepEqual(driven.call(msgrcv(0, 1)), [])
  assert.deepEqual(driven.call(msgsnd(0, 1, 'm')), ['14 "m"', '15 0'], 'its type was forgotten and is known again')
})

test('IPC_SET ends those readers that may read no more, and the others keep their order', () => {
  const driven = new Driven()
  driven.queue()
  for (const caller of [USER, undefined, USER, undefined]) {
    assert.deepEqual(driven.call(msgrcv(0, 1), caller && { caller }), [])
  }
  assert.deepEqual(driven.call(ipcSet(0, { mode: 0o622 })), ['2 EACCES', '4 EACCES', '6 0'])
  assert.deepEqual(numbers(driven), [3, 5])
})

test('wouldWait says of each receive and copy whether it would wait, and changes nothing', () => {
  const driven = new Driven()
  driven.queue()
  driven.call(msgsnd(0, 2, 'm'))
  const { engine } = driven
  const root = { pid: 1, tid: 1, uid: 0, gid: 0, groups: [], capabilities: [] }
  const wouldWait = (msgtyp: Long, msgflg = 0, caller = root) => engine.wouldWait(caller, msgrcv(0, msgtyp, { msgflg }))
  assert.equal(wouldWait(0), false)
  assert.equal(wouldWait(1), true)
  assert.equal(wouldWait(1, 0o4000), false, 'IPC_NOWAIT')
  assert.equal(wouldWait(2, MSG_EXCEPT), true)
  assert.equal(wouldWait(1, MSG_EXCEPT), false)
  assert.equal(wouldWait(1, 0o40000), false, 'MSG_COPY by index fails at once')
  assert.equal(engine.wouldWait(root, msgrcv(1, 1)), false, 'EINVAL')
  driven.call(ipcSet(0, { mode: 0o600 }))
  assert.equal(wouldWait(1, 0, { ...root, uid: 5 }), false, 'EACCES')
  const after = (sequence: number) =>
    engine.wouldWait(root, { name: 'copyAfter', msqid: 0, sequence, msgsz: 9, msgtyp: 0, msgflg: 0 })
  assert.deepEqual([after(0), after(1)], [false, true])
  assert.equal(engine.waiting().length, 0)
})
