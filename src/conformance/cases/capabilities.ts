import { strict as assert } from 'node:assert'
import { IPC_NOWAIT, MSG_COPY } from '../../abi/index.ts'
import { drain, fill, make, notAsked, refused, send, stat, take, wrong } from '../calls.ts'
import type { ConformanceCase } from '../case.ts'

/** What a backend does not declare it refuses, and speaking for other callers. */
export const capabilityCases: readonly ConformanceCase[] = [
  {
    name: 'url says where the namespace was opened',
    run: async ({ namespace, midway }) => {
      await midway()
      assert.match(namespace.url, /^[a-z]+:/)
    },
  },
  {
    name: 'msgrcv with hold is ERR_MSGQ_UNSUPPORTED where held is not declared, and takes nothing',
    needs: ['no held'],
    run: async ({ namespace }) => {
      const msqid = await make(namespace)
      await fill(namespace, msqid, 'a1')
      await notAsked('ERR_MSGQ_UNSUPPORTED', () => namespace.msgrcv(msqid, 10, 0, IPC_NOWAIT, { hold: true }))
      assert.equal(await drain(namespace, msqid), 'a1')
    },
  },
  {
    name: 'copyAfter is ERR_MSGQ_UNSUPPORTED where cursors are not declared',
    needs: ['no cursors', 'copy by index'],
    run: async ({ namespace }) => {
      const msqid = await make(namespace)
      await fill(namespace, msqid, 'a1')
      await notAsked('ERR_MSGQ_UNSUPPORTED', () => namespace.copyAfter(msqid, 0, 10, 0, IPC_NOWAIT))
      assert.equal(await drain(namespace, msqid), 'a1')
    },
  },
  {
    name: 'waiting is ERR_MSGQ_UNSUPPORTED where it is not declared',
    needs: ['no waiting'],
    run: ({ namespace }) => notAsked('ERR_MSGQ_UNSUPPORTED', () => namespace.waiting()),
  },
  {
    name: 'as is ERR_MSGQ_UNSUPPORTED where it is not declared',
    needs: ['no as'],
    run: ({ namespace }) => notAsked('ERR_MSGQ_UNSUPPORTED', async () => namespace.as({ uid: 1000 })),
  },
  {
    name: 'setCopyCounter fails where MSG_COPY goes by index, and changes nothing',
    needs: ['copy by index'],
    run: async ({ namespace }) => {
      const msqid = await make(namespace)
      const error = await namespace.setCopyCounter(msqid, 1).catch((error: unknown) => error)
      assert.ok(error instanceof Error && 'code' in error)
      assert.ok(error.code === 'ENOSYS' || error.code === 'ERR_MSGQ_UNSUPPORTED', String(error))
      assert.equal('copyCounter' in (await stat(namespace, msqid)), false)
    },
  },
  {
    name: 'as speaks for another process: its user, its groups, its process id',
    needs: ['as'],
    run: async ({ namespace, midway }) => {
      const msqid = await make(namespace, 0o620)
      await midway()
      const alice = namespace.as({
        uid: 1000,
        gid: 1000,
        groups: [namespaceGroup(await stat(namespace, msqid))],
        pid: 77,
      })
      await send(alice, msqid, 1)
      assert.equal((await stat(namespace, msqid)).lspid, 77)
      await refused('EACCES', take(alice, msqid))
    },
  },
  {
    name: 'as takes group and process from the namespace’s own caller, but neither groups nor capabilities',
    needs: ['as'],
    run: async ({ namespace, self, midway }) => {
      const msqid = await make(namespace, 0o020)
      await midway()
      const alice = namespace.as({ uid: 1000 })
      await send(alice, msqid, 1)
      const root = namespace.as({ uid: self.uid + 1, gid: self.gid + 1 })
      await refused('EACCES', take(root, msqid))
      assert.equal((await namespace.msgctl(msqid, 13)).stat.lspid, self.pid)
    },
  },
  {
    name: 'as gives a reference of its own: closing it leaves the others open',
    needs: ['as'],
    run: async ({ namespace, self }) => {
      const msqid = await make(namespace)
      const other = namespace.as({ uid: self.uid })
      await other.close()
      await notAsked('ERR_MSGQ_CLOSED', () => take(other, msqid))
      await fill(namespace, msqid, 'a1')
    },
  },
  {
    name: 'as takes whole numbers and known capabilities',
    needs: ['as'],
    run: async ({ namespace }) => {
      await wrong(TypeError, () => namespace.as(null as never))
      await wrong(TypeError, () => namespace.as({ uid: '0' as never }))
      await wrong(TypeError, () => namespace.as({ uid: 0, groups: 5 as never }))
      await wrong(TypeError, () => namespace.as({ uid: 0, capabilities: ['CAP_KILL' as never] }))
      await wrong(RangeError, () => namespace.as({ uid: -1 }))
      await wrong(RangeError, () => namespace.as({ uid: 0, gid: 2 ** 32 }))
      await wrong(RangeError, () => namespace.as({ uid: 0, pid: 0.5 }))
      await wrong(RangeError, () => namespace.as({ uid: 0, groups: [-1] }))
    },
  },
  {
    name: 'MSG_COPY is declared as what it is: a copy, or ENOSYS',
    run: async ({ namespace, midway }) => {
      const msqid = await make(namespace)
      await fill(namespace, msqid, 'a1')
      await midway()
      const copy = namespace.msgrcv(msqid, 10, 0, IPC_NOWAIT | MSG_COPY)
      if (namespace.capabilities.copy === 'none') await refused('ENOSYS', copy)
      else assert.equal((await copy).mtype, 1)
      assert.equal(await drain(namespace, msqid), 'a1')
    },
  },
]

function namespaceGroup({ perm }: { readonly perm: { readonly gid: number } }): number {
  return perm.gid
}
