import { strict as assert } from 'node:assert'
import { INT_MAX, IPC_INFO, IPC_RMID, IPC_STAT, IPCMNI, MSG_INFO, MSG_STAT, MSG_STAT_ANY } from '../../abi/index.ts'
import { fill, make, refused, stat, take } from '../calls.ts'
import type { ConformanceCase } from '../case.ts'

const SETTINGS = { perm: { uid: 1000, gid: 1001, mode: 0o640 }, qbytes: 100 }

/** Telling about, changing and removing queues. Source: msgctl(2); Linux ipc/msg.c, ksys_msgctl(). */
export const msgctlCases: readonly ConformanceCase[] = [
  {
    name: 'IPC_STAT changes nothing',
    run: async ({ namespace, midway }) => {
      const msqid = await make(namespace)
      await fill(namespace, msqid, 'a1 b1')
      await take(namespace, msqid)
      const before = await stat(namespace, msqid)
      await midway()
      assert.deepEqual(await stat(namespace, msqid), before)
    },
  },
  {
    name: 'IPC_RMID removes a queue with its messages, once',
    run: async ({ namespace, midway }) => {
      const msqid = await make(namespace)
      await fill(namespace, msqid, 'a1 b1')
      await midway()
      assert.equal(await namespace.msgctl(msqid, IPC_RMID), undefined)
      await refused('EINVAL', namespace.msgctl(msqid, IPC_RMID))
      const { info } = await namespace.msgctl(0, MSG_INFO)
      assert.deepEqual([info.pool, info.map, info.tql], [0, 0, 0])
    },
  },
  {
    name: 'IPC_RMID ignores settings',
    run: async ({ namespace }) => {
      const msqid = await make(namespace)
      await namespace.msgctl(msqid, IPC_RMID, SETTINGS)
      await refused('EINVAL', stat(namespace, msqid))
    },
  },
  {
    name: 'msgctl fails with EINVAL for an unknown command, whatever the queue',
    run: async ({ namespace }) => {
      const msqid = await make(namespace)
      for (const cmd of [4, 5, 10, 14, 0x100 | IPC_STAT, -1, INT_MAX]) {
        await refused('EINVAL', namespace.msgctl(msqid, cmd))
        await refused('EINVAL', namespace.msgctl(msqid + 1, cmd))
      }
      assert.equal((await stat(namespace, msqid)).qnum, 0)
    },
  },
  {
    name: 'MSG_STAT tells the queue at an index, with its identifier',
    run: async ({ namespace, midway }) => {
      await namespace.setNextId(3 * IPCMNI + 5)
      const msqid = await make(namespace)
      await fill(namespace, msqid, 'abc1')
      await midway()
      assert.deepEqual(await namespace.msgctl(5, MSG_STAT), { msqid, stat: await stat(namespace, msqid) })
      assert.deepEqual(await namespace.msgctl(5, MSG_STAT_ANY), { msqid, stat: await stat(namespace, msqid) })
    },
  },
  {
    name: 'MSG_STAT ignores the high bits of an index',
    run: async ({ namespace }) => {
      const msqid = await make(namespace)
      assert.equal((await namespace.msgctl(163_840, MSG_STAT)).msqid, msqid)
      assert.equal((await namespace.msgctl(163_840, MSG_STAT_ANY)).msqid, msqid)
    },
  },
  {
    name: 'MSG_STAT fails with EINVAL at an index that no queue has, and for a negative one',
    run: async ({ namespace, midway }) => {
      const msqid = await make(namespace)
      await make(namespace)
      await namespace.msgctl(msqid, IPC_RMID)
      await midway()
      for (const index of [msqid, 2, 32_767, -1, -IPCMNI]) {
        await refused('EINVAL', namespace.msgctl(index, MSG_STAT))
        await refused('EINVAL', namespace.msgctl(index, MSG_STAT_ANY))
      }
    },
  },
  {
    name: 'IPC_INFO tells the limits and what no code obeys',
    run: async ({ namespace, midway }) => {
      await namespace.setLimits({ msgmax: 100, msgmnb: 200, msgmni: 300 })
      await midway()
      const { maxIndex, info } = await namespace.msgctl(0, IPC_INFO)
      assert.equal(maxIndex, 0)
      const rest = { pool: 512_000, map: 16_384, ssz: 16, tql: 16_384, seg: 65_535 }
      assert.deepEqual(info, { max: 100, mnb: 200, mni: 300, ...rest })
    },
  },
  {
    name: 'MSG_INFO counts queues, messages and bytes',
    run: async ({ namespace, midway }) => {
      const first = await make(namespace)
      const second = await make(namespace)
      await make(namespace)
      await fill(namespace, first, 'abc1 d1')
      await fill(namespace, second, 'ef1')
      await midway()
      await take(namespace, first)
      const { maxIndex, info } = await namespace.msgctl(0, MSG_INFO)
      assert.deepEqual([maxIndex, info.pool, info.map, info.tql], [2, 3, 2, 3])
      assert.deepEqual([info.max, info.mnb, info.mni, info.ssz, info.seg], [8192, 16384, 32000, 16, 65_535])
    },
  },
  {
    name: 'IPC_INFO and MSG_INFO tell the highest index in use, 0 when there is none',
    run: async ({ namespace, midway }) => {
      const first = await make(namespace)
      const second = await make(namespace)
      await namespace.setNextId(1000)
      const high = await make(namespace)
      const highest = async () => (await namespace.msgctl(0, MSG_INFO)).maxIndex
      assert.equal(await highest(), 1000)
      await namespace.msgctl(first, IPC_RMID)
      await namespace.msgctl(high, IPC_RMID)
      await midway()
      assert.equal(await highest(), 1)
      await namespace.msgctl(second, IPC_RMID)
      assert.equal(await highest(), 0)
      assert.equal((await namespace.msgctl(0, IPC_INFO)).maxIndex, 0)
    },
  },
  {
    name: 'IPC_INFO and MSG_INFO take any identifier that is not negative',
    run: async ({ namespace }) => {
      for (const msqid of [0, 5, INT_MAX]) {
        assert.equal((await namespace.msgctl(msqid, IPC_INFO)).info.seg, 65_535)
        assert.equal((await namespace.msgctl(msqid, MSG_INFO)).info.pool, 0)
      }
      await refused('EINVAL', namespace.msgctl(-1, IPC_INFO))
      await refused('EINVAL', namespace.msgctl(-1, MSG_INFO))
    },
  },
]
