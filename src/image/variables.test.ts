import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LINUX_VARIABLES } from './ipcns-var.ts'
import { readVariables } from './variables.ts'

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
