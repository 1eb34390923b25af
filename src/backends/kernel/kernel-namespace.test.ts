import { deepEqual, equal, match, ok, rejects, throws } from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { describe, test } from 'node:test'
import {
  INT_MAX,
  IPC_CREAT,
  IPC_EXCL,
  IPC_INFO,
  IPC_NOWAIT,
  IPC_RMID,
  IPC_SET,
  IPC_STAT,
  LONG_MAX,
  LONG_MIN,
  MSG_COPY,
  MSG_EXCEPT,
  MSG_INFO,
  MSG_NOERROR,
  MSG_STAT,
  MSG_STAT_ANY,
} from '../../abi/index.ts'
import { CLONE_NEWIPC, linuxCalls } from '../../linux/index.ts'
import { openKernelNamespace } from './index.ts'

equal(linuxCalls().unshare(CLONE_NEWIPC), 0, 'needs root: a fresh IPC namespace')
const namespace = openKernelNamespace()

const bytes = (length: number, fill = 1) => new Uint8Array(length).fill(fill)
const newQueue = (mode = 0o600) => namespace.msgget(0, mode)

describe('the four calls', () => {
  test('msgsnd and msgrcv carry types from 1 to 2^63-1 exactly, both ways', async () => {
    const msqid = await newQueue()
    const types = [1, 2 ** 31, Number.MAX_SAFE_INTEGER, 2n ** 53n + 1n, 2n ** 62n + 12_345n, LONG_MAX]
    for (const mtype of types) await namespace.msgsnd(msqid, { mtype, mtext: bytes(3) }, 0)
    for (const mtype of types.toReversed()) {
      equal((await namespace.msgrcv(msqid, 3, mtype, IPC_NOWAIT)).mtype, mtype)
    }
  })

  test('msgrcv with msgtyp -2^63 takes the lowest type, 2^63-1 included', async () => {
    const msqid = await newQueue()
    await namespace.msgsnd(msqid, { mtype: LONG_MAX, mtext: bytes(0) }, 0)
    await namespace.msgsnd(msqid, { mtype: 9, mtext: bytes(1) }, 0)
    equal((await namespace.msgrcv(msqid, 9, LONG_MIN, IPC_NOWAIT)).mtype, 9)
    equal((await namespace.msgrcv(msqid, 9, LONG_MIN, IPC_NOWAIT)).mtype, LONG_MAX)
  })

  test('msgrcv gives bytes that later calls leave alone', async () => {
    const msqid = await newQueue()
    await namespace.msgsnd(msqid, { mtype: 1, mtext: bytes(4, 7) }, 0)
    await namespace.msgsnd(msqid, { mtype: 1, mtext: bytes(4, 8) }, 0)
    const first = await namespace.msgrcv(msqid, 4, 0, 0)
    await namespace.msgrcv(msqid, 4, 0, 0)
    deepEqual(first.mtext, bytes(4, 7))
  })

  test('msgsnd copies the bytes before it returns', async () => {
    const msqid = await newQueue()
    const mtext = bytes(4, 7)
    const sent = namespace.msgsnd(msqid, { mtype: 1, mtext }, 0)
    mtext.fill(8)
    await sent
    deepEqual((await namespace.msgrcv(msqid, 4, 0, 0)).mtext, bytes(4, 7))
  })

  for (const msgsz of [5e9, Number.MAX_SAFE_INTEGER, INT_MAX]) {
    for (const [name, msgflg] of Object.entries({ plain: 0, MSG_NOERROR, MSG_COPY: MSG_COPY | IPC_NOWAIT })) {
      test(`msgrcv ${name} with msgsz ${msgsz} gets messages of any length whole`, async () => {
        const { msgmax, msgmnb } = await namespace.limits()
        await namespace.setLimits({ msgmax: 3_000_000, msgmnb: 8_000_000 })
        const msqid = await newQueue()
        for (const length of [0, 65_536, 65_537, 3_000_000]) {
          const mtext = bytes(length, length % 251)
          await namespace.msgsnd(msqid, { mtype: 1, mtext }, 0)
          const { mtext: received } = await namespace.msgrcv(msqid, msgsz, 0, msgflg)
          equal(Buffer.compare(received, mtext), 0)
          if (msgflg & MSG_COPY) await namespace.msgrcv(msqid, length, 0, 0)
        }
        await namespace.msgctl(msqid, IPC_RMID)
        await namespace.setLimits({ msgmax, msgmnb })
      })
    }
  }

  test('msgrcv of a message of a higher msgmax than now gets it whole', async () => {
    const msqid = await newQueue()
    const { msgmax, msgmnb } = await namespace.limits()
    await namespace.setLimits({ msgmax: 200_000, msgmnb: 400_000 })
    const long = await newQueue()
    await namespace.msgsnd(long, { mtype: 1, mtext: bytes(200_000, 3) }, 0)
    await namespace.setLimits({ msgmax, msgmnb })
    await rejects(namespace.msgrcv(long, 400_000, 0, MSG_COPY | IPC_NOWAIT), { code: 'EINVAL' })
    await rejects(namespace.msgrcv(long, 199_999, 0, 0), { code: 'E2BIG', msqid: long })
    equal((await namespace.msgrcv(long, 5e9, 0, MSG_NOERROR)).mtext.length, 200_000)
    await namespace.msgctl(msqid, IPC_RMID)
  })

  test('msgrcv with MSG_NOERROR cuts at msgsz, and msgsz 0 gives no bytes', async () => {
    const msqid = await newQueue()
    await namespace.msgsnd(msqid, { mtype: 1, mtext: bytes(10) }, 0)
    await namespace.msgsnd(msqid, { mtype: 1, mtext: bytes(10) }, 0)
    equal((await namespace.msgrcv(msqid, 4, 0, MSG_NOERROR)).mtext.length, 4)
    equal((await namespace.msgrcv(msqid, 0, 0, MSG_NOERROR)).mtext.length, 0)
  })

  test('msgrcv with MSG_COPY but no IPC_NOWAIT, or with MSG_EXCEPT, is EINVAL and does not wait', async () => {
    const msqid = await newQueue()
    await rejects(namespace.msgrcv(msqid, 9, 0, MSG_COPY), { code: 'EINVAL', syscall: 'msgrcv' })
    await rejects(namespace.msgrcv(msqid, 9, 0, MSG_COPY | MSG_EXCEPT | IPC_NOWAIT), { code: 'EINVAL' })
    await rejects(namespace.msgrcv(msqid, 9, 0, MSG_COPY | IPC_NOWAIT), { code: 'ENOMSG' })
  })

  test('msgget refuses as the kernel does, naming the key', async () => {
    await rejects(namespace.msgget(0x4a0b5, 0), { code: 'ENOENT', errno: -2, syscall: 'msgget', key: 0x4a0b5 })
    await namespace.msgget(0x4a0b5, IPC_CREAT | 0o600)
    await rejects(namespace.msgget(0x4a0b5, IPC_CREAT | IPC_EXCL), { code: 'EEXIST', key: 0x4a0b5 })
  })

  test('msgsnd over msgmax says what msgmax is', async () => {
    const msqid = await newQueue()
    const refusal = rejects(namespace.msgsnd(msqid, { mtype: 1, mtext: bytes(8193) }, 0), (error: Error) => {
      match(error.message, /EINVAL.*msgmax is 8192.*8193 bytes/)
      return true
    })
    await refusal
    equal((await namespace.msgctl(msqid, IPC_STAT)).qnum, 0)
  })

  test('msgctl answers IPC_STAT, MSG_STAT, MSG_STAT_ANY, IPC_INFO and MSG_INFO with their structs', async () => {
    const msqid = await newQueue(0o640)
    await namespace.msgsnd(msqid, { mtype: 1, mtext: bytes(10) }, 0)
    const stat = await namespace.msgctl(msqid, IPC_STAT)
    equal(stat.perm.mode, 0o640)
    equal(stat.cbytes, 10)
    equal(stat.lspid, process.pid)
    const index = msqid % 32_768
    deepEqual(await namespace.msgctl(index, MSG_STAT), { msqid, stat })
    deepEqual(await namespace.msgctl(index, MSG_STAT_ANY), { msqid, stat })
    equal((await namespace.msgctl(0, IPC_INFO)).info.max, 8192)
    ok((await namespace.msgctl(0, MSG_INFO)).info.pool >= 1)
    await rejects(namespace.msgctl(0, 99), { code: 'EINVAL' })
  })

  test('msgctl IPC_SET sets owner, mode and qbytes, and without settings is EFAULT', async () => {
    const msqid = await newQueue()
    equal(await namespace.msgctl(msqid, IPC_SET, { perm: { uid: 7, gid: 8, mode: 0o644 }, qbytes: 100 }), undefined)
    const { perm, qbytes } = await namespace.msgctl(msqid, IPC_STAT)
    deepEqual([perm.uid, perm.gid, perm.mode, qbytes], [7, 8, 0o644, 100])
    await rejects(namespace.msgctl(msqid, IPC_SET), { code: 'EFAULT', msqid })
  })

  test('msgrcv without permission names owner and mode', () => {
    const script = `
      const { openKernelNamespace } = await import(${JSON.stringify(new URL('./index.js', import.meta.url).href)})
      const { linuxCalls, CLONE_NEWIPC } = await import(${JSON.stringify(new URL('../../linux/index.js', import.meta.url).href)})
      linuxCalls().unshare(CLONE_NEWIPC)
      const namespace = openKernelNamespace()
      const msqid = await namespace.msgget(0, 0o640)
      process.setgroups([]); process.setgid(1234); process.setuid(1234)
      const error = await namespace.msgrcv(msqid, 1, 0, 0).catch((error) => error)
      process.stdout.write(error.code + ' ' + error.msqid + ' ' + error.message)
      await namespace.close()
    `
    const output = execFileSync(process.execPath, ['--input-type=module', '-e', script]).toString()
    match(output, /^EACCES 0 .*belongs to 0:0 with mode 0640.*process is 1234:1234/)
  })

  test('sync blocks its thread until another process sends', async () => {
    const namespaceFile = `/proc/${process.pid}/task/${linuxCalls().gettid()}/ns/ipc`
    const msqid = await newQueue()
    const script = `
      import { openSync } from 'node:fs'
      import { linuxCalls } from ${JSON.stringify(new URL('../../linux/index.js', import.meta.url).href)}
      const { openKernelNamespace } = await import(${JSON.stringify(new URL('./index.js', import.meta.url).href)})
      linuxCalls().setns(openSync('${namespaceFile}'), 0)
      openKernelNamespace().sync.msgsnd(${msqid}, { mtype: 3, mtext: Buffer.from('from outside') }, 0)
    `
    const { spawn } = await import('node:child_process')
    spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'inherit' })
    const message = namespace.sync.msgrcv(msqid, 100, 0, 0)
    equal(Buffer.from(message.mtext).toString(), 'from outside')
  })
})

describe('arguments', () => {
  test('every call refuses what no C program could pass, and changes nothing', async () => {
    const msqid = await newQueue()
    const before = await namespace.msgctl(msqid, IPC_STAT)
    await rejects(namespace.msgget('key' as never, 0), TypeError)
    await rejects(namespace.msgget(2 ** 32, 0), RangeError)
    await rejects(namespace.msgsnd(msqid, { mtype: 1.5, mtext: bytes(1) }, 0), RangeError)
    await rejects(namespace.msgsnd(msqid, { mtype: 1, mtext: 'text' as never }, 0), TypeError)
    await rejects(namespace.msgrcv(msqid, 1, 2n ** 63n, 0), RangeError)
    await rejects(namespace.msgctl(msqid, IPC_SET, {} as never), TypeError)
    await rejects(namespace.setLimits({ msgmax: 1.5 }), RangeError)
    await rejects(namespace.setNextId('1' as never), TypeError)
    throws(() => namespace.sync.msgsnd(msqid, { mtype: 1, mtext: [] as never }, 0), TypeError)
    await rejects(namespace.msgrcv(msqid, -1, 0, 0), { code: 'EINVAL' })
    await rejects(namespace.msgsnd(msqid, { mtype: 0, mtext: bytes(1) }, 0), { code: 'EINVAL' })
    deepEqual(await namespace.msgctl(msqid, IPC_STAT), before)
  })
})

describe('what the kernel cannot', () => {
  const UNSUPPORTED = { code: 'ERR_MSGQ_UNSUPPORTED' }

  test('copyAfter, hold, waiting, as and setCopyCounter say which backend can', async () => {
    const msqid = await newQueue()
    await rejects(namespace.copyAfter(msqid, 0, 1, 0, IPC_NOWAIT), { ...UNSUPPORTED, message: /memory:/ })
    await rejects(namespace.msgrcv(msqid, 1, 0, IPC_NOWAIT, { hold: true }), UNSUPPORTED)
    await rejects(namespace.waiting(), UNSUPPORTED)
    await rejects(namespace.setCopyCounter(msqid, 0), UNSUPPORTED)
    throws(() => namespace.as({ uid: 1 }), UNSUPPORTED)
    deepEqual(namespace.capabilities, {
      copy: 'index',
      cursors: false,
      held: false,
      waiting: false,
      senders: false,
      sync: 'blocks',
      as: false,
      history: false,
      restores: 'queues',
    })
  })
})

describe('limits', () => {
  test('setLimits sets all or none', async () => {
    const before = await namespace.limits()
    await rejects(namespace.setLimits({ msgmax: 100, msgmnb: 100, msgmni: 40_000 }), {
      code: 'EINVAL',
      syscall: 'setLimits',
    })
    deepEqual(await namespace.limits(), before)
    await namespace.setLimits({ msgmax: 100, msgmni: 10 })
    deepEqual(await namespace.limits(), { ...before, msgmax: 100, msgmni: 10 })
    await namespace.setLimits(before)
  })

  test('setNextId asks for the id of the next queue', async () => {
    equal(await namespace.nextId(), -1)
    await rejects(namespace.setNextId(-1), { code: 'EINVAL', syscall: 'setNextId' })
    await namespace.setNextId(98_304 + 500)
    equal(await namespace.nextId(), 98_304 + 500)
    equal(await newQueue(), 98_304 + 500)
    equal(await namespace.nextId(), -1)
  })
})

describe('close', () => {
  test('close leaves the queues, and every call after it rejects', async () => {
    const closing = openKernelNamespace()
    const msqid = await closing.msgget(0, 0o600)
    await closing.close()
    await closing.close()
    await rejects(closing.msgget(0, 0o600), { code: 'ERR_MSGQ_CLOSED' })
    await rejects(closing.checkpoint(), { code: 'ERR_MSGQ_CLOSED' })
    throws(() => closing.sync.msgctl(msqid, IPC_STAT), { code: 'ERR_MSGQ_CLOSED' })
    equal((await namespace.msgctl(msqid, IPC_STAT)).qnum, 0)
  })
})
