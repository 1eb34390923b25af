import { strict as assert } from 'node:assert'
import { IPC_NOWAIT, LONG_MAX, LONG_MIN, MSG_COPY, MSG_EXCEPT, MSG_NOERROR } from '../../abi/index.ts'
import { copyAt, drain, fill, make, makeWithRoom, pattern, refused, send, stat, take, textOf } from '../calls.ts'
import type { ConformanceCase } from '../case.ts'
import { stillWaits, succeeds, waitingReceive, waitingSend } from '../waits.ts'

const COPY = MSG_COPY | IPC_NOWAIT

/** Copies by index, as Linux has them since 3.14. Source: msgrcv(2), MSG_COPY; Linux ipc/msg.c, prepare_copy(). */
const cases: readonly ConformanceCase[] = [
  {
    name: 'MSG_COPY copies the message at each index, with its type',
    run: async ({ namespace, midway }) => {
      const msqid = await make(namespace)
      await fill(namespace, msqid, 'A5 B3 C9')
      await midway()
      const copies = [
        await copyAt(namespace, msqid, 2),
        await copyAt(namespace, msqid, 0),
        await copyAt(namespace, msqid, 1),
      ]
      assert.deepEqual(copies, ['C9', 'A5', 'B3'])
      assert.equal(await drain(namespace, msqid), 'A5 B3 C9')
    },
  },
  {
    name: 'MSG_COPY past either end fails with ENOMSG',
    run: async ({ namespace, midway }) => {
      const msqid = await make(namespace)
      await fill(namespace, msqid, 'A5 B3')
      await midway()
      for (const index of [2, 3, -1, LONG_MIN, LONG_MAX]) await refused('ENOMSG', copyAt(namespace, msqid, index))
    },
  },
  {
    name: 'MSG_COPY on an empty queue fails with ENOMSG',
    run: async ({ namespace }) => refused('ENOMSG', copyAt(namespace, await make(namespace), 0)),
  },
  {
    name: 'MSG_COPY without IPC_NOWAIT fails with EINVAL, also without a message',
    run: async ({ namespace }) => {
      const msqid = await make(namespace)
      await refused('EINVAL', namespace.msgrcv(msqid, 10, 0, MSG_COPY))
      await send(namespace, msqid, 1)
      await refused('EINVAL', namespace.msgrcv(msqid, 10, 0, MSG_COPY))
      assert.equal((await stat(namespace, msqid)).qnum, 1)
    },
  },
  {
    name: 'MSG_COPY with MSG_EXCEPT fails with EINVAL',
    run: async ({ namespace }) => {
      const msqid = await make(namespace)
      await send(namespace, msqid, 1)
      await refused('EINVAL', namespace.msgrcv(msqid, 10, 0, COPY | MSG_EXCEPT))
    },
  },
  {
    name: 'MSG_COPY fails with EINVAL for an unknown queue and a negative size',
    run: async ({ namespace }) => {
      const msqid = await make(namespace)
      await refused('EINVAL', namespace.msgrcv(msqid + 1, 0, 0, COPY))
      await refused('EINVAL', namespace.msgrcv(msqid + 1, 10, 0, COPY))
      await refused('EINVAL', namespace.msgrcv(msqid, -1, 0, COPY))
    },
  },
  {
    name: 'MSG_COPY judges its flags before permission, and permission before the index',
    run: async ({ namespace, process }) => {
      const msqid = await make(namespace, 0o222)
      const alice = await process({ uid: 1000, gid: 1000 })
      await refused('EINVAL', alice.namespace.msgrcv(msqid, 10, 0, MSG_COPY))
      await refused('EACCES', alice.namespace.msgrcv(msqid, 10, 0, COPY))
    },
  },
  {
    name: 'MSG_COPY fails with E2BIG for a message that is one byte too long',
    run: async ({ namespace, midway }) => {
      const msqid = await make(namespace)
      await send(namespace, msqid, 1, 'abc')
      await midway()
      await refused('E2BIG', namespace.msgrcv(msqid, 2, 0, COPY))
      await refused('E2BIG', namespace.msgrcv(msqid, 0, 0, COPY))
      assert.equal(textOf(await namespace.msgrcv(msqid, 3, 0, COPY)), 'abc')
    },
  },
  {
    name: 'MSG_COPY with MSG_NOERROR never cuts: too small a size is EINVAL',
    run: async ({ namespace }) => {
      const msqid = await make(namespace)
      await send(namespace, msqid, 1, 'abc')
      await refused('EINVAL', namespace.msgrcv(msqid, 2, 0, COPY | MSG_NOERROR))
      assert.equal(textOf(await namespace.msgrcv(msqid, 3, 0, COPY | MSG_NOERROR)), 'abc')
      await refused('ENOMSG', namespace.msgrcv(msqid, 2, 1, COPY | MSG_NOERROR))
    },
  },
  {
    name: 'MSG_COPY copies an empty message at any size',
    run: async ({ namespace, midway }) => {
      const msqid = await make(namespace)
      await send(namespace, msqid, 8)
      await midway()
      for (const msgsz of [0, 1, 60_000]) {
        const { mtype, mtext } = await namespace.msgrcv(msqid, msgsz, 0, COPY)
        assert.deepEqual([mtype, mtext.length], [8, 0])
      }
    },
  },
  {
    name: 'MSG_COPY takes sizes above msgmax and 2^32',
    run: async ({ namespace, midway }) => {
      const msqid = await make(namespace)
      await namespace.msgsnd(msqid, { mtype: 1, mtext: pattern(8192) }, 0)
      await midway()
      for (const msgsz of [8192, 60_000, 5e9]) {
        assert.deepEqual((await namespace.msgrcv(msqid, msgsz, 0, COPY)).mtext, pattern(8192))
      }
    },
  },
  {
    name: 'MSG_COPY cannot copy a message longer than a since lowered msgmax, whatever its size: a receive still can',
    run: async ({ namespace, midway }) => {
      const msqid = await make(namespace)
      await namespace.msgsnd(msqid, { mtype: 1, mtext: pattern(101) }, 0)
      await namespace.setLimits({ msgmax: 100 })
      await midway()
      await refused('E2BIG', namespace.msgrcv(msqid, 100, 0, COPY))
      await refused('EINVAL', namespace.msgrcv(msqid, 101, 0, COPY))
      await refused('EINVAL', namespace.msgrcv(msqid, 60_000, 0, COPY | MSG_NOERROR))
      assert.deepEqual((await namespace.msgrcv(msqid, 101, 0, IPC_NOWAIT)).mtext, pattern(101))
    },
  },
  {
    name: 'MSG_COPY copies a message of exactly the lowered msgmax, and an empty one under msgmax 0',
    run: async ({ namespace, midway }) => {
      const msqid = await make(namespace)
      await namespace.msgsnd(msqid, { mtype: 1, mtext: pattern(100) }, 0)
      await send(namespace, msqid, 2)
      await namespace.setLimits({ msgmax: 100 })
      await midway()
      assert.equal((await namespace.msgrcv(msqid, 200, 0, COPY)).mtext.length, 100)
      await namespace.setLimits({ msgmax: 0 })
      assert.equal(await copyAt(namespace, msqid, 1), '2')
    },
  },
  {
    name: 'MSG_COPY changes nothing that IPC_STAT tells',
    run: async ({ namespace, process, midway }) => {
      const msqid = await make(namespace, 0o666)
      const alice = await process({ uid: 1000, gid: 1000 })
      await fill(namespace, msqid, 'A1 B2 C3')
      await take(namespace, msqid)
      const before = await stat(namespace, msqid)
      await midway()
      await copyAt(alice.namespace, msqid, 1)
      await refused('ENOMSG', copyAt(alice.namespace, msqid, 2))
      assert.deepEqual(await stat(namespace, msqid), before)
    },
  },
  {
    name: 'MSG_COPY is not a receive: rtime and lrpid stay 0',
    run: async ({ namespace, midway }) => {
      const msqid = await make(namespace)
      await send(namespace, msqid, 1)
      await copyAt(namespace, msqid, 0)
      await midway()
      const { rtime, lrpid } = await stat(namespace, msqid)
      assert.deepEqual({ rtime, lrpid }, { rtime: 0, lrpid: 0 })
    },
  },
  {
    name: 'MSG_COPY does not wake a sender that waits for room',
    run: async (context) => {
      const { namespace } = context
      const msqid = await makeWithRoom(namespace, 3)
      await send(namespace, msqid, 1, 'abc')
      const sender = await waitingSend(context, await context.process(), msqid, 2, 'd')
      assert.equal(await copyAt(namespace, msqid, 0), 'abc1')
      await stillWaits(context, sender)
      await take(namespace, msqid)
      await succeeds(sender)
    },
  },
  {
    name: 'MSG_COPY does not disturb a receiver that waits for another type',
    run: async (context) => {
      const { namespace } = context
      const msqid = await make(namespace)
      await send(namespace, msqid, 1, 'a')
      const receiver = await waitingReceive(context, await context.process(), msqid, { msgtyp: 2 })
      assert.equal(await copyAt(namespace, msqid, 0), 'a1')
      await stillWaits(context, receiver)
      await send(namespace, msqid, 2, 'b')
      assert.equal(textOf(await succeeds(receiver)), 'b')
    },
  },
  {
    name: 'MSG_COPY copies a message of many pages',
    run: async ({ namespace, midway }) => {
      await namespace.setLimits({ msgmax: 60_000, msgmnb: 60_000 })
      const msqid = await make(namespace)
      await namespace.msgsnd(msqid, { mtype: 1, mtext: pattern(60_000) }, 0)
      await midway()
      assert.deepEqual((await namespace.msgrcv(msqid, 60_000, 0, COPY)).mtext, pattern(60_000))
    },
  },
  {
    name: 'MSG_COPY index by index skips a message when another receives between: it is not one instant',
    run: async ({ namespace, process }) => {
      const msqid = await make(namespace)
      await fill(namespace, msqid, 'A1 B1 C1 D1')
      const other = await process()
      assert.deepEqual([await copyAt(namespace, msqid, 0), await copyAt(namespace, msqid, 1)], ['A1', 'B1'])
      await take(other.namespace, msqid)
      assert.equal(await copyAt(namespace, msqid, 2), 'D1')
    },
  },
  {
    name: 'MSG_COPY returns bytes that are its caller’s own',
    run: async ({ namespace }) => {
      const msqid = await make(namespace)
      await send(namespace, msqid, 1, 'abc')
      const copy = await namespace.msgrcv(msqid, 3, 0, COPY)
      copy.mtext.fill(0)
      assert.deepEqual([await copyAt(namespace, msqid, 0), await take(namespace, msqid)], ['abc1', 'abc1'])
    },
  },
]

export const msgCopyCases: readonly ConformanceCase[] = cases.map((conformanceCase) => ({
  ...conformanceCase,
  needs: ['copy by index'],
}))
