import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Driven, msgrcv, msgsnd, ROOT, USER } from '../../test/engine/driven.ts'
import { IPC_CREAT, IPC_NOWAIT, MSG_COPY, MSG_EXCEPT } from '../abi/index.ts'
import type { Call, CopyAfter } from './index.ts'

const COPY = { msgflg: MSG_COPY | IPC_NOWAIT }

function copyAfter(msqid: number, sequence: number, { msgsz = 100, msgtyp = 0, msgflg = IPC_NOWAIT } = {}): CopyAfter {
  return { name: 'copyAfter', msqid, sequence, msgsz, msgtyp, msgflg }
}

test('MSG_COPY by index ends at the last message, and knows no index below 0', () => {
  const driven = new Driven()
  driven.queue()
  driven.call(msgsnd(0, 1, 'a'))
  driven.call(msgsnd(0, 1, 'b'))
  const copied = [-1, 0, 1, 2].map((index) => driven.call(msgrcv(0, index, COPY))[0]?.replace(/^\d+ /, ''))
  assert.deepEqual(copied, ['ENOMSG', '"a"', '"b"', 'ENOMSG'])
  assert.equal(driven.engine.namespace.msgCopy, 'index')
})

test('MSG_COPY judges its arguments before it says that there is no copying', () => {
  // Source: ipc/msg.c, do_msgrcv(): EINVAL for msqid and msgsz, then prepare_copy(), which is ENOSYS where it is not built in.
  const driven = new Driven({ checkpointRestore: false })
  driven.queue()
  driven.call(msgsnd(0, 1, 'a'))
  assert.deepEqual(driven.call(msgrcv(-1, 0, COPY)), ['3 EINVAL'])
  assert.deepEqual(driven.call(msgrcv(0, 0, { ...COPY, msgsz: -1 })), ['4 EINVAL'])
  assert.deepEqual(driven.call(msgrcv(0, 0, { msgflg: MSG_COPY })), ['5 EINVAL'])
  assert.deepEqual(driven.call(msgrcv(0, 0, { msgflg: MSG_COPY | MSG_EXCEPT | IPC_NOWAIT })), ['6 EINVAL'])
  assert.deepEqual(driven.call(msgrcv(0, 0, COPY)), ['7 ENOSYS'])
  const call = msgrcv(-1, 0, COPY)
  assert.equal(driven.engine.copyAtIndex(ROOT, call), 'EINVAL')
  assert.equal(driven.engine.copyAtIndex(ROOT, { ...call, msqid: 0, msgsz: -1 }), 'EINVAL')
  assert.equal(driven.engine.copyAtIndex(ROOT, { ...call, msqid: 0 }), 'ENOSYS')
})

test('copyAfter judges its arguments before it says that there is no copying; no bytes are a size', () => {
  const none = new Driven({ checkpointRestore: false })
  none.queue()
  assert.deepEqual(none.call(copyAfter(-1, 0)), ['2 EINVAL'])
  assert.deepEqual(none.call(copyAfter(0, 0, { msgsz: -1 })), ['3 EINVAL'])
  assert.deepEqual(none.call(copyAfter(0, 0)), ['4 ENOSYS'])
  const driven = new Driven()
  driven.queue()
  driven.call(msgsnd(0, 1, ''))
  assert.deepEqual(driven.call(copyAfter(0, 0, { msgsz: 0 })), ['3 ""'])
  assert.deepEqual(driven.call(copyAfter(0, 0, { msgsz: -1 })), ['4 EINVAL'])
  assert.deepEqual(driven.call(copyAfter(1, 0)), ['5 EINVAL'])
})

test('setCopyCounter is ENOSYS without a counter, and then EINVAL before EPERM', () => {
  const setTo = (msqid: number, copyCounter: number) => ({ name: 'setCopyCounter', msqid, copyCounter }) as const
  const byIndex = new Driven()
  byIndex.queue()
  assert.deepEqual(byIndex.call(setTo(0, 1)), ['2 ENOSYS'])
  const none = new Driven({ msgCopy: 'counter', checkpointRestore: false })
  none.queue()
  assert.deepEqual(none.call(setTo(0, 1)), ['2 ENOSYS'])
  const driven = new Driven({ msgCopy: 'counter' })
  driven.queue()
  assert.deepEqual(driven.call(setTo(1, 1), { caller: USER }), ['2 EINVAL'])
  assert.deepEqual(driven.call(setTo(0, 1), { caller: USER }), ['3 EPERM'])
  assert.deepEqual(driven.call(setTo(0, 1)), ['4 0'])
  driven.call(msgsnd(0, 1, 'a'))
  assert.deepEqual(driven.call(msgrcv(0, 0, COPY)), ['6 ENOMSG'])
  assert.deepEqual(driven.call(setTo(0, 0)), ['7 0'])
  assert.deepEqual(driven.call(msgrcv(0, 0, COPY)), ['8 "a"'])
})

test('copies that wait end in order, each by what it selects; who waits for another type waits on', () => {
  const driven = new Driven()
  driven.queue()
  const waits = { msgflg: 0 }
  assert.deepEqual(driven.call(copyAfter(0, 0, { ...waits, msgtyp: 2 })), [])
  assert.deepEqual(driven.call(copyAfter(0, 0, waits)), [])
  assert.deepEqual(driven.call(copyAfter(0, 1, waits)), [])
  assert.deepEqual(driven.call(msgrcv(0)), [])
  assert.deepEqual(driven.call(msgsnd(0, 1, 'a')), ['3 "a"', '5 "a"', '6 0'])
  assert.deepEqual(driven.call(msgsnd(0, 2, 'b')), ['2 "b"', '4 "b"', '7 0'])
})

test('copyAfter and MSG_COPY are EACCES for who may not read', () => {
  const driven = new Driven()
  driven.call({ name: 'msgget', key: 5, msgflg: IPC_CREAT | 0o600 })
  driven.call(msgsnd(0, 1, 'a'))
  assert.deepEqual(driven.call(copyAfter(0, 0), { caller: USER }), ['3 EACCES'])
  assert.deepEqual(driven.call(msgrcv(0, 0, COPY), { caller: USER }), ['4 EACCES'])
})

test('what moves a copy counter is a change that a journal must have, and nothing else of a copy is', () => {
  const driven = new Driven({ msgCopy: 'counter' })
  driven.queue()
  driven.call(msgsnd(0, 1, 'a'))
  const isChange = (call: Call) =>
    driven.engine.apply({ ticket: { session: 0, number: 9 }, now: 0, caller: ROOT, call }).changed
  assert.equal(isChange(copyAfter(0, 0)), false)
  assert.equal(isChange(msgrcv(0, 0, { ...COPY, msgsz: 0 })), false, 'E2BIG')
  assert.equal(isChange(msgrcv(0, 0, COPY)), true)
  assert.equal(isChange(msgrcv(0, 0, COPY)), false, 'ENOMSG')
  assert.equal(isChange({ name: 'setCopyCounter', msqid: 0, copyCounter: 0 }), true)
})

test('wouldWait of a copy asks for the message at the counter, or behind a sequence number', () => {
  const driven = new Driven({ msgCopy: 'counter' })
  driven.queue()
  driven.call(msgsnd(0, 1, 'a'))
  const copy = msgrcv(0, 0, { msgflg: MSG_COPY })
  assert.equal(driven.engine.wouldWait(ROOT, copy), false)
  driven.call(copy)
  assert.equal(driven.engine.wouldWait(ROOT, copy), true)
})
