import { strict as assert } from 'node:assert'
import { INT_MAX, IPC_CREAT, IPC_NOWAIT, IPC_SET, IPC_STAT, MSG_INFO } from '../../abi/index.ts'
import type { IpcNamespace } from '../../contract/index.ts'
import { drain, fill, make, message, stat, wrong } from '../calls.ts'
import type { ConformanceCase } from '../case.ts'

type WrongCall = (namespace: IpcNamespace, msqid: number) => unknown

/** An argument of another type than the contract says, in a TypeScript program by a cast, in a JavaScript one by mistake. */
const mistaken = (value: unknown): never => value as never

const NOT_INTEGERS = [Number.NaN, Number.POSITIVE_INFINITY, 0.5]
const NOT_NUMBERS = [undefined, null, '1', {}, true, 1n].map(mistaken)
const NOT_INTS = [...NOT_INTEGERS, INT_MAX + 1, -0x8000_0001]

/** What no C program could pass: the caller's code is wrong, and the queue is not asked. */
const WRONG: readonly { name: string; kind: typeof TypeError | typeof RangeError; calls: readonly WrongCall[] }[] = [
  {
    name: 'msgget takes a key that is a number',
    kind: TypeError,
    calls: NOT_NUMBERS.map((key) => (namespace) => namespace.msgget(key, IPC_CREAT)),
  },
  {
    name: 'msgget takes a key of 32 bits',
    kind: RangeError,
    calls: [...NOT_INTEGERS, 2 ** 32, -(2 ** 31) - 1].map((key) => (namespace) => namespace.msgget(key, IPC_CREAT)),
  },
  {
    name: 'msgget takes flags that are a number',
    kind: TypeError,
    calls: NOT_NUMBERS.map((msgflg) => (namespace) => namespace.msgget(1, msgflg)),
  },
  {
    name: 'msgget takes flags of a C int',
    kind: RangeError,
    calls: NOT_INTS.map((msgflg) => (namespace) => namespace.msgget(1, msgflg)),
  },
  {
    name: 'msgsnd takes an identifier that is a number',
    kind: TypeError,
    calls: NOT_NUMBERS.map((msqid) => (namespace) => namespace.msgsnd(msqid, message(1), 0)),
  },
  {
    name: 'msgsnd takes an identifier of a C int',
    kind: RangeError,
    calls: NOT_INTS.map((msqid) => (namespace) => namespace.msgsnd(msqid, message(1), 0)),
  },
  {
    name: 'msgsnd takes a message that is an object with bytes',
    kind: TypeError,
    calls: [
      ...[undefined, null, 'text', 5].map(mistaken),
      ...[undefined, null, 'text', [1, 2], new ArrayBuffer(3), new Uint16Array(3)].map((mtext) =>
        mistaken({ mtype: 1, mtext }),
      ),
    ].map((wrongMessage) => (namespace, msqid) => namespace.msgsnd(msqid, wrongMessage, 0)),
  },
  {
    name: 'msgsnd takes a type that is a number or a bigint',
    kind: TypeError,
    calls: [undefined, null, '1', {}].map(
      (mtype) => (namespace, msqid) => namespace.msgsnd(msqid, message(mistaken(mtype)), 0),
    ),
  },
  {
    name: 'msgsnd takes a type that is a C long, and exact',
    kind: RangeError,
    calls: [...NOT_INTEGERS, 2 ** 53, 2n ** 63n, -(2n ** 63n) - 1n].map(
      (mtype) => (namespace, msqid) => namespace.msgsnd(msqid, message(mtype), 0),
    ),
  },
  {
    name: 'msgsnd takes flags of a C int',
    kind: RangeError,
    calls: NOT_INTS.map((msgflg) => (namespace, msqid) => namespace.msgsnd(msqid, message(1), msgflg)),
  },
  {
    name: 'msgrcv takes a size that is a number',
    kind: TypeError,
    calls: NOT_NUMBERS.map((msgsz) => (namespace, msqid) => namespace.msgrcv(msqid, msgsz, 0, IPC_NOWAIT)),
  },
  {
    name: 'msgrcv takes a size that is a safe integer',
    kind: RangeError,
    calls: [...NOT_INTEGERS, 2 ** 53].map(
      (msgsz) => (namespace, msqid) => namespace.msgrcv(msqid, msgsz, 0, IPC_NOWAIT),
    ),
  },
  {
    name: 'msgrcv takes a type that is a number or a bigint',
    kind: TypeError,
    calls: [undefined, null, '1', {}].map(
      (msgtyp) => (namespace, msqid) => namespace.msgrcv(msqid, 10, mistaken(msgtyp), IPC_NOWAIT),
    ),
  },
  {
    name: 'msgrcv takes a type that is a C long, and exact',
    kind: RangeError,
    calls: [...NOT_INTEGERS, -(2 ** 53), 2n ** 63n].map(
      (msgtyp) => (namespace, msqid) => namespace.msgrcv(msqid, 10, msgtyp, IPC_NOWAIT),
    ),
  },
  {
    name: 'msgrcv takes an identifier and flags of a C int',
    kind: RangeError,
    calls: NOT_INTS.flatMap((value): WrongCall[] => [
      (namespace) => namespace.msgrcv(value, 10, 0, IPC_NOWAIT),
      (namespace, msqid) => namespace.msgrcv(msqid, 10, 0, value),
    ]),
  },
  {
    name: 'msgsnd and msgrcv take a signal that is an AbortSignal',
    kind: TypeError,
    calls: [null, 'now', {}, new AbortController()].flatMap((signal): WrongCall[] => [
      (namespace, msqid) => namespace.msgsnd(msqid, message(1), 0, { signal: mistaken(signal) }),
      (namespace, msqid) => namespace.msgrcv(msqid, 10, 0, IPC_NOWAIT, { signal: mistaken(signal) }),
    ]),
  },
  {
    name: 'msgctl takes a command that is a number',
    kind: TypeError,
    calls: NOT_NUMBERS.map((cmd) => (namespace, msqid) => namespace.msgctl(msqid, cmd)),
  },
  {
    name: 'msgctl takes an identifier and a command of a C int',
    kind: RangeError,
    calls: NOT_INTS.flatMap((value): WrongCall[] => [
      (namespace) => namespace.msgctl(value, IPC_STAT),
      (namespace, msqid) => namespace.msgctl(msqid, value),
    ]),
  },
  {
    name: 'IPC_SET takes settings that are an object with permissions',
    kind: TypeError,
    calls: [
      null,
      5,
      {},
      { qbytes: 5 },
      { perm: null, qbytes: 5 },
      { perm: { uid: '0', gid: 0, mode: 0 }, qbytes: 5 },
      { perm: { uid: 0, gid: 0 }, qbytes: 5 },
      { perm: { uid: 0, gid: 0, mode: 0 } },
    ].map((settings) => (namespace, msqid) => namespace.msgctl(msqid, IPC_SET, mistaken(settings))),
  },
  {
    name: 'IPC_SET takes numbers that their C types hold',
    kind: RangeError,
    calls: [
      { perm: { uid: -2, gid: 0, mode: 0 }, qbytes: 5 },
      { perm: { uid: 2 ** 32, gid: 0, mode: 0 }, qbytes: 5 },
      { perm: { uid: 0, gid: 0.5, mode: 0 }, qbytes: 5 },
      { perm: { uid: 0, gid: 0, mode: -1 }, qbytes: 5 },
      { perm: { uid: 0, gid: 0, mode: 0 }, qbytes: -1 },
      { perm: { uid: 0, gid: 0, mode: 0 }, qbytes: Number.NaN },
    ].map((settings) => (namespace, msqid) => namespace.msgctl(msqid, IPC_SET, settings)),
  },
  {
    name: 'setLimits takes an object with known limits that are numbers',
    kind: TypeError,
    calls: [undefined, null, 5, { msgmax: '5' }, { msgmax: null }, { maxmsg: 5 }, { msgmax: 5, qbytes: 5 }].map(
      (limits) => (namespace) => namespace.setLimits(mistaken(limits)),
    ),
  },
  {
    name: 'setLimits takes whole numbers',
    kind: RangeError,
    calls: NOT_INTEGERS.flatMap((value): WrongCall[] => [
      (namespace) => namespace.setLimits({ msgmax: 5, msgmnb: value }),
      (namespace) => namespace.setLimits({ msgmni: value }),
    ]),
  },
  {
    name: 'setNextId takes a number',
    kind: TypeError,
    calls: NOT_NUMBERS.map((nextId) => (namespace) => namespace.setNextId(nextId)),
  },
  {
    name: 'setNextId takes a whole number',
    kind: RangeError,
    calls: NOT_INTEGERS.map((nextId) => (namespace) => namespace.setNextId(nextId)),
  },
  {
    name: 'restore takes a checkpoint',
    kind: TypeError,
    calls: [undefined, null, 5, 'image', {}, { queues: 5 }, { queues: [{ msqid: 1 }] }, { queues: [null] }].map(
      (checkpoint) => (namespace) => namespace.restore(mistaken(checkpoint)),
    ),
  },
]

export const argumentCases: readonly ConformanceCase[] = [
  ...WRONG.map(
    ({ name, kind, calls }): ConformanceCase => ({
      name: `${name}: anything else is a ${kind.name}, and nothing is done`,
      run: async ({ namespace }) => {
        const msqid = await make(namespace)
        await fill(namespace, msqid, 'abc1')
        const before = await stateOf(namespace, msqid)
        for (const call of calls) await wrong(kind, () => call(namespace, msqid))
        assert.deepEqual(await stateOf(namespace, msqid), before)
        assert.equal(await drain(namespace, msqid), 'abc1')
      },
    }),
  ),
  {
    name: 'msgsnd takes the bytes of a Buffer, and msgrcv’s are a Uint8Array',
    run: async ({ namespace, midway }) => {
      const msqid = await make(namespace)
      await namespace.msgsnd(msqid, { mtype: 1, mtext: Buffer.from('abc') }, 0)
      await midway()
      assert.deepEqual([...(await namespace.msgrcv(msqid, 10, 0, 0)).mtext], [97, 98, 99])
    },
  },
  {
    name: 'msgsnd and msgrcv take a bigint for a type that a number holds',
    run: async ({ namespace }) => {
      const msqid = await make(namespace)
      await namespace.msgsnd(msqid, { mtype: 5n, mtext: new Uint8Array() }, 0)
      assert.equal((await namespace.msgrcv(msqid, 0, 5n, IPC_NOWAIT)).mtype, 5)
    },
  },
]

async function stateOf(namespace: IpcNamespace, msqid: number): Promise<unknown> {
  const { maxIndex, info } = await namespace.msgctl(0, MSG_INFO)
  return [await stat(namespace, msqid), maxIndex, info, await namespace.limits(), await namespace.nextId()]
}
