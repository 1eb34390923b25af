import { strict as assert } from 'node:assert'
import { IPC_NOWAIT, MSG_COPY } from '../../abi/index.ts'
import { fill, make, makeWithRoom, message, send, take } from '../calls.ts'
import type { ConformanceCase } from '../case.ts'
import { succeeds, waitingReceive, waitingSend } from '../waits.ts'

/** Messages that remember their number, who sent them and when: the kernel does not. */
const cases: readonly ConformanceCase[] = [
  {
    name: 'a received message tells who sent it and when',
    run: async ({ namespace, process, midway }) => {
      const msqid = await make(namespace, 0o666)
      const alice = await process({ uid: 1000, gid: 1000 })
      const before = Date.now()
      await send(alice.namespace, msqid, 1)
      const after = Date.now()
      await midway()
      const { sender, time } = await namespace.msgrcv(msqid, 10, 0, 0)
      assert.deepEqual(sender, { pid: alice.pid, uid: 1000 })
      assert.ok(time !== undefined && time >= before && time <= after)
    },
  },
  {
    name: 'a received message tells its sequence number, which counts from 1 on each queue',
    run: async ({ namespace, midway }) => {
      const first = await make(namespace)
      const second = await make(namespace)
      await fill(namespace, first, 'a1 b1')
      await fill(namespace, second, 'c1')
      const sequences = [(await namespace.msgrcv(first, 10, 0, 0)).sequence]
      await midway()
      for (const msqid of [first, second]) sequences.push((await namespace.msgrcv(msqid, 10, 0, 0)).sequence)
      assert.deepEqual(sequences, [1, 2, 1])
    },
  },
  {
    name: 'sequence numbers go on after the queue was empty',
    run: async ({ namespace, midway }) => {
      const msqid = await make(namespace)
      await fill(namespace, msqid, 'a1 b1')
      await take(namespace, msqid)
      await take(namespace, msqid)
      await midway()
      await fill(namespace, msqid, 'c1')
      assert.equal((await namespace.msgrcv(msqid, 10, 0, 0)).sequence, 3)
    },
  },
  {
    name: 'a message from hand to hand tells sender, time and sequence number too, and counts',
    run: async (context) => {
      const { namespace, self } = context
      const msqid = await make(namespace)
      const receiver = await waitingReceive(context, await context.process(), msqid)
      await send(namespace, msqid, 1)
      const { sender, sequence, time } = await succeeds(receiver)
      assert.deepEqual({ sender, sequence }, { sender: { pid: self.pid, uid: self.uid }, sequence: 1 })
      assert.ok(time !== undefined && time <= Date.now())
      await send(namespace, msqid, 1)
      assert.equal((await namespace.msgrcv(msqid, 10, 0, 0)).sequence, 2)
    },
  },
  {
    name: 'a message that waited for room has the number of its arrival, and its own sender',
    run: async (context) => {
      const { namespace } = context
      const msqid = await makeWithRoom(namespace, 1)
      await fill(namespace, msqid, 'a1')
      const sender = await waitingSend(context, await context.process(), msqid, 1, 'b')
      await take(namespace, msqid)
      await succeeds(sender)
      const late = await namespace.msgrcv(msqid, 10, 0, 0)
      assert.deepEqual([late.sequence, late.sender?.pid], [2, sender.process.pid])
    },
  },
  {
    name: 'a send that fails uses no sequence number',
    run: async ({ namespace }) => {
      const msqid = await makeWithRoom(namespace, 1)
      await fill(namespace, msqid, 'a1')
      await assert.rejects(namespace.msgsnd(msqid, message(1, 'b'), IPC_NOWAIT))
      await take(namespace, msqid)
      await fill(namespace, msqid, 'c1')
      assert.equal((await namespace.msgrcv(msqid, 10, 0, 0)).sequence, 2)
    },
  },
  {
    name: 'a copy tells sender, time and sequence number as the receive will',
    needs: ['copy by index'],
    run: async ({ namespace, midway }) => {
      const msqid = await make(namespace)
      await fill(namespace, msqid, 'a1')
      await midway()
      const copied = await namespace.msgrcv(msqid, 10, 0, IPC_NOWAIT | MSG_COPY)
      assert.deepEqual(copied, await namespace.msgrcv(msqid, 10, 0, IPC_NOWAIT))
    },
  },
]

export const senderCases: readonly ConformanceCase[] = cases.map((conformanceCase) => ({
  ...conformanceCase,
  needs: ['senders', ...(conformanceCase.needs ?? [])],
}))
