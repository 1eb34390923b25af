import { deepEqual, equal, ok, rejects } from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { INT_MAX, IPC_NOWAIT, IPC_RMID, IPC_SET, IPC_STAT, MSG_EXCEPT } from '../abi/index.ts'
import { openEmbeddedNamespace } from '../backends/embedded/index.ts'
import { openKernelNamespace } from '../backends/kernel/index.ts'
import type { IpcNamespace } from '../contract/index.ts'
import { CLONE_NEWIPC, linuxCalls } from '../linux/index.ts'
import { copyMessages, type FoundInSpool, moveMessages, type QueuePlace } from './index.ts'
import { spooledMessages } from './spool.ts'
import { unless } from './standing.ts'

equal(linuxCalls().unshare(CLONE_NEWIPC), 0, 'needs root: a fresh IPC namespace')
const kernel = openKernelNamespace()
const spool = mkdtempSync(join(tmpdir(), 'msgq-move-'))
after(async () => {
  rmSync(spool, { recursive: true })
  await kernel.close()
})

async function queue(namespace: IpcNamespace, messages: readonly string[] = [], qbytes = 16_384): Promise<QueuePlace> {
  const msqid = await namespace.msgget(0, 0o600)
  await setQbytes({ namespace, msqid }, qbytes)
  for (const text of messages) await send({ namespace, msqid }, text)
  return { namespace, msqid }
}

function setQbytes({ namespace, msqid }: QueuePlace, qbytes: number): Promise<unknown> {
  return namespace.msgctl(msqid, IPC_SET, { perm: { uid: 0, gid: 0, mode: 0o600 }, qbytes })
}

/** `7abc` has type 7. */
function send({ namespace, msqid }: QueuePlace, text: string): Promise<void> {
  return namespace.msgsnd(msqid, { mtype: Number(text[0]), mtext: Buffer.from(text.slice(1)) }, IPC_NOWAIT)
}

async function contentOf({ namespace, msqid }: QueuePlace): Promise<string> {
  const { queues } = await namespace.checkpoint()
  const messages = queues.find((each) => each.msqid === msqid)?.messages ?? []
  return Array.from(messages, ({ mtype, mtext }) => `${mtype}${Buffer.from(mtext)}`).join()
}

/** Waits for a state. */
async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await turn()
}

const memory = openEmbeddedNamespace()

for (const [name, from, to] of [
  ['memory: to memory:', memory, openEmbeddedNamespace()],
  ['queue to queue of memory:', memory, memory],
  ['queue to queue of linux:', kernel, kernel],
  ['memory: to linux:', memory, kernel],
  ['linux: to memory:', kernel, memory],
] as const) {
  const texts = ['3c', '1a', '2', '1aa', '3ccc', '2bb']

  describe(`moveMessages, ${name}`, () => {
    for (const [what, options, moved, stays] of [
      ['all', {}, '3c,1a,2,1aa,3ccc,2bb', ''],
      ['all of a type', { msgtyp: 1 }, '1a,1aa', '3c,2,3ccc,2bb'],
      ['all of other types', { msgtyp: 1, msgflg: MSG_EXCEPT }, '3c,2,3ccc,2bb', '1a,1aa'],
      ['types up to 2, lowest first', { msgtyp: -2 }, '1a,1aa,2,2bb', '3c,3ccc'],
      ['at most two', { count: 2 }, '3c,1a', '2,1aa,3ccc,2bb'],
      ['none', { count: 0 }, '', texts.join()],
      ['none of a type that is not there', { msgtyp: 8 }, '', texts.join()],
    ] as const) {
      test(`moveMessages moves ${what}, in the order of msgrcv`, async () => {
        const source = await queue(from, texts)
        const target = await queue(to)
        const told: (number | bigint)[] = []
        const count = await moveMessages(source, target, {
          ...options,
          spool,
          onMoved: ({ mtype }) => told.push(mtype),
        })
        equal(await contentOf(target), moved)
        equal(await contentOf(source), stays)
        equal(count, moved === '' ? 0 : moved.split(',').length)
        equal(told.join(), moved.replaceAll(/(\d)\w*/g, '$1'))
        deepEqual(readdirSync(spool), [])
      })
    }

    test('moveMessages leaves a message that the target never takes, and sends nothing of it', async () => {
      const source = await queue(from, ['1a', '2123456', '3c'])
      const target = await queue(to, [], 5)
      await rejects(moveMessages(source, target, { spool }), { code: 'EINVAL', message: /qbytes are 5/ })
      equal(await contentOf(target), '1a')
      equal(await contentOf(source), '2123456,3c')
      equal((await source.namespace.msgrcv(source.msqid, 10, 0, IPC_NOWAIT)).mtype, 2)
      const long = await queue(from)
      await from.setLimits({ msgmax: 9_000 })
      await from.msgsnd(long.msqid, { mtype: 1, mtext: new Uint8Array(9_000) }, 0)
      if (from !== to) {
        const failing = moveMessages(long, await queue(to), { spool })
        await rejects(failing, { code: 'EINVAL', message: /msgmax is 8192, and the next message has 9000 bytes/ })
        equal((await long.namespace.msgctl(long.msqid, IPC_STAT)).qnum, 1)
      }
      await from.msgctl(long.msqid, IPC_RMID)
      await from.setLimits({ msgmax: 8_192 })
    })

    test('moveMessages waits for room, and an abort then loses nothing and doubles nothing', async () => {
      const source = await queue(from, ['1abc', '2def', '3ghi'])
      const target = await queue(to, [], 4)
      const abort = new AbortController()
      const reason = new Error('enough')
      const moving = moveMessages(source, target, { spool, signal: abort.signal })
      await until(async () => (await contentOf(target)) === '1abc')
      // The second message is hidden, which nobody sees, or in the slot; there is no room for it.
      if (!from.capabilities.held) await until(async () => (await contentOf(source)) === '3ghi')
      abort.abort(reason)
      await rejects(moving, (error) => error === reason)
      const left = spooledMessages(spool).map(
        ({ mtype, mtext, mayBeSent }) => `${mtype}${Buffer.from(mtext)} ${mayBeSent}`,
      )
      deepEqual(left, from.capabilities.held ? [] : ['2def false'])
      equal(await contentOf(source), from.capabilities.held ? '2def,3ghi' : '3ghi')
      await setQbytes(target, 100)
      const found: FoundInSpool[] = []
      await moveMessages(source, target, { spool, onFound: (message) => void found.push(message) })
      equal(await contentOf(target), '1abc,2def,3ghi')
      deepEqual(
        found.map(({ mtype, mayBeDoubled }) => [mtype, mayBeDoubled]),
        from.capabilities.held ? [] : [[2, false]],
      )
      deepEqual(readdirSync(spool), [])
    })

    test('moveMessages that follows moves what comes, empty or not, and ends with its source', async () => {
      const source = await queue(from, ['1a'])
      const target = await queue(to)
      const moving = moveMessages(source, target, { follow: true, spool })
      const come = ['1a']
      for (const text of ['2', '3bbb', '4', '5c', '6']) {
        await until(async () => (await contentOf(target)) === come.join())
        await send(source, text)
        come.push(text)
      }
      await until(async () => (await contentOf(target)) === come.join())
      await source.namespace.msgctl(source.msqid, IPC_RMID)
      equal(await moving, come.length)
    })

    test('moveMessages that follows ends when it is aborted, or has moved its count', async () => {
      const source = await queue(from)
      const target = await queue(to)
      const abort = new AbortController()
      const moving = moveMessages(source, target, { follow: true, spool, signal: abort.signal })
      await turn()
      abort.abort('enough')
      await rejects(moving, (reason) => reason === 'enough')
      await send(source, '1a')
      equal(await contentOf(source), '1a')
      await moveMessages(source, target, { follow: true, count: 1, spool })
      equal(await contentOf(target), '1a')
    })

    test('moveMessages fails where there is no such queue, or only one, and takes nothing', async () => {
      const source = await queue(from, ['1a'])
      const target = await queue(to)
      await rejects(moveMessages(source, { ...target, msqid: 32_000 }, { spool }), { code: 'EINVAL', msqid: 32_000 })
      await rejects(moveMessages({ ...source, msqid: 32_000 }, target, { spool }), { code: 'EINVAL', msqid: 32_000 })
      await rejects(moveMessages(source, source, { spool }), { name: 'TypeError', message: /are one queue/ })
      await rejects(moveMessages(source, target, { spool, count: -1 }), RangeError)
      await rejects(moveMessages(source, target, { spool, msgflg: IPC_NOWAIT }), TypeError)
      await rejects(moveMessages(source, target, { spool, signal: AbortSignal.abort('before') }), (reason) => {
        return reason === 'before'
      })
      equal(await contentOf(source), '1a')
    })
  })

  describe(`copyMessages, ${name}`, () => {
    test('copyMessages sends copies of the selected messages, and leaves the source as it is', async () => {
      const source = await queue(from, texts)
      const before = await source.namespace.msgctl(source.msqid, IPC_STAT)
      for (const [options, copied] of [
        [{}, texts.join()],
        [{ msgtyp: 3 }, '3c,3ccc'],
        [{ msgtyp: 3, msgflg: MSG_EXCEPT }, '1a,2,1aa,2bb'],
        [{ msgtyp: -2, count: 3 }, '1a,2,1aa'],
        [{ count: 0 }, ''],
      ] as const) {
        const target = await queue(to)
        equal(await copyMessages(source, target, options), copied === '' ? 0 : copied.split(',').length)
        equal(await contentOf(target), copied)
      }
      deepEqual(await source.namespace.msgctl(source.msqid, IPC_STAT), before)
    })
  })
}

describe('moveMessages while others receive', () => {
  test('moveMessages and another receiver of linux: lose and double nothing between them', async () => {
    const source = await queue(kernel)
    const target = await queue(kernel)
    const moving = moveMessages(source, target, { follow: true, msgtyp: -9, spool })
    const numbers = 2_000
    const received: string[] = []
    for (let number = 0; number < numbers; number++) {
      await send(source, `${1 + (number % 9)}${number}${'x'.repeat(number % 40)}`)
      if (number % 3 === 0) await receiveOne(source, received)
      while (await receiveOne(target, received));
      // The move is on this thread, too.
      if (number % 8 === 0) await turn()
    }
    await until(async () => {
      while (await receiveOne(target, received));
      return received.length === numbers
    })
    equal(new Set(received).size, numbers)
    await kernel.msgctl(source.msqid, IPC_RMID)
    await moving
  })
})

async function receiveOne({ namespace, msqid }: QueuePlace, into: string[]): Promise<boolean> {
  const message = await unless('ENOMSG', namespace.msgrcv(msqid, INT_MAX, 0, IPC_NOWAIT))
  if (message === undefined) return false
  into.push(Buffer.from(message.mtext).toString())
  return true
}

test('moveMessages with rescue first sends what any move has left, to its own target', async () => {
  const lost = await queue(kernel, ['7lost'])
  const abort = new AbortController()
  const full = await queue(kernel, ['1full'], 4)
  const moving = moveMessages(lost, full, { spool, signal: abort.signal })
  await until(async () => (await contentOf(lost)) === '')
  abort.abort('enough')
  await rejects(moving, (reason) => reason === 'enough')
  await kernel.msgctl(lost.msqid, IPC_RMID)

  const source = await queue(kernel, ['1a'])
  const target = await queue(kernel)
  equal(await moveMessages(source, target, { spool }), 1)
  equal(spooledMessages(spool).length, 1)
  const found: FoundInSpool[] = []
  await moveMessages(source, target, { spool, rescue: true, onFound: (message) => void found.push(message) })
  equal(await contentOf(target), '1a,7lost')
  ok(found[0]?.source.endsWith(String(lost.msqid)))
  deepEqual(readdirSync(spool), [])
})
