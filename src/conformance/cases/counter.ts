import { strict as assert } from 'node:assert'
import { IPC_NOWAIT, MSG_COPY, MSG_EXCEPT, MSG_NOERROR, UINT_MAX } from '../../abi/index.ts'
import type { IpcNamespace, ReceivedMessage } from '../../contract/index.ts'
import { drain, fill, make, makeWithRoom, pattern, refused, send, stat, take, textOf, wrong } from '../calls.ts'
import type { ConformanceCase } from '../case.ts'
import { stillWaits, succeeds, waitingSend } from '../waits.ts'

/** Copies by counter, as proposed in 2012: the numbered faults of the code that was posted do not come back. */
const cases: readonly Omit<ConformanceCase, 'needs' | 'options'>[] = [
  {
    name: 'MSG_COPY by counter copies one message after the other and raises the counter',
    run: async ({ namespace, midway }) => {
      const msqid = await make(namespace)
      await fill(namespace, msqid, 'A5 B3 C9')
      assert.equal(await counterOf(namespace, msqid), 0)
      assert.equal(await copy(namespace, msqid), 'A5')
      await midway()
      assert.equal(await counterOf(namespace, msqid), 1)
      assert.deepEqual([await copy(namespace, msqid), await copy(namespace, msqid)], ['B3', 'C9'])
      assert.equal(await counterOf(namespace, msqid), 3)
    },
  },
  {
    name: 'MSG_COPY by counter past the end is ENOMSG, takes nothing and does not raise the counter (fault 1)',
    run: async ({ namespace, midway }) => {
      const msqid = await make(namespace)
      await fill(namespace, msqid, 'A1 B1')
      await copy(namespace, msqid)
      await copy(namespace, msqid)
      for (let again = 0; again < 3; again++) await refused('ENOMSG', copy(namespace, msqid))
      await midway()
      assert.equal(await counterOf(namespace, msqid), 2)
      assert.equal(await drain(namespace, msqid), 'A1 B1')
    },
  },
  {
    name: 'MSG_COPY by counter counts only messages of the type that is asked for (fault 2)',
    run: async ({ namespace }) => {
      const msqid = await make(namespace)
      await fill(namespace, msqid, 'A1 B2 C1 D2')
      assert.deepEqual([await copy(namespace, msqid, 2), await copy(namespace, msqid, 2)], ['B2', 'D2'])
      await refused('ENOMSG', copy(namespace, msqid, 2))
    },
  },
  {
    name: 'MSG_COPY by counter copies negative types in the order in which receives would take them (fault 3)',
    run: async ({ namespace, midway }) => {
      const msqid = await make(namespace)
      await fill(namespace, msqid, 'A5 B3 C9 D3 E1')
      const copies: string[] = []
      for (let number = 0; number < 4; number++) copies.push(await copy(namespace, msqid, -5))
      await refused('ENOMSG', copy(namespace, msqid, -5))
      await midway()
      assert.equal(copies.join(' '), await drain(namespace, msqid, -5))
    },
  },
  {
    name: 'MSG_COPY by counter copies a message of many pages (fault 4)',
    run: async ({ namespace, midway }) => {
      const msqid = await make(namespace)
      await namespace.msgsnd(msqid, { mtype: 1, mtext: pattern(8192) }, 0)
      await midway()
      assert.deepEqual((await namespace.msgrcv(msqid, 8192, 0, COPY)).mtext, pattern(8192))
      assert.deepEqual((await namespace.msgrcv(msqid, 8192, 0, IPC_NOWAIT)).mtext, pattern(8192))
    },
  },
  {
    name: 'MSG_COPY by counter fails with E2BIG for too small a size, and the counter stays (fault 5)',
    run: async ({ namespace }) => {
      const msqid = await make(namespace)
      await fill(namespace, msqid, 'abc1')
      await refused('E2BIG', namespace.msgrcv(msqid, 2, 0, COPY))
      await refused('E2BIG', namespace.msgrcv(msqid, 2, 0, MSG_COPY))
      assert.equal(await counterOf(namespace, msqid), 0)
      assert.equal(await copy(namespace, msqid), 'abc1')
    },
  },
  {
    name: 'MSG_COPY by counter cuts a copy with MSG_NOERROR, and the message stays whole (fault 5)',
    run: async ({ namespace }) => {
      const msqid = await make(namespace)
      await fill(namespace, msqid, 'abc1')
      assert.equal(textOf(await namespace.msgrcv(msqid, 2, 0, COPY | MSG_NOERROR)), 'ab')
      assert.equal(await counterOf(namespace, msqid), 1)
      assert.equal(await drain(namespace, msqid), 'abc1')
    },
  },
  {
    name: 'MSG_COPY by counter is one counter for all readers: two of them share the messages (fault 7, kept)',
    run: async ({ namespace, process }) => {
      const msqid = await make(namespace)
      await fill(namespace, msqid, 'A1 B1 C1')
      const other = await process()
      const copies = [await copy(namespace, msqid), await copy(other.namespace, msqid), await copy(namespace, msqid)]
      assert.deepEqual(copies, ['A1', 'B1', 'C1'])
    },
  },
  {
    name: 'setCopyCounter rewinds a copy that was left half-way, and IPC_STAT tells where it stands (fault 8)',
    run: async ({ namespace, midway }) => {
      const msqid = await make(namespace)
      await fill(namespace, msqid, 'A1 B1 C1')
      await copy(namespace, msqid)
      await copy(namespace, msqid)
      await namespace.setCopyCounter(msqid, 0)
      await midway()
      assert.equal(await copy(namespace, msqid), 'A1')
      await namespace.setCopyCounter(msqid, 2)
      assert.equal(await copy(namespace, msqid), 'C1')
    },
  },
  {
    name: 'a receive lowers the counter, so that a copy goes on where it was',
    run: async ({ namespace, midway }) => {
      const msqid = await make(namespace)
      await fill(namespace, msqid, 'A1 B1 C1 D1')
      await copy(namespace, msqid)
      await copy(namespace, msqid)
      await take(namespace, msqid)
      await midway()
      assert.equal(await counterOf(namespace, msqid), 1)
      assert.equal(await copy(namespace, msqid), 'C1')
    },
  },
  {
    name: 'a receive behind the counter lowers it too: an old message is copied again (fault 9, kept)',
    run: async ({ namespace }) => {
      const msqid = await make(namespace)
      await fill(namespace, msqid, 'A1 B2')
      await copy(namespace, msqid)
      await take(namespace, msqid, 2)
      assert.equal(await copy(namespace, msqid), 'A1')
    },
  },
  {
    name: 'a receive does not lower the counter below 0',
    run: async ({ namespace }) => {
      const msqid = await make(namespace)
      await fill(namespace, msqid, 'A1 B1')
      await take(namespace, msqid)
      assert.equal(await counterOf(namespace, msqid), 0)
    },
  },
  {
    name: 'MSG_COPY by counter selects by MSG_EXCEPT (fault 10)',
    run: async ({ namespace }) => {
      const msqid = await make(namespace)
      await fill(namespace, msqid, 'A1 B2 C1 D3')
      const except = () => namespace.msgrcv(msqid, 10, 1, COPY | MSG_EXCEPT).then(word)
      assert.deepEqual([await except(), await except()], ['B2', 'D3'])
      await refused('ENOMSG', except())
    },
  },
  {
    name: 'MSG_COPY by counter takes sizes above 2^32 (fault 12)',
    run: async ({ namespace }) => {
      const msqid = await make(namespace)
      await fill(namespace, msqid, 'A1')
      assert.equal(textOf(await namespace.msgrcv(msqid, 5e9, 0, COPY)), 'A')
    },
  },
  {
    name: 'MSG_COPY by counter copies a message longer than a since lowered msgmax (fault 13)',
    run: async ({ namespace, midway }) => {
      const msqid = await make(namespace)
      await fill(namespace, msqid, 'abcdef1')
      await namespace.setLimits({ msgmax: 3 })
      await midway()
      assert.equal(await copy(namespace, msqid), 'abcdef1')
    },
  },
  {
    name: 'MSG_COPY by counter needs read permission, and changes nothing but the counter (fault 14)',
    run: async ({ namespace, process }) => {
      const msqid = await make(namespace, 0o622)
      await fill(namespace, msqid, 'A1')
      const alice = await process({ uid: 1000, gid: 1000 })
      await refused('EACCES', copy(alice.namespace, msqid))
      const before = await stat(namespace, msqid)
      await copy(namespace, msqid)
      assert.deepEqual(await stat(namespace, msqid), { ...before, copyCounter: 1 })
    },
  },
  {
    name: 'MSG_COPY by counter does not wake a sender that waits for room',
    run: async (context) => {
      const { namespace } = context
      const msqid = await makeWithRoom(namespace, 1)
      await fill(namespace, msqid, 'A1')
      const sender = await waitingSend(context, await context.process(), msqid, 1, 'B')
      await copy(namespace, msqid)
      await stillWaits(context, sender)
      await take(namespace, msqid)
      await succeeds(sender)
    },
  },
  {
    name: 'setCopyCounter is for owner and creator, and knows its queue and its range',
    run: async ({ namespace, process, midway }) => {
      const msqid = await make(namespace, 0o666)
      const alice = await process({ uid: 1000, gid: 1000 })
      await refused('EPERM', alice.namespace.setCopyCounter(msqid, 1))
      await refused('EINVAL', namespace.setCopyCounter(msqid + 1, 1))
      await wrong(RangeError, () => namespace.setCopyCounter(msqid, -1))
      await wrong(RangeError, () => namespace.setCopyCounter(msqid, UINT_MAX + 1))
      await wrong(TypeError, () => namespace.setCopyCounter(msqid, '1' as never))
      assert.equal(await counterOf(namespace, msqid), 0)
      await namespace.setCopyCounter(msqid, UINT_MAX)
      await midway()
      assert.equal(await counterOf(namespace, msqid), UINT_MAX)
      await send(namespace, msqid, 1)
      await refused('ENOMSG', copy(namespace, msqid))
    },
  },
]

export const counterCases: readonly ConformanceCase[] = cases.map((conformanceCase) => ({
  ...conformanceCase,
  needs: ['copy by counter'],
  options: { msgCopy: 'counter' },
}))

const COPY = MSG_COPY | IPC_NOWAIT

async function copy(namespace: IpcNamespace, msqid: number, msgtyp = 0): Promise<string> {
  return word(await namespace.msgrcv(msqid, 10_000, msgtyp, COPY))
}

async function counterOf(namespace: IpcNamespace, msqid: number): Promise<number | undefined> {
  return (await stat(namespace, msqid)).copyCounter
}

function word({ mtype, mtext }: ReceivedMessage): string {
  return `${textOf({ mtext })}${mtype}`
}
