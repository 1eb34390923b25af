import { strict as assert } from 'node:assert'
import { IPC_CREAT, IPC_NOWAIT, IPC_RMID, IPCMNI } from '../../abi/index.ts'
import type { Checkpoint } from '../../engine/index.ts'
import { change, drain, fill, make, refused, stat, take } from '../calls.ts'
import type { ConformanceCase } from '../case.ts'
import { endOf, waitingReceive } from '../waits.ts'

/** Bringing back what the kernel cannot: times, processes, creators, cursors, messages' senders. */
const cases: readonly Omit<ConformanceCase, 'needs'>[] = [
  {
    name: 'restore brings back all that IPC_STAT tells: times, processes and creator',
    run: async ({ namespace, process, midway }) => {
      const alice = await process({ uid: 1000, gid: 1001 })
      const msqid = await make(alice.namespace, 0o666)
      await fill(alice.namespace, msqid, 'a1 b2')
      await take(namespace, msqid)
      await change(namespace, msqid, { uid: 1002, qbytes: 99 })
      const checkpoint = longAgo(await namespace.checkpoint())
      await namespace.msgctl(msqid, IPC_RMID)
      const { notRestored } = await namespace.restore(checkpoint)
      await midway()
      const { perm, stime, rtime, ctime, lspid, lrpid, qbytes } = await stat(namespace, msqid)
      assert.deepEqual([stime, rtime, ctime], [1_000_000, 1_000_001, 1_000_002])
      assert.deepEqual([perm.cuid, perm.cgid, perm.uid, qbytes], [1000, 1001, 1002, 99])
      assert.deepEqual([lspid, lrpid], [alice.pid, checkpoint.queues[0]?.lrpid])
      assert.deepEqual(notRestored, [])
    },
  },
  {
    name: 'restore brings back sequence numbers, senders and times of messages',
    run: async ({ namespace, midway }) => {
      const msqid = await make(namespace)
      await fill(namespace, msqid, 'a1 b2 c3')
      await take(namespace, msqid)
      const before = await namespace.checkpoint()
      await namespace.msgctl(msqid, IPC_RMID)
      await namespace.restore(before)
      await midway()
      assert.deepEqual(unpacked(await namespace.checkpoint()), unpacked(before))
      await fill(namespace, msqid, 'd4')
      const sequences: (number | undefined)[] = []
      for (let number = 0; number < 3; number++) sequences.push((await namespace.msgrcv(msqid, 10, 0, 0)).sequence)
      assert.deepEqual(sequences, [2, 3, 4])
    },
  },
  {
    name: 'restore goes on with identifiers where the checkpoint was',
    run: async ({ namespace, midway }) => {
      await make(namespace)
      for (let again = 0; again < 3; again++) await namespace.msgctl(await make(namespace), IPC_RMID)
      const checkpoint = await namespace.checkpoint()
      await namespace.msgctl(0, IPC_RMID)
      for (let again = 0; again < 70; again++) await namespace.msgctl(await make(namespace), IPC_RMID)
      await namespace.restore(checkpoint)
      await midway()
      assert.equal(await make(namespace), 4)
    },
  },
  {
    name: 'identifiers start their sequence numbers again at 0 after 65534',
    run: async ({ namespace, midway }) => {
      const empty = await namespace.checkpoint()
      await namespace.restore({ ...empty, identifiers: { nextIndex: 64, lastIndex: 63, sequence: 65_533 } })
      assert.equal(await make(namespace), 65_534 * IPCMNI)
      await namespace.msgctl(65_534 * IPCMNI, IPC_RMID)
      for (let index = 1; index < 64; index++) await namespace.msgctl(await make(namespace), IPC_RMID)
      await midway()
      assert.equal(await make(namespace), 0)
    },
  },
  {
    name: 'restore brings back a pending msg_next_id',
    run: async ({ namespace, midway }) => {
      const msqid = await make(namespace)
      await namespace.setNextId(5000)
      const checkpoint = await namespace.checkpoint()
      await namespace.msgctl(await make(namespace), IPC_RMID)
      await namespace.msgctl(msqid, IPC_RMID)
      await namespace.restore(checkpoint)
      await midway()
      assert.equal(await namespace.nextId(), 5000)
    },
  },
  {
    name: 'restore does not bring back calls that waited: the checkpoint lists them',
    run: async (context) => {
      const { namespace, midway } = context
      const msqid = await make(namespace)
      await waitingReceive(context, await context.process(), msqid)
      const checkpoint = await namespace.checkpoint()
      await namespace.msgctl(msqid, IPC_RMID)
      await namespace.restore(checkpoint)
      await midway()
      await fill(namespace, msqid, 'a1')
      assert.equal(await drain(namespace, msqid), 'a1')
    },
  },
  {
    name: 'restore of a checkpoint that does not tell everything lists what is missing, and goes on',
    run: async ({ namespace, self, midway }) => {
      const msqid = await namespace.msgget(77, IPC_CREAT | 0o600)
      await fill(namespace, msqid, 'a1 b2')
      const { identifiers: _, ...whole } = await namespace.checkpoint()
      await namespace.msgctl(msqid, IPC_RMID)
      const { notRestored } = await namespace.restore({ ...whole, queues: whole.queues.map(bare) })
      await midway()
      const fields = notRestored.map(({ field }) => field)
      const missing = ['identifiers', 'stime', 'rtime', 'ctime', 'lspid', 'lrpid', 'sequence', 'sender', 'time']
      for (const field of missing) assert.ok(fields.includes(field), `${field} should be among ${fields}`)
      const { lspid, qnum } = await stat(namespace, msqid)
      assert.deepEqual([lspid, qnum], [self.pid, 2])
      assert.equal(await drain(namespace, msqid), 'a1 b2')
    },
  },
  {
    name: 'restore is EINVAL for sequence numbers that do not rise, and nothing changes',
    run: async ({ namespace }) => {
      const msqid = await make(namespace)
      await fill(namespace, msqid, 'a1 b2')
      const checkpoint = await namespace.checkpoint()
      await namespace.msgctl(msqid, IPC_RMID)
      const [queue] = checkpoint.queues
      assert.ok(queue !== undefined)
      const messages = [...queue.messages].reverse()
      await refused('EINVAL', namespace.restore({ ...checkpoint, queues: [{ ...queue, messages }] }))
      await refused('EINVAL', stat(namespace, msqid))
    },
  },
  {
    name: 'restore that fails lets go of all that it had prepared',
    run: async ({ namespace }) => {
      const msqid = await make(namespace)
      const checkpoint = await namespace.checkpoint()
      for (let again = 0; again < 40; again++) await refused('EEXIST', namespace.restore(checkpoint))
      const [queue] = checkpoint.queues
      assert.ok(queue !== undefined)
      const broken = { ...checkpoint, queues: [{ ...queue, qbytes: -1 }] }
      for (let again = 0; again < 40; again++) await refused('EINVAL', namespace.restore(broken))
      await namespace.msgctl(msqid, IPC_RMID)
      await namespace.restore(checkpoint)
      assert.deepEqual(await endOf(namespace.msgrcv(msqid, 1, 0, IPC_NOWAIT)).then(codeOf), 'ENOMSG')
    },
  },
]

export const restoreEverythingCases: readonly ConformanceCase[] = cases.map((conformanceCase) => ({
  ...conformanceCase,
  needs: ['restores everything'],
}))

function longAgo(checkpoint: Checkpoint): Checkpoint {
  const times = { stime: 1_000_000_000, rtime: 1_000_001_000, ctime: 1_000_002_000 }
  return { ...checkpoint, queues: checkpoint.queues.map((queue) => ({ ...queue, ...times })) }
}

/** The queues with their messages in arrays: however a backend keeps them, they compare. */
function unpacked({ queues }: Checkpoint): Checkpoint['queues'] {
  return queues.map((queue) => ({ ...queue, messages: [...queue.messages] }))
}

/** A queue as CRIU knows it. */
function bare({ msqid, perm, qbytes, messages }: Checkpoint['queues'][number]): Checkpoint['queues'][number] {
  return { msqid, perm, qbytes, messages: Array.from(messages, ({ mtype, mtext }) => ({ mtype, mtext })) }
}

function codeOf(end: Awaited<ReturnType<typeof endOf<unknown>>>): unknown {
  return 'error' in end && end.error instanceof Error && 'code' in end.error ? end.error.code : end
}
