import { strict as assert } from 'node:assert'
import { INT_MAX, IPC_NOWAIT, IPC_RMID, IPC_SET, IPC_STAT, IPCMNI, MSG_STAT } from '../../abi/index.ts'
import type { IpcNamespace } from '../../contract/index.ts'
import { make, message, refused, stat } from '../calls.ts'
import type { ConformanceCase } from '../case.ts'

/** Which identifiers queues get. Source: Linux ipc/util.c, ipc_idr_alloc(), ipc_obtain_object_check(). */
export const identifierCases: readonly ConformanceCase[] = [
  {
    name: 'identifiers count up from 0 in a fresh namespace',
    run: async ({ namespace, midway }) => {
      const msqids = await makeMany(namespace, 3)
      await midway()
      assert.deepEqual([...msqids, await make(namespace)], [0, 1, 2, 3])
    },
  },
  {
    name: 'identifiers do not reuse a freed index at once',
    run: async ({ namespace, midway }) => {
      const [first = -1] = await makeMany(namespace, 2)
      await namespace.msgctl(first, IPC_RMID)
      await midway()
      assert.equal(await make(namespace), 2)
    },
  },
  {
    name: 'identifiers cycle over 64 indexes, then the sequence number rises',
    run: async ({ namespace, midway }) => {
      for (let index = 0; index < 64; index++) assert.equal(await makeAndRemove(namespace), index)
      await midway()
      assert.equal(await makeAndRemove(namespace), IPCMNI)
      assert.equal(await makeAndRemove(namespace), IPCMNI + 1)
    },
  },
  {
    name: 'identifiers skip an index that is in use when they wrap',
    run: async ({ namespace, midway }) => {
      assert.equal(await make(namespace), 0)
      for (let index = 1; index < 64; index++) await makeAndRemove(namespace)
      await midway()
      assert.equal(await make(namespace), IPCMNI + 1)
    },
  },
  {
    name: 'identifiers cycle over half as many indexes again as are in use, above 64',
    run: async ({ namespace, midway }) => {
      await makeMany(namespace, 50)
      await midway()
      for (let index = 50; index < 75; index++) assert.equal(await makeAndRemove(namespace), index)
      assert.equal(await makeAndRemove(namespace), IPCMNI + 50)
    },
  },
  {
    name: 'identifiers keep the sequence number while indexes rise',
    run: async ({ namespace, midway }) => {
      for (let index = 0; index < 65; index++) await makeAndRemove(namespace)
      await midway()
      assert.deepEqual(await makeMany(namespace, 3), [IPCMNI + 1, IPCMNI + 2, IPCMNI + 3])
    },
  },
  {
    name: 'identifiers end with ENOSPC at 32768 queues, and a freed index comes back with the next sequence number',
    run: async ({ namespace, midway }) => {
      await namespace.setLimits({ msgmni: IPCMNI })
      const msqids = await makeMany(namespace, IPCMNI)
      assert.equal(msqids.at(-1), IPCMNI - 1)
      await refused('ENOSPC', make(namespace))
      await namespace.msgctl(5, IPC_RMID)
      await midway()
      assert.equal(await make(namespace), IPCMNI + 5)
      // The same index once more: it is not above the last one either.
      await namespace.msgctl(IPCMNI + 5, IPC_RMID)
      assert.equal(await make(namespace), 2 * IPCMNI + 5)
      await refused('ENOSPC', make(namespace))
    },
  },
  {
    name: 'EINVAL, never EIDRM, is what every call says of a queue that was removed',
    run: async ({ namespace, midway }) => {
      const msqid = await make(namespace)
      await namespace.msgctl(msqid, IPC_RMID)
      await midway()
      await refusedEverywhere(namespace, msqid)
    },
  },
  {
    name: 'EINVAL is what every call says of a right index with a wrong sequence number',
    run: async ({ namespace, midway }) => {
      const msqid = await make(namespace)
      await midway()
      await refusedEverywhere(namespace, msqid + IPCMNI)
      assert.equal((await stat(namespace, msqid)).qnum, 0)
    },
  },
  {
    name: 'EINVAL is what every call says of an index that was never used',
    run: async ({ namespace }) => {
      await make(namespace)
      await refusedEverywhere(namespace, 1000)
      await refusedEverywhere(namespace, INT_MAX)
    },
  },
  {
    name: 'EINVAL is what every call says of a negative identifier',
    run: async ({ namespace }) => {
      await make(namespace)
      await refusedEverywhere(namespace, -1)
      await refusedEverywhere(namespace, -IPCMNI)
      await refusedEverywhere(namespace, -0x8000_0000)
    },
  },
  {
    name: 'IPC_STAT tells the sequence number of the identifier',
    run: async ({ namespace, midway }) => {
      await namespace.setNextId(7 * IPCMNI + 3)
      const msqid = await make(namespace)
      await midway()
      assert.equal((await stat(namespace, msqid)).perm.seq, 7)
      assert.equal((await namespace.msgctl(3, MSG_STAT)).msqid, 7 * IPCMNI + 3)
    },
  },
]

/** Queues that are asked for before the first one is waited for. */
const AT_A_TIME = 256

async function makeMany(namespace: IpcNamespace, count: number): Promise<number[]> {
  const msqids: number[] = []
  while (msqids.length < count) {
    // Many at a time: behind a network each answer takes its time. They are answered in the order in which they are made.
    const made = Array.from({ length: Math.min(AT_A_TIME, count - msqids.length) }, () => make(namespace))
    msqids.push(...(await Promise.all(made)))
  }
  return msqids
}

async function makeAndRemove(namespace: IpcNamespace): Promise<number> {
  const msqid = await make(namespace)
  await namespace.msgctl(msqid, IPC_RMID)
  return msqid
}

async function refusedEverywhere(namespace: IpcNamespace, msqid: number): Promise<void> {
  const settings = { perm: { uid: 0, gid: 0, mode: 0o600 }, qbytes: 10 }
  await refused('EINVAL', namespace.msgsnd(msqid, message(1), IPC_NOWAIT))
  await refused('EINVAL', namespace.msgrcv(msqid, 10, 0, IPC_NOWAIT))
  await refused('EINVAL', namespace.msgsnd(msqid, message(1), 0))
  await refused('EINVAL', namespace.msgrcv(msqid, 10, 0, 0))
  await refused('EINVAL', namespace.msgctl(msqid, IPC_STAT))
  await refused('EINVAL', namespace.msgctl(msqid, IPC_SET, settings))
  await refused('EINVAL', namespace.msgctl(msqid, IPC_RMID))
}
