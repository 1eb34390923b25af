import { strict as assert } from 'node:assert'
import { IPC_NOWAIT, IPC_RMID, MSG_COPY, MSG_EXCEPT, MSG_NOERROR } from '../../abi/index.ts'
import type { HeldMessage, IpcNamespace } from '../../contract/index.ts'
import {
  assertSince,
  change,
  copyAt,
  drain,
  fill,
  make,
  makeWithRoom,
  refused,
  secondsNow,
  send,
  stat,
  take,
  textOf,
  wrong,
} from '../calls.ts'
import type { ConformanceCase } from '../case.ts'

/** Receives that hold: a message is hidden, still counted, until it is accepted or refused. */
const cases: readonly ConformanceCase[] = [
  {
    name: 'a held message is hidden from receives, and still counted',
    run: async ({ namespace, process }) => {
      const msqid = await make(namespace)
      await fill(namespace, msqid, 'abc1')
      const held = await hold(namespace, msqid)
      assert.equal(`${textOf(held)}${held.mtype}`, 'abc1')
      const { qnum, cbytes, lrpid, rtime } = await stat(namespace, msqid)
      assert.deepEqual({ qnum, cbytes, lrpid, rtime }, { qnum: 1, cbytes: 3, lrpid: 0, rtime: 0 })
      const other = await process()
      await refused('ENOMSG', take(other.namespace, msqid))
      await refused('ENOMSG', take(other.namespace, msqid, -5))
      await refused('ENOMSG', take(other.namespace, msqid, 5, MSG_EXCEPT))
    },
  },
  {
    name: 'accept removes a held message: only now is it received, by who held it',
    run: async ({ namespace, process, midway }) => {
      const msqid = await make(namespace)
      await fill(namespace, msqid, 'abc1 d1')
      const other = await process()
      const held = await hold(other.namespace, msqid)
      const before = secondsNow()
      await held.accept()
      await midway()
      const { qnum, cbytes, lrpid, rtime } = await stat(namespace, msqid)
      assert.deepEqual({ qnum, cbytes, lrpid }, { qnum: 1, cbytes: 1, lrpid: other.pid })
      assertSince(before, rtime)
      assert.equal(await drain(namespace, msqid), 'd1')
    },
  },
  {
    name: 'refuse shows a held message again, at its place, as if nothing had happened',
    run: async ({ namespace, midway }) => {
      const msqid = await make(namespace)
      await fill(namespace, msqid, 'a1 b2 c1')
      const before = await stat(namespace, msqid)
      const held = await hold(namespace, msqid, 2)
      await held.refuse()
      await midway()
      assert.deepEqual(await stat(namespace, msqid), before)
      assert.equal(await drain(namespace, msqid), 'a1 b2 c1')
    },
  },
  {
    name: 'a receive takes the next message while one is held; a refuse brings it back in front',
    run: async ({ namespace }) => {
      const msqid = await make(namespace)
      await fill(namespace, msqid, 'a1 b1 c1')
      const held = await hold(namespace, msqid)
      assert.equal(await take(namespace, msqid), 'b1')
      await held.refuse()
      assert.equal(await drain(namespace, msqid), 'a1 c1')
    },
  },
  {
    name: 'several messages are held at once, and accepted or refused in any order',
    run: async ({ namespace }) => {
      const msqid = await make(namespace)
      await fill(namespace, msqid, 'a1 b1 c1 d1')
      const [a, b, c] = [await hold(namespace, msqid), await hold(namespace, msqid), await hold(namespace, msqid)]
      assert.deepEqual([a, b, c].map(textOf), ['a', 'b', 'c'])
      await c.refuse()
      await b.accept()
      await a.refuse()
      assert.equal(await drain(namespace, msqid), 'a1 c1 d1')
    },
  },
  {
    name: 'a message is accepted or refused once: then EINVAL, and nothing changes',
    run: async ({ namespace }) => {
      const msqid = await make(namespace)
      await fill(namespace, msqid, 'a1 b1 c1')
      const accepted = await hold(namespace, msqid)
      const refusedOne = await hold(namespace, msqid)
      await accepted.accept()
      await refusedOne.refuse()
      for (const held of [accepted, refusedOne]) {
        await refused('EINVAL', held.accept())
        await refused('EINVAL', held.refuse())
      }
      assert.equal(await drain(namespace, msqid), 'b1 c1')
    },
  },
  {
    name: 'IPC_RMID removes held messages with their queue: accept and refuse are EINVAL',
    run: async ({ namespace }) => {
      const msqid = await make(namespace)
      await fill(namespace, msqid, 'a1 b1')
      const first = await hold(namespace, msqid)
      const second = await hold(namespace, msqid)
      await namespace.msgctl(msqid, IPC_RMID)
      await refused('EINVAL', first.accept())
      await refused('EINVAL', second.refuse())
    },
  },
  {
    name: 'a hold fails as a receive does',
    run: async ({ namespace, process }) => {
      const msqid = await make(namespace, 0o622)
      const alice = await process({ uid: 1000, gid: 1000 })
      await refused('ENOMSG', hold(namespace, msqid))
      await fill(namespace, msqid, 'abc1')
      await refused('EACCES', hold(alice.namespace, msqid))
      await refused('EINVAL', hold(namespace, msqid + 1))
      await refused('E2BIG', namespace.msgrcv(msqid, 2, 0, IPC_NOWAIT, { hold: true }))
      assert.equal(await drain(namespace, msqid), 'abc1')
    },
  },
  {
    name: 'a hold selects as a receive does',
    run: async ({ namespace }) => {
      const msqid = await make(namespace)
      await fill(namespace, msqid, 'A5 B3 C9 D3 E1')
      const held = [await hold(namespace, msqid, -9), await hold(namespace, msqid, -9), await hold(namespace, msqid, 9)]
      assert.deepEqual(held.map(textOf), ['E', 'B', 'C'])
      assert.equal(textOf(await hold(namespace, msqid, 5, MSG_EXCEPT)), 'D')
    },
  },
  {
    name: 'a held message that is cut with MSG_NOERROR is refused whole, and accepted whole',
    run: async ({ namespace }) => {
      const msqid = await make(namespace)
      await fill(namespace, msqid, 'abcdef1')
      const cut = () => namespace.msgrcv(msqid, 2, 0, IPC_NOWAIT | MSG_NOERROR, { hold: true })
      const first = await cut()
      assert.equal(textOf(first), 'ab')
      await first.refuse()
      assert.equal((await stat(namespace, msqid)).cbytes, 6)
      await (await cut()).accept()
      assert.equal((await stat(namespace, msqid)).cbytes, 0)
    },
  },
  {
    name: 'a held message still takes its room',
    run: async ({ namespace }) => {
      const msqid = await makeWithRoom(namespace, 3)
      await fill(namespace, msqid, 'abc1')
      const held = await hold(namespace, msqid)
      await refused('EAGAIN', send(namespace, msqid, 1, 'd'))
      await held.accept()
      await send(namespace, msqid, 1, 'd')
    },
  },
  {
    name: 'a held message is still copied by its index',
    needs: ['copy by index'],
    run: async ({ namespace }) => {
      const msqid = await make(namespace)
      await fill(namespace, msqid, 'a1 b1')
      await hold(namespace, msqid)
      assert.deepEqual([await copyAt(namespace, msqid, 0), await copyAt(namespace, msqid, 1)], ['a1', 'b1'])
    },
  },
  {
    name: 'a held message’s bytes are its holder’s own',
    run: async ({ namespace }) => {
      const msqid = await make(namespace)
      await fill(namespace, msqid, 'abc1')
      const held = await hold(namespace, msqid)
      held.mtext.fill(0)
      await held.refuse()
      assert.equal(await drain(namespace, msqid), 'abc1')
    },
  },
  {
    name: 'a hold with MSG_COPY is a TypeError: a copy takes nothing that could be held',
    run: async ({ namespace }) => {
      const msqid = await make(namespace)
      await fill(namespace, msqid, 'a1')
      await wrong(TypeError, () => namespace.msgrcv(msqid, 10, 0, IPC_NOWAIT | MSG_COPY, { hold: true }))
      assert.equal(await drain(namespace, msqid), 'a1')
    },
  },
  {
    name: 'close shows what its reference held again, at its place',
    run: async ({ namespace, process }) => {
      const msqid = await make(namespace)
      await fill(namespace, msqid, 'a1 b1 c1')
      const other = await process()
      await hold(other.namespace, msqid)
      await hold(other.namespace, msqid)
      await other.namespace.close()
      assert.equal(await drain(namespace, msqid), 'a1 b1 c1')
    },
  },
  {
    name: 'a process that is killed while it holds leaves its messages to others',
    run: async ({ namespace, process }) => {
      const msqid = await make(namespace)
      await fill(namespace, msqid, 'a1')
      const other = await process()
      await hold(other.namespace, msqid)
      await other.end()
      assert.equal(await drain(namespace, msqid), 'a1')
    },
  },
  {
    name: 'accept asks for no permission that the receive has not asked for',
    run: async ({ namespace, process }) => {
      const msqid = await make(namespace, 0o666)
      await fill(namespace, msqid, 'a1')
      const alice = await process({ uid: 1000, gid: 1000 })
      const held = await hold(alice.namespace, msqid)
      await change(namespace, msqid, { mode: 0o600 })
      await held.accept()
      assert.equal((await stat(namespace, msqid)).qnum, 0)
    },
  },
  {
    name: 'checkpoint copies a held message at its place, and restore shows it',
    run: async ({ namespace }) => {
      const msqid = await make(namespace)
      await fill(namespace, msqid, 'a1 b1')
      const held = await hold(namespace, msqid)
      const checkpoint = await namespace.checkpoint()
      await held.accept()
      await namespace.msgctl(msqid, IPC_RMID)
      await namespace.restore(checkpoint)
      assert.equal(await drain(namespace, msqid), 'a1 b1')
    },
  },
]

export const heldCases: readonly ConformanceCase[] = cases.map((conformanceCase) => ({
  ...conformanceCase,
  needs: ['held', ...(conformanceCase.needs ?? [])],
}))

function hold(namespace: IpcNamespace, msqid: number, msgtyp = 0, msgflg = 0): Promise<HeldMessage> {
  return namespace.msgrcv(msqid, 100, msgtyp, msgflg | IPC_NOWAIT, { hold: true })
}
