import { strict as assert } from 'node:assert'
import {
  IPC_CREAT,
  IPC_NOWAIT,
  IPC_PRIVATE,
  IPC_RMID,
  IPC_SET,
  IPC_STAT,
  MSG_COPY,
  MSG_EXCEPT,
  MSG_INFO,
  MSG_NOERROR,
  type Msgbuf,
} from '../../abi/index.ts'
import { SyscallError } from '../../contract/index.ts'
import { drain, fill, make, makeWithRoom, message, send, stat, textOf, wrong } from '../calls.ts'
import type { ConformanceCase, Need } from '../case.ts'
import { receives, succeeds, waitingReceive, waitingSend } from '../waits.ts'

const SYNC: readonly Need[] = ['sync']

/** The four calls, answered at once. */
export const syncCases: readonly ConformanceCase[] = [
  {
    name: 'sync.msgget, msgsnd, msgrcv and msgctl answer as the asynchronous calls do',
    needs: SYNC,
    run: async ({ namespace, midway }) => {
      const msqid = namespace.sync.msgget(77, IPC_CREAT | 0o600)
      assert.equal(await namespace.msgget(77, 0), msqid)
      namespace.sync.msgsnd(msqid, message(5, 'abc'), 0)
      await midway()
      assert.deepEqual(namespace.sync.msgctl(msqid, IPC_STAT), await stat(namespace, msqid))
      const { mtype, mtext } = namespace.sync.msgrcv(msqid, 10, 0, 0)
      assert.deepEqual({ mtype, mtext }, message(5, 'abc'))
      assert.equal(namespace.sync.msgctl(0, MSG_INFO).info.pool, 1)
      assert.equal(namespace.sync.msgctl(msqid, IPC_RMID), undefined)
      assert.equal((await namespace.msgctl(0, MSG_INFO)).info.pool, 0)
    },
  },
  {
    name: 'sync calls throw what the asynchronous calls reject with',
    needs: SYNC,
    run: async ({ namespace }) => {
      const msqid = await makeWithRoom(namespace, 0)
      const { sync } = namespace
      throws('ENOENT', () => sync.msgget(77, 0))
      throws('EAGAIN', () => sync.msgsnd(msqid, message(1), IPC_NOWAIT))
      throws('EINVAL', () => sync.msgsnd(msqid, message(0), 0))
      throws('ENOMSG', () => sync.msgrcv(msqid, 10, 0, IPC_NOWAIT))
      throws('EINVAL', () => sync.msgrcv(msqid + 1, 10, 0, 0))
      throws('EINVAL', () => sync.msgctl(msqid, 99))
      throws('EFAULT', () => sync.msgctl(msqid, IPC_SET))
    },
  },
  {
    name: 'sync.msgsnd has copied the bytes when it returns',
    needs: SYNC,
    run: async ({ namespace }) => {
      const msqid = await make(namespace)
      const { mtype, mtext } = message(1, 'before')
      namespace.sync.msgsnd(msqid, { mtype, mtext }, 0)
      mtext.fill(0)
      assert.equal(await drain(namespace, msqid), 'before1')
    },
  },
  {
    name: 'sync.msgrcv copies with MSG_COPY, by its rules',
    needs: ['sync', 'copy by index'],
    run: async ({ namespace }) => {
      const msqid = await make(namespace)
      await fill(namespace, msqid, 'a1 b2')
      assert.equal(textOf(namespace.sync.msgrcv(msqid, 10, 1, IPC_NOWAIT | MSG_COPY)), 'b')
      throws('EINVAL', () => namespace.sync.msgrcv(msqid, 10, 0, MSG_COPY))
      throws('ENOMSG', () => namespace.sync.msgrcv(msqid, 10, 2, IPC_NOWAIT | MSG_COPY))
      assert.equal(await drain(namespace, msqid), 'a1 b2')
    },
  },
  {
    name: 'sync.hold hides a message until it is accepted, or stands at its place again when it is refused',
    needs: ['sync', 'held'],
    run: async ({ namespace }) => {
      const msqid = namespace.sync.msgget(IPC_PRIVATE, 0o600)
      await send(namespace, msqid, 1, 'a')
      await send(namespace, msqid, 2, 'b')
      const first = namespace.sync.hold(msqid, 10, 0, 0)
      assert.equal(textOf(first), 'a')
      assert.equal((await stat(namespace, msqid)).qnum, 2)
      const second = namespace.sync.hold(msqid, 10, 0, 0)
      throws('ENOMSG', () => namespace.sync.hold(msqid, 10, 0, IPC_NOWAIT))
      await wrong(TypeError, () => namespace.sync.hold(msqid, 10, 0, IPC_NOWAIT | MSG_COPY))
      second.accept()
      throws('EINVAL', () => second.refuse())
      first.refuse()
      assert.equal(await drain(namespace, msqid), 'a1')
    },
  },
  {
    name: 'sync.handOver takes the message that msgrcv would, once it was given, and leaves it at its place if it was not',
    needs: ['sync', 'held'],
    run: async ({ namespace }) => {
      const { sync } = namespace
      const msqid = sync.msgget(IPC_PRIVATE, 0o600)
      await fill(namespace, msqid, 'abc3 d1 e2 f1')
      const given: string[] = []
      const give = (is: boolean) => (received: Msgbuf) => given.push(`${textOf(received)}${received.mtype}`) > 0 && is
      const before = await stat(namespace, msqid)
      assert.equal(sync.handOver(msqid, 10, 0, 0, give(false)), false)
      assert.throws(() => sync.handOver(msqid, 10, 0, 0, () => assert.fail('it fails')), /it fails/)
      assert.deepEqual(await stat(namespace, msqid), before)
      assert.equal(sync.handOver(msqid, 2, 0, MSG_NOERROR, give(true)), true)
      assert.equal(sync.handOver(msqid, 10, -2, 0, give(true)), true)
      assert.equal(sync.handOver(msqid, 10, 1, MSG_EXCEPT, give(true)), true)
      assert.deepEqual(given, ['abc3', 'ab3', 'd1', 'e2'])
      throws('ENOMSG', () => sync.handOver(msqid, 10, 3, IPC_NOWAIT, give(true)))
      throws('E2BIG', () => sync.handOver(msqid, 0, 0, IPC_NOWAIT, give(true)))
      throws('EINVAL', () => sync.handOver(-1, 10, 0, 0, give(true)))
      await wrong(TypeError, () => sync.handOver(msqid, 10, 3, 0, give(true)))
      await wrong(TypeError, () => sync.handOver(msqid, 10, 0, IPC_NOWAIT | MSG_COPY, give(true)))
      assert.equal(given.length, 4)
      assert.equal(await drain(namespace, msqid), 'f1')
    },
  },
  {
    name: 'sync.takeOver sends what msgsnd would, once its sender was told, and nothing if that one is gone',
    needs: ['sync', 'held'],
    run: async ({ namespace }) => {
      const { sync } = namespace
      const msqid = await makeWithRoom(namespace, 1)
      const before = await stat(namespace, msqid)
      let told = 0
      const tell = (is: boolean) => () => ++told > 0 && is
      assert.equal(sync.takeOver(msqid, message(1, 'a'), 0, tell(false)), false)
      assert.throws(() => sync.takeOver(msqid, message(1, 'a'), 0, () => assert.fail('it fails')), /it fails/)
      assert.deepEqual(await stat(namespace, msqid), before)
      assert.equal(sync.takeOver(msqid, message(4, 'b'), 0, tell(true)), true)
      throws('EAGAIN', () => sync.takeOver(msqid, message(1, 'c'), IPC_NOWAIT, tell(true)))
      throws('EINVAL', () => sync.takeOver(msqid, message(0, 'c'), 0, tell(true)))
      throws('EINVAL', () => sync.takeOver(-1, message(1, 'c'), 0, tell(true)))
      throws('EINVAL', () => sync.takeOver(msqid + 1, message(1, 'c'), 0, tell(true)))
      throws('EINVAL', () => sync.takeOver(msqid, message(1, 'c'.repeat(100_000)), 0, tell(true)))
      await wrong(TypeError, () => sync.takeOver(msqid, message(1, 'c'), 0, tell(true)))
      assert.equal(told, 2)
      assert.equal(await drain(namespace, msqid), 'b4')
    },
  },
  {
    name: 'sync.msgsnd hands its message to a receiver that waits',
    needs: SYNC,
    run: async (context) => {
      const { namespace } = context
      const msqid = await make(namespace)
      const receiver = await waitingReceive(context, await context.process(), msqid)
      namespace.sync.msgsnd(msqid, message(3, 'a'), 0)
      await receives(receiver, 'a3')
    },
  },
  {
    name: 'sync.msgrcv lets a sender in that waits for room',
    needs: SYNC,
    run: async (context) => {
      const { namespace } = context
      const msqid = await makeWithRoom(namespace, 1)
      await send(namespace, msqid, 1, 'a')
      const sender = await waitingSend(context, await context.process(), msqid, 2, 'b')
      assert.equal(textOf(namespace.sync.msgrcv(msqid, 1, 0, 0)), 'a')
      await succeeds(sender)
      assert.equal(await drain(namespace, msqid), 'b2')
    },
  },
  {
    name: 'sync calls refuse wrong arguments with TypeError and RangeError',
    needs: SYNC,
    run: async ({ namespace }) => {
      const { sync } = namespace
      await wrong(TypeError, () => sync.msgget('77' as never, 0))
      await wrong(RangeError, () => sync.msgsnd(0.5, message(1), 0))
      await wrong(TypeError, () => sync.msgrcv(0, null as never, 0, 0))
      await wrong(RangeError, () => sync.msgctl(0, 2 ** 40))
      assert.equal(sync.msgctl(0, MSG_INFO).info.pool, 0)
    },
  },
  {
    name: 'sync.msgsnd that would wait is a TypeError, and nothing is sent',
    needs: ['sync that refuses'],
    run: async ({ namespace, midway }) => {
      const msqid = await makeWithRoom(namespace, 1)
      await send(namespace, msqid, 1, 'a')
      await midway()
      const before = await stat(namespace, msqid)
      await wrong(TypeError, () => namespace.sync.msgsnd(msqid, message(2, 'b'), 0))
      assert.deepEqual(await stat(namespace, msqid), before)
      assert.equal(await drain(namespace, msqid), 'a1')
    },
  },
  {
    name: 'sync.msgrcv that would wait is a TypeError, and takes nothing that comes later',
    needs: ['sync that refuses'],
    run: async ({ namespace }) => {
      const msqid = namespace.sync.msgget(IPC_PRIVATE, 0o600)
      await wrong(TypeError, () => namespace.sync.msgrcv(msqid, 10, 0, 0))
      await send(namespace, msqid, 1, 'a')
      await wrong(TypeError, () => namespace.sync.msgrcv(msqid, 10, 2, 0))
      assert.equal(await drain(namespace, msqid), 'a1')
    },
  },
  {
    name: 'sync.msgrcv blocks its thread until a message comes',
    needs: ['sync that blocks'],
    run: async (context) => {
      const { namespace } = context
      const msqid = await makeWithRoom(namespace, 1)
      await send(namespace, msqid, 1, 'a')
      const sender = await waitingSend(context, await context.process(), msqid, 2, 'b')
      // Taking the first message lets the other process send the second, sooner or later: this thread waits for it.
      assert.equal(textOf(namespace.sync.msgrcv(msqid, 1, 1, 0)), 'a')
      assert.equal(textOf(namespace.sync.msgrcv(msqid, 1, 2, 0)), 'b')
      await succeeds(sender)
    },
  },
]

function throws(code: string, call: () => unknown): void {
  assert.throws(call, (error) => error instanceof SyscallError && error.code === code, code)
}
