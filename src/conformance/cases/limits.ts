import { strict as assert } from 'node:assert'
import { INT_MAX, IPC_CREAT, IPC_EXCL, IPC_NOWAIT, IPC_RMID } from '../../abi/index.ts'
import type { Limits } from '../../engine/index.ts'
import { change, drain, fill, make, pattern, refused, send, stat } from '../calls.ts'
import type { ConformanceCase } from '../case.ts'

const DEFAULTS = { msgmax: 8192, msgmnb: 16384, msgmni: 32000 }
const KEY = 0x4a0b5

/** What the kernel refuses, limit by limit. Source: Linux ipc/ipc_sysctl.c. */
const OUT_OF_RANGE: readonly Partial<Limits>[] = [
  { msgmax: -1 },
  { msgmax: INT_MAX + 1 },
  { msgmnb: -1 },
  { msgmnb: INT_MAX + 1 },
  { msgmni: -1 },
  { msgmni: 32769 },
  { msgmni: INT_MAX + 1 },
]

/** msgmax, msgmnb and msgmni. Source: Linux ipc/ipc_sysctl.c, ipc/msg.c. */
export const limitCases: readonly ConformanceCase[] = [
  {
    name: 'limits of a fresh namespace are Linux’s defaults',
    run: async ({ namespace }) => assert.deepEqual(await namespace.limits(), DEFAULTS),
  },
  ...(['msgmax', 'msgmnb', 'msgmni'] as const).map(
    (name): ConformanceCase => ({
      name: `${name} goes from 0 to its highest, and leaves the others alone`,
      run: async ({ namespace, midway }) => {
        for (const value of [0, 1, name === 'msgmni' ? 32768 : INT_MAX]) {
          await namespace.setLimits({ [name]: value })
          await midway()
          assert.deepEqual(await namespace.limits(), { ...DEFAULTS, [name]: value })
        }
      },
    }),
  ),
  ...OUT_OF_RANGE.map(
    (limits): ConformanceCase => ({
      name: `${Object.entries(limits).flat().join(' ')} is EINVAL, and no limit changes`,
      run: async ({ namespace }) => {
        await refused('EINVAL', namespace.setLimits(limits))
        await refused('EINVAL', namespace.setLimits({ msgmax: 5, msgmnb: 6, msgmni: 7, ...limits }))
        assert.deepEqual(await namespace.limits(), DEFAULTS)
      },
    }),
  ),
  {
    name: 'limits are set together',
    run: async ({ namespace, process, midway }) => {
      const limits = { msgmax: 5, msgmnb: 6, msgmni: 7 }
      await namespace.setLimits(limits)
      await midway()
      const other = await process()
      assert.deepEqual(await other.namespace.limits(), limits)
    },
  },
  {
    name: 'limits set to nothing stay',
    run: async ({ namespace }) => {
      await namespace.setLimits({})
      assert.deepEqual(await namespace.limits(), DEFAULTS)
    },
  },
  {
    name: 'limits may be read by anyone and set by the namespace’s root only',
    run: async ({ namespace, process }) => {
      const alice = await process({ uid: 1000, gid: 1000 })
      assert.deepEqual(await alice.namespace.limits(), DEFAULTS)
      await refused('EACCES', alice.namespace.setLimits({ msgmax: 5 }))
      assert.deepEqual(await namespace.limits(), DEFAULTS)
    },
  },
  {
    name: 'limits may be set by the namespace’s root without any capability',
    run: async ({ namespace, process, self }) => {
      const powerless = await process({ uid: self.uid, gid: self.gid, capabilities: [] })
      await powerless.namespace.setLimits({ msgmax: 5 })
      assert.equal((await namespace.limits()).msgmax, 5)
    },
  },
  {
    name: 'msgmni makes msgget fail with ENOSPC, and a removed queue makes room again',
    run: async ({ namespace, midway }) => {
      await namespace.setLimits({ msgmni: 2 })
      const first = await make(namespace)
      await make(namespace)
      await midway()
      await refused('ENOSPC', make(namespace))
      await refused('ENOSPC', namespace.msgget(KEY, IPC_CREAT | 0o600))
      await namespace.msgctl(first, IPC_RMID)
      await make(namespace)
    },
  },
  {
    name: 'msgmni 0 admits no queue',
    run: async ({ namespace }) => {
      await namespace.setLimits({ msgmni: 0 })
      await refused('ENOSPC', make(namespace))
    },
  },
  {
    name: 'msgmni at its limit leaves ENOENT, EEXIST and the opening of queues as they are',
    run: async ({ namespace, midway }) => {
      const msqid = await namespace.msgget(KEY, IPC_CREAT | 0o600)
      await namespace.setLimits({ msgmni: 1 })
      await midway()
      assert.equal(await namespace.msgget(KEY, IPC_CREAT | 0o600), msqid)
      await refused('EEXIST', namespace.msgget(KEY, IPC_CREAT | IPC_EXCL | 0o600))
      await refused('ENOENT', namespace.msgget(KEY + 1, 0o600))
    },
  },
  {
    name: 'msgmni lowered below the queues in use leaves them usable',
    run: async ({ namespace, midway }) => {
      const msqid = await make(namespace)
      await make(namespace)
      await namespace.setLimits({ msgmni: 1 })
      await midway()
      await fill(namespace, msqid, 'a1')
      assert.equal(await drain(namespace, msqid), 'a1')
      await namespace.msgctl(msqid, IPC_RMID)
      await refused('ENOSPC', make(namespace))
    },
  },
  {
    name: 'msgmax lowered leaves longer messages receivable, and refuses new ones',
    run: async ({ namespace, midway }) => {
      const msqid = await make(namespace)
      await namespace.msgsnd(msqid, { mtype: 1, mtext: pattern(5000) }, 0)
      await namespace.setLimits({ msgmax: 10 })
      await midway()
      await refused('EINVAL', namespace.msgsnd(msqid, { mtype: 1, mtext: pattern(11) }, IPC_NOWAIT))
      await namespace.msgsnd(msqid, { mtype: 1, mtext: pattern(10) }, IPC_NOWAIT)
      assert.deepEqual((await namespace.msgrcv(msqid, 5000, 0, IPC_NOWAIT)).mtext, pattern(5000))
    },
  },
  {
    name: 'msgmax 0 admits empty messages only',
    run: async ({ namespace }) => {
      const msqid = await make(namespace)
      await namespace.setLimits({ msgmax: 0 })
      await send(namespace, msqid, 1)
      await refused('EINVAL', send(namespace, msqid, 1, 'a'))
    },
  },
  {
    name: 'msgmax and msgmnb raised admit a message of a megabyte',
    run: async ({ namespace, midway }) => {
      await namespace.setLimits({ msgmax: 2 ** 20, msgmnb: 2 ** 20 })
      const msqid = await make(namespace)
      await namespace.msgsnd(msqid, { mtype: 1, mtext: pattern(2 ** 20) }, IPC_NOWAIT)
      await midway()
      const { mtext } = await namespace.msgrcv(msqid, 2 ** 20, 0, IPC_NOWAIT)
      assert.ok(Buffer.from(mtext).equals(pattern(2 ** 20)))
    },
  },
  {
    name: 'msgmnb 0 gives new queues no room at all',
    run: async ({ namespace, midway }) => {
      await namespace.setLimits({ msgmnb: 0 })
      const msqid = await make(namespace)
      await midway()
      await refused('EAGAIN', send(namespace, msqid, 1))
    },
  },
  {
    name: 'msgmnb is the ceiling of IPC_SET, raised and lowered',
    run: async ({ namespace, process, midway }) => {
      const alice = await process({ uid: 1000, gid: 1000 })
      const msqid = await make(alice.namespace)
      await namespace.setLimits({ msgmnb: 20_000 })
      await midway()
      await change(alice.namespace, msqid, { qbytes: 20_000 })
      await refused('EPERM', change(alice.namespace, msqid, { qbytes: 20_001 }))
      assert.equal((await stat(alice.namespace, msqid)).qbytes, 20_000)
    },
  },
]
