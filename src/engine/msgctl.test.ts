import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Driven, ipcSet, msgrcv, msgsnd, USER } from '../../test/engine/driven.ts'
import {
  IPC_INFO,
  IPC_RMID,
  IPC_STAT,
  MSG_INFO,
  MSG_STAT,
  MSGMAP,
  MSGPOOL,
  MSGSEG,
  MSGSSZ,
  MSGTQL,
} from '../abi/index.ts'

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

test('IPC_INFO tells what the kernel could hold, MSG_INFO what the namespace holds, and both the highest index in use', () => {
  const driven = new Driven({ limits: { msgmax: 100, msgmnb: 200, msgmni: 3 } })
  const info = (cmd: number) => JSON.parse(driven.call(ctl(0, cmd))[0]?.replace(/^\d+ /, '') ?? '')
  const limits = { max: 100, mnb: 200, mni: 3, ssz: MSGSSZ, seg: MSGSEG }
  assert.deepEqual(info(MSG_INFO), { maxIndex: 0, info: { ...limits, pool: 0, map: 0, tql: 0 } })
  for (let count = 0; count < 2; count++) driven.queue()
  for (const text of ['abc', '', 'de']) driven.call(msgsnd(1, 1, text))
  assert.deepEqual(info(MSG_INFO), { maxIndex: 1, info: { ...limits, pool: 2, map: 3, tql: 5 } })
  assert.deepEqual(info(IPC_INFO), { maxIndex: 1, info: { ...limits, pool: MSGPOOL, map: MSGMAP, tql: MSGTQL } })
})

test('IPC_STAT finds a queue by its identifier, MSG_STAT by its index, and times are whole seconds', () => {
  const driven = new Driven()
  driven.call({ name: 'setNextId', nextId: 32_768 + 1 })
  const msqid = driven.queue(5)
  driven.call(msgsnd(msqid, 1, 'abc'), { caller: USER, now: 7_999 })
  const stat = (at: number, cmd: number) => driven.call(ctl(at, cmd))[0]?.replace(/^\d+ /, '') ?? ''
  assert.equal(stat(1, IPC_STAT), 'EINVAL')
  assert.equal(stat(msqid + 1, MSG_STAT), 'EINVAL')
  const found = JSON.parse(stat(msqid, IPC_STAT))
  assert.deepEqual(found, {
    perm: { key: 5, uid: 0, gid: 0, cuid: 0, cgid: 0, mode: 0o666, seq: 1 },
    ...{ stime: 7, rtime: 0, ctime: 2, cbytes: 3, qnum: 1, qbytes: 16_384, lspid: 20, lrpid: 0 },
  })
  for (const at of [1, msqid]) assert.deepEqual(JSON.parse(stat(at, MSG_STAT)), { msqid, stat: found })
  const counting = new Driven({ msgCopy: 'counter' })
  counting.queue()
  assert.equal(JSON.parse(counting.call(ctl(0, IPC_STAT))[0]?.slice(2) ?? '').copyCounter, 0)
})

test('IPC_RMID ends all who wait on the queue in EIDRM, receivers first, then senders and copies, and takes its messages', () => {
  const driven = new Driven()
  driven.queue(0, 1)
  driven.call(msgsnd(0, 1, 'a'))
  driven.call(msgsnd(0, 1, 'b'))
  driven.call({ name: 'copyAfter', msqid: 0, sequence: 9, msgsz: 9, msgtyp: 0, msgflg: 0 })
  driven.call(msgrcv(0, 2))
  assert.deepEqual(driven.call(ctl(0, IPC_RMID)), ['6 EIDRM', '4 EIDRM', '5 EIDRM', '7 0'])
  assert.deepEqual([driven.engine.namespace.messageCount, driven.engine.namespace.byteCount], [0, 0])
  assert.deepEqual(driven.call(ctl(0, IPC_STAT)), ['8 EINVAL'])
})

test('IPC_SET takes a qbytes of 0 as it is', () => {
  const driven = new Driven()
  driven.queue(0, 0)
  const [stat = ''] = driven.call(ctl(0, IPC_STAT))
  assert.equal(JSON.parse(stat.slice(2)).qbytes, 0)
})
