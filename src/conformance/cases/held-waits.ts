import { strict as assert } from 'node:assert'
import { IPC_NOWAIT, IPC_RMID } from '../../abi/index.ts'
import type { HeldMessage } from '../../contract/index.ts'
import { drain, fill, make, makeWithRoom, refused, send, stat, take, textOf } from '../calls.ts'
import type { ConformanceCase, Context, Process } from '../case.ts'
import { endsIn, receives, stillWaits, succeeds, type Waiting, waiting, waitingReceive, waitingSend } from '../waits.ts'

/** Held messages and calls that wait. */
const cases: readonly Omit<ConformanceCase, 'needs'>[] = [
  {
    name: 'a hold that waits gets the message from hand to hand, and it stays counted until accept',
    run: async (context) => {
      const { namespace } = context
      const msqid = await make(namespace)
      const holder = await waitingHold(context, await context.process(), msqid)
      await send(namespace, msqid, 1, 'abc')
      const held = await succeeds(holder)
      assert.equal(textOf(held), 'abc')
      const { qnum, cbytes, lrpid } = await stat(namespace, msqid)
      assert.deepEqual({ qnum, cbytes, lrpid }, { qnum: 1, cbytes: 3, lrpid: 0 })
      await refused('ENOMSG', take(namespace, msqid))
      await held.accept()
      assert.equal((await stat(namespace, msqid)).qnum, 0)
    },
  },
  {
    name: 'accept of a hold that waited records the receiver by the id of its thread, as a hand-over does',
    run: async (context) => {
      const { namespace } = context
      const msqid = await make(namespace)
      const holder = await waitingHold(context, await context.process(), msqid)
      await send(namespace, msqid, 1, 'abc')
      await (await succeeds(holder)).accept()
      assert.equal((await stat(namespace, msqid)).lrpid, holder.tid)
    },
  },
  {
    name: 'refuse hands the message to a receiver that waits, as a send does',
    run: async (context) => {
      const { namespace } = context
      const msqid = await make(namespace)
      await fill(namespace, msqid, 'a1')
      const held = await namespace.msgrcv(msqid, 10, 0, IPC_NOWAIT, { hold: true })
      const other = await waitingReceive(context, await context.process(), msqid, { msgtyp: 2 })
      const receiver = await waitingReceive(context, await context.process(), msqid)
      await held.refuse()
      await receives(receiver, 'a1')
      await stillWaits(context, other)
      assert.equal((await stat(namespace, msqid)).qnum, 0)
    },
  },
  {
    name: 'refuse hands the message to a hold that waits',
    run: async (context) => {
      const { namespace } = context
      const msqid = await make(namespace)
      await fill(namespace, msqid, 'a1')
      const first = await namespace.msgrcv(msqid, 10, 0, IPC_NOWAIT, { hold: true })
      const holder = await waitingHold(context, await context.process(), msqid)
      await first.refuse()
      const second = await succeeds(holder)
      await refused('EINVAL', first.accept())
      await second.refuse()
      assert.equal(await drain(namespace, msqid), 'a1')
    },
  },
  {
    name: 'refuse ends receivers in E2BIG for which the message is too long',
    run: async (context) => {
      const { namespace } = context
      const msqid = await make(namespace)
      await fill(namespace, msqid, 'abc1')
      const held = await namespace.msgrcv(msqid, 10, 0, IPC_NOWAIT, { hold: true })
      const small = await waitingReceive(context, await context.process(), msqid, { msgsz: 2 })
      await held.refuse()
      await endsIn(small, 'E2BIG')
      assert.equal(await drain(namespace, msqid), 'abc1')
    },
  },
  {
    name: 'a sender waits for the accept of a held message, not for the hold',
    run: async (context) => {
      const { namespace } = context
      const msqid = await makeWithRoom(namespace, 1)
      await fill(namespace, msqid, 'a1')
      const sender = await waitingSend(context, await context.process(), msqid, 1, 'b')
      const held = await namespace.msgrcv(msqid, 10, 0, IPC_NOWAIT, { hold: true })
      await stillWaits(context, sender)
      await held.accept()
      await succeeds(sender)
      assert.equal(await drain(namespace, msqid), 'b1')
    },
  },
  {
    name: 'holds that wait are served in order of arrival, among receivers',
    run: async (context) => {
      const { namespace } = context
      const msqid = await make(namespace)
      const first = await waitingHold(context, await context.process(), msqid)
      const second = await waitingReceive(context, await context.process(), msqid)
      const third = await waitingHold(context, await context.process(), msqid)
      await fill(namespace, msqid, 'a1 b1 c1')
      assert.equal(textOf(await succeeds(first)), 'a')
      await receives(second, 'b1')
      assert.equal(textOf(await succeeds(third)), 'c')
      assert.equal((await stat(namespace, msqid)).qnum, 2)
    },
  },
  {
    name: 'an abort ends a hold that waits, and the next message is free',
    run: async (context) => {
      const { namespace, self } = context
      const msqid = await make(namespace)
      const controller = new AbortController()
      const { signal } = controller
      const holder = await waiting(context, self, msqid, () =>
        namespace.msgrcv(msqid, 10, 0, 0, { hold: true, signal }),
      )
      controller.abort('enough')
      assert.deepEqual(await holder.end, { error: 'enough' })
      await send(namespace, msqid, 1, 'a')
      assert.equal(await drain(namespace, msqid), 'a1')
    },
  },
  {
    name: 'IPC_RMID ends a hold that waits in EIDRM',
    run: async (context) => {
      const { namespace } = context
      const msqid = await make(namespace)
      const holder = await waitingHold(context, await context.process(), msqid)
      await namespace.msgctl(msqid, IPC_RMID)
      await endsIn(holder, 'EIDRM')
    },
  },
  {
    name: 'a process that is killed while it holds hands its message to a receiver that waits',
    run: async (context) => {
      const { namespace } = context
      const msqid = await make(namespace)
      await fill(namespace, msqid, 'a1')
      const other = await context.process()
      await other.namespace.msgrcv(msqid, 10, 0, IPC_NOWAIT, { hold: true })
      const receiver = await waitingReceive(context, await context.process(), msqid)
      await other.end()
      await receives(receiver, 'a1')
    },
  },
]

export const heldWaitCases: readonly ConformanceCase[] = cases.map((conformanceCase) => ({
  ...conformanceCase,
  needs: ['held'],
}))

function waitingHold(context: Context, process: Process, msqid: number): Promise<Waiting<HeldMessage>> {
  return waiting(context, process, msqid, () => process.namespace.msgrcv(msqid, 100, 0, 0, { hold: true }))
}
