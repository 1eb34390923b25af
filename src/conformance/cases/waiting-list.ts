import { strict as assert } from 'node:assert'
import { IPC_RMID } from '../../abi/index.ts'
import { make, makeWithRoom, send } from '../calls.ts'
import type { ConformanceCase } from '../case.ts'
import { endsIn, receives, waiting, waitingReceive, waitingSend } from '../waits.ts'

/** The list of waiting calls. */
const cases: readonly Omit<ConformanceCase, 'needs'>[] = [
  {
    name: 'waiting is empty while no call waits',
    run: async ({ namespace, midway }) => {
      await make(namespace)
      await midway()
      assert.deepEqual(await namespace.waiting(), [])
    },
  },
  {
    name: 'waiting lists a receive with its caller and its arguments',
    run: async (context) => {
      const { namespace } = context
      const msqid = await make(namespace, 0o666)
      const alice = await context.process({ uid: 1000, gid: 1001, groups: [5] })
      await waitingReceive(context, alice, msqid, { msgtyp: -7, msgsz: 12 })
      const [listed, ...rest] = await namespace.waiting()
      assert.equal(rest.length, 0)
      assert.equal(listed?.msqid, msqid)
      const { pid, uid, gid, groups } = listed.caller
      assert.deepEqual({ pid, uid, gid, groups: [...groups] }, { pid: alice.pid, uid: 1000, gid: 1001, groups: [5] })
      assert.ok(listed.call.name === 'msgrcv')
      assert.deepEqual([listed.call.msgtyp, listed.call.msgsz, listed.call.msgflg], [-7, 12, 0])
    },
  },
  {
    name: 'waiting lists a send with its message',
    run: async (context) => {
      const { namespace } = context
      const msqid = await makeWithRoom(namespace, 0)
      await waitingSend(context, await context.process(), msqid, 9, 'abc')
      const [listed] = await namespace.waiting()
      assert.ok(listed?.call.name === 'msgsnd')
      assert.deepEqual([listed.call.mtype, new TextDecoder().decode(listed.call.mtext)], [9, 'abc'])
    },
  },
  {
    name: 'waiting lists the calls of a queue in order of arrival, queue by queue',
    run: async (context) => {
      const { namespace } = context
      const first = await make(namespace)
      const second = await make(namespace)
      const calls = [
        await waitingReceive(context, await context.process(), second),
        await waitingReceive(context, await context.process(), first),
        await waitingReceive(context, await context.process(), first, { msgtyp: 3 }),
      ]
      const listed = await namespace.waiting()
      const [ofSecond, ...ofFirst] = calls.map(({ process }) => process.pid)
      assert.deepEqual(
        listed.map(({ caller }) => caller.pid),
        [...ofFirst, ofSecond],
      )
    },
  },
  {
    name: 'waiting lists no call that has ended: received, removed, aborted, killed',
    run: async (context) => {
      const { namespace, self } = context
      const msqid = await make(namespace)
      const other = await make(namespace)
      const killed = await context.process()
      const controller = new AbortController()
      const { signal } = controller
      const received = await waitingReceive(context, await context.process(), msqid)
      const removed = await waitingReceive(context, await context.process(), other)
      await waitingReceive(context, killed, msqid, { msgtyp: 5 })
      await waiting(context, self, msqid, () => namespace.msgrcv(msqid, 10, 6, 0, { signal }))
      assert.equal((await namespace.waiting()).length, 4)
      await send(namespace, msqid, 1, 'a')
      await namespace.msgctl(other, IPC_RMID)
      await killed.end()
      controller.abort()
      await receives(received, 'a1')
      await endsIn(removed, 'EIDRM')
      assert.deepEqual(await namespace.waiting(), [])
    },
  },
  {
    name: 'checkpoint lists the calls that wait and disturbs none of them',
    run: async (context) => {
      const { namespace } = context
      const msqid = await make(namespace)
      const receiver = await waitingReceive(context, await context.process(), msqid, { msgtyp: 4 })
      const { waiting: listed } = await namespace.checkpoint()
      assert.deepEqual(
        listed.map(({ caller, call }) => [caller.pid, call.name]),
        [[receiver.process.pid, 'msgrcv']],
      )
      await send(namespace, msqid, 4, 'a')
      await receives(receiver, 'a4')
    },
  },
]

export const waitingListCases: readonly ConformanceCase[] = cases.map((conformanceCase) => ({
  ...conformanceCase,
  needs: ['waiting'],
}))
