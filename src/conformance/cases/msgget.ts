import { strict as assert } from 'node:assert'
import { IPC_CREAT, IPC_EXCL, IPC_NOWAIT, IPC_PRIVATE, IPC_RMID, MSG_COPY } from '../../abi/index.ts'
import { assertSince, change, make, refused, secondsNow, send, stat } from '../calls.ts'
import type { ConformanceCase } from '../case.ts'

const KEY = 0x4a0b5
const ALICE = { uid: 1000, gid: 1000 }
const BOB = { uid: 1001, gid: 1001 }

/** Finding and making queues. Source: msgget(2); Linux ipc/util.c, ipcget(). */
export const msggetCases: readonly ConformanceCase[] = [
  {
    name: 'IPC_PRIVATE makes a new queue each time',
    run: async ({ namespace, midway }) => {
      const first = await namespace.msgget(IPC_PRIVATE, IPC_CREAT | 0o600)
      await midway()
      assert.notEqual(await namespace.msgget(IPC_PRIVATE, IPC_CREAT | 0o600), first)
    },
  },
  {
    name: 'IPC_PRIVATE needs no IPC_CREAT, and IPC_EXCL changes nothing',
    run: async ({ namespace }) => {
      const bare = await namespace.msgget(IPC_PRIVATE, 0)
      const exclusive = await namespace.msgget(IPC_PRIVATE, IPC_CREAT | IPC_EXCL | 0o600)
      const onlyExclusive = await namespace.msgget(IPC_PRIVATE, IPC_EXCL | 0o600)
      assert.equal(new Set([bare, exclusive, onlyExclusive]).size, 3)
    },
  },
  {
    name: 'msgget without IPC_CREAT fails with ENOENT for a key that no queue has',
    run: ({ namespace }) => refused('ENOENT', namespace.msgget(KEY, 0o600)),
  },
  {
    name: 'IPC_EXCL alone fails with ENOENT for a key that no queue has',
    run: ({ namespace }) => refused('ENOENT', namespace.msgget(KEY, IPC_EXCL | 0o600)),
  },
  {
    name: 'IPC_CREAT makes a queue once, then opens it',
    run: async ({ namespace, midway }) => {
      const msqid = await namespace.msgget(KEY, IPC_CREAT | 0o600)
      await midway()
      assert.equal(await namespace.msgget(KEY, IPC_CREAT | 0o600), msqid)
      assert.equal(await namespace.msgget(KEY, 0o600), msqid)
    },
  },
  {
    name: 'IPC_EXCL with IPC_CREAT fails with EEXIST for a key that a queue has',
    run: async ({ namespace, midway }) => {
      await namespace.msgget(KEY, IPC_CREAT | IPC_EXCL | 0o600)
      await midway()
      await refused('EEXIST', namespace.msgget(KEY, IPC_CREAT | IPC_EXCL | 0o600))
    },
  },
  {
    name: 'IPC_EXCL without IPC_CREAT opens a queue',
    run: async ({ namespace }) => {
      const msqid = await namespace.msgget(KEY, IPC_CREAT | 0o600)
      assert.equal(await namespace.msgget(KEY, IPC_EXCL | 0o600), msqid)
    },
  },
  {
    name: 'msgget takes -1 as an ordinary key, the same as 0xffffffff',
    run: async ({ namespace, midway }) => {
      const msqid = await namespace.msgget(-1, IPC_CREAT | 0o600)
      await midway()
      assert.equal(await namespace.msgget(0xffff_ffff, 0o600), msqid)
      assert.equal((await stat(namespace, msqid)).perm.key, -1)
    },
  },
  {
    name: 'msgget takes the lowest key, signed or not',
    run: async ({ namespace, midway }) => {
      const msqid = await namespace.msgget(-0x8000_0000, IPC_CREAT | 0o600)
      await midway()
      assert.equal(await namespace.msgget(0x8000_0000, 0o600), msqid)
    },
  },
  {
    name: 'msgget tells keys apart that differ in one bit',
    run: async ({ namespace }) => {
      const one = await namespace.msgget(0x1000_0001, IPC_CREAT | 0o600)
      const other = await namespace.msgget(0x1000_0000, IPC_CREAT | 0o600)
      assert.notEqual(one, other)
      assert.equal(await namespace.msgget(0x1000_0001, 0), one)
    },
  },
  {
    name: 'msgget keeps the nine permission bits as the mode and ignores unknown flags',
    run: async ({ namespace, midway }) => {
      const msqid = await namespace.msgget(KEY, IPC_CREAT | IPC_NOWAIT | MSG_COPY | 0x4000_0000 | 0o765)
      await midway()
      assert.equal((await stat(namespace, msqid)).perm.mode, 0o765)
    },
  },
  {
    name: 'msgget does not change the mode of a queue that it opens',
    run: async ({ namespace }) => {
      const msqid = await namespace.msgget(KEY, IPC_CREAT | 0o640)
      await namespace.msgget(KEY, IPC_CREAT | 0o600)
      assert.equal((await stat(namespace, msqid)).perm.mode, 0o640)
    },
  },
  {
    name: 'msgget makes a queue whose fields say that nothing has happened yet',
    run: async ({ namespace, self, midway }) => {
      const before = secondsNow()
      const msqid = await namespace.msgget(KEY, IPC_CREAT | 0o640)
      await midway()
      const { ctime, ...rest } = await stat(namespace, msqid)
      assertSince(before, ctime)
      const { uid, gid } = self
      const perm = { key: KEY, uid, gid, cuid: uid, cgid: gid, mode: 0o640, seq: msqid >> 15 }
      assert.deepEqual(rest, { perm, stime: 0, rtime: 0, cbytes: 0, qnum: 0, qbytes: 16384, lspid: 0, lrpid: 0 })
    },
  },
  {
    name: 'msgget makes its caller owner and creator',
    run: async ({ namespace, process, midway }) => {
      const alice = await process(ALICE)
      const msqid = await alice.namespace.msgget(KEY, IPC_CREAT | 0o644)
      await midway()
      const { uid, gid, cuid, cgid } = (await stat(namespace, msqid)).perm
      assert.deepEqual({ uid, gid, cuid, cgid }, { uid: 1000, gid: 1000, cuid: 1000, cgid: 1000 })
    },
  },
  {
    name: 'msgget of another process finds the same queue',
    run: async ({ namespace, process, midway }) => {
      const msqid = await namespace.msgget(KEY, IPC_CREAT | 0o600)
      await send(namespace, msqid, 1)
      await midway()
      const other = await process()
      assert.equal(await other.namespace.msgget(KEY, 0o600), msqid)
      assert.equal((await stat(other.namespace, msqid)).qnum, 1)
    },
  },
  {
    name: 'msgget makes another queue for a key whose queue was removed',
    run: async ({ namespace, midway }) => {
      const removed = await namespace.msgget(KEY, IPC_CREAT | 0o600)
      await namespace.msgctl(removed, IPC_RMID)
      await midway()
      await refused('ENOENT', namespace.msgget(KEY, 0o600))
      assert.notEqual(await namespace.msgget(KEY, IPC_CREAT | 0o600), removed)
    },
  },
  {
    name: 'msgget fails with EEXIST before it asks for permission',
    run: async ({ namespace, process }) => {
      await namespace.msgget(KEY, IPC_CREAT | 0o600)
      const alice = await process(ALICE)
      await refused('EEXIST', alice.namespace.msgget(KEY, IPC_CREAT | IPC_EXCL | 0o600))
    },
  },
  {
    name: 'msgget fails with EACCES when the mode grants less than the permission bits ask for',
    run: async ({ process, midway }) => {
      const alice = await process(ALICE)
      const bob = await process(BOB)
      const msqid = await alice.namespace.msgget(KEY, IPC_CREAT | 0o644)
      await midway()
      assert.equal(await bob.namespace.msgget(KEY, 0o444), msqid)
      await refused('EACCES', bob.namespace.msgget(KEY, 0o002))
      await refused('EACCES', bob.namespace.msgget(KEY, IPC_CREAT | 0o600))
    },
  },
  {
    name: 'msgget takes permission bits of any class for those of the caller',
    run: async ({ process }) => {
      const alice = await process(ALICE)
      const msqid = await alice.namespace.msgget(KEY, IPC_CREAT | 0o400)
      assert.equal(await alice.namespace.msgget(KEY, 0o004), msqid)
      await refused('EACCES', alice.namespace.msgget(KEY, 0o020))
    },
  },
  {
    name: 'msgget without permission bits tells anyone the identifier',
    run: async ({ namespace, process, midway }) => {
      const msqid = await namespace.msgget(KEY, IPC_CREAT)
      await midway()
      const alice = await process(ALICE)
      assert.equal(await alice.namespace.msgget(KEY, 0), msqid)
    },
  },
  {
    name: 'msgget gives a new queue the msgmnb of its time as qbytes',
    run: async ({ namespace, midway }) => {
      const before = await make(namespace)
      await namespace.setLimits({ msgmnb: 1234 })
      await midway()
      const after = await make(namespace)
      assert.equal((await stat(namespace, before)).qbytes, 16384)
      assert.equal((await stat(namespace, after)).qbytes, 1234)
    },
  },
  {
    name: 'msgget finds a queue by its key still after IPC_SET',
    run: async ({ namespace, midway }) => {
      const msqid = await namespace.msgget(KEY, IPC_CREAT | 0o600)
      await change(namespace, msqid, { mode: 0o666, uid: 1000, gid: 1000, qbytes: 10 })
      await midway()
      assert.equal(await namespace.msgget(KEY, 0), msqid)
    },
  },
]
