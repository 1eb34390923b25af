import { deepEqual, equal, rejects } from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { afterEach, describe, test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { INT_MAX, IPC_CREAT, IPC_NOWAIT, IPC_RMID, IPC_SET, IPC_STAT, MSG_INFO, MSG_STAT_ANY } from '../../abi/index.ts'
import type { Checkpoint, CheckpointQueue } from '../../engine/index.ts'
import { CLONE_NEWIPC, linuxCalls } from '../../linux/index.ts'
import { hasCapability } from './capable.ts'
import { openKernelNamespace } from './index.ts'

equal(linuxCalls().unshare(CLONE_NEWIPC), 0, 'needs root: a fresh IPC namespace')
const namespace = openKernelNamespace()
const LIMITS = await namespace.limits()

const bytes = (length: number, fill = 1) => new Uint8Array(length).fill(fill)
const all = () => readFileSync('/proc/sysvipc/msg', 'utf8')

async function removeAll(): Promise<void> {
  const { maxIndex } = await namespace.msgctl(0, MSG_INFO)
  for (let index = 0; index <= maxIndex; index++) {
    const msqid = linuxCalls().msgctl(index, MSG_STAT_ANY, new Uint8Array(120))
    if (msqid >= 0) await namespace.msgctl(msqid, IPC_RMID)
  }
}

afterEach(async () => {
  await removeAll()
  await namespace.setLimits(LIMITS)
})

function imageOf(queues: readonly CheckpointQueue[], header: Partial<Checkpoint> = {}): Checkpoint {
  return { time: 0, limits: LIMITS, nextId: -1, waiting: [], ...header, queues }
}

function queueOf(msqid: number, queue: Partial<CheckpointQueue> = {}): CheckpointQueue {
  const perm = { key: 0, uid: 0, gid: 0, cuid: 0, cgid: 0, mode: 0o600 }
  return { msqid, perm, qbytes: 16_384, messages: [], ...queue }
}

/** What of a checkpoint the kernel takes back. */
function restorable({ limits, nextId, queues }: Checkpoint) {
  return {
    limits,
    nextId,
    queues: queues.map(({ msqid, perm, qbytes, messages }) => ({ msqid, perm, qbytes, messages })),
  }
}

describe('restore', () => {
  test('restore brings ids, keys, owners, modes, qbytes, order and bytes back', async () => {
    await namespace.setLimits({ msgmax: 100_000, msgmnb: 500_000 })
    await namespace.setNextId(4_711 * 32_768 + 12)
    const large = await namespace.msgget(0x1234, IPC_CREAT | 0o640)
    await namespace.setNextId(32_768 * 65_535 + 32_767)
    const last = await namespace.msgget(0, 0o600)
    const key = await namespace.msgget(-5, IPC_CREAT | 0o777)
    for (let mtype = 1; mtype <= 5; mtype++) {
      await namespace.msgsnd(large, { mtype, mtext: bytes(90_000 + mtype, mtype) }, 0)
    }
    await namespace.msgsnd(last, { mtype: 2n ** 63n - 1n, mtext: bytes(0) }, 0)
    await namespace.msgctl(large, IPC_SET, { perm: { uid: 1001, gid: 1002, mode: 0o604 }, qbytes: 499_999 })
    // Fewer bytes admitted than are stored: legal, for what is stored stays.
    await namespace.msgctl(last, IPC_SET, { perm: { uid: 0, gid: 0, mode: 0 }, qbytes: 0 })
    await namespace.setNextId(32_768)
    await namespace.setLimits({ ...LIMITS, msgmax: 100_000, msgmni: 2 })
    const checkpoint = await namespace.checkpoint()
    equal(checkpoint.queues.length, 3)

    await removeAll()
    await namespace.setLimits({ msgmax: 10, msgmnb: 10, msgmni: 5 })
    const report = await namespace.restore(checkpoint)

    deepEqual(restorable(await namespace.checkpoint()), restorable(checkpoint))
    deepEqual(
      report.msqids,
      checkpoint.queues.map(({ msqid }) => msqid),
    )
    deepEqual(
      report.notRestored.filter(({ msqid }) => msqid === large).map(({ field }) => field),
      ['stime', 'ctime', 'lspid'],
    )
    deepEqual(
      report.notRestored.filter(({ msqid }) => msqid === key).map(({ field }) => field),
      ['ctime'],
    )
    equal((await namespace.msgrcv(large, 100_000, 0, IPC_NOWAIT)).mtype, 1)
    await namespace.setLimits(LIMITS)
    await namespace.msgget(0, 0o600)
  })

  test('restore lists what the kernel cannot take', async () => {
    const sender = { pid: 5, uid: 6 }
    const queue = queueOf(3, {
      perm: { key: 0, uid: 0, gid: 0, cuid: 42, cgid: 0, mode: 0o600 },
      stime: 5_000,
      rtime: 6_000,
      ctime: 7_000,
      lspid: 5,
      copyCounter: 2,
      lastSequence: 9,
      messages: [{ mtype: 1, mtext: bytes(1), sequence: 9, sender, time: 5_000 }],
    })
    const identifiers = { nextIndex: 5, lastIndex: 4, sequence: 0 }
    const { notRestored } = await namespace.restore(imageOf([queue], { identifiers }))
    deepEqual(
      notRestored.map(({ msqid, field }) => [msqid, field].join()),
      [
        'stime',
        'rtime',
        'ctime',
        'lspid',
        'lrpid',
        'creator',
        'copyCounter',
        'lastSequence',
        'sequence',
        'sender',
        'time',
      ]
        .map((field) => `3,${field}`)
        .concat(',identifiers'),
    )
    equal(notRestored.find(({ field }) => field === 'lrpid')?.reason, 'not in the image')
  })

  test('restore beside standing queues raises limits only, and keeps a pending msg_next_id', async () => {
    const standing = await namespace.msgget(0, 0o600)
    await namespace.setNextId(777)
    const limits = { msgmax: 9_000, msgmnb: 100, msgmni: 100 }
    const index = (standing + 20) % 32_768
    const { notRestored } = await namespace.restore(imageOf([queueOf(index)], { limits, nextId: 5 }))
    deepEqual(await namespace.limits(), { ...LIMITS, msgmax: 9_000 })
    equal(await namespace.nextId(), 777)
    equal(
      notRestored.some(({ field, msqid }) => field === 'nextId' && msqid === undefined),
      true,
    )
    await namespace.msgget(0, 0o600)
  })

  for (const [name, image, error] of [
    ['an index in use', imageOf([queueOf(100), queueOf(7 * 32_768 + 9)]), { code: 'EEXIST', msqid: 7 * 32_768 + 9 }],
    [
      'a key in use',
      imageOf([queueOf(100), queueOf(101, { perm: { key: 0x55, uid: 0, gid: 0, cuid: 0, cgid: 0, mode: 0 } })]),
      { code: 'EEXIST', key: 0x55, message: /queue 101/ },
    ],
    ['two queues with one index', imageOf([queueOf(100), queueOf(32_768 + 100)]), { code: 'EINVAL' }],
    ['a message of type 0', imageOf([queueOf(100, { messages: [{ mtype: 0, mtext: bytes(1) }] })]), { code: 'EINVAL' }],
    [
      'limits that no kernel takes',
      imageOf([queueOf(100)], { limits: { ...LIMITS, msgmni: 40_000 } }),
      { code: 'EINVAL' },
    ],
    // Found only when the first queue is whole: qbytes above every msgmnb, without CAP_SYS_RESOURCE.
    [
      'a queue that the kernel refuses',
      imageOf(
        [queueOf(100, { messages: [{ mtype: 1, mtext: bytes(20_000) }] }), queueOf(101, { qbytes: 2 ** 64 - 2 ** 31 })],
        { nextId: 3 },
      ),
      { code: 'EPERM', msqid: 101 },
    ],
  ] as const) {
    test(`restore of ${name} fails and changes nothing`, async (context) => {
      if (name === 'a queue that the kernel refuses' && hasCapability('CAP_SYS_RESOURCE')) {
        return context.skip('this process has CAP_SYS_RESOURCE: the kernel refuses no qbytes')
      }
      await namespace.setNextId(32_768 + 9)
      await namespace.msgget(0x55, IPC_CREAT | 0o600)
      await namespace.setNextId(4_000)
      const before = all()
      await rejects(namespace.restore(image), { syscall: 'restore', ...error })
      equal(all(), before)
      deepEqual(await namespace.limits(), LIMITS)
      equal(await namespace.nextId(), 4_000)
      await namespace.msgget(0, 0o600)
    })
  }

  test('restore that fails leaves no msg_next_id behind', async (context) => {
    if (hasCapability('CAP_SYS_RESOURCE'))
      return context.skip('this process has CAP_SYS_RESOURCE: the kernel refuses no qbytes')
    await rejects(namespace.restore(imageOf([queueOf(7, { qbytes: 2 ** 64 - 2 ** 31 })], { nextId: 3 })), {
      code: 'EPERM',
    })
    equal(await namespace.nextId(), -1)
  })

  test('restore of more queues than msgmni leaves room for is ENOSPC', async () => {
    await namespace.msgget(0, 0o600)
    await namespace.setLimits({ msgmni: 2 })
    const image = imageOf([queueOf(500), queueOf(501)], { limits: { ...LIMITS, msgmni: 2 } })
    await rejects(namespace.restore(image), { code: 'ENOSPC', syscall: 'restore' })
    equal((await namespace.msgctl(0, MSG_INFO)).info.pool, 1)
  })

  test('restore of what is no checkpoint is a TypeError', async () => {
    for (const value of [undefined, 5, {}, { queues: [{}], limits: LIMITS, nextId: -1 }]) {
      await rejects(namespace.restore(value as never), TypeError)
    }
  })

  test('restore keeps every queue closed until it is whole', async () => {
    const messages = Array.from({ length: 20_000 }, (_, at) => ({ mtype: at + 1, mtext: bytes(8) }))
    const queues = [queueOf(40, { qbytes: INT_MAX, messages }), queueOf(41, { messages: messages.slice(0, 10) })]
    const words = new Int32Array(new SharedArrayBuffer(16))
    const worker = new Worker(WATCHER, {
      eval: true,
      workerData: { words, linux: new URL('../../linux/index.js', import.meta.url).href },
    })
    const ended = new Promise((resolve) => worker.once('exit', resolve))
    Atomics.wait(words, 1, 0)
    await namespace.restore(imageOf(queues))
    Atomics.store(words, 0, 1)
    await ended
    const [, , partly = 0, openEarly = 0] = words
    equal(partly > 0, true, 'the watcher saw no queue being filled')
    equal(openEarly, 0)
    equal((await namespace.msgctl(40, IPC_STAT)).qnum, 20_000)
  })
})

/** Looks at index 40 all the time: counts how often it was not whole, and how often it was open then. */
const WATCHER = `
  const { words, linux } = require('node:worker_threads').workerData
  import(linux).then(({ linuxCalls }) => {
    const { msgctl } = linuxCalls()
    const stat = Buffer.alloc(120)
    Atomics.store(words, 1, 1)
    Atomics.notify(words, 1)
    while (Atomics.load(words, 0) === 0) {
      if (msgctl(40, 13, stat) < 0 || stat.readUInt32LE(80) === 20000) continue
      words[2]++
      if ((stat.readUInt32LE(20) & 0o777) !== 0o200) words[3]++
    }
  })
`
