import { strict as assert } from 'node:assert'
import { IPC_RMID, MSG_COPY, MSG_NOERROR } from '../../abi/index.ts'
import { change, drain, fill, make, send, stat, take } from '../calls.ts'
import type { ConformanceCase } from '../case.ts'
import { endsIn, receives, stillWaits, waiting, waitingReceive } from '../waits.ts'

/** Copies by counter that wait past the end: they copy what comes, and never take it. */
const cases: readonly Omit<ConformanceCase, 'needs' | 'options'>[] = [
  {
    name: 'MSG_COPY by counter without IPC_NOWAIT waits, and then copies: the message stays (fault 6)',
    run: async (context) => {
      const { namespace } = context
      const msqid = await make(namespace)
      const copier = await waitingReceive(context, await context.process(), msqid, { msgflg: MSG_COPY })
      await send(namespace, msqid, 1, 'A')
      await receives(copier, 'A1')
      const { copyCounter, qnum, lrpid, rtime } = await stat(namespace, msqid)
      assert.deepEqual({ copyCounter, qnum, lrpid, rtime }, { copyCounter: 1, qnum: 1, lrpid: 0, rtime: 0 })
      assert.equal(await drain(namespace, msqid), 'A1')
    },
  },
  {
    name: 'MSG_COPY by counter waits past the last message, not for the one that it copied',
    run: async (context) => {
      const { namespace } = context
      const msqid = await make(namespace)
      await fill(namespace, msqid, 'A1')
      assert.equal((await namespace.msgrcv(msqid, 10, 0, MSG_COPY)).mtype, 1)
      const copier = await waitingReceive(context, await context.process(), msqid, { msgflg: MSG_COPY })
      await send(namespace, msqid, 2, 'B')
      await receives(copier, 'B2')
    },
  },
  {
    name: 'a waiting copy and a waiting receive both get the message: one copies, one takes',
    run: async (context) => {
      const { namespace } = context
      const msqid = await make(namespace)
      const receiver = await waitingReceive(context, await context.process(), msqid)
      const copier = await waitingReceive(context, await context.process(), msqid, { msgflg: MSG_COPY })
      await send(namespace, msqid, 1, 'A')
      await receives(copier, 'A1')
      await receives(receiver, 'A1')
      assert.equal((await stat(namespace, msqid)).qnum, 0)
    },
  },
  {
    name: 'a hand-over lowers the counter, as every receive does',
    run: async (context) => {
      const { namespace } = context
      const msqid = await make(namespace)
      await fill(namespace, msqid, 'A1 B1')
      await namespace.setCopyCounter(msqid, 2)
      const receiver = await waitingReceive(context, await context.process(), msqid, { msgtyp: 5 })
      await send(namespace, msqid, 5, 'C')
      await receives(receiver, 'C5')
      assert.equal((await stat(namespace, msqid)).copyCounter, 1)
    },
  },
  {
    name: 'a receive that lowers the counter onto a message lets a waiting copy have it',
    run: async (context) => {
      const { namespace } = context
      const msqid = await make(namespace)
      await fill(namespace, msqid, 'A1 B1 C2')
      await namespace.setCopyCounter(msqid, 3)
      const copier = await waitingReceive(context, await context.process(), msqid, { msgflg: MSG_COPY })
      await take(namespace, msqid, 2)
      await stillWaits(context, copier)
      await namespace.setCopyCounter(msqid, 1)
      await receives(copier, 'B1')
    },
  },
  {
    name: 'waiting copies are served in order of arrival, each with the next message',
    run: async (context) => {
      const { namespace } = context
      const msqid = await make(namespace)
      const first = await waitingReceive(context, await context.process(), msqid, { msgflg: MSG_COPY })
      const second = await waitingReceive(context, await context.process(), msqid, { msgflg: MSG_COPY })
      await send(namespace, msqid, 1, 'A')
      await receives(first, 'A1')
      await stillWaits(context, second)
      await send(namespace, msqid, 1, 'B')
      await receives(second, 'B1')
      assert.equal(await drain(namespace, msqid), 'A1 B1')
    },
  },
  {
    name: 'a waiting copy of one type is not served by another',
    run: async (context) => {
      const { namespace } = context
      const msqid = await make(namespace)
      const copier = await waitingReceive(context, await context.process(), msqid, { msgflg: MSG_COPY, msgtyp: 2 })
      await send(namespace, msqid, 1, 'A')
      await stillWaits(context, copier)
      await send(namespace, msqid, 2, 'B')
      await receives(copier, 'B2')
    },
  },
  {
    name: 'a waiting copy with too small a size ends in E2BIG, and the counter stays',
    run: async (context) => {
      const { namespace } = context
      const msqid = await make(namespace)
      const copier = await waitingReceive(context, await context.process(), msqid, { msgflg: MSG_COPY, msgsz: 1 })
      await send(namespace, msqid, 1, 'AB')
      await endsIn(copier, 'E2BIG')
      assert.equal((await stat(namespace, msqid)).copyCounter, 0)
    },
  },
  {
    name: 'a waiting copy with MSG_NOERROR is cut',
    run: async (context) => {
      const { namespace } = context
      const msqid = await make(namespace)
      const options = { msgflg: MSG_COPY | MSG_NOERROR, msgsz: 1 }
      const copier = await waitingReceive(context, await context.process(), msqid, options)
      await send(namespace, msqid, 1, 'AB')
      await receives(copier, 'A1')
      assert.equal(await drain(namespace, msqid), 'AB1')
    },
  },
  {
    name: 'IPC_RMID ends a waiting copy in EIDRM',
    run: async (context) => {
      const { namespace } = context
      const msqid = await make(namespace)
      const copier = await waitingReceive(context, await context.process(), msqid, { msgflg: MSG_COPY })
      await namespace.msgctl(msqid, IPC_RMID)
      await endsIn(copier, 'EIDRM')
    },
  },
  {
    name: 'IPC_SET that takes the read permission ends a waiting copy in EACCES',
    run: async (context) => {
      const { namespace } = context
      const msqid = await make(namespace, 0o666)
      const alice = await context.process({ uid: 1000, gid: 1000 })
      const copier = await waitingReceive(context, alice, msqid, { msgflg: MSG_COPY })
      await change(namespace, msqid, { mode: 0o600 })
      await endsIn(copier, 'EACCES')
    },
  },
  {
    name: 'an abort ends a waiting copy, and the counter stays',
    run: async (context) => {
      const { namespace, self } = context
      const msqid = await make(namespace)
      const controller = new AbortController()
      const { signal } = controller
      const copier = await waiting(context, self, msqid, () => namespace.msgrcv(msqid, 10, 0, MSG_COPY, { signal }))
      controller.abort('enough')
      assert.deepEqual(await copier.end, { error: 'enough' })
      await send(namespace, msqid, 1, 'A')
      assert.equal((await stat(namespace, msqid)).copyCounter, 0)
    },
  },
]

export const counterWaitCases: readonly ConformanceCase[] = cases.map((conformanceCase) => ({
  ...conformanceCase,
  needs: ['copy by counter'],
  options: { msgCopy: 'counter' },
}))
