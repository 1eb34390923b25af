import { strict as assert } from 'node:assert'
import { IPC_CREAT, IPC_RMID, MSG_INFO } from '../../abi/index.ts'
import type { Checkpoint } from '../../engine/index.ts'
import { drain, fill, make, refused, removeAll, stat } from '../calls.ts'
import type { ConformanceCase } from '../case.ts'

const KEY = 0x4a0b5

/** Restores that fail: all or nothing. */
export const restoreRefusalCases: readonly ConformanceCase[] = [
  {
    name: 'restore fails with EEXIST when a key is in use, and nothing changes',
    run: async ({ namespace }) => {
      const other = await make(namespace)
      const msqid = await namespace.msgget(KEY, IPC_CREAT | 0o600)
      const checkpoint = await namespace.checkpoint()
      await removeAll(namespace, checkpoint)
      const inTheWay = await namespace.msgget(KEY, IPC_CREAT | 0o600)
      await fill(namespace, inTheWay, 'x1')
      await refused('EEXIST', namespace.restore(checkpoint))
      for (const gone of [other, msqid]) await refused('EINVAL', stat(namespace, gone))
      assert.equal(await drain(namespace, inTheWay), 'x1')
      assert.equal((await namespace.msgctl(0, MSG_INFO)).info.pool, 1)
    },
  },
  {
    name: 'restore fails with EEXIST when an identifier is in use, and nothing changes',
    run: async ({ namespace }) => {
      await make(namespace)
      const msqid = await make(namespace)
      await fill(namespace, msqid, 'a1')
      const checkpoint = await namespace.checkpoint()
      await namespace.msgctl(0, IPC_RMID)
      await refused('EEXIST', namespace.restore(checkpoint))
      await refused('EINVAL', stat(namespace, 0))
      assert.equal(await drain(namespace, msqid), 'a1')
    },
  },
  {
    name: 'restore fails with EEXIST when the index is used by another sequence number',
    run: async ({ namespace }) => {
      const msqid = await make(namespace)
      const checkpoint = await namespace.checkpoint()
      await namespace.msgctl(msqid, IPC_RMID)
      await namespace.setNextId(msqid + 32768)
      await make(namespace)
      await refused('EEXIST', namespace.restore(checkpoint))
      assert.equal((await namespace.msgctl(0, MSG_INFO)).info.pool, 1)
    },
  },
  {
    name: 'restore fails with ENOSPC when there would be more queues than msgmni, and nothing changes',
    run: async ({ namespace }) => {
      await namespace.setLimits({ msgmni: 2 })
      await make(namespace)
      await make(namespace)
      const checkpoint = await namespace.checkpoint()
      await removeAll(namespace, checkpoint)
      const third = await make(namespace)
      await refused('ENOSPC', namespace.restore(checkpoint))
      assert.equal((await namespace.msgctl(0, MSG_INFO)).info.pool, 1)
      assert.equal((await stat(namespace, third)).qnum, 0)
    },
  },
  {
    name: 'restore is EPERM without CAP_CHECKPOINT_RESTORE and CAP_SYS_ADMIN',
    run: async ({ namespace, process }) => {
      const alice = await process({ uid: 1000, gid: 1000 })
      const msqid = await make(alice.namespace, 0o666)
      const checkpoint = await namespace.checkpoint()
      await removeAll(namespace, checkpoint)
      await refused('EPERM', alice.namespace.restore(checkpoint))
      await refused('EINVAL', stat(namespace, msqid))
    },
  },
  {
    name: 'restore is EINVAL for a checkpoint that no namespace can have been like, and nothing changes',
    run: async ({ namespace }) => {
      const msqid = await make(namespace)
      await fill(namespace, msqid, 'a1')
      const checkpoint = await namespace.checkpoint()
      await removeAll(namespace, checkpoint)
      for (const broken of brokenCheckpoints(checkpoint)) await refused('EINVAL', namespace.restore(broken))
      assert.equal((await namespace.msgctl(0, MSG_INFO)).info.pool, 0)
      assert.equal(await namespace.nextId(), -1)
      assert.equal((await namespace.limits()).msgmax, 8192)
    },
  },
]

/** Checkpoints with one queue that are wrong in one place each. */
function brokenCheckpoints(checkpoint: Checkpoint): Checkpoint[] {
  const [queue] = checkpoint.queues
  const [message] = queue?.messages ?? []
  if (queue === undefined || message === undefined) throw new Error('the checkpoint should have a queue with a message')
  const withQueue = (changes: Partial<typeof queue>) => ({ ...checkpoint, queues: [{ ...queue, ...changes }] })
  return [
    { ...checkpoint, queues: [queue, queue] },
    { ...checkpoint, limits: { ...checkpoint.limits, msgmni: 32769 } },
    { ...checkpoint, nextId: -2 },
    withQueue({ msqid: -1 }),
    withQueue({ qbytes: -1 }),
    withQueue({ perm: { ...queue.perm, mode: 0o1000 } }),
    withQueue({ perm: { ...queue.perm, uid: -1 } }),
    withQueue({ messages: [{ ...message, mtype: 0 }] }),
  ]
}
