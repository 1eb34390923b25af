import { strict as assert } from 'node:assert'
import { IPC_CREAT, LONG_MAX } from '../../abi/index.ts'
import { change, drain, fill, make, pattern, refused, send, stat, take } from '../calls.ts'
import type { ConformanceCase } from '../case.ts'
import { receives, stillWaits, succeeds, waitingReceive, waitingSend } from '../waits.ts'

/** Copying a whole namespace. */
export const checkpointCases: readonly ConformanceCase[] = [
  {
    name: 'checkpoint of a namespace without queues tells its limits',
    run: async ({ namespace, midway }) => {
      await namespace.setLimits({ msgmax: 5, msgmnb: 6, msgmni: 7 })
      await midway()
      const { queues, limits, nextId, waiting } = await namespace.checkpoint()
      assert.deepEqual([queues, nextId, waiting], [[], -1, []])
      assert.deepEqual(limits, { msgmax: 5, msgmnb: 6, msgmni: 7 })
    },
  },
  {
    name: 'checkpoint tells a pending msg_next_id and does not consume it',
    run: async ({ namespace, midway }) => {
      await namespace.setNextId(500)
      await midway()
      assert.equal((await namespace.checkpoint()).nextId, 500)
      assert.equal(await make(namespace), 500)
    },
  },
  {
    name: 'checkpoint tells each queue’s identifier, key, owner, creator, mode and qbytes, by index',
    run: async ({ namespace, process, midway }) => {
      const alice = await process({ uid: 1000, gid: 1001 })
      await namespace.setNextId(5 * 32768 + 9)
      const high = await alice.namespace.msgget(77, IPC_CREAT | 0o640)
      const low = await make(namespace, 0o400)
      await change(namespace, high, { uid: 1002, gid: 1003, qbytes: 55 })
      await midway()
      const { queues } = await namespace.checkpoint()
      assert.deepEqual(
        queues.map(({ msqid }) => msqid),
        [low, high],
      )
      assert.equal(queues[1]?.qbytes, 55)
      const { key, uid, gid, mode } = queues[1].perm
      assert.deepEqual({ key, uid, gid, mode }, { key: 77, uid: 1002, gid: 1003, mode: 0o640 })
    },
  },
  {
    name: 'checkpoint copies every message in order, with exact types and bytes',
    run: async ({ namespace, midway }) => {
      const msqid = await make(namespace)
      await fill(namespace, msqid, 'abc5 d3')
      await send(namespace, msqid, LONG_MAX)
      await namespace.msgsnd(msqid, { mtype: 2n ** 53n + 1n, mtext: pattern(5000) }, 0)
      await midway()
      const messages = [...((await namespace.checkpoint()).queues[0]?.messages ?? [])]
      assert.deepEqual(
        messages.map(({ mtype }) => mtype),
        [5, 3, LONG_MAX, 2n ** 53n + 1n],
      )
      assert.deepEqual(
        messages.map(({ mtext }) => mtext.length),
        [3, 1, 0, 5000],
      )
      assert.deepEqual(messages[3]?.mtext, pattern(5000))
    },
  },
  {
    name: 'checkpoint removes nothing and changes nothing',
    run: async ({ namespace, midway }) => {
      const msqid = await make(namespace)
      await fill(namespace, msqid, 'a1 b2 c1')
      await take(namespace, msqid)
      await midway()
      const before = await stat(namespace, msqid)
      await namespace.checkpoint()
      await namespace.checkpoint()
      assert.deepEqual(await stat(namespace, msqid), before)
      assert.equal(await drain(namespace, msqid), 'b2 c1')
    },
  },
  {
    name: 'checkpoint keeps what was: later sends, receives and removals do not reach it',
    run: async ({ namespace, midway }) => {
      const msqid = await make(namespace)
      await fill(namespace, msqid, 'abc1')
      const checkpoint = await namespace.checkpoint()
      const received = await namespace.msgrcv(msqid, 10, 0, 0)
      received.mtext.fill(0)
      await fill(namespace, msqid, 'x1 y1')
      await make(namespace)
      await midway()
      assert.equal(checkpoint.queues.length, 1)
      assert.deepEqual(
        Array.from(checkpoint.queues[0]?.messages ?? [], ({ mtext }) => new TextDecoder().decode(mtext)),
        ['abc'],
      )
    },
  },
  {
    name: 'checkpoint’s bytes are its caller’s own',
    run: async ({ namespace }) => {
      const msqid = await make(namespace)
      await fill(namespace, msqid, 'abc1')
      const checkpoint = await namespace.checkpoint()
      for (const { mtext } of checkpoint.queues[0]?.messages ?? []) mtext.fill(0)
      assert.equal(await drain(namespace, msqid), 'abc1')
    },
  },
  {
    name: 'checkpoint tells when it was taken',
    run: async ({ namespace }) => {
      const before = Date.now()
      const { time } = await namespace.checkpoint()
      assert.ok(time >= before && time <= Date.now())
    },
  },
  {
    name: 'checkpoint fails with EACCES when a queue may not be read',
    run: async ({ namespace, process }) => {
      const alice = await process({ uid: 1000, gid: 1000 })
      const readable = await make(alice.namespace)
      await fill(alice.namespace, readable, 'a1')
      assert.equal((await alice.namespace.checkpoint()).queues.length, 1)
      await make(namespace, 0o600)
      await refused('EACCES', alice.namespace.checkpoint())
    },
  },
  {
    name: 'checkpoint disturbs neither senders nor receivers that wait',
    run: async (context) => {
      const { namespace } = context
      const full = await make(namespace)
      await fill(namespace, full, 'a1')
      await change(namespace, full, { qbytes: 1 })
      const empty = await make(namespace)
      const sender = await waitingSend(context, await context.process(), full, 1, 'b')
      const receiver = await waitingReceive(context, await context.process(), empty)
      const { queues } = await namespace.checkpoint()
      assert.deepEqual(
        queues.map(({ messages }) => messages.length),
        [1, 0],
      )
      await stillWaits(context, sender)
      await stillWaits(context, receiver)
      await take(namespace, full)
      await succeeds(sender)
      await send(namespace, empty, 2, 'c')
      await receives(receiver, 'c2')
    },
  },
  {
    name: 'checkpoint copies a thousand messages on ten queues',
    run: async ({ namespace, midway }) => {
      for (let queue = 0; queue < 10; queue++) {
        const msqid = await make(namespace)
        for (let number = 0; number < 100; number++) await send(namespace, msqid, number + 1, `${queue}.${number}`)
      }
      await midway()
      const { queues } = await namespace.checkpoint()
      for (const [queue, { messages }] of queues.entries()) {
        const texts = Array.from(messages, ({ mtext }) => new TextDecoder().decode(mtext))
        assert.deepEqual(
          texts,
          Array.from({ length: 100 }, (_, number) => `${queue}.${number}`),
        )
      }
      assert.equal(queues.length, 10)
    },
  },
]
