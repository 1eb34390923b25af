import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Driven, ipcSet, msgrcv, msgsnd, ROOT } from '../../test/engine/driven.ts'
import { type Capability, IPC_CREAT, IPC_NOWAIT, IPC_RMID, IPC_STAT, MSG_STAT, MSG_STAT_ANY } from '../abi/index.ts'
import type { Caller } from './index.ts'

/** Who calls, on a queue that user 1 of group 11 owns and user 2 of group 12 made. */
const CALLERS: Readonly<Record<string, Partial<Caller>>> = {
  owner: { uid: 1 },
  creator: { uid: 2 },
  'in the owner’s group': { gid: 11 },
  'in the creator’s group': { gid: 12 },
  'in the owner’s group, too': { groups: [5, 11] },
  'in the creator’s group, too': { groups: [12] },
  other: {},
}

function callerOf(named: Partial<Caller>, capabilities: readonly Capability[] = []): Caller {
  return { pid: 30, tid: 31, uid: 9, gid: 9, groups: [], ...named, capabilities }
}

function owned(mode: number): Driven {
  const driven = new Driven()
  driven.call({ name: 'msgget', key: 1, msgflg: IPC_CREAT | 0o777 }, { caller: callerOf({ uid: 2, gid: 12 }) })
  driven.call(msgsnd(0, 1, 'a'))
  driven.call(ipcSet(0, { mode, uid: 1, gid: 11 }))
  return driven
}

const ended = (ends: readonly string[]) => (ends[0] ?? '').replace(/^\d+ /, '')

test('ipcperms asks the first class that fits, owner, group, others, and no other', () => {
  // Source: ipc/util.c, ipcperms().
  const classOf = (name: string) => (/^(owner|creator)$/.test(name) ? 6 : name === 'other' ? 0 : 3)
  for (const [name, named] of Object.entries(CALLERS)) {
    for (const shift of [0, 3, 6]) {
      for (const bits of [2, 4, 6]) {
        const caller = callerOf(named)
        const may = (bit: number) => shift === classOf(name) && (bits & bit) !== 0
        const read = ended(owned(bits << shift).call(msgrcv(0, 0, { msgflg: IPC_NOWAIT }), { caller }))
        assert.equal(read, may(4) ? '"a"' : 'EACCES', `${name} reads, mode ${(bits << shift).toString(8)}`)
        const written = ended(owned(bits << shift).call(msgsnd(0, 1, 'b'), { caller }))
        assert.equal(written, may(2) ? '0' : 'EACCES', `${name} writes`)
        const both = ended(owned(bits << shift).call({ name: 'msgget', key: 1, msgflg: 0o600 }, { caller }))
        assert.equal(both, may(4) && may(2) ? '0' : 'EACCES', `${name} asks for both`)
        for (const flag of [0o060, 0o006]) {
          const other = ended(owned(bits << shift).call({ name: 'msgget', key: 1, msgflg: flag }, { caller }))
          assert.equal(other, both, 'of whichever class the bits are that it asks with')
        }
      }
    }
  }
})

test('CAP_IPC_OWNER opens every queue, and no other capability does', () => {
  for (const capability of ['CAP_IPC_OWNER', 'CAP_SYS_ADMIN', 'CAP_SYS_RESOURCE', 'CAP_CHECKPOINT_RESTORE'] as const) {
    const caller = callerOf({}, [capability])
    const read = ended(owned(0).call(msgrcv(0, 0, { msgflg: IPC_NOWAIT }), { caller }))
    assert.equal(read, capability === 'CAP_IPC_OWNER' ? '"a"' : 'EACCES', capability)
  }
})

test('IPC_SET and IPC_RMID are for owner, creator and CAP_SYS_ADMIN, whatever the mode', () => {
  for (const [name, named] of Object.entries(CALLERS)) {
    const expected = /^(owner|creator)$/.test(name) ? '0' : 'EPERM'
    assert.equal(ended(owned(0o777).call(ipcSet(0, {}), { caller: callerOf(named) })), expected, name)
    const removed = owned(0).call({ name: 'msgctl', msqid: 0, cmd: IPC_RMID }, { caller: callerOf(named) })
    assert.equal(ended(removed), expected, name)
  }
  for (const capability of ['CAP_IPC_OWNER', 'CAP_SYS_ADMIN', 'CAP_SYS_RESOURCE'] as const) {
    const removed = owned(0o777).call(
      { name: 'msgctl', msqid: 0, cmd: IPC_RMID },
      { caller: callerOf({}, [capability]) },
    )
    assert.equal(ended(removed), capability === 'CAP_SYS_ADMIN' ? '0' : 'EPERM', capability)
  }
})

test('IPC_SET takes more bytes than msgmnb only with CAP_SYS_RESOURCE, and no user of -1', () => {
  // Source: ipc/msg.c, msgctl_down(); make_kuid() of -1 is not valid.
  const driven = owned(0)
  const caller = callerOf({ uid: 1 })
  assert.equal(ended(driven.call(ipcSet(0, { qbytes: 16_384, uid: 1 }), { caller })), '0')
  assert.equal(ended(driven.call(ipcSet(0, { qbytes: 16_385, uid: 1 }), { caller })), 'EPERM')
  assert.equal(ended(driven.call(ipcSet(0, { qbytes: -1, uid: 1 }), { caller })), 'EPERM')
  const able = callerOf({ uid: 1 }, ['CAP_SYS_RESOURCE'])
  assert.equal(ended(driven.call(ipcSet(0, { qbytes: 16_385, uid: 1 }), { caller: able })), '0')
  assert.equal(ended(driven.call(ipcSet(0, { qbytes: -1, uid: 1 }), { caller: able })), '0')
  const stat = () => JSON.parse(ended(driven.call({ name: 'msgctl', msqid: 0, cmd: IPC_STAT }, { caller: ROOT })))
  assert.equal(stat().qbytes, 2 ** 64 - 1)
  for (const id of [{ uid: 2 ** 32 - 1 }, { uid: -1 }, { gid: 2 ** 32 - 1 }, { gid: -1 }]) {
    assert.equal(ended(driven.call(ipcSet(0, id))), 'EINVAL')
  }
  assert.equal(ended(driven.call(ipcSet(0, { uid: -2, gid: 2 ** 32 - 2, mode: 0o7123 }))), '0')
  const { uid, gid, mode } = stat().perm
  assert.deepEqual([uid, gid, mode], [2 ** 32 - 2, 2 ** 32 - 2, 0o123])
})

test('msgctl judges id and command first, settings next, then whether the queue is there', () => {
  const driven = owned(0o600)
  const at = (msqid: number, cmd: number) =>
    ended(driven.call({ name: 'msgctl', msqid, cmd }, { caller: callerOf({}) }))
  assert.equal(at(-1, 3), 'EINVAL')
  assert.equal(at(0, -1), 'EINVAL')
  assert.equal(at(0, 99), 'EINVAL')
  assert.equal(at(5, 1), 'EFAULT')
  assert.equal(at(5, IPC_RMID), 'EINVAL')
  assert.equal(at(5, IPC_STAT), 'EINVAL')
  assert.equal(at(0, IPC_STAT), 'EACCES')
  assert.equal(at(0, MSG_STAT), 'EACCES')
  assert.match(at(0, MSG_STAT_ANY), /^\{"msqid":0,"stat"/)
  assert.equal(ended(driven.call(ipcSet(5, {}), { caller: callerOf({}) })), 'EINVAL')
})

test('setLimits is for the namespace’s owner alone, and setNextId for two capabilities', () => {
  const driven = new Driven({ ownerUid: 5 })
  const set = (limits: object, named: Partial<Caller>, capabilities: readonly Capability[] = []) =>
    ended(driven.call({ name: 'setLimits', limits }, { caller: callerOf(named, capabilities) }))
  assert.equal(set({ msgmax: 1 }, { uid: 6 }, ['CAP_SYS_ADMIN', 'CAP_SYS_RESOURCE']), 'EACCES')
  assert.equal(set({ msgmax: 1 }, { uid: 5 }), '0')
  assert.deepEqual(driven.engine.limits, { msgmax: 1, msgmnb: 16_384, msgmni: 32_000 })
  for (const [name, most] of Object.entries({ msgmax: 2 ** 31 - 1, msgmnb: 2 ** 31 - 1, msgmni: 32_768 })) {
    for (const value of [0, most]) assert.equal(set({ [name]: value }, { uid: 5 }), '0')
    for (const value of [-1, most + 1, 0.5, Number.NaN]) assert.equal(set({ [name]: value }, { uid: 5 }), 'EINVAL')
  }
  const next = (nextId: number, capabilities: readonly Capability[]) =>
    ended(driven.call({ name: 'setNextId', nextId }, { caller: callerOf({}, capabilities) }))
  assert.equal(next(-1, ['CAP_SYS_RESOURCE']), 'EACCES')
  assert.equal(next(-1, ['CAP_SYS_ADMIN']), 'EINVAL')
  assert.equal(next(2 ** 31, ['CAP_CHECKPOINT_RESTORE']), 'EINVAL')
  assert.equal(next(2 ** 31 - 1, ['CAP_CHECKPOINT_RESTORE']), '0')
  assert.equal(next(0, ['CAP_SYS_ADMIN']), '0')
  assert.equal(driven.engine.nextId, 0)
  const none = new Driven({ checkpointRestore: false })
  assert.equal(ended(none.call({ name: 'setNextId', nextId: -1 }, { caller: callerOf({}) })), 'ENOSYS')
})
