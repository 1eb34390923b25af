import { strict as assert } from 'node:assert'
import { MSG_INFO } from '../../abi/index.ts'
import { assertSince, drain, fill, make, makeWithRoom, refused, secondsNow, send, stat } from '../calls.ts'
import type { ConformanceCase } from '../case.ts'
import { endsIn, receives, stillWaits, waitingReceive } from '../waits.ts'

/** Messages from hand to hand. Source: Linux ipc/msg.c, pipelined_send(). */
export const handOverCases: readonly ConformanceCase[] = [
  {
    name: 'a hand-over records both processes and both times, the receiver by the id of its thread',
    run: async (context) => {
      const { namespace, self } = context
      const msqid = await make(namespace)
      const before = secondsNow()
      const receiver = await waitingReceive(context, await context.process(), msqid)
      await send(namespace, msqid, 1)
      const { lspid, lrpid, stime, rtime } = await stat(namespace, msqid)
      assert.deepEqual([lspid, lrpid], [self.pid, receiver.tid])
      assertSince(before, stime)
      assertSince(before, rtime)
      await receives(receiver, '1')
    },
  },
  {
    name: 'a message goes to the first waiting receiver that it matches, not to the first',
    run: async (context) => {
      const { namespace } = context
      const msqid = await make(namespace)
      const ofFive = await waitingReceive(context, await context.process(), msqid, { msgtyp: 5 })
      const ofAny = await waitingReceive(context, await context.process(), msqid)
      await send(namespace, msqid, 7, 'a')
      await receives(ofAny, 'a7')
      await stillWaits(context, ofFive)
      await send(namespace, msqid, 5, 'b')
      await receives(ofFive, 'b5')
    },
  },
  {
    name: 'a message that no waiting receiver matches is queued',
    run: async (context) => {
      const { namespace } = context
      const msqid = await make(namespace)
      const receiver = await waitingReceive(context, await context.process(), msqid, { msgtyp: 5 })
      await send(namespace, msqid, 4, 'a')
      await stillWaits(context, receiver)
      assert.equal(await drain(namespace, msqid), 'a4')
    },
  },
  {
    name: 'receivers that wait with too small a size end in E2BIG, and the next that fits gets the message',
    run: async (context) => {
      const { namespace } = context
      const msqid = await make(namespace)
      const small = await waitingReceive(context, await context.process(), msqid, { msgsz: 1 })
      const smaller = await waitingReceive(context, await context.process(), msqid, { msgsz: 0 })
      const fitting = await waitingReceive(context, await context.process(), msqid, { msgsz: 2 })
      await send(namespace, msqid, 1, 'ab')
      await endsIn(small, 'E2BIG')
      await endsIn(smaller, 'E2BIG')
      await receives(fitting, 'ab1')
      assert.equal((await stat(namespace, msqid)).qnum, 0)
    },
  },
  {
    name: 'a message that ends every receiver in E2BIG is queued, and is not received',
    run: async (context) => {
      const { namespace, self } = context
      const msqid = await make(namespace)
      const small = await waitingReceive(context, await context.process(), msqid, { msgsz: 1 })
      await send(namespace, msqid, 1, 'ab')
      await endsIn(small, 'E2BIG')
      const { qnum, lspid, lrpid, rtime } = await stat(namespace, msqid)
      assert.deepEqual({ qnum, lspid, lrpid, rtime }, { qnum: 1, lspid: self.pid, lrpid: 0, rtime: 0 })
      assert.equal(await drain(namespace, msqid), 'ab1')
    },
  },
  {
    name: 'a receiver that waits with too small a size is left alone by a message that it does not match',
    run: async (context) => {
      const { namespace } = context
      const msqid = await make(namespace)
      const small = await waitingReceive(context, await context.process(), msqid, { msgsz: 1, msgtyp: 2 })
      await send(namespace, msqid, 1, 'ab')
      await stillWaits(context, small)
      await send(namespace, msqid, 2, 'c')
      await receives(small, 'c2')
    },
  },
  {
    name: 'a full queue refuses also a message that a receiver waits for',
    run: async (context) => {
      const { namespace } = context
      const msqid = await makeWithRoom(namespace, 3)
      await send(namespace, msqid, 1, 'abc')
      const receiver = await waitingReceive(context, await context.process(), msqid, { msgtyp: 2 })
      await refused('EAGAIN', send(namespace, msqid, 2, 'd'))
      await stillWaits(context, receiver)
      await drain(namespace, msqid, 1)
      await send(namespace, msqid, 2, 'd')
      await receives(receiver, 'd2')
    },
  },
  {
    name: 'a queue whose qbytes is 0 hands nothing over, not even an empty message',
    run: async (context) => {
      const { namespace } = context
      const msqid = await makeWithRoom(namespace, 0)
      const receiver = await waitingReceive(context, await context.process(), msqid)
      await refused('EAGAIN', send(namespace, msqid, 1))
      await stillWaits(context, receiver)
    },
  },
  {
    name: 'a hand-over leaves the messages of other types and their count alone',
    run: async (context) => {
      const { namespace } = context
      const msqid = await make(namespace)
      await fill(namespace, msqid, 'ab1 cd1')
      const receiver = await waitingReceive(context, await context.process(), msqid, { msgtyp: 2 })
      await send(namespace, msqid, 2, 'efg')
      await receives(receiver, 'efg2')
      const { info } = await namespace.msgctl(0, MSG_INFO)
      assert.deepEqual([info.map, info.tql], [2, 4])
      assert.equal(await drain(namespace, msqid), 'ab1 cd1')
    },
  },
]
