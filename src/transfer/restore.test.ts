import { deepEqual, equal, match, notEqual, ok, rejects } from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import {
  INT_MAX,
  IPC_CREAT,
  IPC_NOWAIT,
  IPC_RMID,
  IPC_SET,
  IPC_STAT,
  IPCMNI,
  MSG_INFO,
  MSG_STAT_ANY,
} from '../abi/index.ts'
import { openEmbeddedNamespace } from '../backends/embedded/index.ts'
import { openKernelNamespace } from '../backends/kernel/index.ts'
import type { IpcNamespace, SyscallError } from '../contract/index.ts'
import type { Checkpoint } from '../engine/index.ts'
import { CLONE_NEWIPC, linuxCalls } from '../linux/index.ts'
import { planRestore, restoreQueues } from './index.ts'
import { unless } from './standing.ts'

equal(linuxCalls().unshare(CLONE_NEWIPC), 0, 'needs root: a fresh IPC namespace')
const kernel = openKernelNamespace()
after(() => kernel.close())

const KEY = 0x4d51
const bytesOf = (text: string) => new TextEncoder().encode(text)

async function make(namespace: IpcNamespace, key: number, ...texts: readonly string[]): Promise<number> {
  const msqid = await namespace.msgget(key, IPC_CREAT | 0o600)
  for (const text of texts) await namespace.msgsnd(msqid, { mtype: text.length, mtext: bytesOf(text) }, IPC_NOWAIT)
  return msqid
}

async function drain(namespace: IpcNamespace, msqid: number): Promise<string> {
  const texts: string[] = []
  for (;;) {
    const message = await unless('ENOMSG', namespace.msgrcv(msqid, INT_MAX, 0, IPC_NOWAIT))
    if (message === undefined) return texts.join()
    texts.push(new TextDecoder().decode(message.mtext))
  }
}

async function clear(namespace: IpcNamespace): Promise<void> {
  const { maxIndex } = await namespace.msgctl(0, MSG_INFO)
  for (let index = 0; index <= maxIndex; index++) {
    const queue = await unless('EINVAL', namespace.msgctl(index, MSG_STAT_ANY))
    if (queue !== undefined) await namespace.msgctl(queue.msqid, IPC_RMID)
  }
}

/** Everything but when, for a queue that is put back is made anew where the kernel sets times itself. */
async function contentOf(namespace: IpcNamespace): Promise<unknown> {
  const { limits, nextId, queues } = await namespace.checkpoint()
  const content = queues.map(({ msqid, perm, qbytes, messages }) => {
    return { msqid, perm, qbytes, messages: Array.from(messages, ({ mtype, mtext }) => [mtype, ...mtext]) }
  })
  return { limits, nextId, queues: content }
}

/** The image, with one message more on a queue, of a type that nobody takes: a restore fails when it comes to it. */
function damaged(image: Checkpoint, msqid: number): Checkpoint {
  const bad = { mtype: 0, mtext: bytesOf('bad') }
  const queues = image.queues.map((queue) =>
    queue.msqid === msqid ? { ...queue, messages: [...queue.messages, bad] } : queue,
  )
  return { ...image, queues }
}

for (const [name, open] of [
  ['memory:', () => openEmbeddedNamespace()],
  ['linux:', () => kernel],
] as const) {
  describe(`restoreQueues into ${name}`, () => {
    /** A namespace with a queue that has a key and one that has none, and its image. */
    async function imaged() {
      const namespace = open()
      await clear(namespace)
      const keyed = await make(namespace, KEY, 'a', 'bb', 'ccc')
      const plain = await make(namespace, 0, 'dddd')
      return { namespace, keyed, plain, image: await namespace.checkpoint() }
    }

    test('restoreQueues without a choice brings all back, and refuses what stands', async () => {
      const { namespace, keyed, plain, image } = await imaged()
      const before = await contentOf(namespace)
      await rejects(restoreQueues(namespace, image), { code: 'EEXIST', key: KEY, message: /nothing was restored/ })
      deepEqual(await contentOf(namespace), before)
      await clear(namespace)
      const report = await restoreQueues(namespace, image)
      deepEqual(report.restored, [
        { from: keyed, to: keyed, key: KEY, messages: 3, bytes: 6 },
        { from: plain, to: plain, key: 0, messages: 1, bytes: 4 },
      ])
      deepEqual([report.appended, report.replaced], [[], []])
      deepEqual(await contentOf(namespace), before)
    })

    test('restoreQueues with only brings those, by id or key, and refuses what the image has not', async () => {
      const { namespace, keyed, plain, image } = await imaged()
      await clear(namespace)
      for (const [only, code] of [
        [[{ key: KEY + 1 }], 'ENOENT'],
        [[{ msqid: plain }, { msqid: plain + 5 }], 'EINVAL'],
      ] as const) {
        await rejects(restoreQueues(namespace, image, { only }), { code, message: /the image has no such queue/ })
      }
      equal((await namespace.msgctl(0, MSG_INFO)).info.pool, 0)
      await restoreQueues(namespace, image, { only: [{ key: KEY }] })
      equal(await drain(namespace, keyed), 'a,bb,ccc')
      equal(await unless('EINVAL', namespace.msgctl(plain, IPC_STAT)), undefined)
    })

    test('restoreQueues with replace removes what is in the way: waiters there get EIDRM', async () => {
      const { namespace, keyed, plain, image } = await imaged()
      await clear(namespace)
      // The key is on another id, and the other id has a key of its own.
      await namespace.setNextId(keyed + 40)
      const byKey = await make(namespace, KEY)
      await namespace.setNextId(plain + IPCMNI)
      const byIndex = await make(namespace, KEY + 7, 'in the way')
      const receiver = rejects(namespace.msgrcv(byKey, 10, 0, 0), { code: 'EIDRM' })
      const { replaced } = await restoreQueues(namespace, image, { standing: 'replace' })
      await receiver
      deepEqual(
        replaced.map(({ msqid, messages }) => [msqid, messages]),
        [
          [byKey, 0],
          [byIndex, 1],
        ],
      )
      equal(await drain(namespace, keyed), 'a,bb,ccc')
      equal(await drain(namespace, plain), 'dddd')
      equal((await namespace.msgctl(0, MSG_INFO)).info.pool, 2)
    })

    test('restoreQueues with replace that fails puts back what it removed, and takes back what it made', async () => {
      const { namespace, keyed, plain, image } = await imaged()
      await drain(namespace, keyed)
      await namespace.msgsnd(keyed, { mtype: 9, mtext: bytesOf('newer') }, 0)
      await namespace.msgctl(keyed, IPC_SET, { perm: { uid: 1001, gid: 1002, mode: 0o640 }, qbytes: 1_000 })
      await namespace.msgctl(plain, IPC_RMID)
      const before = await contentOf(namespace)
      const failing = restoreQueues(namespace, damaged(image, plain), { standing: 'replace' })
      await rejects(failing, { code: 'EINVAL', syscall: 'restore' })
      deepEqual(await contentOf(namespace), before)
    })

    test('restoreQueues with replace of every queue leaves limits and msg_next_id as a namespace in use has them', async () => {
      const { namespace, image } = await imaged()
      const { msgmax } = await namespace.limits()
      await namespace.setLimits({ msgmax: msgmax * 2 })
      await namespace.setNextId(12_345)
      await restoreQueues(namespace, { ...image, nextId: 77 }, { standing: 'replace' })
      equal((await namespace.limits()).msgmax, msgmax * 2)
      equal(await namespace.nextId(), 12_345)
      await namespace.setLimits({ msgmax })
      await make(namespace, 0)
    })

    test('restoreQueues with append sends to what stands, waking its receivers; its limits stay', async () => {
      const { namespace, keyed, plain, image } = await imaged()
      await drain(namespace, keyed)
      await namespace.msgctl(plain, IPC_RMID)
      const receiving = namespace.msgrcv(keyed, 10, 2, 0)
      await namespace.msgctl(keyed, IPC_SET, { perm: { uid: 0, gid: 0, mode: 0o600 }, qbytes: 7 })
      const { appended, restored } = await restoreQueues(namespace, image, { standing: 'append' })
      deepEqual(appended, [{ from: keyed, to: keyed, key: KEY, messages: 3, bytes: 6 }])
      deepEqual(restored, [{ from: plain, to: plain, key: 0, messages: 1, bytes: 4 }])
      equal(new TextDecoder().decode((await receiving).mtext), 'bb')
      equal(await drain(namespace, keyed), 'a,ccc')
      equal((await namespace.msgctl(keyed, IPC_STAT)).qbytes, 7)
    })

    test('restoreQueues with append joins queues of one key or one id, and no others', async () => {
      const { namespace, plain, image } = await imaged()
      await clear(namespace)
      await namespace.setNextId(40 + IPCMNI * 3)
      const moved = await make(namespace, KEY, 'first')
      // The same index, and neither id nor key: another program's queue.
      await namespace.setNextId(plain + IPCMNI)
      await make(namespace, 0)
      const failing = restoreQueues(namespace, image, { standing: 'append' })
      await rejects(failing, { code: 'EEXIST', msqid: plain, message: /the index of its id is that of queue/ })
      equal(await drain(namespace, moved), 'first')
      await restoreQueues(namespace, image, { standing: 'append', only: [{ key: KEY }] })
      equal(await drain(namespace, moved), 'a,bb,ccc')
    })

    test('restoreQueues with append is EAGAIN where there is no room for all, and sends nothing', async () => {
      const { namespace, keyed, image } = await imaged()
      await namespace.msgctl(keyed, IPC_SET, { perm: { uid: 0, gid: 0, mode: 0o600 }, qbytes: 11 })
      const before = await contentOf(namespace)
      const failing = restoreQueues(namespace, image, { standing: 'append' })
      await rejects(failing, { code: 'EAGAIN', msqid: keyed, message: /room for 11 of each/ })
      deepEqual(await contentOf(namespace), before)
    })

    test('restoreQueues with append that fails takes back the rest, and says what stays', async () => {
      const { namespace, keyed, plain, image } = await imaged()
      await drain(namespace, keyed)
      await namespace.msgctl(plain, IPC_RMID)
      const failing = restoreQueues(namespace, damaged(image, keyed), { standing: 'append' })
      await rejects(failing, (error: SyscallError) => {
        equal(error.code, 'EINVAL')
        match(error.hint ?? '', new RegExp(`3 messages were appended to queue ${keyed}, and stay; everything else is`))
        return true
      })
      equal(await drain(namespace, keyed), 'a,bb,ccc')
      equal(await unless('EINVAL', namespace.msgctl(plain, IPC_STAT)), undefined)
    })

    test('restoreQueues with asNew gives ids that no queue had, and leaves a pending msg_next_id', async () => {
      const { namespace, plain, image } = await imaged()
      await namespace.setNextId(9_000)
      const { restored } = await restoreQueues(namespace, image, { asNew: true, only: [{ msqid: plain }] })
      const [first] = restored
      ok(first?.to !== undefined)
      notEqual(first.to, plain)
      equal(first.to === 9_000, false)
      equal(first.from, plain)
      equal(await drain(namespace, first.to), 'dddd')
      equal(await drain(namespace, plain), 'dddd')
      equal(await namespace.nextId(), 9_000)
      equal(await make(namespace, 0), 9_000)
      equal((await namespace.msgctl(0, MSG_INFO)).info.pool, 4)
    })

    test('restoreQueues with asNew refuses a key that is taken, unless replace or append covers it', async () => {
      const { namespace, keyed, image } = await imaged()
      const before = await contentOf(namespace)
      await rejects(restoreQueues(namespace, image, { asNew: true }), { code: 'EEXIST', key: KEY })
      deepEqual(await contentOf(namespace), before)
      const appended = await restoreQueues(namespace, image, { asNew: true, standing: 'append' })
      equal(appended.appended[0]?.to, keyed)
      const replaced = await restoreQueues(namespace, image, { asNew: true, standing: 'replace' })
      deepEqual(
        replaced.replaced.map(({ msqid, messages }) => [msqid, messages]),
        [[keyed, 6]],
      )
      equal(await namespace.msgget(KEY, 0), replaced.restored[0]?.to)
    })

    test('planRestore says what would happen, and changes nothing', async () => {
      const { namespace, keyed, plain, image } = await imaged()
      const before = await namespace.checkpoint()
      const refused = await planRestore(namespace, image)
      deepEqual(
        refused.conflicts.map(({ code }) => code),
        ['EEXIST', 'EEXIST'],
      )
      const replacing = await planRestore(namespace, image, { standing: 'replace', asNew: true })
      deepEqual(
        replacing.replaced.map(({ msqid }) => msqid),
        [keyed],
      )
      deepEqual(
        replacing.restored.map(({ from, to }) => [from, to]),
        [
          [keyed, undefined],
          [plain, undefined],
        ],
      )
      const appending = await planRestore(namespace, image, { standing: 'append' })
      deepEqual(
        appending.appended.map(({ to }) => to),
        [keyed, plain],
      )
      const { time: _, ...now } = await namespace.checkpoint()
      deepEqual({ ...now, time: before.time }, before)
    })

    test('restoreQueues of what is no checkpoint is a TypeError', async () => {
      for (const wrong of [undefined, null, 5, {}]) await rejects(restoreQueues(open(), wrong as never), TypeError)
    })
  })
}

test('restoreQueues with replace by someone who may not remove is EPERM, and what it removed is back', async () => {
  const namespace = openEmbeddedNamespace()
  const first = await make(namespace, 0, 'x')
  const second = await make(namespace, 0, 'y')
  await namespace.msgctl(first, IPC_SET, { perm: { uid: 7, gid: 7, mode: 0o600 }, qbytes: 100 })
  await namespace.msgctl(second, IPC_SET, { perm: { uid: 8, gid: 8, mode: 0o644 }, qbytes: 100 })
  const image = await namespace.checkpoint()
  const before = await contentOf(namespace)
  const other = namespace.as({ uid: 7, capabilities: ['CAP_CHECKPOINT_RESTORE'] })
  await rejects(restoreQueues(other, image, { standing: 'replace' }), { code: 'EPERM', msqid: second })
  deepEqual(await contentOf(namespace), before)
})
