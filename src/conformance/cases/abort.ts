import { strict as assert } from 'node:assert'
import { IPC_NOWAIT } from '../../abi/index.ts'
import { change, drain, fill, make, makeWithRoom, message, notAsked, send, stat, textOf } from '../calls.ts'
import type { ConformanceCase } from '../case.ts'
import { endOf, receives, stillWaits, succeeds, waiting, waitingReceive } from '../waits.ts'

/** How often a race is run: each time either side may win, and nothing may be lost. */
const RACES = 50

/** Ending waits. The kernel's own way is a signal and EINTR; the contract's is an AbortSignal and its reason. */
export const abortCases: readonly ConformanceCase[] = [
  {
    name: 'an abort ends a waiting receive with the signal’s reason, and no message is lost',
    run: async (context) => {
      const { namespace, self } = context
      const msqid = await make(namespace)
      const controller = new AbortController()
      const { signal } = controller
      const receive = await waiting(context, self, msqid, () => namespace.msgrcv(msqid, 10, 0, 0, { signal }))
      const reason = new Error('enough')
      controller.abort(reason)
      assert.deepEqual(await receive.end, { error: reason })
      await send(namespace, msqid, 1, 'a')
      assert.equal(await drain(namespace, msqid), 'a1')
    },
  },
  {
    name: 'an abort without a reason rejects with an AbortError',
    run: async (context) => {
      const { namespace, self } = context
      const msqid = await make(namespace)
      const controller = new AbortController()
      const { signal } = controller
      const receive = await waiting(context, self, msqid, () => namespace.msgrcv(msqid, 10, 0, 0, { signal }))
      controller.abort()
      const end = await receive.end
      assert.ok('error' in end && end.error === signal.reason && end.error instanceof DOMException)
      assert.equal(end.error.name, 'AbortError')
    },
  },
  {
    name: 'an abort ends a waiting send, and its message is never queued',
    run: async (context) => {
      const { namespace, self } = context
      const msqid = await makeWithRoom(namespace, 0)
      const controller = new AbortController()
      const { signal } = controller
      const call = () => namespace.msgsnd(msqid, message(1, 'a'), 0, { signal })
      const sender = await waiting(context, self, msqid, call)
      controller.abort('enough')
      assert.deepEqual(await sender.end, { error: 'enough' })
      await change(namespace, msqid, { qbytes: 100 })
      const { qnum, lspid } = await stat(namespace, msqid)
      assert.deepEqual({ qnum, lspid }, { qnum: 0, lspid: 0 })
    },
  },
  {
    name: 'an aborted signal ends a call before it is made',
    run: async ({ namespace }) => {
      const msqid = await make(namespace)
      await fill(namespace, msqid, 'a1')
      const signal = AbortSignal.abort('too late')
      const calls = [
        () => namespace.msgsnd(msqid, message(2), 0, { signal }),
        () => namespace.msgrcv(msqid, 10, 0, 0, { signal }),
        () => namespace.msgrcv(msqid, 10, 0, IPC_NOWAIT, { signal }),
      ]
      for (const call of calls) assert.deepEqual(await endOf((async () => call())()), { error: 'too late' })
      assert.equal(await drain(namespace, msqid), 'a1')
    },
  },
  {
    name: 'an abort after the end of a call does nothing',
    run: async ({ namespace }) => {
      const msqid = await make(namespace)
      await fill(namespace, msqid, 'a1 b1')
      const controller = new AbortController()
      const { signal } = controller
      const { mtext } = await namespace.msgrcv(msqid, 10, 0, 0, { signal })
      await namespace.msgsnd(msqid, message(1, 'c'), 0, { signal })
      controller.abort()
      assert.equal(textOf({ mtext }), 'a')
      assert.equal(await drain(namespace, msqid), 'b1 c1')
    },
  },
  {
    name: 'an abort of one receive leaves the others waiting',
    run: async (context) => {
      const { namespace, self } = context
      const msqid = await make(namespace)
      const controller = new AbortController()
      const { signal } = controller
      const aborted = await waiting(context, self, msqid, () => namespace.msgrcv(msqid, 10, 0, 0, { signal }))
      const other = await waitingReceive(context, await context.process(), msqid)
      controller.abort('enough')
      assert.deepEqual(await aborted.end, { error: 'enough' })
      await stillWaits(context, other)
      await send(namespace, msqid, 1, 'a')
      await receives(other, 'a1')
    },
  },
  {
    name: 'an abort of one of two equal receives of one process ends that one',
    run: async (context) => {
      const { namespace, self } = context
      const msqid = await make(namespace)
      const controller = new AbortController()
      const { signal } = controller
      const aborted = await waiting(context, self, msqid, () => namespace.msgrcv(msqid, 10, 0, 0, { signal }))
      const other = await waiting(context, self, msqid, () => namespace.msgrcv(msqid, 10, 0, 0))
      controller.abort('enough')
      assert.deepEqual(await aborted.end, { error: 'enough' })
      await send(namespace, msqid, 1, 'a')
      assert.equal(textOf(await succeeds(other)), 'a')
    },
  },
  {
    name: 'one signal ends all the calls that it was given to',
    run: async (context) => {
      const { namespace, self } = context
      const msqid = await makeWithRoom(namespace, 0)
      const controller = new AbortController()
      const { signal } = controller
      const receive = await waiting(context, self, msqid, () => namespace.msgrcv(msqid, 10, 0, 0, { signal }))
      const sender = endOf(namespace.msgsnd(msqid, message(1), 0, { signal }))
      controller.abort('enough')
      assert.deepEqual(await receive.end, { error: 'enough' })
      assert.deepEqual(await sender, { error: 'enough' })
    },
  },
  {
    name: 'AbortSignal.timeout ends a wait with a TimeoutError',
    run: async ({ namespace }) => {
      const msqid = await make(namespace)
      const end = await endOf(namespace.msgrcv(msqid, 10, 0, 0, { signal: AbortSignal.timeout(1) }))
      assert.ok('error' in end && end.error instanceof DOMException)
      assert.equal(end.error.name, 'TimeoutError')
    },
  },
  {
    name: 'a message that races an abort is received or still queued, never both, never lost',
    run: async ({ namespace, process }) => {
      const msqid = await make(namespace)
      const other = await process()
      for (let race = 1; race <= RACES; race++) {
        const controller = new AbortController()
        const { signal } = controller
        const receive = endOf(namespace.msgrcv(msqid, 10, 0, 0, { signal }))
        const sent = send(other.namespace, msqid, race, 'a')
        if (race % 3 === 0) await Promise.resolve()
        if (race % 3 === 1) await sent
        controller.abort('enough')
        await sent
        const end = await receive
        const queued = await drain(namespace, msqid)
        if ('value' in end) assert.deepEqual([end.value.mtype, queued], [race, ''])
        else assert.deepEqual([end.error, queued], ['enough', `a${race}`])
      }
    },
  },
  {
    name: 'a send that races an abort is sent and tells so, or is not sent',
    run: async ({ namespace, process }) => {
      const msqid = await makeWithRoom(namespace, 1)
      const other = await process()
      for (let race = 1; race <= RACES; race++) {
        await send(namespace, msqid, 9999, 'x')
        const controller = new AbortController()
        const { signal } = controller
        const sender = endOf(namespace.msgsnd(msqid, message(race, 'a'), 0, { signal }))
        const taken = drain(other.namespace, msqid, 9999)
        if (race % 3 === 0) await Promise.resolve()
        if (race % 3 === 1) await taken
        controller.abort('enough')
        await taken
        const end = await sender
        assert.equal(await drain(namespace, msqid), 'value' in end ? `a${race}` : '')
      }
    },
  },
  {
    name: 'close ends the waiting calls of its reference with ERR_MSGQ_CLOSED, and no message is lost',
    run: async (context) => {
      const { namespace, self } = context
      const other = await context.process()
      const msqid = await make(namespace)
      const receive = await waiting(context, self, msqid, () => namespace.msgrcv(msqid, 10, 0, 0))
      await namespace.close()
      await notAsked('ERR_MSGQ_CLOSED', async () => succeeds(receive))
      await send(other.namespace, msqid, 1, 'a')
      assert.equal(await drain(other.namespace, msqid), 'a1')
    },
  },
  {
    name: 'close makes every later call ERR_MSGQ_CLOSED, may be repeated, and leaves the queues',
    run: async ({ namespace, process }) => {
      const other = await process()
      const msqid = await make(namespace)
      await fill(namespace, msqid, 'a1')
      await namespace.close()
      await namespace.close()
      await notAsked('ERR_MSGQ_CLOSED', () => namespace.msgget(0, 0))
      await notAsked('ERR_MSGQ_CLOSED', () => send(namespace, msqid, 1))
      await notAsked('ERR_MSGQ_CLOSED', () => namespace.msgrcv(msqid, 10, 0, 0))
      await notAsked('ERR_MSGQ_CLOSED', () => stat(namespace, msqid))
      await notAsked('ERR_MSGQ_CLOSED', () => namespace.limits())
      await notAsked('ERR_MSGQ_CLOSED', () => namespace.setLimits({ msgmax: 5 }))
      await notAsked('ERR_MSGQ_CLOSED', () => namespace.nextId())
      await notAsked('ERR_MSGQ_CLOSED', () => namespace.setNextId(5))
      await notAsked('ERR_MSGQ_CLOSED', () => namespace.checkpoint())
      assert.equal(await drain(other.namespace, msqid), 'a1')
    },
  },
]
