import { strict as assert } from 'node:assert'
import { INT_MAX, IPC_CREAT, IPC_EXCL, IPCMNI } from '../../abi/index.ts'
import type { IpcNamespace } from '../../contract/index.ts'
import { make, refused, stat } from '../calls.ts'
import type { ConformanceCase } from '../case.ts'

/** Asking for the identifier of the next queue. Source: Linux ipc/util.c, ipc_idr_alloc(); ipc/ipc_sysctl.c. */
export const msgNextIdCases: readonly ConformanceCase[] = [
  {
    name: 'msg_next_id is -1 until it is set, names the next queue, and is -1 again',
    run: async ({ namespace, midway }) => {
      assert.equal(await namespace.nextId(), -1)
      await namespace.setNextId(100_000)
      await midway()
      assert.equal(await namespace.nextId(), 100_000)
      assert.equal(await make(namespace), 100_000)
      assert.equal(await namespace.nextId(), -1)
    },
  },
  {
    name: 'msg_next_id that is in use gives the next free index with the same sequence number',
    run: async ({ namespace, midway }) => {
      await namespace.setNextId(100_000)
      await make(namespace)
      await midway()
      await namespace.setNextId(100_000)
      assert.equal(await make(namespace), 100_001)
    },
  },
  {
    name: 'msg_next_id whose index another sequence number uses gives the next free index',
    run: async ({ namespace }) => {
      assert.equal(await make(namespace), 0)
      await namespace.setNextId(3 * IPCMNI)
      assert.equal(await make(namespace), 3 * IPCMNI + 1)
    },
  },
  {
    name: 'msg_next_id with no free index above it fails with ENOSPC and is consumed',
    run: async ({ namespace, midway }) => {
      await namespace.setNextId(IPCMNI - 1)
      assert.equal(await make(namespace), IPCMNI - 1)
      await namespace.setNextId(2 * IPCMNI - 1)
      await midway()
      await refused('ENOSPC', make(namespace))
      assert.equal(await namespace.nextId(), -1)
      assert.equal(await make(namespace), 0)
    },
  },
  {
    name: 'msg_next_id is not consumed by a msgget that makes no queue',
    run: async ({ namespace, midway }) => {
      await namespace.msgget(77, IPC_CREAT | 0o600)
      await namespace.setNextId(500)
      await refused('ENOENT', namespace.msgget(78, 0o600))
      await refused('EEXIST', namespace.msgget(77, IPC_CREAT | IPC_EXCL | 0o600))
      await namespace.msgget(77, IPC_CREAT | 0o600)
      await midway()
      assert.equal(await namespace.nextId(), 500)
      assert.equal(await make(namespace), 500)
    },
  },
  {
    name: 'msg_next_id is not consumed by ENOSPC at msgmni',
    run: async ({ namespace, midway }) => {
      await make(namespace)
      await namespace.setLimits({ msgmni: 1 })
      await namespace.setNextId(500)
      await refused('ENOSPC', make(namespace))
      await midway()
      assert.equal(await namespace.nextId(), 500)
    },
  },
  {
    name: 'msg_next_id moves neither the cycle of indexes nor the sequence number',
    run: async ({ namespace, midway }) => {
      await makeMany(namespace, 2)
      await namespace.setNextId(9 * IPCMNI + 40)
      await make(namespace)
      await midway()
      assert.equal(await make(namespace), 2)
    },
  },
  {
    name: 'msg_next_id at its highest gives the highest identifier',
    run: async ({ namespace, midway }) => {
      await namespace.setNextId(INT_MAX)
      const msqid = await make(namespace)
      await midway()
      assert.equal(msqid, INT_MAX)
      assert.equal((await stat(namespace, msqid)).perm.seq, 65535)
    },
  },
  {
    name: 'msg_next_id set twice keeps the later value',
    run: async ({ namespace }) => {
      await namespace.setNextId(40)
      await namespace.setNextId(50)
      assert.equal(await make(namespace), 50)
    },
  },
  {
    name: 'msg_next_id below 0 or above 2147483647 is EINVAL, and nothing changes',
    run: async ({ namespace }) => {
      await namespace.setNextId(40)
      await refused('EINVAL', namespace.setNextId(-1))
      await refused('EINVAL', namespace.setNextId(-5))
      await refused('EINVAL', namespace.setNextId(INT_MAX + 1))
      assert.equal(await namespace.nextId(), 40)
    },
  },
  {
    name: 'msg_next_id may be set only with CAP_CHECKPOINT_RESTORE or CAP_SYS_ADMIN, by root too',
    run: async ({ namespace, process, self }) => {
      const alice = await process({ uid: 1000, gid: 1000 })
      const powerless = await process({ uid: self.uid, gid: self.gid, capabilities: [] })
      await refused('EACCES', alice.namespace.setNextId(5))
      await refused('EACCES', powerless.namespace.setNextId(5))
      const administrator = await process({ uid: self.uid, gid: self.gid, capabilities: ['CAP_SYS_ADMIN'] })
      await administrator.namespace.setNextId(6)
      assert.equal(await namespace.nextId(), 6)
    },
  },
  {
    name: 'msg_next_id may be set with CAP_CHECKPOINT_RESTORE alone',
    run: async ({ namespace, process, self }) => {
      // Nobody can give what it has not.
      const capabilities = self.capabilities.filter((capability) => capability === 'CAP_CHECKPOINT_RESTORE')
      const restorer = await process({ uid: self.uid, gid: self.gid, capabilities })
      const set = restorer.namespace.setNextId(6)
      await (capabilities.length > 0 ? set : refused('EACCES', set))
      assert.equal(await namespace.nextId(), capabilities.length > 0 ? 6 : -1)
    },
  },
]

async function makeMany(namespace: IpcNamespace, count: number): Promise<number[]> {
  const msqids: number[] = []
  while (msqids.length < count) msqids.push(await make(namespace))
  return msqids
}
