import { strict as assert } from 'node:assert'
import { INT_MAX, IPC_NOWAIT, IPC_RMID, MSG_EXCEPT, MSG_NOERROR } from '../../abi/index.ts'
import type { IpcNamespace, ReceivedMessage } from '../../contract/index.ts'
import { change, drain, fill, make, refused, send, stat, take, textOf, wrong } from '../calls.ts'
import type { ConformanceCase } from '../case.ts'
import { endsIn, receives, stillWaits, waiting, waitingReceive } from '../waits.ts'

/** Copies after a sequence number, for cursors: the position is the reader's own to keep. */
const cases: readonly Omit<ConformanceCase, 'needs'>[] = [
  {
    name: 'copyAfter copies message by message, from 0 to the end, and then is ENOMSG',
    run: async ({ namespace, midway }) => {
      const msqid = await make(namespace)
      await fill(namespace, msqid, 'A5 B3 C9')
      const reader = cursor(namespace, msqid)
      assert.equal(await reader(), 'A5')
      await midway()
      assert.deepEqual([await reader(), await reader()], ['B3', 'C9'])
      await refused('ENOMSG', reader())
      await send(namespace, msqid, 1, 'D')
      assert.equal(await reader(), 'D1')
    },
  },
  {
    name: 'copyAfter changes nothing',
    run: async ({ namespace }) => {
      const msqid = await make(namespace)
      await fill(namespace, msqid, 'A1 B1')
      const before = await stat(namespace, msqid)
      await namespace.copyAfter(msqid, 0, 10, 0, IPC_NOWAIT)
      assert.deepEqual(await stat(namespace, msqid), before)
      assert.equal(await drain(namespace, msqid), 'A1 B1')
    },
  },
  {
    name: 'copyAfter neither skips nor repeats a message while others receive',
    run: async ({ namespace, process, midway }) => {
      const msqid = await make(namespace)
      await fill(namespace, msqid, 'A1 B1 C1 D1')
      const reader = cursor(namespace, msqid)
      await reader()
      await reader()
      const other = await process()
      await take(other.namespace, msqid)
      await midway()
      assert.equal(await reader(), 'C1')
      await drain(other.namespace, msqid)
      await fill(other.namespace, msqid, 'E1')
      assert.equal(await reader(), 'E1')
    },
  },
  {
    name: 'copyAfter goes past messages that were received before it came to them',
    run: async ({ namespace }) => {
      const msqid = await make(namespace)
      await fill(namespace, msqid, 'A1 B2 C1')
      const reader = cursor(namespace, msqid)
      await reader()
      await take(namespace, msqid, 2)
      assert.equal(await reader(), 'C1')
    },
  },
  {
    name: 'copyAfter gives each reader all messages, with no counter between them',
    run: async ({ namespace, process }) => {
      const msqid = await make(namespace)
      await fill(namespace, msqid, 'A1 B1')
      const other = await process()
      const readers = [cursor(namespace, msqid), cursor(other.namespace, msqid)]
      const read: string[] = []
      for (let step = 0; step < 2; step++) for (const reader of readers) read.push(await reader())
      assert.deepEqual(read, ['A1', 'A1', 'B1', 'B1'])
    },
  },
  {
    name: 'copyAfter selects by type and MSG_EXCEPT',
    run: async ({ namespace }) => {
      const msqid = await make(namespace)
      await fill(namespace, msqid, 'A1 B2 C1 D3')
      const ofTwo = cursor(namespace, msqid, 2)
      assert.equal(await ofTwo(), 'B2')
      await refused('ENOMSG', ofTwo())
      const notOne = cursor(namespace, msqid, 1, MSG_EXCEPT)
      assert.deepEqual([await notOne(), await notOne()], ['B2', 'D3'])
    },
  },
  {
    name: 'copyAfter of a negative type copies every type up to it, oldest first',
    run: async ({ namespace }) => {
      const msqid = await make(namespace)
      await fill(namespace, msqid, 'A3 B5 C1 D2')
      const reader = cursor(namespace, msqid, -3)
      assert.deepEqual([await reader(), await reader(), await reader()], ['A3', 'C1', 'D2'])
      await refused('ENOMSG', reader())
    },
  },
  {
    name: 'copyAfter fails with E2BIG for too small a size, and cuts with MSG_NOERROR',
    run: async ({ namespace }) => {
      const msqid = await make(namespace)
      await fill(namespace, msqid, 'abc1')
      await refused('E2BIG', namespace.copyAfter(msqid, 0, 2, 0, IPC_NOWAIT))
      assert.equal(textOf(await namespace.copyAfter(msqid, 0, 2, 0, IPC_NOWAIT | MSG_NOERROR)), 'ab')
      assert.equal(await drain(namespace, msqid), 'abc1')
    },
  },
  {
    name: 'copyAfter fails as msgrcv does for unknown queues, negative sizes and without read permission',
    run: async ({ namespace, process }) => {
      const msqid = await make(namespace, 0o622)
      const alice = await process({ uid: 1000, gid: 1000 })
      await refused('EINVAL', namespace.copyAfter(msqid + 1, 0, 10, 0, IPC_NOWAIT))
      await refused('EINVAL', namespace.copyAfter(-1, 0, 10, 0, IPC_NOWAIT))
      await refused('EINVAL', namespace.copyAfter(msqid, 0, -1, 0, IPC_NOWAIT))
      await refused('EACCES', alice.namespace.copyAfter(msqid, 0, 10, 0, 0))
    },
  },
  {
    name: 'copyAfter takes a sequence number that is a whole number from 0',
    run: async ({ namespace }) => {
      const msqid = await make(namespace)
      await wrong(TypeError, () => namespace.copyAfter(msqid, '0' as never, 10, 0, IPC_NOWAIT))
      await wrong(RangeError, () => namespace.copyAfter(msqid, -1, 10, 0, IPC_NOWAIT))
      await wrong(RangeError, () => namespace.copyAfter(msqid, 0.5, 10, 0, IPC_NOWAIT))
    },
  },
  {
    name: 'copyAfter returns bytes that are its caller’s own',
    run: async ({ namespace }) => {
      const msqid = await make(namespace)
      await fill(namespace, msqid, 'abc1')
      const copied = await namespace.copyAfter(msqid, 0, 10, 0, IPC_NOWAIT)
      copied.mtext.fill(0)
      assert.equal(await drain(namespace, msqid), 'abc1')
    },
  },
  {
    name: 'copyAfter waits for a message and copies it: it stays',
    run: async (context) => {
      const { namespace } = context
      const msqid = await make(namespace)
      const reader = await context.process()
      const copier = await waiting(context, reader, msqid, () => reader.namespace.copyAfter(msqid, 0, 10, 0, 0))
      await send(namespace, msqid, 1, 'A')
      await receives(copier, 'A1')
      assert.equal(await drain(namespace, msqid), 'A1')
    },
  },
  {
    name: 'copyAfter lets every reader that waits copy a message, also one that a receiver takes at once',
    run: async (context) => {
      const { namespace } = context
      const msqid = await make(namespace)
      const receiver = await waitingReceive(context, await context.process(), msqid)
      const readers = [await context.process(), await context.process()]
      const copiers = []
      for (const reader of readers) {
        copiers.push(await waiting(context, reader, msqid, () => reader.namespace.copyAfter(msqid, 0, 10, 0, 0)))
      }
      await send(namespace, msqid, 1, 'A')
      for (const copier of copiers) await receives(copier, 'A1')
      await receives(receiver, 'A1')
      assert.equal((await stat(namespace, msqid)).qnum, 0)
    },
  },
  {
    name: 'copyAfter waits for its own type and after its own sequence number',
    run: async (context) => {
      const { namespace } = context
      const msqid = await make(namespace)
      await fill(namespace, msqid, 'A2')
      const reader = await context.process()
      const copier = await waiting(context, reader, msqid, () => reader.namespace.copyAfter(msqid, 1, 10, 2, 0))
      await send(namespace, msqid, 1, 'B')
      await stillWaits(context, copier)
      await send(namespace, msqid, 2, 'C')
      await receives(copier, 'C2')
    },
  },
  {
    name: 'copyAfter that waits ends in EIDRM, EACCES, or with its signal’s reason',
    run: async (context) => {
      const { namespace, self } = context
      const msqid = await make(namespace, 0o666)
      const alice = await context.process({ uid: 1000, gid: 1000 })
      const other = await context.process()
      const controller = new AbortController()
      const { signal } = controller
      const own = await waiting(context, self, msqid, () => namespace.copyAfter(msqid, 0, 10, 0, 0, { signal }))
      const ofAlice = await waiting(context, alice, msqid, () => alice.namespace.copyAfter(msqid, 0, 10, 0, 0))
      const ofOther = await waiting(context, other, msqid, () => other.namespace.copyAfter(msqid, 0, 10, 0, 0))
      controller.abort('enough')
      assert.deepEqual(await own.end, { error: 'enough' })
      await change(namespace, msqid, { mode: 0o600 })
      await endsIn(ofAlice, 'EACCES')
      await namespace.msgctl(msqid, IPC_RMID)
      await endsIn(ofOther, 'EIDRM')
    },
  },
]

export const cursorCases: readonly ConformanceCase[] = cases.map((conformanceCase) => ({
  ...conformanceCase,
  needs: ['cursors'],
}))

/** A reader that copies the next message each time, and tells it as `fill` writes it. */
function cursor(namespace: IpcNamespace, msqid: number, msgtyp = 0, msgflg = 0): () => Promise<string> {
  let sequence = 0
  return async () => {
    const copied: ReceivedMessage = await namespace.copyAfter(msqid, sequence, INT_MAX, msgtyp, msgflg | IPC_NOWAIT)
    assert.ok(copied.sequence !== undefined && copied.sequence > sequence)
    sequence = copied.sequence
    return `${textOf(copied)}${copied.mtype}`
  }
}
