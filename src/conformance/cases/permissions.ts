import { strict as assert } from 'node:assert'
import { IPC_INFO, IPC_NOWAIT, MSG_COPY, MSG_INFO, MSG_STAT, MSG_STAT_ANY } from '../../abi/index.ts'
import { mayNotRead, mayNotWrite, mayRead, mayWrite } from '../access.ts'
import { change, make, refused, send, stat } from '../calls.ts'
import type { ConformanceCase } from '../case.ts'

const ALICE = { uid: 1000, gid: 1000 }
const BOB = { uid: 1001, gid: 1001 }

/** Who may read, write, change and remove. Source: Linux ipc/util.c, ipcperms(), ipcctl_obtain_check(). */
export const permissionCases: readonly ConformanceCase[] = [
  {
    name: 'permissions: the owner reads with 0400 and does not write',
    run: async ({ process, midway }) => {
      const alice = await process(ALICE)
      const msqid = await make(alice.namespace, 0o400)
      await midway()
      await mayRead(alice, msqid)
      await mayNotWrite(alice, msqid)
    },
  },
  {
    name: 'permissions: the owner writes with 0200 and does not read',
    run: async ({ process, midway }) => {
      const alice = await process(ALICE)
      const msqid = await make(alice.namespace, 0o200)
      await midway()
      await mayWrite(alice, msqid)
      await mayNotRead(alice, msqid)
    },
  },
  {
    name: 'permissions: the execute bits grant nothing',
    run: async ({ process }) => {
      const alice = await process(ALICE)
      const msqid = await make(alice.namespace, 0o111)
      await mayNotRead(alice, msqid)
      await mayNotWrite(alice, msqid)
    },
  },
  {
    name: 'permissions: the owner does not fall through to the group and the others',
    run: async ({ process, midway }) => {
      const alice = await process(ALICE)
      const msqid = await make(alice.namespace, 0o066)
      await midway()
      await mayNotRead(alice, msqid)
      await mayNotWrite(alice, msqid)
    },
  },
  {
    name: 'permissions: the group does not fall through to the others',
    run: async ({ process, midway }) => {
      const alice = await process(ALICE)
      const fellow = await process({ uid: 1002, gid: 1000 })
      const msqid = await make(alice.namespace, 0o606)
      await midway()
      await mayNotRead(fellow, msqid)
      await mayNotWrite(fellow, msqid)
    },
  },
  {
    name: 'permissions: a member by group id has the group bits',
    run: async ({ process, midway }) => {
      const alice = await process(ALICE)
      const fellow = await process({ uid: 1002, gid: 1000 })
      const msqid = await make(alice.namespace, 0o040)
      await midway()
      await mayRead(fellow, msqid)
      await mayNotWrite(fellow, msqid)
    },
  },
  {
    name: 'permissions: a member by supplementary group has the group bits',
    run: async ({ process, midway }) => {
      const alice = await process(ALICE)
      const fellow = await process({ uid: 1002, gid: 1002, groups: [7, 1000] })
      const msqid = await make(alice.namespace, 0o020)
      await midway()
      await mayWrite(fellow, msqid)
      await mayNotRead(fellow, msqid)
    },
  },
  {
    name: 'permissions: everyone else has the last bits',
    run: async ({ process, midway }) => {
      const alice = await process(ALICE)
      const bob = await process(BOB)
      const readable = await make(alice.namespace, 0o664)
      const writable = await make(alice.namespace, 0o662)
      await midway()
      await mayRead(bob, readable)
      await mayNotWrite(bob, readable)
      await mayWrite(bob, writable)
      await mayNotRead(bob, writable)
    },
  },
  {
    name: 'permissions: an owner by IPC_SET has the owner bits',
    run: async ({ namespace, process, midway }) => {
      const bob = await process(BOB)
      const msqid = await make(namespace, 0o600)
      await mayNotRead(bob, msqid)
      await change(namespace, msqid, { uid: BOB.uid })
      await midway()
      await mayRead(bob, msqid)
      await mayWrite(bob, msqid)
    },
  },
  {
    name: 'permissions: the creator keeps the owner bits, and only those, after IPC_SET gives the queue away',
    run: async ({ process, midway }) => {
      const alice = await process(ALICE)
      const msqid = await make(alice.namespace, 0o606)
      await change(alice.namespace, msqid, { uid: BOB.uid, gid: BOB.gid })
      await mayRead(alice, msqid)
      await change(alice.namespace, msqid, { mode: 0o066 })
      await midway()
      await mayNotRead(alice, msqid)
    },
  },
  {
    name: "permissions: the creator's group keeps the group bits after IPC_SET gives the queue away",
    run: async ({ process, midway }) => {
      const alice = await process(ALICE)
      const fellow = await process({ uid: 1002, gid: 1000 })
      const newFellow = await process({ uid: 1003, gid: 1001 })
      const msqid = await make(alice.namespace, 0o640)
      await change(alice.namespace, msqid, { gid: BOB.gid })
      await midway()
      await mayRead(fellow, msqid)
      await mayRead(newFellow, msqid)
      await mayNotWrite(fellow, msqid)
    },
  },
  {
    name: 'permissions: IPC_STAT and MSG_STAT need read permission, MSG_STAT_ANY needs none',
    run: async ({ process, midway }) => {
      const alice = await process(ALICE)
      const bob = await process(BOB)
      const msqid = await make(alice.namespace, 0o622)
      await midway()
      await refused('EACCES', stat(bob.namespace, msqid))
      await refused('EACCES', bob.namespace.msgctl(msqid, MSG_STAT))
      assert.equal((await bob.namespace.msgctl(msqid, MSG_STAT_ANY)).msqid, msqid)
      assert.equal((await stat(alice.namespace, msqid)).qnum, 0)
    },
  },
  {
    name: 'permissions: IPC_INFO and MSG_INFO need none',
    run: async ({ process }) => {
      const alice = await process(ALICE)
      const bob = await process(BOB)
      await make(alice.namespace, 0)
      assert.equal((await bob.namespace.msgctl(0, MSG_INFO)).info.pool, 1)
      assert.equal((await bob.namespace.msgctl(0, IPC_INFO)).info.max, 8192)
    },
  },
  {
    name: 'permissions: MSG_COPY needs read permission',
    needs: ['copy by index'],
    run: async ({ process, midway }) => {
      const alice = await process(ALICE)
      const bob = await process(BOB)
      const msqid = await make(alice.namespace, 0o622)
      await send(alice.namespace, msqid, 1)
      await midway()
      await refused('EACCES', bob.namespace.msgrcv(msqid, 10, 0, IPC_NOWAIT | MSG_COPY))
    },
  },
]
