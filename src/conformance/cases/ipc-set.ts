import { strict as assert } from 'node:assert'
import { IPC_NOWAIT, IPC_SET } from '../../abi/index.ts'
import { assertSince, change, drain, fill, make, refused, secondsNow, send, stat, take } from '../calls.ts'
import type { ConformanceCase } from '../case.ts'

const SETTINGS = { perm: { uid: 1000, gid: 1001, mode: 0o640 }, qbytes: 100 }

/** Changing queues. Source: msgctl(2); Linux ipc/msg.c, msgctl_down(). */
export const ipcSetCases: readonly ConformanceCase[] = [
  {
    name: 'IPC_SET changes owner, group, mode, qbytes and ctime, and nothing else',
    run: async ({ namespace, midway }) => {
      const msqid = await make(namespace)
      await fill(namespace, msqid, 'a1 b1')
      await take(namespace, msqid)
      const before = await stat(namespace, msqid)
      const now = secondsNow()
      assert.equal(await namespace.msgctl(msqid, IPC_SET, SETTINGS), undefined)
      await midway()
      const after = await stat(namespace, msqid)
      assertSince(now, after.ctime)
      const perm = { ...before.perm, uid: 1000, gid: 1001, mode: 0o640 }
      assert.deepEqual(after, { ...before, perm, qbytes: 100, ctime: after.ctime })
    },
  },
  {
    name: 'IPC_SET ignores key, creator, times, processes and counts',
    run: async ({ namespace, midway }) => {
      const msqid = await make(namespace)
      const before = await stat(namespace, msqid)
      const perm = { ...before.perm, key: 99, cuid: 77, cgid: 78, seq: 79 }
      const lies = { ...before, perm, stime: 1, rtime: 2, ctime: 3, cbytes: 4, qnum: 5, lspid: 6, lrpid: 7 }
      await namespace.msgctl(msqid, IPC_SET, lies)
      await midway()
      const after = await stat(namespace, msqid)
      assert.deepEqual({ ...after, ctime: 0 }, { ...before, ctime: 0 })
      assert.notEqual(after.ctime, 3)
    },
  },
  {
    name: 'IPC_SET keeps the nine permission bits of a mode',
    run: async ({ namespace }) => {
      const msqid = await make(namespace)
      await change(namespace, msqid, { mode: 0o170_765 })
      assert.equal((await stat(namespace, msqid)).perm.mode, 0o765)
    },
  },
  {
    name: 'IPC_SET without settings fails with EFAULT, before the queue is looked up',
    run: async ({ namespace }) => {
      const msqid = await make(namespace)
      await refused('EFAULT', namespace.msgctl(msqid, IPC_SET))
      await refused('EFAULT', namespace.msgctl(msqid + 1, IPC_SET))
    },
  },
  {
    name: 'IPC_SET with user or group -1 fails with EINVAL, and nothing changes',
    run: async ({ namespace }) => {
      const msqid = await make(namespace)
      const before = await stat(namespace, msqid)
      await refused('EINVAL', change(namespace, msqid, { uid: -1, mode: 0o777 }))
      await refused('EINVAL', change(namespace, msqid, { gid: 0xffff_ffff, mode: 0o777 }))
      assert.deepEqual(await stat(namespace, msqid), before)
    },
  },
  {
    name: 'IPC_SET judges ownership before the user id',
    run: async ({ namespace, process }) => {
      const msqid = await make(namespace, 0o666)
      const alice = await process({ uid: 1000, gid: 1000 })
      const settings = { perm: { uid: -1, gid: 0, mode: 0 }, qbytes: 1 }
      await refused('EPERM', alice.namespace.msgctl(msqid, IPC_SET, settings))
      await refused('EINVAL', alice.namespace.msgctl(msqid + 1, IPC_SET, settings))
    },
  },
  {
    name: 'IPC_SET takes the highest user and group id',
    run: async ({ namespace, midway }) => {
      const msqid = await make(namespace)
      await change(namespace, msqid, { uid: 0xffff_fffe, gid: 0xffff_fffe })
      await midway()
      const { uid, gid } = (await stat(namespace, msqid)).perm
      assert.deepEqual([uid, gid], [0xffff_fffe, 0xffff_fffe])
    },
  },
  {
    name: 'IPC_SET takes qbytes as a C int: 2^32 + 100 becomes 100',
    run: async ({ namespace }) => {
      const msqid = await make(namespace)
      await change(namespace, msqid, { qbytes: 2 ** 32 + 100 })
      assert.equal((await stat(namespace, msqid)).qbytes, 100)
    },
  },
  {
    name: 'IPC_SET puts qbytes below what is queued: nothing is lost, nothing more admitted',
    run: async ({ namespace, midway }) => {
      const msqid = await make(namespace)
      await fill(namespace, msqid, 'abc1 def1')
      await change(namespace, msqid, { qbytes: 2 })
      await midway()
      await refused('EAGAIN', send(namespace, msqid, 1))
      assert.equal(await drain(namespace, msqid), 'abc1 def1')
    },
  },
  {
    name: 'IPC_SET raises qbytes to msgmnb without any capability',
    run: async ({ process, midway }) => {
      const alice = await process({ uid: 1000, gid: 1000 })
      const msqid = await make(alice.namespace)
      await change(alice.namespace, msqid, { qbytes: 0 })
      await midway()
      await change(alice.namespace, msqid, { qbytes: 16384 })
      assert.equal((await stat(alice.namespace, msqid)).qbytes, 16384)
    },
  },
  {
    name: 'IPC_SET above msgmnb is EPERM without CAP_SYS_RESOURCE, also for an owner',
    run: async ({ process }) => {
      const alice = await process({ uid: 1000, gid: 1000 })
      const msqid = await make(alice.namespace)
      await refused('EPERM', change(alice.namespace, msqid, { qbytes: 16385 }))
      await refused('EPERM', change(alice.namespace, msqid, { qbytes: 2 ** 31 }))
      // EPERM comes before the judgement of the user id.
      await refused('EPERM', change(alice.namespace, msqid, { qbytes: 16385, uid: -1 }))
      assert.equal((await stat(alice.namespace, msqid)).qbytes, 16384)
    },
  },
  {
    name: 'IPC_SET above msgmnb is for those with CAP_SYS_RESOURCE alone',
    run: async ({ namespace, self, midway }) => {
      const msqid = await make(namespace)
      await midway()
      const raised = change(namespace, msqid, { qbytes: 16385 })
      const may = self.capabilities.includes('CAP_SYS_RESOURCE')
      await (may ? raised : refused('EPERM', raised))
      assert.equal((await stat(namespace, msqid)).qbytes, may ? 16385 : 16384)
    },
  },
  {
    name: 'IPC_SET that only repeats qbytes above a lowered msgmnb is EPERM without CAP_SYS_RESOURCE',
    run: async ({ namespace, process }) => {
      const alice = await process({ uid: 1000, gid: 1000 })
      const msqid = await make(alice.namespace)
      await namespace.setLimits({ msgmnb: 100 })
      await refused('EPERM', change(alice.namespace, msqid, { mode: 0o644 }))
    },
  },
  {
    name: 'IPC_SET wakes nobody on an idle queue and can be repeated',
    run: async ({ namespace, midway }) => {
      const msqid = await make(namespace)
      await fill(namespace, msqid, 'a1')
      for (const qbytes of [10, 20, 10]) await change(namespace, msqid, { qbytes })
      await midway()
      assert.equal((await stat(namespace, msqid)).qbytes, 10)
      assert.equal((await namespace.msgrcv(msqid, 10, 0, IPC_NOWAIT)).mtype, 1)
    },
  },
]
