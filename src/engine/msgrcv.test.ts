import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Driven, msgrcv, msgsnd, ROOT } from '../../test/engine/driven.ts'
import { IPC_NOWAIT, MSG_COPY } from '../abi/index.ts'

test('msgrcv judges its identifier and its size before all else, and takes an empty message into no bytes', () => {
  // Source: ipc/msg.c, do_msgrcv(): "if (msqid < 0 || (long) bufsz < 0) return -EINVAL".
  const driven = new Driven()
  driven.queue()
  driven.call(msgsnd(0, 1, ''))
  driven.call(msgsnd(0, 1, 'a'))
  assert.deepEqual(driven.call(msgrcv(0, 0, { msgsz: -1 })), ['4 EINVAL'])
  assert.deepEqual(driven.call(msgrcv(0, 7, { msgsz: -1 })), ['5 EINVAL'], 'it does not wait')
  assert.deepEqual(driven.call(msgrcv(-1)), ['6 EINVAL'])
  assert.deepEqual(driven.call(msgrcv(0, 0, { msgsz: 0 })), ['7 ""'])
  assert.deepEqual(driven.call(msgrcv(0, 0, { msgsz: 0 })), ['8 E2BIG'])
})

test('msgrcv with MSG_COPY is EINVAL before it says that there is no copying, at the copy counter too', () => {
  for (const msgCopy of ['index', 'counter'] as const) {
    const driven = new Driven({ msgCopy, checkpointRestore: false })
    driven.queue()
    const msgflg = MSG_COPY | IPC_NOWAIT
    assert.deepEqual(driven.call(msgrcv(-1, 0, { msgflg })), ['2 EINVAL'])
    assert.deepEqual(driven.call(msgrcv(0, 0, { msgflg, msgsz: -1 })), ['3 EINVAL'])
    assert.deepEqual(driven.call(msgrcv(0, 0, { msgflg, msgsz: 0 })), ['4 ENOSYS'])
  }
})

test('msgrcv that is not agreed to ends in EINTR and leaves the message where it is', () => {
  const driven = new Driven()
  driven.queue()
  driven.call(msgsnd(0, 1, 'a'))
  const entry = { ticket: { session: 0, number: 3 }, now: 9_000, caller: ROOT, call: msgrcv(0) }
  const asked: unknown[] = []
  const { completions, changed } = driven.engine.apply(entry, (answer) => asked.push(answer) === 0)
  assert.deepEqual([completions, changed], [[{ ticket: entry.ticket, code: 'EINTR' }], false])
  assert.equal(driven.engine.namespace.messageCount, 1)
  const { completions: agreed } = driven.engine.apply(entry, () => true)
  assert.deepEqual(agreed, [{ ticket: entry.ticket, value: asked[0] }])
  assert.equal(driven.engine.namespace.messageCount, 0)
})
