import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LINUX_IPC_VAR, LINUX_VARIABLES } from './ipcns-var.ts'
import { JsonObject } from './json-line.ts'
import { present } from './present.ts'
import { readVariables } from './variables.ts'
import { readIpcVar, readKernelVariables, variableMembers } from './variables-json.ts'

/** As files below /proc/sys hold them. */
const SYSCTLS: Readonly<Record<string, string>> = {
  'kernel/sem': '32000\t1024000000\t500\t32001\n',
  'kernel/auto_msgmni': '1\n',
  'kernel/shmmax': '18446744073692774398\n',
  'kernel/shmall': '9007199254740993\n',
  'kernel/shmmni': '4097\n',
  'kernel/shm_rmid_forced': '2\n',
  'fs/mqueue/queues_max': '257\n',
  'fs/mqueue/msg_max': '11\n',
  'fs/mqueue/msgsize_max': '8193\n',
  'fs/mqueue/msg_default': '12\n',
  'fs/mqueue/msgsize_default': '8194\n',
  'kernel/sem_next_id': '5\n',
  'kernel/shm_next_id': '0\n',
}

test('readVariables reads each variable from its file below /proc/sys', () => {
  assert.deepEqual(
    readVariables((name) => SYSCTLS[name]),
    {
      semCtls: [32_000, 1_024_000_000, 500, 32_001],
      autoMsgmni: 1,
      shmCtlmax: 18_446_744_073_692_774_398n,
      shmCtlall: 9_007_199_254_740_993n,
      shmCtlmni: 4_097,
      shmRmidForced: 2,
      mqQueuesMax: 257,
      mqMsgMax: 11,
      mqMsgsizeMax: 8_193,
      mqMsgDefault: 12,
      mqMsgsizeDefault: 8_194,
      semNextId: 5,
      shmNextId: 0,
    },
  )
})

test('readVariables takes Linux’s default for what cannot be read, and leaves out an id that is not pending', () => {
  assert.deepEqual(
    readVariables(() => undefined),
    LINUX_VARIABLES,
  )
  for (const text of ['', 'many', '1 x', '0x10', '1.5', '123456789012345678901']) {
    assert.deepEqual(
      readVariables(() => text),
      LINUX_VARIABLES,
      text,
    )
  }
  assert.deepEqual(
    readVariables((name) => (name.endsWith('next_id') ? '-1\n' : undefined)),
    LINUX_VARIABLES,
  )
  assert.deepEqual(
    readVariables((name) => (name === 'kernel/sem' ? '1 2 3' : undefined)),
    LINUX_VARIABLES,
    'four',
  )
  assert.deepEqual(
    readVariables((name) => (name === 'kernel/shmmni' ? '9007199254740993' : undefined)),
    LINUX_VARIABLES,
    'no 32 bits',
  )
  const { semCtls } = readVariables((name) => (name === 'kernel/sem' ? ' 1\t2  3 4 \n' : undefined))
  assert.deepEqual(semCtls, [1, 2, 3, 4])
})

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
