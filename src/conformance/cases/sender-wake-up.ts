import { strict as assert } from 'node:assert'
import { IPC_SET, MSG_NOERROR } from '../../abi/index.ts'
import { change, drain, fill, makeWithRoom, refused, send, stat, take } from '../calls.ts'
import type { ConformanceCase } from '../case.ts'
import { endsIn, receives, stillWaits, succeeds, type Waiting, waitingReceive, waitingSend } from '../waits.ts'

const ALICE = { uid: 1000, gid: 1000 }

/** Which waiting senders get in, and when. Source: Linux ipc/msg.c, ss_wakeup(). */
export const senderWakeUpCases: readonly ConformanceCase[] = [
  {
    name: 'of senders that fit one by one, each receive lets exactly one in',
    run: async (context) => {
      const { namespace } = context
      const msqid = await makeWithRoom(namespace, 2)
      await fill(namespace, msqid, 'a1 b1')
      // All that fit are woken at once, and the fastest gets the room: on a real kernel not always the first.
      let waitingOn: Waiting<void>[] = []
      for (const type of [3, 4, 5]) {
        waitingOn.push(await waitingSend(context, await context.process(), msqid, type, 'x'))
      }
      for (const expected of ['a1', 'b1']) {
        assert.equal(await take(namespace, msqid), expected)
        const winner = await Promise.race(waitingOn.map((sender) => sender.end.then(() => sender)))
        await succeeds(winner)
        waitingOn = waitingOn.filter((sender) => sender !== winner)
        for (const sender of waitingOn) await stillWaits(context, sender)
      }
      const { qnum, cbytes } = await stat(namespace, msqid)
      assert.deepEqual({ qnum, cbytes }, { qnum: 2, cbytes: 2 })
    },
  },
  {
    name: 'three senders of 50, 10 and 20 bytes all get in when 100 bytes are drained',
    run: async (context) => {
      const { namespace } = context
      const msqid = await makeWithRoom(namespace, 100)
      await send(namespace, msqid, 1, 'x'.repeat(100))
      const senders = []
      for (const size of [50, 10, 20]) {
        senders.push(await waitingSend(context, await context.process(), msqid, size, 'x'.repeat(size)))
      }
      await take(namespace, msqid)
      for (const sender of senders) await succeeds(sender)
      const { qnum, cbytes } = await stat(namespace, msqid)
      assert.deepEqual({ qnum, cbytes }, { qnum: 3, cbytes: 80 })
    },
  },
  {
    name: 'only the sender that fits gets in; those that do not wait on in their order',
    run: async (context) => {
      const { namespace } = context
      const msqid = await makeWithRoom(namespace, 100)
      await send(namespace, msqid, 1, 'x'.repeat(20))
      await send(namespace, msqid, 1, 'x'.repeat(50))
      await send(namespace, msqid, 1, 'x'.repeat(30))
      const first = await waitingSend(context, await context.process(), msqid, 2, 'x'.repeat(50))
      const middle = await waitingSend(context, await context.process(), msqid, 3, 'x'.repeat(20))
      const last = await waitingSend(context, await context.process(), msqid, 4, 'x'.repeat(50))
      await take(namespace, msqid)
      await succeeds(middle)
      await stillWaits(context, first)
      await stillWaits(context, last)
      // 50 bytes come free: both fit, one by one, but only the first in the list gets the room or, on a machine that
      // wakes both at once, whoever is faster: exactly one.
      await take(namespace, msqid)
      const winner = await Promise.race([first.end.then(() => first), last.end.then(() => last)])
      await succeeds(winner)
      await stillWaits(context, winner === first ? last : first)
      assert.equal((await stat(namespace, msqid)).cbytes, 100)
    },
  },
  {
    name: 'a message of more than qbytes waits until IPC_SET raises qbytes',
    run: async (context) => {
      const { namespace } = context
      const msqid = await makeWithRoom(namespace, 2)
      const sender = await waitingSend(context, await context.process(), msqid, 1, 'abc')
      await send(namespace, msqid, 9, 'z')
      await take(namespace, msqid)
      await stillWaits(context, sender)
      await change(namespace, msqid, { qbytes: 3 })
      await succeeds(sender)
      assert.equal(await drain(namespace, msqid), 'abc1')
    },
  },
  {
    name: 'IPC_SET that raises qbytes too little lets a sender wait on',
    run: async (context) => {
      const { namespace } = context
      const msqid = await makeWithRoom(namespace, 2)
      const sender = await waitingSend(context, await context.process(), msqid, 1, 'abcd')
      await change(namespace, msqid, { qbytes: 3 })
      await stillWaits(context, sender)
      await change(namespace, msqid, { qbytes: 4 })
      await succeeds(sender)
    },
  },
  {
    name: 'no room is reserved: a small message passes a sender that waits with a large one',
    run: async (context) => {
      const { namespace } = context
      const msqid = await makeWithRoom(namespace, 4)
      await fill(namespace, msqid, 'ab1 cd1')
      const sender = await waitingSend(context, await context.process(), msqid, 2, 'long')
      await take(namespace, msqid)
      await stillWaits(context, sender)
      await send(namespace, msqid, 3, 'ef')
      await take(namespace, msqid)
      await stillWaits(context, sender)
      await take(namespace, msqid)
      await succeeds(sender)
      assert.equal(await drain(namespace, msqid), 'long2')
    },
  },
  {
    name: 'a sender that lost its permission waits on while there is no room, then ends in EACCES',
    run: async (context) => {
      const { namespace } = context
      const msqid = await makeWithRoom(namespace, 1, 0o666)
      await send(namespace, msqid, 1, 'a')
      const sender = await waitingSend(context, await context.process(ALICE), msqid, 2, 'b')
      await change(namespace, msqid, { mode: 0o644 })
      await stillWaits(context, sender)
      await take(namespace, msqid)
      await endsIn(sender, 'EACCES')
      assert.equal((await stat(namespace, msqid)).qnum, 0)
    },
  },
  {
    name: 'IPC_SET that takes the permission and makes room ends a sender in EACCES',
    run: async (context) => {
      const { namespace } = context
      const msqid = await makeWithRoom(namespace, 0, 0o666)
      const sender = await waitingSend(context, await context.process(ALICE), msqid, 2, 'b')
      await change(namespace, msqid, { mode: 0o600, qbytes: 100 })
      await endsIn(sender, 'EACCES')
    },
  },
  {
    name: 'a sender that gets in hands its message to a receiver that waits for it',
    run: async (context) => {
      const { namespace } = context
      const msqid = await makeWithRoom(namespace, 1)
      await send(namespace, msqid, 1, 'a')
      const receiver = await waitingReceive(context, await context.process(), msqid, { msgtyp: 2 })
      const sender = await waitingSend(context, await context.process(), msqid, 2, 'b')
      await stillWaits(context, receiver)
      assert.equal(await take(namespace, msqid), 'a1')
      await succeeds(sender)
      await receives(receiver, 'b2')
      const { qnum, lspid, lrpid } = await stat(namespace, msqid)
      assert.deepEqual([qnum, lspid, lrpid], [0, sender.process.pid, receiver.tid])
    },
  },
  {
    name: 'a receive that cuts a message makes room for its whole length',
    run: async (context) => {
      const { namespace } = context
      const msqid = await makeWithRoom(namespace, 4)
      await send(namespace, msqid, 1, 'abcd')
      const sender = await waitingSend(context, await context.process(), msqid, 2, 'efgh')
      await namespace.msgrcv(msqid, 1, 0, MSG_NOERROR)
      await succeeds(sender)
      assert.equal(await drain(namespace, msqid), 'efgh2')
    },
  },
  {
    name: 'a receive that fails wakes no sender',
    run: async (context) => {
      const { namespace } = context
      const msqid = await makeWithRoom(namespace, 4)
      await send(namespace, msqid, 1, 'abcd')
      const sender = await waitingSend(context, await context.process(), msqid, 2, 'e')
      await refused('E2BIG', namespace.msgrcv(msqid, 3, 0, 0))
      await refused('ENOMSG', take(namespace, msqid, 2))
      await stillWaits(context, sender)
    },
  },
  {
    name: 'IPC_SET that lowers qbytes below what is queued keeps messages and senders',
    run: async (context) => {
      const { namespace, self } = context
      const msqid = await makeWithRoom(namespace, 4)
      await fill(namespace, msqid, 'ab1 cd1')
      const sender = await waitingSend(context, await context.process(), msqid, 2, 'e')
      await namespace.msgctl(msqid, IPC_SET, { perm: { uid: self.uid, gid: self.gid, mode: 0o600 }, qbytes: 1 })
      assert.equal((await stat(namespace, msqid)).cbytes, 4)
      await take(namespace, msqid)
      await stillWaits(context, sender)
      await take(namespace, msqid)
      await succeeds(sender)
    },
  },
]
