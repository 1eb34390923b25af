import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Driven, ipcSet, msgrcv, msgsnd, ROOT, USER } from '../../test/engine/driven.ts'
import { IPC_STAT, IPCMNI, LONG_MAX } from '../abi/index.ts'
import type { Call, CheckpointHeader, CheckpointMessage, CheckpointQueue } from './index.ts'
import { MessagePacker } from './messages/index.ts'
import { RESTORES_MAX, stage } from './restore.ts'

const HEADER: CheckpointHeader = {
  time: 5_000,
  limits: { msgmax: 100, msgmnb: 200, msgmni: 3 },
  nextId: -1,
  identifiers: { nextIndex: 4, lastIndex: 3, sequence: 9 },
}
const QUEUE: CheckpointQueue = {
  msqid: 5,
  perm: { key: 7, uid: 1, gid: 2, cuid: 3, cgid: 4, mode: 0o640 },
  qbytes: 50,
  messages: [],
}
const MESSAGE: CheckpointMessage = { mtype: 1, mtext: new Uint8Array(2) }

const begin = (header: CheckpointHeader = HEADER) => ({ name: 'restoreBegin', header }) as const
const chunk = (restore: number, ...queues: CheckpointQueue[]) =>
  ({ name: 'restoreChunk', restore: { session: 0, number: restore }, queues }) as const
const commit = (restore: number) => ({ name: 'restoreCommit', restore: { session: 0, number: restore } }) as const

/** What the last part of a restore of these queues came to. */
function restored(driven: Driven, queues: readonly CheckpointQueue[], header = HEADER): string {
  const [began = ''] = driven.call(begin(header))
  if (!began.endsWith(' 0')) return began.split(' ')[1] ?? ''
  const number = Number(began.split(' ')[0])
  const [staged = ''] = driven.call(chunk(number, ...queues))
  const [ended = ''] = staged.endsWith(' 0') ? driven.call(commit(number)) : [staged]
  return ended.split(' ')[1] ?? ''
}

test('restoreBegin wants copying built in, a capability, a valid header and room, in this order', () => {
  const bad = { ...HEADER, nextId: -2 }
  assert.deepEqual(new Driven({ checkpointRestore: false }).call(begin(bad), { caller: USER }), ['1 ENOSYS'])
  const driven = new Driven()
  assert.deepEqual(driven.call(begin(bad), { caller: USER }), ['1 EPERM'])
  for (const capability of ['CAP_CHECKPOINT_RESTORE', 'CAP_SYS_ADMIN'] as const) {
    assert.match(driven.call(begin(bad), { caller: { ...USER, capabilities: [capability] } })[0] ?? '', /EINVAL/)
  }
  for (let restore = 0; restore < RESTORES_MAX; restore++) assert.match(driven.call(begin())[0] ?? '', / 0$/)
  assert.match(driven.call(begin())[0] ?? '', /ENOSPC/)
  assert.match(driven.call(begin(bad))[0] ?? '', /EINVAL/)
  assert.match(driven.call(commit(4))[0] ?? '', / 0$/)
  assert.match(driven.call(begin())[0] ?? '', / 0$/)
})

test('restoreBegin takes each member of a header up to its border', () => {
  const cursor = { nextIndex: 0, lastIndex: -1, sequence: 0 }
  const valid: readonly Partial<CheckpointHeader>[] = [
    { nextId: 0 },
    { nextId: 2 ** 31 - 1 },
    { limits: { msgmax: 0, msgmnb: 0, msgmni: 0 } },
    { limits: { msgmax: 2 ** 31 - 1, msgmnb: 2 ** 31 - 1, msgmni: IPCMNI } },
    { identifiers: cursor },
    { identifiers: { nextIndex: IPCMNI, lastIndex: IPCMNI - 1, sequence: 65_534 } },
  ]
  const invalid: readonly Partial<CheckpointHeader>[] = [
    { nextId: -2 },
    { nextId: 2 ** 31 },
    { nextId: 0.5 },
    { limits: { msgmax: -1, msgmnb: 0, msgmni: 0 } },
    { limits: { msgmax: 0, msgmnb: 2 ** 31, msgmni: 0 } },
    { limits: { msgmax: 0, msgmnb: 0, msgmni: IPCMNI + 1 } },
    { identifiers: { ...cursor, nextIndex: -1 } },
    { identifiers: { ...cursor, nextIndex: IPCMNI + 1 } },
    { identifiers: { ...cursor, lastIndex: -2 } },
    { identifiers: { ...cursor, lastIndex: IPCMNI } },
    { identifiers: { ...cursor, sequence: 65_535 } },
    { identifiers: { ...cursor, sequence: -1 } },
  ]
  for (const header of valid) assert.deepEqual(new Driven().call(begin({ ...HEADER, ...header })), ['1 0'])
  for (const header of invalid) assert.deepEqual(new Driven().call(begin({ ...HEADER, ...header })), ['1 EINVAL'])
  const { identifiers: _, ...without } = HEADER
  assert.deepEqual(new Driven().call(begin(without)), ['1 0'])
})

test('restoreChunk takes each member of a queue up to its border', () => {
  const perm = QUEUE.perm
  const safe = Number.MAX_SAFE_INTEGER
  const valid: readonly Partial<CheckpointQueue>[] = [
    { msqid: 0 },
    { msqid: 2 ** 31 - 1 },
    { perm: { ...perm, key: -(2 ** 31) } },
    { perm: { ...perm, key: 2 ** 31 - 1, mode: 0 } },
    { perm: { key: 1, uid: 2 ** 32 - 2, gid: 2 ** 32 - 2, cuid: 2 ** 32 - 2, cgid: 2 ** 32 - 2, mode: 0o777 } },
    { qbytes: 0 },
    { qbytes: 2 ** 64 },
    { stime: safe, rtime: safe, ctime: safe, lastSequence: safe },
    { lspid: 2 ** 31 - 1, lrpid: 2 ** 31 - 1, copyCounter: 2 ** 32 - 1 },
  ]
  const invalid: readonly Partial<CheckpointQueue>[] = [
    ...[-1, 2 ** 31, 0.5].map((msqid) => ({ msqid })),
    ...[2 ** 31, -(2 ** 31) - 1, 0.5].map((key) => ({ perm: { ...perm, key } })),
    ...[{ uid: -1 }, { gid: 2 ** 32 - 1 }, { cuid: 2 ** 32 - 1 }, { cgid: -1 }].map((id) => ({
      perm: { ...perm, ...id },
    })),
    ...[0o1000, -1].map((mode) => ({ perm: { ...perm, mode } })),
    ...[-1, 2 ** 65, 0.5].map((qbytes) => ({ qbytes })),
    ...[{ stime: -1 }, { rtime: safe + 1 }, { ctime: 0.5 }, { lastSequence: -1 }],
    ...[{ lspid: -1 }, { lrpid: 2 ** 31 }, { copyCounter: -1 }, { copyCounter: 2 ** 32 }],
  ]
  for (const queue of valid) assert.equal(restored(new Driven(), [{ ...QUEUE, ...queue }]), '1', JSON.stringify(queue))
  for (const queue of invalid) {
    assert.equal(restored(new Driven(), [{ ...QUEUE, ...queue }]), 'EINVAL', JSON.stringify(queue))
  }
})

test('restoreChunk takes each member of a message up to its border, and numbers that rise', () => {
  const safe = Number.MAX_SAFE_INTEGER
  const sender = { pid: 2 ** 31 - 1, uid: 2 ** 32 - 1 }
  const valid: readonly (readonly Partial<CheckpointMessage>[])[] = [
    [{ mtype: LONG_MAX, sequence: safe, sender, time: safe }],
    [{ sequence: 1 }, { sequence: 2 }, {}, { sequence: 9 }],
    [{ sender: { pid: 0, uid: 0 }, time: 0 }],
  ]
  const invalid: readonly (readonly Partial<CheckpointMessage>[])[] = [
    [{ mtype: 0 }],
    [{ mtype: 0.5 }],
    [{ mtype: 2n ** 63n }],
    [{ sequence: 0 }],
    [{ sequence: 5 }, { sequence: 5 }],
    [{ sequence: 5 }, { sequence: 4 }],
    [{ sequence: safe + 1 }],
    [{ sender: { pid: -1, uid: 0 } }],
    [{ sender: { pid: 2 ** 31, uid: 0 } }],
    [{ sender: { pid: 0, uid: -1 } }],
    [{ sender: { pid: 0, uid: 2 ** 32 } }],
    [{ time: -1 }],
    [{ time: safe + 1 }],
  ]
  const queueOf = (messages: readonly Partial<CheckpointMessage>[]) => {
    return { ...QUEUE, messages: messages.map((message) => ({ ...MESSAGE, ...message })) }
  }
  for (const messages of valid) assert.equal(restored(new Driven(), [queueOf(messages)]), '1')
  for (const messages of invalid) assert.equal(restored(new Driven(), [queueOf(messages)]), 'EINVAL')
})

test('a chunk that is not valid ends its restore; one that has ended takes no more', () => {
  const driven = new Driven()
  driven.call(begin())
  assert.deepEqual(driven.call(chunk(1, QUEUE, { ...QUEUE, msqid: -1 })), ['2 EINVAL'])
  assert.deepEqual(driven.call(chunk(1, QUEUE)), ['3 EINVAL'])
  assert.deepEqual(driven.call(commit(1)), ['4 EINVAL'])
  assert.equal(driven.engine.namespace.identifiers.inUse, 0)
})

test('restoreCommit refuses what collides in the image, and EEXIST what collides in the namespace', () => {
  const other = { ...QUEUE, msqid: 6, perm: { ...QUEUE.perm, key: 8 } }
  assert.equal(restored(new Driven(), [QUEUE, other]), '2')
  assert.equal(restored(new Driven(), [QUEUE, { ...other, msqid: 5 + IPCMNI }]), 'EINVAL', 'one index')
  assert.equal(restored(new Driven(), [QUEUE, { ...other, perm: QUEUE.perm }]), 'EINVAL', 'one key')
  const keyless = { ...QUEUE.perm, key: 0 }
  assert.equal(
    restored(new Driven(), [
      { ...QUEUE, perm: keyless },
      { ...other, perm: keyless },
    ]),
    '2',
  )
  const behind = { ...QUEUE, lastSequence: 1, messages: [MESSAGE, MESSAGE] }
  assert.equal(restored(new Driven(), [behind]), 'EINVAL', 'two messages, and the last one is number 1')
  assert.equal(restored(new Driven(), [{ ...behind, lastSequence: 2 }]), '1')
  const driven = new Driven()
  driven.queue(7)
  assert.equal(restored(driven, [QUEUE]), 'EEXIST', 'the key')
  assert.equal(restored(driven, [{ ...other, msqid: IPCMNI }]), 'EEXIST', 'the index')
  assert.equal(driven.engine.namespace.identifiers.inUse, 1)
  assert.equal(restored(driven, [{ ...other, msqid: 1 }]), '1')
})

test('restoreCommit brings limits and cursor into an empty namespace, and only raises limits in another', () => {
  const fresh = new Driven()
  const { identifiers } = fresh.engine.namespace
  assert.equal(restored(fresh, [QUEUE], { ...HEADER, nextId: 8 }), '1')
  assert.deepEqual(fresh.engine.limits, HEADER.limits)
  assert.deepEqual([identifiers.nextIndex, identifiers.lastIndex, identifiers.sequence], [4, 3, 9])
  assert.equal(fresh.engine.nextId, 8)
  const { identifiers: _, ...without } = HEADER
  const plain = new Driven()
  assert.equal(restored(plain, [QUEUE], without), '1')
  assert.equal(plain.engine.namespace.identifiers.nextIndex, 0)

  const used = new Driven({ limits: { msgmax: 150, msgmnb: 100, msgmni: 2 } })
  used.queue(1)
  assert.equal(restored(used, [QUEUE], { ...HEADER, nextId: 8 }), '1')
  assert.deepEqual(used.engine.limits, { msgmax: 150, msgmnb: 200, msgmni: 3 })
  assert.equal(used.engine.nextId, -1)
  const third = { ...QUEUE, msqid: 6, perm: { ...QUEUE.perm, key: 8 } }
  const fourth = { ...QUEUE, msqid: 7, perm: { ...QUEUE.perm, key: 9 } }
  assert.equal(restored(used, [third, fourth]), 'ENOSPC')
  assert.equal(restored(used, [third]), '1', 'msgmni is 3')
  // More queues than the image's own msgmni, which was lowered under them.
  const low = { ...HEADER, limits: { ...HEADER.limits, msgmni: 1 } }
  assert.equal(restored(new Driven(), [QUEUE, third, fourth], low), '3')
})

test('restoreCommit makes what an image tells, and of the rest what its caller would have made now', () => {
  const driven = new Driven()
  const told = { stime: 2_000, rtime: 3_000, ctime: 4_000, lspid: 12, lrpid: 13, lastSequence: 20 }
  const messages = [{ ...MESSAGE, sequence: 5, sender: { pid: 1, uid: 2 }, time: 6 }]
  const other = { ...QUEUE, msqid: 6, perm: { ...QUEUE.perm, key: 8 }, messages: [MESSAGE] }
  const empty = { ...QUEUE, msqid: 7, perm: { ...QUEUE.perm, key: 9 } }
  assert.equal(restored(driven, [{ ...QUEUE, ...told, messages }, other, empty]), '3')
  const checkpoint = driven.engine.checkpoint(ROOT, 0)
  assert.ok('queues' in checkpoint)
  const [first, second, third] = checkpoint.queues.map(({ messages, ...queue }) => ({
    ...queue,
    messages: [...messages],
  }))
  assert.deepEqual(first, { ...QUEUE, ...told, copyCounter: 0, messages })
  const now = 3_000
  const untold = { rtime: 0, lrpid: 0, copyCounter: 0, ctime: now }
  const mine = { ...MESSAGE, sequence: 1, sender: { pid: 10, uid: 0 }, time: now }
  assert.deepEqual(second, { ...other, ...untold, stime: now, lspid: 10, lastSequence: 1, messages: [mine] })
  assert.deepEqual(third, { ...empty, ...untold, stime: 0, lspid: 0, lastSequence: 0 })
  // One that tells all, by way of packed messages.
  const again = new Driven()
  assert.equal(restored(again, checkpoint.queues), '3')
  const copied = again.engine.checkpoint(ROOT, 0)
  assert.ok('queues' in copied)
  assert.deepEqual(
    copied.queues.map(({ messages }) => [...messages]),
    checkpoint.queues.map(({ messages }) => [...messages]),
  )
  assert.deepEqual(again.call(msgrcv(6, 0)), ['4 "\0\0"'])
  assert.deepEqual(again.call(msgsnd(6, 3, 'x')), ['5 0'])
  assert.equal([...again.engine.namespace.identifiers.queues()][1]?.lastSequence, 2)
})

test('a queue in several chunks goes on with the messages of each; its first part tells of it', () => {
  const driven = new Driven()
  driven.call(begin())
  driven.call(chunk(1, { ...QUEUE, messages: [MESSAGE] }))
  driven.call(chunk(1, { ...QUEUE, qbytes: 99, messages: [{ ...MESSAGE, sequence: 4 }] }))
  assert.deepEqual(driven.call(chunk(1, { ...QUEUE, messages: [{ ...MESSAGE, sequence: 4 }] })), ['4 EINVAL'])
  driven.call(begin())
  driven.call(chunk(5, { ...QUEUE, messages: [MESSAGE] }))
  driven.call(chunk(5, { ...QUEUE, qbytes: 99, messages: [{ ...MESSAGE, sequence: 4 }] }))
  assert.deepEqual(driven.call(commit(5)), ['8 1'])
  const stat = driven.call({ name: 'msgctl', msqid: 5, cmd: IPC_STAT })[0] ?? ''
  const { qnum, qbytes } = JSON.parse(stat.slice(2))
  assert.deepEqual([qnum, qbytes], [2, 50])
  assert.deepEqual(driven.call(ipcSet(5, { qbytes: 2 ** 31 - 1 }), { caller: USER }), ['10 EPERM'])
})

test('restoreBegin, restoreChunk and restoreCommit are changes that a journal must have, also where they end a restore', () => {
  const driven = new Driven()
  let number = 0
  const isChange = (call: Call) =>
    driven.engine.apply({ ticket: { session: 0, number: ++number }, now: 0, caller: ROOT, call }).changed
  assert.deepEqual([begin(), chunk(1, QUEUE), commit(1)].map(isChange), [true, true, true])
  assert.deepEqual([chunk(1, QUEUE), commit(1)].map(isChange), [false, false])
  assert.deepEqual([begin(), chunk(6, { ...QUEUE, msqid: -1 }), chunk(6)].map(isChange), [true, true, false])
  assert.deepEqual([begin(), commit(9)].map(isChange), [true, true], 'of no queues')
  assert.deepEqual([begin(), chunk(11, QUEUE), commit(11)].map(isChange), [true, true, true], 'what is in conflict')
})

test('restoreChunk numbers packed messages that do not tell their numbers, as it does others', () => {
  const packer = new MessagePacker()
  for (const mtype of [1, 2, 3]) packer.append({ mtype, mtext: Uint8Array.of(65) })
  const driven = new Driven()
  assert.equal(restored(driven, [{ ...QUEUE, messages: packer.packed() }]), '1')
  const checkpoint = driven.engine.checkpoint(ROOT, 0)
  assert.ok('queues' in checkpoint)
  const [queue] = checkpoint.queues
  assert.equal(queue?.lastSequence, 3)
  assert.deepEqual(
    Array.from(queue?.messages ?? [], ({ mtype, sequence }) => [mtype, sequence]),
    [
      [1, 1],
      [2, 2],
      [3, 3],
    ],
  )
})

test('restoreChunk goes on behind packed messages that tell all with their last number', () => {
  const packer = new MessagePacker()
  packer.append({ ...MESSAGE, sequence: 7, sender: { pid: 1, uid: 2 }, time: 3 })
  const first = { ...QUEUE, messages: packer.packed() }
  for (const [sequence, outcome] of [
    [7, 'EINVAL'],
    [8, '1'],
  ] as const) {
    const message = { ...MESSAGE, sequence, sender: { pid: 1, uid: 2 }, time: 3 }
    const behind = new MessagePacker()
    behind.append(message)
    for (const messages of [[message], behind.packed()]) {
      const driven = new Driven()
      assert.equal(restored(driven, [first, { ...QUEUE, messages }]), outcome)
      assert.equal(driven.engine.namespace.messageCount, outcome === '1' ? 2 : 0)
    }
  }
})

test('stage takes as many queues as there can be, and further messages of those', () => {
  const staged = { queue: QUEUE, messages: new MessagePacker(), lastSequence: 0 }
  const queues = new Map(Array.from({ length: IPCMNI }, (_, msqid) => [msqid, staged]))
  const restore = { ticket: { session: 0, number: 1 }, header: HEADER, queues, stagedBytes: 0 }
  assert.equal(stage(restore, { ...QUEUE, msqid: IPCMNI }), false)
  assert.equal(queues.size, IPCMNI)
  assert.equal(stage(restore, { ...QUEUE, msqid: 5 }), true)
  queues.delete(3)
  assert.equal(stage(restore, { ...QUEUE, msqid: IPCMNI }), true)
})
