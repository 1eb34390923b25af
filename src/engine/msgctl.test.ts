import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Driven, ipcSet, USER } from '../../test/engine/driven.ts'
import { IPC_INFO, IPC_RMID, IPC_STAT, MSG_INFO, MSG_STAT } from '../abi/index.ts'

const ctl = (msqid: number, cmd: number) => ({ name: 'msgctl', msqid, cmd }) as const

test('msgctl is EINVAL for a negative identifier or command, whatever the other one is', () => {
  // Source: ipc/msg.c, ksys_msgctl(): "if (msqid < 0 || cmd < 0) return -EINVAL".
  const driven = new Driven()
  driven.queue()
  for (const cmd of [IPC_INFO, MSG_INFO, IPC_STAT, MSG_STAT, IPC_RMID, -1]) {
    assert.match(driven.call(ctl(-1, cmd))[0] ?? '', /EINVAL$/, String(cmd))
  }
  assert.match(driven.call(ctl(0, -1))[0] ?? '', /EINVAL$/)
  assert.equal(driven.engine.namespace.identifiers.inUse, 1)
})

test('msgctl changes and removes a queue for its owner, its creator and CAP_SYS_ADMIN, and is EPERM for others', () => {
  const other = { ...USER, uid: 3 }
  const driven = new Driven()
  for (let count = 0; count < 3; count++) driven.call({ name: 'msgget', key: 0, msgflg: 0o666 }, { caller: USER })
  for (const msqid of [0, 1, 2]) driven.call(ipcSet(msqid, { uid: 2, qbytes: 9 }))
  assert.deepEqual(driven.call(ipcSet(0, {}), { caller: other }), ['7 EPERM'])
  assert.deepEqual(driven.call(ctl(0, IPC_RMID), { caller: other }), ['8 EPERM'])
  const admin = { ...other, capabilities: ['CAP_SYS_ADMIN'] } as const
  for (const [msqid, caller] of [USER, { ...other, uid: 2 }, admin].entries()) {
    assert.match(driven.call(ipcSet(msqid, { uid: 2, qbytes: 9 }), { caller })[0] ?? '', / 0$/)
    assert.match(driven.call(ctl(msqid, IPC_RMID), { caller })[0] ?? '', / 0$/)
  }
  assert.equal(driven.engine.namespace.identifiers.inUse, 0)
})

test('IPC_SET takes a negative qbytes for an unsigned long, as the kernel does', () => {
  const driven = new Driven()
  driven.queue()
  assert.deepEqual(driven.call(ipcSet(0, { qbytes: -(2 ** 31) }), { caller: { ...USER, uid: 0 } }), ['2 EPERM'])
  assert.deepEqual(driven.call(ipcSet(0, { qbytes: -(2 ** 31) })), ['3 0'])
  const [stat = ''] = driven.call(ctl(0, IPC_STAT))
  assert.equal(JSON.parse(stat.slice(2)).qbytes, 2 ** 64 - 2 ** 31)
})
