import { deepEqual, equal, rejects } from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { IPC_CREAT, IPC_RMID, MSG_INFO, MSG_STAT_ANY } from '../../abi/index.ts'
import { CLONE_NEWIPC, linuxCalls } from '../../linux/index.ts'
import { openKernelNamespace } from './index.ts'

equal(linuxCalls().unshare(CLONE_NEWIPC), 0, 'needs root: a fresh IPC namespace')
const namespace = openKernelNamespace()

const bytes = (length: number, fill = 1) => new Uint8Array(length).fill(fill)
const url = (path: string) => JSON.stringify(new URL(path, import.meta.url).href)

afterEach(async () => {
  const { maxIndex } = await namespace.msgctl(0, MSG_INFO)
  for (let index = 0; index <= maxIndex; index++) {
    const found = await namespace.msgctl(index, MSG_STAT_ANY).catch(() => undefined)
    if (found !== undefined) await namespace.msgctl(found.msqid, IPC_RMID)
  }
})

describe('checkpoint', () => {
  test('checkpoint of a namespace without queues has its limits alone', async () => {
    const before = Date.now()
    const { time, ...rest } = await namespace.checkpoint()
    deepEqual(rest, { limits: await namespace.limits(), nextId: -1, queues: [], waiting: [] })
    equal(time >= before && time <= Date.now(), true)
  })

  test('checkpoint copies every queue whole and changes nothing', async () => {
    await namespace.setNextId(3 * 32_768 + 5)
    const numbered = await namespace.msgget(0x77, IPC_CREAT | 0o640)
    const plain = await namespace.msgget(0, 0o600)
    await namespace.msgsnd(numbered, { mtype: 2n ** 63n - 1n, mtext: bytes(8192, 5) }, 0)
    await namespace.msgsnd(numbered, { mtype: 1, mtext: bytes(0) }, 0)
    await namespace.msgsnd(plain, { mtype: 3, mtext: bytes(3, 9) }, 0)
    await namespace.msgrcv(plain, 3, 0, 0)
    await namespace.setNextId(99)
    const before = readFileSync('/proc/sysvipc/msg', 'utf8')

    const { queues, nextId } = await namespace.checkpoint()

    equal(readFileSync('/proc/sysvipc/msg', 'utf8'), before)
    equal(nextId, 99)
    equal(await namespace.nextId(), 99)
    deepEqual(
      queues.map(({ msqid }) => msqid),
      [plain, numbered].toSorted((a, b) => (a % 32_768) - (b % 32_768)),
    )
    const stat = (await namespace.msgctl(numbered % 32_768, MSG_STAT_ANY)).stat
    deepEqual(
      queues.find(({ msqid }) => msqid === numbered),
      {
        msqid: numbered,
        perm: { key: 0x77, uid: 0, gid: 0, cuid: 0, cgid: 0, mode: 0o640 },
        qbytes: 16_384,
        stime: stat.stime * 1_000,
        rtime: 0,
        ctime: stat.ctime * 1_000,
        lspid: process.pid,
        lrpid: 0,
        messages: [
          { mtype: 2n ** 63n - 1n, mtext: bytes(8192, 5) },
          { mtype: 1, mtext: bytes(0) },
        ],
      },
    )
    // Taken, so that it is not left for the next test.
    await namespace.msgget(0, 0o600)
  })

  test('checkpoint of a message longer than msgmax says to raise it, and succeeds then', async () => {
    const limits = await namespace.limits()
    await namespace.setLimits({ msgmax: 20_000, msgmnb: 40_000 })
    const msqid = await namespace.msgget(0, 0o600)
    await namespace.msgsnd(msqid, { mtype: 1, mtext: bytes(20_000) }, 0)
    await namespace.setLimits(limits)
    await rejects(namespace.checkpoint(), { code: 'EINVAL', syscall: 'checkpoint', msqid, message: /raise msgmax/ })
    await namespace.setLimits({ msgmax: 20_000 })
    equal([...((await namespace.checkpoint()).queues[0]?.messages ?? [])][0]?.mtext.length, 20_000)
    await namespace.setLimits(limits)
  })

  test('checkpoint by a process that may not read a queue names the queue', () => {
    const script = `
      import { linuxCalls, CLONE_NEWIPC } from ${url('../../linux/index.js')}
      import { openKernelNamespace } from ${url('./index.js')}
      linuxCalls().unshare(CLONE_NEWIPC)
      const namespace = openKernelNamespace()
      await namespace.setNextId(32768 * 7)
      await namespace.msgget(0, 0o600)
      process.setgroups([]); process.setgid(1234); process.setuid(1234)
      const { code, syscall, msqid } = await namespace.checkpoint().catch((error) => error)
      process.stdout.write([code, syscall, msqid].join())
    `
    const output = execFileSync(process.execPath, ['--input-type=module', '-e', script]).toString()
    equal(output, `EACCES,checkpoint,${32_768 * 7}`)
  })

  describe('of a queue that changes meanwhile', () => {
    let long: number
    let changes: number
    // So long that each reading lets the event loop turn.
    beforeEach(async () => {
      await namespace.setLimits({ msgmnb: 100_000 })
      long = await namespace.msgget(0, 0o600)
      for (let mtype = 1; mtype <= 3_000; mtype++) namespace.sync.msgsnd(long, { mtype, mtext: bytes(1) }, 0)
      changes = 0
    })
    afterEach(() => namespace.setLimits({ msgmnb: 16_384 }))

    /** Takes the oldest message of a queue, and sends another one. */
    const change = (msqid: number) => {
      namespace.sync.msgrcv(msqid, 1, 0, 0)
      namespace.sync.msgsnd(msqid, { mtype: 10_000 + changes++, mtext: bytes(1) }, 0)
    }

    test('checkpoint of a queue that never stands still names it, after so many tries', async () => {
      const changing = setInterval(() => change(long), 1)
      let retries = 0
      try {
        await rejects(namespace.checkpoint({ onRetry: () => retries++ }), {
          code: 'ERR_MSGQ_TORN',
          message: new RegExp(`queue ${long} changed during each of 128 tries`),
        })
      } finally {
        clearInterval(changing)
      }
      equal(retries, 127)
      const messages = (await namespace.checkpoint({ onRetry: () => retries++ })).queues[0]?.messages
      // Now that it stands still.
      deepEqual([messages?.length, retries], [3_000, 127])
    })

    test('checkpoint proves each queue by itself: one changes all the time while another is read', async () => {
      const short = await namespace.msgget(0, 0o600)
      namespace.sync.msgsnd(short, { mtype: 9_999, mtext: bytes(1) }, 0)
      const changing = setInterval(() => change(short), 1)
      try {
        const { queues } = await namespace.checkpoint()
        deepEqual([queues[0]?.messages.length, queues[1]?.messages.length], [3_000, 1])
      } finally {
        clearInterval(changing)
      }
      equal(changes > 0, true)
    })

    test('checkpoint that is aborted rejects with the reason', async () => {
      const abort = new AbortController()
      setImmediate(() => abort.abort(new Error('enough')))
      await rejects(namespace.checkpoint({ signal: abort.signal }), /^Error: enough$/)
      await rejects(namespace.checkpoint({ signal: abort.signal }), /^Error: enough$/)
    })
  })

  test('checkpoint of a namespace that is closed meanwhile is ERR_MSGQ_CLOSED', async () => {
    const closing = openKernelNamespace()
    const msqid = await closing.msgget(0, 0o600)
    await namespace.setLimits({ msgmnb: 100_000 })
    const many = await namespace.msgget(0, 0o600)
    for (let mtype = 1; mtype <= 6_000; mtype++) await closing.msgsnd(many, { mtype, mtext: bytes(1) }, 0)
    const checkpoint = rejects(closing.checkpoint(), { code: 'ERR_MSGQ_CLOSED' })
    await closing.close()
    await checkpoint
    await namespace.setLimits({ msgmnb: 16_384 })
    await namespace.msgctl(msqid, IPC_RMID)
  })
})
