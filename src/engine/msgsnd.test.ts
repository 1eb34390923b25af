import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Driven, msgrcv, msgsnd, ROOT, USER } from '../../test/engine/driven.ts'
import { IPC_NOWAIT } from '../abi/index.ts'
import { MESSAGE_BYTES } from './index.ts'

test('msgsnd takes a message of msgmax bytes and none longer, of type 1 and none lower', () => {
  const driven = new Driven({ limits: { msgmax: 3 } })
  driven.queue()
  assert.deepEqual(driven.call(msgsnd(0, 1, 'abc')), ['2 0'])
  assert.deepEqual(driven.call(msgsnd(0, 1, 'abcd')), ['3 EINVAL'])
  assert.deepEqual(driven.call(msgsnd(0, 0, 'a')), ['4 EINVAL'])
  assert.deepEqual(driven.call(msgsnd(9, 1, 'a')), ['5 EINVAL'])
  assert.equal(driven.engine.namespace.messageCount, 1)
})

test('msgsnd judges its arguments, then makes room for the message, then looks for the queue and asks for permission', () => {
  // Source: ipc/msg.c, do_msgsnd(): EINVAL, load_msg(), msq_obtain_object_check(), ipcperms().
  const driven = new Driven({ limits: { msgmax: 9 }, bounds: { poolBytes: MESSAGE_BYTES + 4 } })
  driven.call({ name: 'msgget', key: 0, msgflg: 0o600 })
  assert.deepEqual(driven.call(msgsnd(-1, 1, 'a message')), ['2 EINVAL'])
  assert.deepEqual(driven.call(msgsnd(0, 1, 'too long a message')), ['3 EINVAL'])
  assert.deepEqual(driven.call(msgsnd(0, 0, 'a message')), ['4 EINVAL'])
  assert.deepEqual(driven.call(msgsnd(9, 1, 'a message')), ['5 ENOMEM'])
  assert.deepEqual(driven.call(msgsnd(9, 1, 'four')), ['6 EINVAL'])
  assert.deepEqual(driven.call(msgsnd(0, 1, 'four'), { caller: USER }), ['7 EACCES'])
  assert.deepEqual(driven.call(msgsnd(0, 1, 'four')), ['8 0'])
  assert.deepEqual(driven.call(msgsnd(0, 1, '')), ['9 ENOMEM'])
})

test('msgsnd that waits has a copy of its bytes: whoever made the entry may write into them', () => {
  const driven = new Driven()
  driven.queue(0, 2)
  driven.call(msgsnd(0, 1, 'ab'))
  const call = msgsnd(0, 1, 'cd')
  assert.deepEqual(driven.call({ ...call, msgflg: IPC_NOWAIT }), ['4 EAGAIN'])
  assert.deepEqual(driven.call(call), [])
  call.mtext.fill(0)
  assert.deepEqual(driven.call(msgrcv(0)), ['6 "ab"', '5 0'])
  assert.deepEqual(driven.call(msgrcv(0)), ['7 "cd"'])
})

test('msgsnd that is not agreed to ends in EINTR and puts nothing on the queue', () => {
  const driven = new Driven()
  driven.queue()
  const entry = { ticket: { session: 0, number: 2 }, now: 9_000, caller: ROOT, call: msgsnd(0, 1, 'a') }
  const { completions, changed } = driven.engine.apply(entry, (answer) => answer !== 0)
  assert.deepEqual([completions, changed], [[{ ticket: entry.ticket, code: 'EINTR' }], false])
  assert.equal(driven.engine.namespace.messageCount, 0)
  assert.deepEqual(driven.engine.apply(entry, (answer) => answer === 0).completions, [
    { ticket: entry.ticket, value: 0 },
  ])
  assert.equal(driven.engine.namespace.messageCount, 1)
})
