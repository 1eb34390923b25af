import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LONG_MAX } from '../abi/index.ts'
import type { Checkpoint, CheckpointQueue, MessageView } from '../engine/index.ts'
import { checkCheckpoint, faultOf } from './check-checkpoint.ts'

const SAFE = Number.MAX_SAFE_INTEGER
const INT_MAX = 2 ** 31 - 1
const UINT_MAX = 2 ** 32 - 1

const PERM = { key: 1, uid: 2, gid: 3, cuid: 4, cgid: 5, mode: 0o600 }
const QUEUE: CheckpointQueue = { msqid: 1, perm: PERM, qbytes: 9, messages: [] }
const CHECKPOINT: Checkpoint = {
  time: 1,
  limits: { msgmax: 1, msgmnb: 1, msgmni: 1 },
  nextId: -1,
  identifiers: { nextIndex: 1, lastIndex: 1, sequence: 1 },
  queues: [QUEUE],
  waiting: [],
}

/** Each number with its ends, and where it stands. */
const RANGES: readonly (readonly [
  name: string,
  least: number,
  most: number,
  put: (value: number) => Partial<Checkpoint>,
])[] = [
  ['time', 0, SAFE, (time) => ({ time })],
  ['msgmax', 0, INT_MAX, (msgmax) => ({ limits: { ...CHECKPOINT.limits, msgmax } })],
  ['msgmnb', 0, INT_MAX, (msgmnb) => ({ limits: { ...CHECKPOINT.limits, msgmnb } })],
  ['msgmni', 0, INT_MAX, (msgmni) => ({ limits: { ...CHECKPOINT.limits, msgmni } })],
  ['nextId', -1, INT_MAX, (nextId) => ({ nextId })],
  ['nextIndex', 0, 32_768, (nextIndex) => ({ identifiers: { nextIndex, lastIndex: 1, sequence: 1 } })],
  ['lastIndex', -1, 32_767, (lastIndex) => ({ identifiers: { nextIndex: 1, lastIndex, sequence: 1 } })],
  ['sequence', 0, 65_534, (sequence) => ({ identifiers: { nextIndex: 1, lastIndex: 1, sequence } })],
  ['msqid', 0, INT_MAX, (msqid) => ({ queues: [{ ...QUEUE, msqid }] })],
  ['key', -(2 ** 31), INT_MAX, (key) => ({ queues: [{ ...QUEUE, perm: { ...PERM, key } }] })],
  ['uid', 0, UINT_MAX, (uid) => ({ queues: [{ ...QUEUE, perm: { ...PERM, uid } }] })],
  ['gid', 0, UINT_MAX, (gid) => ({ queues: [{ ...QUEUE, perm: { ...PERM, gid } }] })],
  ['cuid', 0, UINT_MAX, (cuid) => ({ queues: [{ ...QUEUE, perm: { ...PERM, cuid } }] })],
  ['cgid', 0, UINT_MAX, (cgid) => ({ queues: [{ ...QUEUE, perm: { ...PERM, cgid } }] })],
  ['mode', 0, 0o777, (mode) => ({ queues: [{ ...QUEUE, perm: { ...PERM, mode } }] })],
  ['qbytes', 0, 2 ** 64, (qbytes) => ({ queues: [{ ...QUEUE, qbytes }] })],
  ['stime', 0, SAFE, (stime) => ({ queues: [{ ...QUEUE, stime }] })],
  ['rtime', 0, SAFE, (rtime) => ({ queues: [{ ...QUEUE, rtime }] })],
  ['ctime', 0, SAFE, (ctime) => ({ queues: [{ ...QUEUE, ctime }] })],
  ['lspid', 0, INT_MAX, (lspid) => ({ queues: [{ ...QUEUE, lspid }] })],
  ['lrpid', 0, INT_MAX, (lrpid) => ({ queues: [{ ...QUEUE, lrpid }] })],
  ['copyCounter', 0, UINT_MAX, (copyCounter) => ({ queues: [{ ...QUEUE, copyCounter }] })],
  ['lastSequence', 0, SAFE, (lastSequence) => ({ queues: [{ ...QUEUE, lastSequence }] })],
]

test('checkCheckpoint takes each number from its least to its most, and names the one that is out of range', () => {
  checkCheckpoint(CHECKPOINT)
  for (const [name, least, most, put] of RANGES) {
    for (const value of [least, most]) checkCheckpoint({ ...CHECKPOINT, ...put(value) })
    const above = most === 2 ** 64 ? 2 ** 65 : most + 1
    for (const value of [least - 1, above, 0.5, Number.NaN]) {
      const wrong = { name: 'RangeError', message: new RegExp(`\\b${name} must be`) }
      assert.throws(() => checkCheckpoint({ ...CHECKPOINT, ...put(value) }), wrong, `${name} ${value}`)
    }
    const text = '1' as unknown as number
    assert.throws(() => checkCheckpoint({ ...CHECKPOINT, ...put(text) }), TypeError, name)
  }
})

test('checkCheckpoint wants lists where lists are, each queue once, and as many as there can be', () => {
  const { identifiers: _, ...without } = CHECKPOINT
  checkCheckpoint(without)
  const broken: readonly (readonly [checkpoint: unknown, message: RegExp])[] = [
    [null, /a checkpoint must be an object/],
    [undefined, /a checkpoint must be an object/],
    ['a checkpoint', /a checkpoint must be an object/],
    [{ ...CHECKPOINT, queues: {} }, /the queues of a checkpoint must be an array/],
    [{ ...CHECKPOINT, waiting: undefined }, /the waiting calls of a checkpoint must be an array/],
    [{ ...CHECKPOINT, queues: [{ ...QUEUE, messages: undefined }] }, /the messages of a queue must be iterable/],
    [{ ...CHECKPOINT, queues: [{ ...QUEUE, messages: { length: 0 } }] }, /the messages of a queue must be iterable/],
  ]
  for (const [checkpoint, message] of broken) {
    assert.throws(() => checkCheckpoint(checkpoint as Checkpoint), { name: 'TypeError', message })
  }
  const twice = { ...CHECKPOINT, queues: [QUEUE, { ...QUEUE, msqid: 2 }, QUEUE] }
  assert.throws(() => checkCheckpoint(twice), { name: 'RangeError', message: /queue 1 is in the checkpoint twice/ })
  const many = (length: number) => Array.from({ length }, (_, msqid) => ({ ...QUEUE, msqid }))
  checkCheckpoint({ ...CHECKPOINT, queues: many(32_768) })
  assert.throws(() => checkCheckpoint({ ...CHECKPOINT, queues: many(32_769) }), RangeError)
})

test('faultOf finds what an image cannot keep of a message', () => {
  const message: MessageView = { mtype: 1, mtext: new Uint8Array(0) }
  const sender = { pid: INT_MAX, uid: UINT_MAX }
  const valid: readonly Partial<MessageView>[] = [
    {},
    { mtype: LONG_MAX },
    { sequence: 6, sender, time: SAFE },
    { sequence: SAFE, sender: { pid: 0, uid: 0 }, time: 0 },
  ]
  const invalid: readonly Partial<MessageView>[] = [
    ...[{ mtype: 0 }, { mtype: -1 }, { mtype: 2n ** 63n }, { mtype: 0.5 }],
    { mtext: 'text' as unknown as Uint8Array },
    ...[{ sequence: 5 }, { sequence: SAFE + 1 }, { sequence: 6.5 }],
    ...[{ time: -1 }, { time: SAFE + 1 }, { time: 0.5 }],
    ...[{ pid: -1 }, { pid: INT_MAX + 1 }, { pid: 0.5 }, { uid: -1 }, { uid: UINT_MAX + 1 }, { uid: 0.5 }].map(
      (id) => ({
        sender: { ...sender, ...id },
      }),
    ),
  ]
  for (const each of valid) assert.equal(faultOf({ ...message, ...each }, 5), undefined)
  for (const each of invalid) {
    const [name] = Object.keys(each)
    assert.match(faultOf({ ...message, ...each }, 5) ?? 'none', new RegExp(`^(the )?${name} must `))
  }
  const source = new DataView(new ArrayBuffer(0))
  const viewed = { mtype: 1, source, start: 0, end: 0 } as unknown as MessageView
  assert.equal(faultOf(viewed, 0), undefined, 'a view has its bytes elsewhere')
})
