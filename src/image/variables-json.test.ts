import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LINUX_IPC_VAR, LINUX_VARIABLES } from './ipcns-var.ts'
import { JsonObject } from './json-line.ts'
import { present } from './present.ts'
import { readIpcVar, readKernelVariables, variableMembers } from './variables-json.ts'

const of = (value: object) => new JsonObject('a-file', 7, 'it', value)
const REFUSED = { name: 'ImageError', file: 'a-file', offset: 7 }

test('variableMembers tells variables in the names of CRIU’s fields, and readIpcVar reads them back', () => {
  const all = { ...LINUX_IPC_VAR, msgNextId: 1, semNextId: 2, shmNextId: 3 }
  const members = variableMembers(all)
  assert.deepEqual(Object.keys(members), [
    ...['msg_ctlmax', 'msg_ctlmnb', 'msg_ctlmni', 'auto_msgmni', 'shm_ctlmax', 'shm_ctlall', 'shm_ctlmni'],
    ...['shm_rmid_forced', 'mq_queues_max', 'mq_msg_max', 'mq_msgsize_max', 'mq_msg_default', 'mq_msgsize_default'],
    ...['msg_next_id', 'sem_next_id', 'shm_next_id'],
  ])
  const json = { ...members, shm_ctlmax: `${all.shmCtlmax}`, shm_ctlall: 5, sem_ctls: all.semCtls }
  assert.deepEqual(readIpcVar(of(json)), { ...all, shmCtlall: 5 })
  const few = present({ ...variableMembers(LINUX_IPC_VAR), shm_ctlall: 5, sem_ctls: all.semCtls })
  assert.deepEqual(readIpcVar(of({ ...few, shm_ctlmax: `${all.shmCtlmax}` })), { ...LINUX_IPC_VAR, shmCtlall: 5 })
})

test('readIpcVar takes each number up to its ends, and four sem_ctls', () => {
  const json = { ...variableMembers(LINUX_IPC_VAR), shm_ctlmax: 1, shm_ctlall: 1, sem_ctls: [1, 2, 3, 4] }
  const good = present(json)
  for (const name of Object.keys(good).filter((name) => !/^s(hm_ctl(max|all)|em_ctls)$/.test(name))) {
    for (const value of [0, 2 ** 32 - 1]) readIpcVar(of({ ...good, [name]: value }))
    for (const value of [-1, 2 ** 32, 0.5, '1']) {
      assert.throws(() => readIpcVar(of({ ...good, [name]: value })), REFUSED, `${name} ${value}`)
    }
  }
  for (const name of Object.keys(good)) {
    const without = of(Object.fromEntries(Object.entries(good).filter(([other]) => other !== name)))
    if (/^(mq_msg(size)?_default)$/.test(name)) readIpcVar(without)
    else assert.throws(() => readIpcVar(without), REFUSED, name)
  }
  assert.equal(readIpcVar(of({ ...good, shm_ctlmax: '18446744073709551615' })).shmCtlmax, 2n ** 64n - 1n)
  assert.equal(readIpcVar(of({ ...good, shm_ctlmax: `${Number.MAX_SAFE_INTEGER}` })).shmCtlmax, Number.MAX_SAFE_INTEGER)
  assert.equal(readIpcVar(of({ ...good, shm_ctlmax: '9007199254740992' })).shmCtlmax, 2n ** 53n)
  assert.throws(() => readIpcVar(of({ ...good, shm_ctlmax: '18446744073709551616' })), REFUSED)
  for (const sem_ctls of [
    [1, 2, 3],
    [1, 2, 3, 4, 5],
    [1, 2, 3, -1],
    [1, 2, 3, 2 ** 32],
    [1, 2, 3, 0.5],
    [1, 2, 3, '4'],
    5,
  ]) {
    const refused = { ...REFUSED, message: /it\.sem_ctls to be / }
    assert.throws(() => readIpcVar(of({ ...good, sem_ctls })), refused, JSON.stringify(sem_ctls))
  }
  assert.deepEqual(readIpcVar(of({ ...good, sem_ctls: [0, 2 ** 32 - 1, 0, 0] })).semCtls, [0, 2 ** 32 - 1, 0, 0])
})

test('readKernelVariables wants all but what concerns message queues, and nothing else', () => {
  const { msg_ctlmax, msg_ctlmnb, msg_ctlmni, msg_next_id, ...members } = variableMembers(LINUX_VARIABLES)
  const json = JSON.parse(JSON.stringify({ ...members, shm_ctlmax: '18446744073692774399', shm_ctlall: 5 }))
  const good = { ...json, sem_ctls: LINUX_VARIABLES.semCtls }
  assert.deepEqual(readKernelVariables(of(good)), { ...LINUX_VARIABLES, shmCtlall: 5 })
  for (const name of ['msg_ctlmax', 'msg_next_id', 'other']) {
    assert.throws(() => readKernelVariables(of({ ...good, [name]: 1 })), REFUSED, name)
  }
})
