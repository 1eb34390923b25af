import { strict as assert } from 'node:assert'
import { IPC_RMID, LONG_MAX, LONG_MIN, MSG_EXCEPT, MSG_NOERROR } from '../../abi/index.ts'
import { change, drain, fill, make, send, stat } from '../calls.ts'
import type { ConformanceCase } from '../case.ts'
import { endOf, endsIn, receives, stillWaits, waitingReceive } from '../waits.ts'

const ALICE = { uid: 1000, gid: 1000 }

/** Receives that wait. Source: Linux ipc/msg.c, pipelined_send(), expunge_all(). */
export const waitingReceiverCases: readonly ConformanceCase[] = [
  {
    name: 'msgrcv waits for a message and gets it from hand to hand',
    run: async (context) => {
      const { namespace, midway } = context
      const msqid = await make(namespace)
      await midway()
      const receiver = await waitingReceive(context, await context.process(), msqid)
      await send(namespace, msqid, 5, 'abc')
      const { qnum, cbytes } = await stat(namespace, msqid)
      assert.deepEqual({ qnum, cbytes }, { qnum: 0, cbytes: 0 })
      await receives(receiver, 'abc5')
    },
  },
  {
    name: 'msgrcv that finds a message does not wait',
    run: async ({ namespace, midway }) => {
      const msqid = await make(namespace)
      await fill(namespace, msqid, 'a1')
      await midway()
      assert.equal((await namespace.msgrcv(msqid, 10, 0, 0)).mtype, 1)
    },
  },
  {
    name: 'waiting receivers of one kind are served in order of arrival',
    run: async (context) => {
      const { namespace } = context
      const msqid = await make(namespace)
      const first = await waitingReceive(context, await context.process(), msqid)
      const second = await waitingReceive(context, await context.process(), msqid)
      const third = await waitingReceive(context, await context.process(), msqid)
      await fill(namespace, msqid, 'a1 b1')
      await receives(first, 'a1')
      await receives(second, 'b1')
      await stillWaits(context, third)
      await send(namespace, msqid, 1, 'c')
      await receives(third, 'c1')
    },
  },
  {
    name: 'a receiver that waits with MSG_EXCEPT gets any other type',
    run: async (context) => {
      const { namespace } = context
      const msqid = await make(namespace)
      const receiver = await waitingReceive(context, await context.process(), msqid, { msgtyp: 5, msgflg: MSG_EXCEPT })
      await send(namespace, msqid, 5, 'a')
      await stillWaits(context, receiver)
      await send(namespace, msqid, 6, 'b')
      await receives(receiver, 'b6')
      assert.equal(await drain(namespace, msqid), 'a5')
    },
  },
  {
    name: 'a receiver that waits for a negative type gets the first that is low enough, its own number included',
    run: async (context) => {
      const { namespace } = context
      const msqid = await make(namespace)
      const receiver = await waitingReceive(context, await context.process(), msqid, { msgtyp: -3 })
      await send(namespace, msqid, 4, 'a')
      await stillWaits(context, receiver)
      await fill(namespace, msqid, 'b3 c1')
      await receives(receiver, 'b3')
      assert.equal(await drain(namespace, msqid), 'a4 c1')
    },
  },
  {
    name: 'a receiver that waits for type LONG_MIN gets type LONG_MAX',
    run: async (context) => {
      const { namespace } = context
      const msqid = await make(namespace)
      const receiver = await waitingReceive(context, await context.process(), msqid, { msgtyp: LONG_MIN })
      await send(namespace, msqid, LONG_MAX, 'a')
      await receives(receiver, `a${LONG_MAX}`)
    },
  },
  {
    name: 'a receiver that waits with MSG_NOERROR gets a message cut',
    run: async (context) => {
      const { namespace } = context
      const msqid = await make(namespace)
      const options = { msgsz: 2, msgflg: MSG_NOERROR }
      const receiver = await waitingReceive(context, await context.process(), msqid, options)
      await send(namespace, msqid, 1, 'abcdef')
      await receives(receiver, 'ab1')
      assert.equal((await stat(namespace, msqid)).cbytes, 0)
    },
  },
  {
    name: 'a receiver that waits with size 0 gets an empty message',
    run: async (context) => {
      const { namespace } = context
      const msqid = await make(namespace)
      const receiver = await waitingReceive(context, await context.process(), msqid, { msgsz: 0 })
      await send(namespace, msqid, 1)
      await receives(receiver, '1')
    },
  },
  {
    name: 'IPC_RMID ends waiting receivers in EIDRM',
    run: async (context) => {
      const { namespace } = context
      const msqid = await make(namespace)
      const first = await waitingReceive(context, await context.process(), msqid)
      const second = await waitingReceive(context, await context.process(), msqid, { msgtyp: 5 })
      await namespace.msgctl(msqid, IPC_RMID)
      await endsIn(first, 'EIDRM')
      await endsIn(second, 'EIDRM')
    },
  },
  {
    name: 'IPC_SET that takes the read permission ends a waiting receiver in EACCES, and no other',
    run: async (context) => {
      const { namespace } = context
      const msqid = await make(namespace, 0o666)
      const alice = await waitingReceive(context, await context.process(ALICE), msqid)
      const own = await waitingReceive(context, await context.process(), msqid)
      await change(namespace, msqid, { mode: 0o600 })
      await endsIn(alice, 'EACCES')
      await stillWaits(context, own)
      await send(namespace, msqid, 1, 'a')
      await receives(own, 'a1')
    },
  },
  {
    name: 'IPC_SET lets a receiver that may still read wait on',
    run: async (context) => {
      const { namespace } = context
      const msqid = await make(namespace, 0o666)
      const alice = await waitingReceive(context, await context.process(ALICE), msqid)
      await change(namespace, msqid, { mode: 0o644, qbytes: 5 })
      await stillWaits(context, alice)
      await send(namespace, msqid, 1, 'a')
      await receives(alice, 'a1')
    },
  },
  {
    name: 'receivers wait on their own queue only',
    run: async (context) => {
      const { namespace } = context
      const first = await make(namespace)
      const second = await make(namespace)
      const ofFirst = await waitingReceive(context, await context.process(), first)
      const ofSecond = await waitingReceive(context, await context.process(), second)
      await send(namespace, second, 1, 'b')
      await receives(ofSecond, 'b1')
      await stillWaits(context, ofFirst)
      await namespace.msgctl(second, IPC_RMID)
      await stillWaits(context, ofFirst)
    },
  },
  {
    name: 'a receiver that is killed while it waits leaves no trace',
    run: async (context) => {
      const { namespace } = context
      const msqid = await make(namespace)
      const process = await context.process()
      await waitingReceive(context, process, msqid)
      await process.end()
      await send(namespace, msqid, 1, 'a')
      const { qnum, lrpid, rtime } = await stat(namespace, msqid)
      assert.deepEqual({ qnum, lrpid, rtime }, { qnum: 1, lrpid: 0, rtime: 0 })
      assert.equal(await drain(namespace, msqid), 'a1')
    },
  },
  {
    name: 'twenty receivers of one process that wait get twenty messages, one each',
    run: async (context) => {
      const { namespace, self } = context
      const msqid = await make(namespace)
      const ends = Array.from({ length: 20 }, () => endOf(namespace.msgrcv(msqid, 10, 0, 0)))
      await context.untilWaiting(self, msqid)
      const other = await context.process()
      for (let type = 1; type <= 20; type++)
        await other.namespace.msgsnd(msqid, { mtype: type, mtext: new Uint8Array() }, 0)
      const types = (await Promise.all(ends)).map((end) => ('value' in end ? Number(end.value.mtype) : end.error))
      assert.deepEqual(new Set(types), new Set(Array.from({ length: 20 }, (_, index) => index + 1)))
      assert.equal((await stat(namespace, msqid)).qnum, 0)
    },
  },
]
