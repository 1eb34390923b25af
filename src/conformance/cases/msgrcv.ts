import { strict as assert } from 'node:assert'
import { INT_MAX, IPC_NOWAIT, LONG_MAX, MSG_NOERROR } from '../../abi/index.ts'
import {
  assertSince,
  drain,
  fill,
  make,
  message,
  pattern,
  refused,
  secondsNow,
  send,
  stat,
  take,
  textOf,
} from '../calls.ts'
import type { ConformanceCase } from '../case.ts'

const ALICE = { uid: 1000, gid: 1000 }

/** Receiving without waiting. Source: msgrcv(2); Linux ipc/msg.c, do_msgrcv(). */
export const msgrcvCases: readonly ConformanceCase[] = [
  {
    name: 'msgrcv returns type and payload, and takes them off the queue',
    run: async ({ namespace, midway }) => {
      const msqid = await make(namespace)
      await fill(namespace, msqid, 'abc7 de8')
      await midway()
      const { mtype, mtext } = await namespace.msgrcv(msqid, 10, 0, 0)
      assert.deepEqual({ mtype, mtext }, message(7, 'abc'))
      const { qnum, cbytes } = await stat(namespace, msqid)
      assert.deepEqual({ qnum, cbytes }, { qnum: 1, cbytes: 2 })
    },
  },
  {
    name: 'msgrcv records its process and time, and leaves those of the send',
    run: async ({ namespace, self, process, midway }) => {
      const msqid = await make(namespace, 0o666)
      const alice = await process(ALICE)
      await send(alice.namespace, msqid, 1)
      const sent = await stat(namespace, msqid)
      await midway()
      const before = secondsNow()
      await take(namespace, msqid)
      const { lrpid, rtime, lspid, stime, ctime } = await stat(namespace, msqid)
      assert.deepEqual([lrpid, lspid, stime, ctime], [self.pid, alice.pid, sent.stime, sent.ctime])
      assertSince(before, rtime)
    },
  },
  {
    name: 'msgrcv by another process records that process',
    run: async ({ namespace, process, midway }) => {
      const msqid = await make(namespace, 0o666)
      const alice = await process(ALICE)
      await send(namespace, msqid, 1)
      await midway()
      await take(alice.namespace, msqid)
      assert.equal((await stat(namespace, msqid)).lrpid, alice.pid)
    },
  },
  {
    name: 'msgrcv fails with ENOMSG on an empty queue, and changes nothing',
    run: async ({ namespace }) => {
      const msqid = await make(namespace)
      const before = await stat(namespace, msqid)
      await refused('ENOMSG', take(namespace, msqid))
      assert.deepEqual(await stat(namespace, msqid), before)
    },
  },
  {
    name: 'msgrcv fails with EINVAL for a negative size',
    run: async ({ namespace }) => {
      const msqid = await make(namespace)
      await send(namespace, msqid, 1)
      for (const msgsz of [-1, -(2 ** 40)]) await refused('EINVAL', namespace.msgrcv(msqid, msgsz, 0, IPC_NOWAIT))
      assert.equal((await stat(namespace, msqid)).qnum, 1)
    },
  },
  {
    name: 'msgrcv judges the size before permission, and permission before it looks for a message',
    run: async ({ namespace, process }) => {
      const msqid = await make(namespace, 0o222)
      const alice = await process(ALICE)
      await refused('EINVAL', alice.namespace.msgrcv(msqid, -1, 0, IPC_NOWAIT))
      await refused('EACCES', alice.namespace.msgrcv(msqid, 10, 0, IPC_NOWAIT))
      await send(namespace, msqid, 1, 'long')
      await refused('EACCES', alice.namespace.msgrcv(msqid, 1, 0, IPC_NOWAIT))
    },
  },
  {
    name: 'msgrcv fails with E2BIG for one byte too many, and the message stays',
    run: async ({ namespace, midway }) => {
      const msqid = await make(namespace)
      await fill(namespace, msqid, 'abc1 d1')
      await take(namespace, msqid)
      await fill(namespace, msqid, 'abc1')
      await take(namespace, msqid)
      const before = await stat(namespace, msqid)
      await midway()
      await refused('E2BIG', namespace.msgrcv(msqid, 2, 0, IPC_NOWAIT))
      assert.deepEqual(await stat(namespace, msqid), before)
      assert.equal(textOf(await namespace.msgrcv(msqid, 3, 0, IPC_NOWAIT)), 'abc')
    },
  },
  {
    name: 'msgrcv fails with E2BIG also when it could wait for another message',
    run: async ({ namespace }) => {
      const msqid = await make(namespace)
      await send(namespace, msqid, 1, 'abc')
      await refused('E2BIG', namespace.msgrcv(msqid, 2, 0, 0))
    },
  },
  {
    name: 'msgrcv measures only the selected message: a shorter one behind it is not taken',
    run: async ({ namespace, midway }) => {
      const msqid = await make(namespace)
      await fill(namespace, msqid, 'long1 s1')
      await midway()
      await refused('E2BIG', namespace.msgrcv(msqid, 1, 1, IPC_NOWAIT))
      assert.equal(await drain(namespace, msqid), 'long1 s1')
    },
  },
  {
    name: 'msgrcv does not measure a message that it does not select',
    run: async ({ namespace }) => {
      const msqid = await make(namespace)
      await fill(namespace, msqid, 'long1 s2')
      assert.equal(textOf(await namespace.msgrcv(msqid, 1, 2, IPC_NOWAIT)), 's')
      await refused('ENOMSG', namespace.msgrcv(msqid, 1, 2, IPC_NOWAIT))
    },
  },
  {
    name: 'MSG_NOERROR cuts a message, and the rest is lost',
    run: async ({ namespace, midway }) => {
      const msqid = await make(namespace)
      await fill(namespace, msqid, 'abcdef1 gh2')
      await midway()
      const cut = await namespace.msgrcv(msqid, 4, 0, IPC_NOWAIT | MSG_NOERROR)
      assert.equal(textOf(cut), 'abcd')
      const { qnum, cbytes } = await stat(namespace, msqid)
      assert.deepEqual({ qnum, cbytes }, { qnum: 1, cbytes: 2 })
      assert.equal(await drain(namespace, msqid), 'gh2')
    },
  },
  {
    name: 'MSG_NOERROR cuts a message to nothing',
    run: async ({ namespace }) => {
      const msqid = await make(namespace)
      await send(namespace, msqid, 6, 'abc')
      const { mtype, mtext } = await namespace.msgrcv(msqid, 0, 0, IPC_NOWAIT | MSG_NOERROR)
      assert.deepEqual([mtype, mtext.length], [6, 0])
      assert.equal((await stat(namespace, msqid)).cbytes, 0)
    },
  },
  {
    name: 'MSG_NOERROR leaves a message that fits whole',
    run: async ({ namespace }) => {
      const msqid = await make(namespace)
      await send(namespace, msqid, 1, 'abc')
      assert.equal(textOf(await namespace.msgrcv(msqid, 3, 0, IPC_NOWAIT | MSG_NOERROR)), 'abc')
    },
  },
  {
    name: 'MSG_NOERROR cuts a message of several pages where it says',
    run: async ({ namespace, midway }) => {
      const msqid = await make(namespace)
      await namespace.msgsnd(msqid, { mtype: 1, mtext: pattern(8000) }, 0)
      await midway()
      const { mtext } = await namespace.msgrcv(msqid, 5001, 0, IPC_NOWAIT | MSG_NOERROR)
      assert.deepEqual(mtext, pattern(5001))
    },
  },
  {
    name: 'msgrcv with size 0 takes an empty message, and no other',
    run: async ({ namespace, midway }) => {
      const msqid = await make(namespace)
      await fill(namespace, msqid, 'a2')
      await send(namespace, msqid, 1)
      await midway()
      assert.equal((await namespace.msgrcv(msqid, 0, 1, IPC_NOWAIT)).mtype, 1)
      await refused('E2BIG', namespace.msgrcv(msqid, 0, 2, IPC_NOWAIT))
    },
  },
  {
    name: 'msgrcv takes sizes above msgmax, INT_MAX and 2^32',
    run: async ({ namespace, midway }) => {
      const msqid = await make(namespace)
      await fill(namespace, msqid, 'a1 b1 c1 d1')
      await midway()
      for (const [msgsz, text] of Object.entries({ a: 60_000, b: INT_MAX, c: 5e9, d: Number.MAX_SAFE_INTEGER })) {
        assert.equal(textOf(await namespace.msgrcv(msqid, text, 0, IPC_NOWAIT)), msgsz)
      }
    },
  },
  {
    name: 'msgrcv returns the highest type exactly, as a bigint',
    run: async ({ namespace, midway }) => {
      const msqid = await make(namespace)
      await send(namespace, msqid, LONG_MAX)
      await send(namespace, msqid, BigInt(Number.MAX_SAFE_INTEGER))
      await midway()
      assert.equal((await namespace.msgrcv(msqid, 0, 0, 0)).mtype, 2n ** 63n - 1n)
      // What a number holds exactly is a number, however it was sent.
      assert.equal((await namespace.msgrcv(msqid, 0, 0, 0)).mtype, Number.MAX_SAFE_INTEGER)
    },
  },
  {
    name: 'msgrcv returns bytes that are its caller’s own',
    run: async ({ namespace, midway }) => {
      const msqid = await make(namespace)
      await fill(namespace, msqid, 'abc1 abc1')
      await midway()
      const first = await namespace.msgrcv(msqid, 10, 0, 0)
      first.mtext.fill(0)
      assert.equal(await take(namespace, msqid), 'abc1')
    },
  },
  {
    name: 'msgrcv ignores unknown flags',
    run: async ({ namespace }) => {
      const msqid = await make(namespace)
      await send(namespace, msqid, 1, 'a')
      const { mtype } = await namespace.msgrcv(msqid, 10, 0, IPC_NOWAIT | 0x4000_0000 | 0o3777)
      assert.equal(mtype, 1)
    },
  },
  {
    name: 'msgrcv makes room again, byte by byte and message by message',
    run: async ({ namespace, midway }) => {
      const msqid = await make(namespace)
      await namespace.msgsnd(msqid, { mtype: 1, mtext: pattern(8192) }, IPC_NOWAIT)
      await namespace.msgsnd(msqid, { mtype: 2, mtext: pattern(8192) }, IPC_NOWAIT)
      await refused('EAGAIN', send(namespace, msqid, 3, 'x'))
      await midway()
      await namespace.msgrcv(msqid, 8192, 2, 0)
      await namespace.msgsnd(msqid, { mtype: 3, mtext: pattern(8192) }, IPC_NOWAIT)
      await refused('EAGAIN', send(namespace, msqid, 3, 'x'))
    },
  },
]
