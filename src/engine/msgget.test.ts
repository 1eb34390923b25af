import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Driven, ROOT, USER } from '../../test/engine/driven.ts'
import { IPC_CREAT, IPC_EXCL } from '../abi/index.ts'

const make = { name: 'msgget', key: 0, msgflg: 0o600 } as const

test('msgget makes as many queues as msgmni says, and then is ENOSPC, which changes nothing', () => {
  const driven = new Driven({ limits: { msgmni: 2 } })
  assert.deepEqual(driven.call(make), ['1 0'])
  assert.deepEqual(driven.call(make), ['2 1'])
  const { completions, changed } = driven.engine.apply({
    ticket: { session: 0, number: 3 },
    now: 0,
    caller: ROOT,
    call: make,
  })
  assert.deepEqual(completions, [{ ticket: { session: 0, number: 3 }, code: 'ENOSPC' }])
  assert.equal(changed, false)
  assert.equal(driven.engine.namespace.identifiers.inUse, 2)
})

test('msgget is ENOSPC where no index is free for a pending msg_next_id, which it consumes: a journal must have it', () => {
  // Source: ipc/util.c, ipc_idr_alloc(): next_id is -1 again before an index is looked for.
  const driven = new Driven()
  const last = { name: 'setNextId', nextId: 32_767 } as const
  driven.call(last)
  assert.deepEqual(driven.call(make), ['2 32767'])
  driven.call(last)
  const ticket = { session: 0, number: 4 }
  const { completions, changed } = driven.engine.apply({ ticket, now: 0, caller: ROOT, call: make })
  assert.deepEqual(completions, [{ ticket, code: 'ENOSPC' }])
  assert.equal(changed, true)
  assert.equal(driven.engine.nextId, -1)
  assert.equal(driven.engine.namespace.identifiers.inUse, 1)
  assert.deepEqual(driven.call(make), ['4 0'])
})

test('msgget finds the queue of a key, tells that it is there before it asks for permission, and makes none unasked', () => {
  // Source: ipc/util.c, ipcget_public().
  const driven = new Driven()
  const get = (msgflg: number, caller = ROOT) => driven.call({ name: 'msgget', key: 7, msgflg }, { caller })[0]
  assert.equal(get(0o600), '1 ENOENT')
  assert.equal(get(IPC_EXCL | 0o600), '2 ENOENT')
  assert.equal(get(IPC_CREAT | IPC_EXCL | 0o600), '3 0')
  for (const msgflg of [0, IPC_EXCL, IPC_CREAT, 0o600]) assert.match(get(msgflg) ?? '', / 0$/)
  assert.equal(get(IPC_CREAT | IPC_EXCL | 0o600, USER), '8 EEXIST')
  assert.equal(get(IPC_CREAT | 0o600, USER), '9 EACCES')
  assert.equal(get(0, USER), '10 0', 'who asks for no permission needs none')
  assert.equal(driven.engine.namespace.identifiers.inUse, 1)
})
