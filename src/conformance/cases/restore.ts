import { strict as assert } from 'node:assert'
import { IPC_CREAT, IPC_RMID, LONG_MAX, MSG_INFO, MSG_STAT_ANY } from '../../abi/index.ts'
import type { IpcNamespace } from '../../contract/index.ts'
import { change, drain, fill, make, pattern, refused, removeAll, send, stat } from '../calls.ts'
import type { ConformanceCase } from '../case.ts'

const KEY = 0x4a0b5

/** Bringing queues back: what every backend can, the kernel's too. */
export const restoreCases: readonly ConformanceCase[] = [
  {
    name: 'restore brings back identifier, key, owner, mode and qbytes',
    run: async ({ namespace, midway }) => {
      await namespace.setNextId(7 * 32768 + 40)
      const msqid = await namespace.msgget(KEY, IPC_CREAT | 0o640)
      await change(namespace, msqid, { uid: 1000, gid: 1001, qbytes: 55 })
      const before = await stat(namespace, msqid)
      const report = await anew(namespace)
      await midway()
      const after = await stat(namespace, msqid)
      const told = ({ perm, qbytes, qnum, cbytes }: typeof after) => {
        const { key, uid, gid, mode, seq } = perm
        return { key, uid, gid, mode, seq, qbytes, qnum, cbytes }
      }
      assert.deepEqual(told(after), told(before))
      assert.equal(await namespace.msgget(KEY, 0), msqid)
      assert.deepEqual(report.msqids, [msqid])
    },
  },
  {
    name: 'restore brings back messages in order, with exact types and bytes',
    run: async ({ namespace, midway }) => {
      const msqid = await make(namespace)
      await fill(namespace, msqid, 'a5 b3 a5')
      await send(namespace, msqid, LONG_MAX)
      await namespace.msgsnd(msqid, { mtype: 2n ** 53n + 1n, mtext: pattern(8192) }, 0)
      await anew(namespace)
      await midway()
      const messages = [...((await namespace.checkpoint()).queues[0]?.messages ?? [])]
      assert.deepEqual(messages[4]?.mtext, pattern(8192))
      assert.equal(messages[4]?.mtype, 2n ** 53n + 1n)
      await namespace.msgrcv(msqid, 8192, 2n ** 53n + 1n, 0)
      assert.equal(await drain(namespace, msqid), `a5 b3 a5 ${LONG_MAX}`)
    },
  },
  {
    name: 'restore brings back many queues, each at its identifier',
    run: async ({ namespace, midway }) => {
      const msqids: number[] = []
      for (let queue = 0; queue < 20; queue++) {
        const msqid = await namespace.msgget(queue % 2 ? KEY + queue : 0, IPC_CREAT | 0o600)
        await fill(namespace, msqid, `a${queue + 1}`)
        msqids.push(msqid)
      }
      await namespace.msgctl(msqids[3] ?? -1, IPC_RMID)
      await anew(namespace)
      await midway()
      for (const [queue, msqid] of msqids.entries()) {
        if (queue !== 3) assert.equal(await drain(namespace, msqid), `a${queue + 1}`)
      }
      assert.equal((await namespace.msgctl(0, MSG_INFO)).info.pool, 19)
    },
  },
  {
    name: 'restore brings back limits into a namespace without queues',
    run: async ({ namespace, midway }) => {
      await namespace.setLimits({ msgmax: 100, msgmnb: 200, msgmni: 300 })
      await make(namespace)
      const checkpoint = await namespace.checkpoint()
      await removeAll(namespace, checkpoint)
      await namespace.setLimits({ msgmax: 8192, msgmnb: 16384, msgmni: 32000 })
      await namespace.restore(checkpoint)
      await midway()
      assert.deepEqual(await namespace.limits(), { msgmax: 100, msgmnb: 200, msgmni: 300 })
    },
  },
  {
    name: 'restore only raises limits in a namespace that has queues',
    run: async ({ namespace }) => {
      await namespace.setLimits({ msgmax: 100, msgmnb: 20_000, msgmni: 300 })
      await make(namespace)
      const checkpoint = await namespace.checkpoint()
      await removeAll(namespace, checkpoint)
      await namespace.setLimits({ msgmax: 200, msgmnb: 10_000, msgmni: 300 })
      await namespace.setNextId(9)
      await make(namespace)
      await namespace.restore(checkpoint)
      assert.deepEqual(await namespace.limits(), { msgmax: 200, msgmnb: 20_000, msgmni: 300 })
    },
  },
  {
    name: 'restore brings back messages over 8192 bytes where the limits were raised',
    run: async ({ namespace, midway }) => {
      await namespace.setLimits({ msgmax: 100_000, msgmnb: 200_000 })
      const msqid = await make(namespace)
      await namespace.msgsnd(msqid, { mtype: 1, mtext: pattern(100_000) }, 0)
      const checkpoint = await namespace.checkpoint()
      await removeAll(namespace, checkpoint)
      await namespace.setLimits({ msgmax: 8192, msgmnb: 16384 })
      await namespace.restore(checkpoint)
      await midway()
      assert.deepEqual((await namespace.msgrcv(msqid, 100_000, 0, 0)).mtext, pattern(100_000))
      assert.equal((await stat(namespace, msqid)).qbytes, 200_000)
    },
  },
  {
    name: 'restore brings back a queue that holds more than its qbytes',
    run: async ({ namespace, midway }) => {
      const msqid = await make(namespace)
      await fill(namespace, msqid, 'abc1 def2 ghi3')
      await change(namespace, msqid, { qbytes: 2 })
      await anew(namespace)
      await midway()
      await refused('EAGAIN', send(namespace, msqid, 1))
      assert.equal((await stat(namespace, msqid)).qbytes, 2)
      assert.equal(await drain(namespace, msqid), 'abc1 def2 ghi3')
    },
  },
  {
    name: 'restore brings back a queue whose qbytes is above a since lowered msgmnb',
    run: async ({ namespace, midway }) => {
      const msqid = await make(namespace)
      await namespace.msgsnd(msqid, { mtype: 1, mtext: pattern(5000) }, 0)
      await namespace.setLimits({ msgmnb: 100 })
      await anew(namespace)
      await midway()
      assert.equal((await stat(namespace, msqid)).qbytes, 16384)
      assert.equal((await namespace.limits()).msgmnb, 100)
    },
  },
  {
    name: 'restore brings back the permissions: the owner may, others may not',
    run: async ({ namespace, process, midway }) => {
      const alice = await process({ uid: 1000, gid: 1000 })
      const bob = await process({ uid: 1001, gid: 1001 })
      const msqid = await make(alice.namespace, 0o600)
      await fill(alice.namespace, msqid, 'a1')
      await anew(namespace)
      await midway()
      await refused('EACCES', stat(bob.namespace, msqid))
      assert.equal(await drain(alice.namespace, msqid), 'a1')
      await alice.namespace.msgctl(msqid, IPC_RMID)
    },
  },
  {
    name: 'restore brings back a queue that nobody may read or write',
    run: async ({ namespace, midway }) => {
      const msqid = await make(namespace, 0o600)
      await fill(namespace, msqid, 'a1')
      await change(namespace, msqid, { mode: 0 })
      await anew(namespace)
      await midway()
      const { stat: restored } = await namespace.msgctl(msqid, MSG_STAT_ANY)
      assert.deepEqual([restored.perm.mode, restored.qnum], [0, 1])
    },
  },
  {
    name: 'restore leaves the queues that stand alone',
    run: async ({ namespace, midway }) => {
      const msqid = await make(namespace)
      await fill(namespace, msqid, 'a1')
      const checkpoint = await namespace.checkpoint()
      await namespace.msgctl(msqid, IPC_RMID)
      const other = await make(namespace)
      await fill(namespace, other, 'x1 y2')
      await namespace.restore(checkpoint)
      await midway()
      assert.deepEqual([await drain(namespace, msqid), await drain(namespace, other)], ['a1', 'x1 y2'])
    },
  },
  {
    name: 'restore takes bytes that are changed afterwards as they were',
    run: async ({ namespace }) => {
      const msqid = await make(namespace)
      await fill(namespace, msqid, 'abc1')
      const checkpoint = await namespace.checkpoint()
      await removeAll(namespace, checkpoint)
      await namespace.restore(checkpoint)
      for (const { mtext } of checkpoint.queues[0]?.messages ?? []) mtext.fill(0)
      assert.equal(await drain(namespace, msqid), 'abc1')
    },
  },
  {
    name: 'restore of one checkpoint can be repeated once its queues are gone',
    run: async ({ namespace }) => {
      const msqid = await make(namespace)
      await fill(namespace, msqid, 'a1 b2')
      const checkpoint = await namespace.checkpoint()
      for (let again = 0; again < 3; again++) {
        await removeAll(namespace, checkpoint)
        await namespace.restore(checkpoint)
        await refused('EEXIST', namespace.restore(checkpoint))
        assert.equal(await drain(namespace, msqid), 'a1 b2')
      }
    },
  },
  {
    name: 'restore lists what it could not bring back',
    needs: ['restores queues'],
    run: async ({ namespace }) => {
      const msqid = await make(namespace)
      await fill(namespace, msqid, 'a1')
      const { notRestored } = await anew(namespace)
      const fields = notRestored.filter((missing) => missing.msqid === msqid).map(({ field }) => field)
      for (const field of ['stime', 'lspid']) assert.ok(fields.includes(field), `${field} of ${fields}`)
      for (const { reason } of notRestored) assert.notEqual(reason, '')
    },
  },
]

/** Checkpoints a namespace, removes its queues, and restores it. */
async function anew(namespace: IpcNamespace): ReturnType<IpcNamespace['restore']> {
  const checkpoint = await namespace.checkpoint()
  await removeAll(namespace, checkpoint)
  return namespace.restore(checkpoint)
}
