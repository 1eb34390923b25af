import { strict as assert } from 'node:assert'
import { IPC_RMID, IPC_SET } from '../../abi/index.ts'
import { mayNotManage, mayNotRead, mayNotWrite, mayRead, mayWrite } from '../access.ts'
import { change, make, refused, stat } from '../calls.ts'
import type { ConformanceCase } from '../case.ts'

const ALICE = { uid: 1000, gid: 1000 }
const BOB = { uid: 1001, gid: 1001 }

/** Who may change and remove. Source: Linux ipc/util.c, ipcctl_obtain_check(). */
export const ownershipCases: readonly ConformanceCase[] = [
  {
    name: 'permissions: IPC_SET and IPC_RMID by neither owner nor creator are EPERM, whatever the mode',
    run: async ({ process, midway }) => {
      const alice = await process(ALICE)
      const fellow = await process({ uid: 1002, gid: 1000 })
      const msqid = await make(alice.namespace, 0o777)
      await midway()
      await mayNotManage(fellow, msqid)
      assert.equal((await stat(alice.namespace, msqid)).perm.mode, 0o777)
    },
  },
  {
    name: 'permissions: IPC_SET and IPC_RMID ask for no mode bits of the owner',
    run: async ({ namespace, process, midway }) => {
      const alice = await process(ALICE)
      const msqid = await make(alice.namespace, 0)
      await midway()
      await alice.namespace.msgctl(msqid, IPC_SET, { perm: { ...ALICE, mode: 0 }, qbytes: 55 })
      await alice.namespace.msgctl(msqid, IPC_RMID)
      await refused('EINVAL', stat(namespace, msqid))
    },
  },
  {
    name: 'permissions: the creator may change and remove a queue that it gave away, and so may the new owner',
    run: async ({ process, midway }) => {
      const alice = await process(ALICE)
      const bob = await process(BOB)
      const first = await make(alice.namespace, 0o666)
      const second = await make(alice.namespace, 0o666)
      for (const msqid of [first, second]) await change(alice.namespace, msqid, BOB)
      await midway()
      await change(alice.namespace, first, { qbytes: 10 })
      await alice.namespace.msgctl(first, IPC_RMID)
      await change(bob.namespace, second, { qbytes: 10 })
      await bob.namespace.msgctl(second, IPC_RMID)
    },
  },
  {
    name: 'permissions: an owner that gave a queue away and is not its creator may do nothing more',
    run: async ({ namespace, process }) => {
      const bob = await process(BOB)
      const msqid = await make(namespace, 0o600)
      await change(namespace, msqid, { uid: BOB.uid })
      await change(bob.namespace, msqid, { uid: 1002 })
      await mayNotRead(bob, msqid)
      await mayNotManage(bob, msqid)
    },
  },
  {
    name: 'permissions: CAP_IPC_OWNER reads and writes any queue, and does not change or remove it',
    run: async ({ process, midway }) => {
      const alice = await process(ALICE)
      const overseer = await process({ ...BOB, capabilities: ['CAP_IPC_OWNER'] })
      const msqid = await make(alice.namespace, 0)
      await midway()
      await mayWrite(overseer, msqid)
      await mayRead(overseer, msqid)
      await mayNotManage(overseer, msqid)
    },
  },
  {
    name: 'permissions: CAP_SYS_ADMIN changes and removes any queue, and does not read or write it',
    run: async ({ process, midway }) => {
      const alice = await process(ALICE)
      const administrator = await process({ ...BOB, capabilities: ['CAP_SYS_ADMIN'] })
      const msqid = await make(alice.namespace, 0o600)
      await midway()
      await mayNotRead(administrator, msqid)
      await mayNotWrite(administrator, msqid)
      await administrator.namespace.msgctl(msqid, IPC_SET, { perm: { ...ALICE, mode: 0o640 }, qbytes: 10 })
      assert.equal((await stat(alice.namespace, msqid)).perm.mode, 0o640)
      await administrator.namespace.msgctl(msqid, IPC_RMID)
    },
  },
  {
    name: 'permissions: user 0 without capabilities is like everyone else',
    run: async ({ process, midway }) => {
      const alice = await process(ALICE)
      const root = await process({ uid: 0, gid: 0, capabilities: [] })
      const msqid = await make(alice.namespace, 0o600)
      await midway()
      await mayNotRead(root, msqid)
      await mayNotWrite(root, msqid)
      await mayNotManage(root, msqid)
    },
  },
]
