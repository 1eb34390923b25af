import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Driven, ipcSet, msgrcv, msgsnd, USER } from '../../test/engine/driven.ts'
import { IPC_NOWAIT } from '../abi/index.ts'

/** Numbers of the calls that wait, in the order in which they are served. */
function waiting({ engine }: Driven): number[] {
  return engine.waiting().map(({ ticket }) => ticket.number)
}

test('wakeSenders lets in whoever fits, and puts the others before those that found no room left', () => {
  // Source: ipc/msg.c, ss_wakeup(): who fits is moved behind who does not, and is tested again when it runs.
  const driven = new Driven()
  driven.queue(0, 10)
  driven.call(msgsnd(0, 1, 'aaaaaaaaaa'))
  for (const text of ['bbbb', 'cccccccccc', 'dddd', 'eeee']) assert.deepEqual(driven.call(msgsnd(0, 1, text)), [])
  assert.deepEqual(waiting(driven), [4, 5, 6, 7])
  assert.deepEqual(driven.call(ipcSet(0, { qbytes: 19 })), ['4 0', '6 0', '8 0'])
  assert.deepEqual(waiting(driven), [5, 7])
  assert.deepEqual(driven.call(msgrcv(0)), ['9 "aaaaaaaaaa"', '5 0'])
  assert.deepEqual(waiting(driven), [7])
})

test('wakeSenders ends a sender in EACCES that may write no more, once its message fits', () => {
  const driven = new Driven()
  driven.queue(0, 4)
  driven.call(msgsnd(0, 1, 'aaaa'))
  driven.call(msgsnd(0, 1, 'bb'), { caller: USER })
  driven.call(msgsnd(0, 1, 'cc'))
  assert.deepEqual(driven.call(ipcSet(0, { qbytes: 4, mode: 0o600 })), ['6 0'])
  assert.deepEqual(waiting(driven), [4, 5])
  assert.deepEqual(driven.call(ipcSet(0, { qbytes: 8, mode: 0o600 })), ['4 EACCES', '5 0', '7 0'])
})

test('a message that is too long for who waits ends each such receive in E2BIG, and goes to the next', () => {
  const driven = new Driven()
  driven.queue()
  for (const msgsz of [1, 2, 3, 4]) driven.call(msgrcv(0, 0, { msgsz }))
  assert.deepEqual(driven.call(msgsnd(0, 1, 'abc')), ['2 E2BIG', '3 E2BIG', '4 "abc"', '6 0'])
  assert.deepEqual(driven.call(msgsnd(0, 1, 'abcde')), ['5 E2BIG', '7 0'])
  assert.deepEqual(driven.call(msgrcv(0, 0, { msgflg: IPC_NOWAIT })), ['8 "abcde"'])
})

test('a sender that was woken and found no room left stands behind those that were not woken', () => {
  const driven = new Driven()
  driven.queue(0, 10)
  driven.call(msgsnd(0, 1, 'aaaaaaaaaa'))
  for (const text of ['bbbb', 'cccc', 'dddddddddd']) assert.deepEqual(driven.call(msgsnd(0, 1, text)), [])
  assert.deepEqual(driven.call(ipcSet(0, { qbytes: 15 })), ['4 0', '7 0'])
  assert.deepEqual(waiting(driven), [6, 5])
})
