import fc from 'fast-check'
import { INT_MAX, type Long, long, UINT_MAX } from '../../src/abi/index.ts'
import type { Checkpoint, CheckpointMessage, CheckpointQueue, WaitingCall } from '../../src/engine/index.ts'

/** Checkpoints for tests of images: a fixed one, which the golden image holds, and arbitrary ones. */

const caller = { pid: 4242, tid: 4243, uid: 1000, gid: 1000, groups: [4, 24], capabilities: ['CAP_SYS_ADMIN'] } as const

/** Everything that an image keeps, each at a value that is easy to lose. Never change it: the golden image holds it. */
export function goldenCheckpoint(): Checkpoint {
  const sender = { pid: 4242, uid: 1000 }
  const time = 1_700_000_000_123
  return {
    time,
    limits: { msgmax: 65_536, msgmnb: 16_384, msgmni: 32_000 },
    nextId: 123_456,
    identifiers: { nextIndex: 3, lastIndex: 2, sequence: 7 },
    queues: [
      {
        msqid: 229_376,
        perm: { key: -559_038_737, uid: 1000, gid: 1001, cuid: 0, cgid: 4_294_967_294, mode: 0o640 },
        qbytes: 2 ** 32 + 4096,
        stime: time - 3,
        rtime: 0,
        ctime: time - 10,
        lspid: 4242,
        lrpid: INT_MAX,
        copyCounter: UINT_MAX,
        lastSequence: 9,
        messages: [
          { mtype: 1, mtext: bytes('hello'), sequence: 2, sender, time: time - 9 },
          { mtype: 2n ** 63n - 1n, mtext: bytes(''), sequence: 3, sender, time: time - 9 },
          { mtype: 2 ** 40, mtext: Uint8Array.from({ length: 256 }, (_, i) => i), sequence: 7, sender, time: time - 4 },
          { mtype: 7, mtext: new Uint8Array(9000).fill(0xff), sequence: 9, sender: { pid: 1, uid: 0 }, time: time - 3 },
        ],
      },
      {
        msqid: 2,
        perm: { key: 0, uid: 0, gid: 0, cuid: 0, cgid: 0, mode: 0o600 },
        qbytes: 0,
        messages: [{ mtype: 1, mtext: bytes('of the kernel') }],
      },
    ],
    waiting: [
      waiting({ name: 'msgsnd', msqid: 2, mtype: 2n ** 63n - 1n, mtext: Uint8Array.of(0, 255, 10), msgflg: 0 }, 1),
      waiting({ name: 'msgrcv', msqid: 229_376, msgsz: 8192, msgtyp: -(2n ** 63n), msgflg: 0o20000, hold: true }, 2),
      waiting({ name: 'msgrcv', msqid: 229_376, msgsz: 0, msgtyp: -5, msgflg: 0 }, 3),
      waiting({ name: 'copyAfter', msqid: 2, sequence: 1, msgsz: 10, msgtyp: 0, msgflg: 0 }, 4),
    ],
  }
}

/** A checkpoint that can be compared: its messages are an array, however they were kept. */
export function unpacked(checkpoint: Checkpoint): Checkpoint {
  return { ...checkpoint, queues: checkpoint.queues.map((queue) => ({ ...queue, messages: [...queue.messages] })) }
}

/** A namespace without queues. */
export function emptyCheckpoint(time = 1): Checkpoint {
  return { time, limits: { msgmax: 8192, msgmnb: 16_384, msgmni: 32_000 }, nextId: -1, queues: [], waiting: [] }
}

/** One queue with one message, told apart by its text. */
export function smallCheckpoint(text: string): Checkpoint {
  const perm = { key: 1, uid: 0, gid: 0, cuid: 0, cgid: 0, mode: 0o600 }
  const limits = { msgmax: 8192, msgmnb: 16_384, msgmni: 100 + text.length }
  const messages = [{ mtype: 1, mtext: bytes(text) }]
  return { ...emptyCheckpoint(), limits, queues: [{ msqid: 0, perm, qbytes: 16_384, messages }] }
}

export function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

function waiting(call: WaitingCall['call'], number: number): WaitingCall {
  return { ticket: { session: 5, number }, msqid: call.msqid, caller, call }
}

/** A record with a prototype: deepEqual sees the difference. */
function plain<T>(model: { [Name in keyof T]: fc.Arbitrary<T[Name]> }): fc.Arbitrary<T> {
  return fc.record<T>(model, { noNullPrototype: true })
}

const uint = (most: number) => fc.oneof(fc.constantFrom(0, 1, most), fc.integer({ min: 0, max: most }))
const safe = fc.oneof(fc.constantFrom(0, Number.MAX_SAFE_INTEGER), fc.maxSafeNat())
const int = fc.integer({ min: -INT_MAX - 1, max: INT_MAX })
const payload = fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.uint8Array({ minLength: 8193, maxLength: 8300 }))
const anyLong: fc.Arbitrary<Long> = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(long)
const mtype: fc.Arbitrary<Long> = fc.oneof(
  fc.constantFrom<Long>(1, 127, 128, Number.MAX_SAFE_INTEGER, 2n ** 53n, 2n ** 63n - 1n),
  fc.bigInt({ min: 1n, max: 2n ** 63n - 1n }).map(long),
)

const message: fc.Arbitrary<CheckpointMessage> = fc.record(
  { mtype, mtext: payload, sender: plain({ pid: uint(INT_MAX), uid: uint(UINT_MAX) }), time: safe },
  { noNullPrototype: true, requiredKeys: ['mtype', 'mtext'] },
)

/** Some messages know their sequence number, some do not; those that do rise. */
const messages = fc
  .array(fc.tuple(message, fc.option(fc.integer({ min: 1, max: 1000 }), { nil: undefined })), { maxLength: 8 })
  .map((pairs) => {
    let sequence = 0
    return pairs.map(([one, step]): CheckpointMessage => {
      if (step === undefined) return one
      sequence += step
      return { ...one, sequence }
    })
  })

const queue: fc.Arbitrary<CheckpointQueue> = fc.record(
  {
    msqid: uint(INT_MAX),
    perm: plain({
      key: int,
      uid: uint(UINT_MAX),
      gid: uint(UINT_MAX),
      cuid: uint(UINT_MAX),
      cgid: uint(UINT_MAX),
      mode: uint(0o777),
    }),
    qbytes: fc.oneof(safe, fc.constantFrom(2 ** 63, 2 ** 64)),
    stime: safe,
    rtime: safe,
    ctime: safe,
    lspid: uint(INT_MAX),
    lrpid: uint(INT_MAX),
    copyCounter: uint(UINT_MAX),
    lastSequence: fc.integer({ min: 8000, max: Number.MAX_SAFE_INTEGER }),
    messages,
  },
  { noNullPrototype: true, requiredKeys: ['msqid', 'perm', 'qbytes', 'messages'] },
)

const call: fc.Arbitrary<WaitingCall['call']> = fc.oneof(
  plain({ name: fc.constant('msgsnd' as const), msqid: int, mtype, mtext: payload, msgflg: int }),
  fc.record(
    {
      name: fc.constant('msgrcv' as const),
      msqid: int,
      msgsz: safe,
      msgtyp: anyLong,
      msgflg: int,
      hold: fc.boolean(),
    },
    { noNullPrototype: true, requiredKeys: ['name', 'msqid', 'msgsz', 'msgtyp', 'msgflg'] },
  ),
  plain({
    name: fc.constant('copyAfter' as const),
    msqid: int,
    sequence: safe,
    msgsz: safe,
    msgtyp: anyLong,
    msgflg: int,
  }),
)

/** Any checkpoint that an engine, a kernel or CRIU could give. */
export const arbitraryCheckpoint: fc.Arbitrary<Checkpoint> = fc.record(
  {
    time: safe,
    limits: plain({ msgmax: uint(INT_MAX), msgmnb: uint(INT_MAX), msgmni: uint(32_768) }),
    nextId: fc.oneof(fc.constant(-1), uint(INT_MAX)),
    identifiers: plain({
      nextIndex: uint(32_768),
      lastIndex: fc.oneof(fc.constant(-1), uint(32_767)),
      sequence: uint(65_534),
    }),
    queues: fc.uniqueArray(queue, { maxLength: 12, selector: ({ msqid }) => msqid }),
    waiting: fc.array(
      call.map((one) => waiting(one, 1)).map((one) => ({ ...one, msqid: one.msqid & INT_MAX })),
      { maxLength: 3 },
    ),
  },
  { noNullPrototype: true, requiredKeys: ['time', 'limits', 'nextId', 'queues', 'waiting'] },
)
