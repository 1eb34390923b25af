import { strict as assert } from 'node:assert'
import { IPC_NOWAIT, MSG_COPY, MSG_EXCEPT } from '../../abi/index.ts'
import type { Checkpoint } from '../../engine/index.ts'
import { drain, fill, make, refused, stat } from '../calls.ts'
import type { ConformanceCase } from '../case.ts'

const COPY = MSG_COPY | IPC_NOWAIT

const EMPTY: Checkpoint = {
  time: 0,
  limits: { msgmax: 8192, msgmnb: 16384, msgmni: 32000 },
  nextId: -1,
  queues: [],
  waiting: [],
}

/** A namespace as of a kernel built without CONFIG_CHECKPOINT_RESTORE. Source: Linux ipc/msg.c, prepare_copy(). */
const cases: readonly Omit<ConformanceCase, 'needs' | 'options'>[] = [
  {
    name: 'MSG_COPY is ENOSYS where it is not built in, and takes nothing',
    run: async ({ namespace }) => {
      const msqid = await make(namespace)
      await fill(namespace, msqid, 'a1 b2')
      const before = await stat(namespace, msqid)
      await refused('ENOSYS', namespace.msgrcv(msqid, 10, 0, COPY))
      assert.deepEqual(await stat(namespace, msqid), before)
      assert.equal(await drain(namespace, msqid), 'a1 b2')
    },
  },
  {
    name: 'MSG_COPY is EINVAL by its flags before it is ENOSYS, and ENOSYS before the queue is looked up',
    run: async ({ namespace }) => {
      const msqid = await make(namespace)
      await refused('EINVAL', namespace.msgrcv(msqid, 10, 0, MSG_COPY))
      await refused('EINVAL', namespace.msgrcv(msqid, 10, 0, COPY | MSG_EXCEPT))
      await refused('EINVAL', namespace.msgrcv(-1, 10, 0, COPY))
      await refused('ENOSYS', namespace.msgrcv(msqid + 1, 10, 0, COPY))
    },
  },
  {
    name: 'copyAfter is ENOSYS where copies are not built in, and does not wait',
    run: async ({ namespace }) => {
      const msqid = await make(namespace)
      await refused('ENOSYS', namespace.copyAfter(msqid, 0, 10, 0, IPC_NOWAIT))
      await refused('ENOSYS', namespace.copyAfter(msqid, 0, 10, 0, 0))
    },
  },
  {
    name: 'msg_next_id is ENOSYS where it is not built in',
    run: async ({ namespace }) => {
      await refused('ENOSYS', namespace.setNextId(5))
      assert.equal(await make(namespace), 0)
    },
  },
  {
    name: 'checkpoint is ENOSYS where copies are not built in',
    run: async ({ namespace }) => {
      await make(namespace)
      await refused('ENOSYS', namespace.checkpoint())
    },
  },
  {
    name: 'restore is ENOSYS where msg_next_id is not built in',
    run: ({ namespace }) => refused('ENOSYS', namespace.restore(EMPTY)),
  },
  {
    name: 'setCopyCounter is ENOSYS where copies are not built in',
    run: async ({ namespace }) => refused('ENOSYS', namespace.setCopyCounter(await make(namespace), 1)),
  },
]

export const withoutCopyCases: readonly ConformanceCase[] = cases.map((conformanceCase) => ({
  ...conformanceCase,
  needs: ['no copy'],
  options: { checkpointRestore: false },
}))
