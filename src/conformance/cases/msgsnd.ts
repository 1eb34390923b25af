import { strict as assert } from 'node:assert'
import { IPC_NOWAIT, LONG_MAX, LONG_MIN, MSG_EXCEPT, MSG_NOERROR } from '../../abi/index.ts'
import {
  assertSince,
  change,
  drain,
  fill,
  make,
  makeWithRoom,
  message,
  pattern,
  refused,
  secondsNow,
  send,
  stat,
  take,
} from '../calls.ts'
import type { ConformanceCase } from '../case.ts'

const ALICE = { uid: 1000, gid: 1000 }

/** Sending without waiting. Source: msgsnd(2); Linux ipc/msg.c, do_msgsnd(). */
export const msgsndCases: readonly ConformanceCase[] = [
  {
    name: 'msgsnd counts the message and its bytes, and records its sender and time',
    run: async ({ namespace, self, midway }) => {
      const msqid = await make(namespace)
      const before = secondsNow()
      await send(namespace, msqid, 1, 'twelve bytes')
      await midway()
      const { qnum, cbytes, lspid, lrpid, stime, rtime } = await stat(namespace, msqid)
      assert.deepEqual(
        { qnum, cbytes, lspid, lrpid, rtime },
        { qnum: 1, cbytes: 12, lspid: self.pid, lrpid: 0, rtime: 0 },
      )
      assertSince(before, stime)
    },
  },
  {
    name: 'msgsnd by another process records that process',
    run: async ({ namespace, process, midway }) => {
      const msqid = await make(namespace, 0o666)
      const alice = await process(ALICE)
      await send(namespace, msqid, 1)
      await send(alice.namespace, msqid, 1)
      await midway()
      assert.equal((await stat(namespace, msqid)).lspid, alice.pid)
    },
  },
  {
    name: 'msgsnd leaves ctime, owner and mode alone',
    run: async ({ namespace }) => {
      const msqid = await make(namespace)
      const before = await stat(namespace, msqid)
      await send(namespace, msqid, 1)
      const after = await stat(namespace, msqid)
      assert.deepEqual([after.perm, after.ctime, after.qbytes], [before.perm, before.ctime, before.qbytes])
    },
  },
  {
    name: 'msgsnd keeps the order of messages of several processes',
    run: async ({ namespace, process, midway }) => {
      const msqid = await make(namespace, 0o666)
      const alice = await process(ALICE)
      await fill(namespace, msqid, 'a1 b2')
      await fill(alice.namespace, msqid, 'c1 d3')
      await midway()
      await fill(namespace, msqid, 'e1')
      assert.equal(await drain(namespace, msqid), 'a1 b2 c1 d3 e1')
    },
  },
  {
    name: 'msgsnd carries every byte value',
    run: async ({ namespace, midway }) => {
      const msqid = await make(namespace)
      const mtext = Uint8Array.from({ length: 256 }, (_, index) => 255 - index)
      await namespace.msgsnd(msqid, { mtype: 1, mtext }, 0)
      await midway()
      assert.deepEqual((await namespace.msgrcv(msqid, 256, 0, 0)).mtext, mtext)
    },
  },
  {
    name: 'msgsnd carries a message of msgmax bytes, and no longer one',
    run: async ({ namespace, midway }) => {
      const msqid = await make(namespace)
      await namespace.msgsnd(msqid, { mtype: 1, mtext: pattern(8192) }, IPC_NOWAIT)
      await refused('EINVAL', namespace.msgsnd(msqid, { mtype: 1, mtext: pattern(8193) }, IPC_NOWAIT))
      await midway()
      assert.deepEqual((await namespace.msgrcv(msqid, 8192, 0, 0)).mtext, pattern(8192))
    },
  },
  {
    name: 'msgsnd takes the bytes of a view, not of the buffer under it',
    run: async ({ namespace, midway }) => {
      const msqid = await make(namespace)
      const buffer = pattern(100)
      await namespace.msgsnd(msqid, { mtype: 1, mtext: buffer.subarray(10, 20) }, 0)
      await midway()
      assert.deepEqual((await namespace.msgrcv(msqid, 100, 0, 0)).mtext, pattern(100).slice(10, 20))
    },
  },
  {
    name: 'msgsnd has copied the bytes when it returns, even before it resolves',
    run: async ({ namespace }) => {
      const msqid = await make(namespace)
      const { mtype, mtext } = message(1, 'before')
      const sent = namespace.msgsnd(msqid, { mtype, mtext }, 0)
      mtext.fill(0)
      await sent
      assert.equal(await take(namespace, msqid), 'before1')
    },
  },
  {
    name: 'msgsnd takes an empty message',
    run: async ({ namespace, midway }) => {
      const msqid = await make(namespace)
      await send(namespace, msqid, 9)
      await midway()
      const { qnum, cbytes } = await stat(namespace, msqid)
      assert.deepEqual({ qnum, cbytes }, { qnum: 1, cbytes: 0 })
      assert.equal(await take(namespace, msqid), '9')
    },
  },
  {
    name: 'msgsnd fails with EINVAL for a type below 1',
    run: async ({ namespace }) => {
      const msqid = await make(namespace)
      for (const mtype of [0, -1, LONG_MIN]) await refused('EINVAL', send(namespace, msqid, mtype))
      assert.equal((await stat(namespace, msqid)).qnum, 0)
    },
  },
  {
    name: 'msgsnd keeps types beyond 2^53 exact',
    run: async ({ namespace, midway }) => {
      const msqid = await make(namespace)
      const types = [2n ** 53n, 2n ** 53n + 1n, 2n ** 62n + 1n, LONG_MAX]
      for (const mtype of types) await send(namespace, msqid, mtype)
      await midway()
      assert.equal(await drain(namespace, msqid), types.join(' '))
    },
  },
  {
    name: 'msgsnd judges size and type before permission',
    run: async ({ process, namespace }) => {
      const msqid = await make(namespace, 0)
      const alice = await process(ALICE)
      await refused('EINVAL', send(alice.namespace, msqid, 0))
      await refused('EINVAL', alice.namespace.msgsnd(msqid, { mtype: 1, mtext: pattern(8193) }, 0))
      await refused('EACCES', send(alice.namespace, msqid, 1))
    },
  },
  {
    name: 'msgsnd judges permission before room',
    run: async ({ process, namespace, midway }) => {
      const msqid = await makeWithRoom(namespace, 0)
      await midway()
      const alice = await process(ALICE)
      await refused('EACCES', send(alice.namespace, msqid, 1))
      await refused('EACCES', alice.namespace.msgsnd(msqid, message(1), 0))
      await change(namespace, msqid, { mode: 0o666 })
      await refused('EAGAIN', send(alice.namespace, msqid, 1))
    },
  },
  {
    name: 'msgsnd fills a queue to its last byte, then fails with EAGAIN',
    run: async ({ namespace, midway }) => {
      const msqid = await makeWithRoom(namespace, 10)
      await send(namespace, msqid, 1, 'four')
      await refused('EAGAIN', send(namespace, msqid, 1, 'seven b'))
      await send(namespace, msqid, 1, 'six by')
      await midway()
      await refused('EAGAIN', send(namespace, msqid, 1, 'x'))
      assert.equal((await stat(namespace, msqid)).cbytes, 10)
    },
  },
  {
    name: 'msgsnd admits an empty message to a queue whose bytes are full',
    run: async ({ namespace, midway }) => {
      const msqid = await makeWithRoom(namespace, 10)
      await send(namespace, msqid, 1, 'ten bytes!')
      await midway()
      await send(namespace, msqid, 1)
      assert.equal((await stat(namespace, msqid)).qnum, 2)
    },
  },
  {
    name: 'msgsnd admits as many messages as qbytes, empty ones too',
    run: async ({ namespace, midway }) => {
      const msqid = await makeWithRoom(namespace, 4)
      for (let count = 0; count < 4; count++) await send(namespace, msqid, 1)
      await midway()
      await refused('EAGAIN', send(namespace, msqid, 1))
      assert.equal((await stat(namespace, msqid)).qnum, 4)
    },
  },
  {
    name: 'msgsnd puts nothing on a queue whose qbytes is 0',
    run: async ({ namespace, midway }) => {
      const msqid = await makeWithRoom(namespace, 0)
      await midway()
      await refused('EAGAIN', send(namespace, msqid, 1))
    },
  },
  {
    name: 'msgsnd of more than qbytes, but not msgmax, is EAGAIN',
    run: async ({ namespace }) => {
      const msqid = await makeWithRoom(namespace, 10)
      await refused('EAGAIN', send(namespace, msqid, 1, 'eleven byte'))
    },
  },
  {
    name: 'msgsnd that fails changes nothing',
    run: async ({ namespace, midway }) => {
      const msqid = await makeWithRoom(namespace, 3)
      await send(namespace, msqid, 1, 'abc')
      const before = await stat(namespace, msqid)
      await midway()
      await refused('EAGAIN', send(namespace, msqid, 2, 'd'))
      await refused('EINVAL', send(namespace, msqid, 0, 'd'))
      assert.deepEqual(await stat(namespace, msqid), before)
      assert.equal(await drain(namespace, msqid), 'abc1')
    },
  },
  {
    name: 'msgsnd ignores flags that are not its own',
    run: async ({ namespace }) => {
      const msqid = await makeWithRoom(namespace, 3)
      const flags = MSG_NOERROR | MSG_EXCEPT | 0o777 | 0x4000_0000
      await namespace.msgsnd(msqid, message(5, 'abc'), flags | IPC_NOWAIT)
      await refused('EAGAIN', namespace.msgsnd(msqid, message(5, 'd'), flags | IPC_NOWAIT))
      assert.equal(await drain(namespace, msqid), 'abc5')
    },
  },
  {
    name: 'msgsnd to one queue leaves the others alone',
    run: async ({ namespace, midway }) => {
      const first = await make(namespace)
      const second = await make(namespace)
      await send(namespace, first, 1, 'a')
      await midway()
      assert.equal((await stat(namespace, second)).qnum, 0)
      assert.equal(await drain(namespace, first), 'a1')
    },
  },
]
