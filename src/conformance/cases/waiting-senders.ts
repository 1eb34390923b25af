import { strict as assert } from 'node:assert'
import { IPC_RMID } from '../../abi/index.ts'
import { change, drain, fill, make, makeWithRoom, message, refused, send, stat, take } from '../calls.ts'
import type { ConformanceCase } from '../case.ts'
import { endsIn, stillWaits, succeeds, waiting, waitingReceive, waitingSend } from '../waits.ts'

const ALICE = { uid: 1000, gid: 1000 }

/** Sends that wait for room. Source: Linux ipc/msg.c, do_msgsnd(), ss_wakeup(). */
export const waitingSenderCases: readonly ConformanceCase[] = [
  {
    name: 'msgsnd waits for room, and its message comes last',
    run: async (context) => {
      const { namespace, midway } = context
      const msqid = await makeWithRoom(namespace, 2)
      await fill(namespace, msqid, 'a1 b1')
      await midway()
      const sender = await waitingSend(context, await context.process(), msqid, 1, 'c')
      assert.equal(await take(namespace, msqid), 'a1')
      await succeeds(sender)
      assert.equal(await drain(namespace, msqid), 'b1 c1')
    },
  },
  {
    name: 'a message that waits for room is not counted, and not received',
    run: async (context) => {
      const { namespace, self } = context
      const msqid = await makeWithRoom(namespace, 2)
      await fill(namespace, msqid, 'ab1')
      await waitingSend(context, await context.process(), msqid, 5, 'c')
      const { qnum, cbytes, lspid } = await stat(namespace, msqid)
      assert.deepEqual({ qnum, cbytes, lspid }, { qnum: 1, cbytes: 2, lspid: self.pid })
      await refused('ENOMSG', take(namespace, msqid, 5))
    },
  },
  {
    name: 'msgsnd of an empty message waits while there are qbytes messages',
    run: async (context) => {
      const { namespace } = context
      const msqid = await makeWithRoom(namespace, 1)
      await send(namespace, msqid, 1)
      const sender = await waitingSend(context, await context.process(), msqid, 2)
      await take(namespace, msqid)
      await succeeds(sender)
      assert.equal(await drain(namespace, msqid), '2')
    },
  },
  {
    name: 'a sender that got in records its own process',
    run: async (context) => {
      const { namespace } = context
      const msqid = await makeWithRoom(namespace, 1, 0o666)
      await send(namespace, msqid, 1, 'a')
      const sender = await waitingSend(context, await context.process(ALICE), msqid, 1, 'b')
      await take(namespace, msqid)
      await succeeds(sender)
      assert.equal((await stat(namespace, msqid)).lspid, sender.process.pid)
    },
  },
  {
    name: 'IPC_RMID ends waiting senders in EIDRM',
    run: async (context) => {
      const { namespace } = context
      const msqid = await makeWithRoom(namespace, 0)
      const first = await waitingSend(context, await context.process(), msqid, 1)
      const second = await waitingSend(context, await context.process(), msqid, 2, 'b')
      await namespace.msgctl(msqid, IPC_RMID)
      await endsIn(first, 'EIDRM')
      await endsIn(second, 'EIDRM')
    },
  },
  {
    name: 'IPC_RMID ends senders and receivers that wait on one queue',
    run: async (context) => {
      const { namespace } = context
      const msqid = await makeWithRoom(namespace, 1)
      await send(namespace, msqid, 1, 'a')
      const sender = await waitingSend(context, await context.process(), msqid, 1, 'b')
      const receiver = await waitingReceive(context, await context.process(), msqid, { msgtyp: 2 })
      await namespace.msgctl(msqid, IPC_RMID)
      await endsIn(sender, 'EIDRM')
      await endsIn(receiver, 'EIDRM')
    },
  },
  {
    name: 'msgsnd with IPC_NOWAIT fails with EAGAIN while others wait',
    run: async (context) => {
      const { namespace } = context
      const msqid = await makeWithRoom(namespace, 1)
      await send(namespace, msqid, 1, 'a')
      const sender = await waitingSend(context, await context.process(), msqid, 2, 'b')
      await refused('EAGAIN', send(namespace, msqid, 3, 'c'))
      await stillWaits(context, sender)
    },
  },
  {
    name: 'a sender that is killed while it waits leaves no trace',
    run: async (context) => {
      const { namespace } = context
      const msqid = await makeWithRoom(namespace, 1)
      await send(namespace, msqid, 1, 'a')
      const process = await context.process()
      await waitingSend(context, process, msqid, 2, 'b')
      await process.end()
      assert.equal(await drain(namespace, msqid), 'a1')
      assert.equal((await stat(namespace, msqid)).qnum, 0)
    },
  },
  {
    name: 'a sender that waits gets in though msgmax was lowered under it',
    run: async (context) => {
      const { namespace } = context
      const msqid = await makeWithRoom(namespace, 4)
      await send(namespace, msqid, 1, 'abcd')
      const sender = await waitingSend(context, await context.process(), msqid, 2, 'efgh')
      await namespace.setLimits({ msgmax: 1 })
      await take(namespace, msqid)
      await succeeds(sender)
      assert.equal(await drain(namespace, msqid), 'efgh2')
    },
  },
  {
    name: 'a sender that waits has copied its bytes',
    run: async (context) => {
      const { namespace, self } = context
      const msqid = await makeWithRoom(namespace, 2)
      await send(namespace, msqid, 1, 'ab')
      const { mtype, mtext } = message(2, 'cd')
      const sender = await waiting(context, self, msqid, () => namespace.msgsnd(msqid, { mtype, mtext }, 0))
      mtext.fill(0)
      await take(namespace, msqid)
      await succeeds(sender)
      assert.equal(await drain(namespace, msqid), 'cd2')
    },
  },
  {
    name: 'senders wait on their own queue only',
    run: async (context) => {
      const { namespace } = context
      const first = await makeWithRoom(namespace, 0)
      const second = await make(namespace)
      const sender = await waitingSend(context, await context.process(), first, 1)
      await fill(namespace, second, 'a1')
      await drain(namespace, second)
      await stillWaits(context, sender)
      await change(namespace, first, { qbytes: 1 })
      await succeeds(sender)
    },
  },
]
