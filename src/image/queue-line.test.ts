import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { IpcnsEntry } from './ipcns-msg-decoder.ts'
import { JsonObject } from './json-line.ts'
import { queueWithoutLine, readQueueLine } from './queue-line.ts'

const SAFE = Number.MAX_SAFE_INTEGER
const UINT_MAX = 2 ** 32 - 1

/** What CRIU's file tells of the queue, its key as it keeps it. */
const IPCNS: IpcnsEntry = {
  ...{ key: UINT_MAX, uid: 1, gid: 2, cuid: 3, cgid: 4, mode: 0o640, id: 7, qbytes: 16, qnum: 2 },
}
const MESSAGES = { count: 2, sequence: [4, 1, 5, 1], pid: [null, 2], uid: [null, 2], time: [null, 2] }
const LINE = { msqid: 7, creator: { uid: 5, gid: 6 }, qbytes: 2 ** 40, messages: MESSAGES }

const read = (line: object) => readQueueLine(new JsonObject('a-file', 9, 'queue', line), IPCNS)

test('readQueueLine joins what ours and CRIU’s file tell, and keeps nothing that ours does not', () => {
  const perm = { key: -1, uid: 1, gid: 2, cuid: 5, cgid: 6, mode: 0o640 }
  const { told, ...head } = read(LINE)
  assert.deepEqual(head, { msqid: 7, perm, qbytes: 2 ** 40 })
  assert.equal(told?.lastSequence, 9)
  const optional = {
    ...{ stime: SAFE, rtime: 0, ctime: 8, lspid: 2 ** 31 - 1, lrpid: 0, copyCounter: UINT_MAX, lastSequence: 9 },
  }
  const { told: _, ...whole } = read({ ...LINE, ...optional })
  assert.deepEqual(whole, { msqid: 7, perm, qbytes: 2 ** 40, ...optional })
  const alone = { msqid: 7, perm: { key: -1, uid: 1, gid: 2, cuid: 3, cgid: 4, mode: 0o640 }, qbytes: 16 }
  assert.deepEqual(queueWithoutLine(IPCNS), alone)
})

test('readQueueLine refuses what cannot be, and names the member', () => {
  const cases: readonly (readonly [change: object, member: string])[] = [
    ...[8, -1, '7'].map((msqid) => [{ msqid }, 'queue.msqid'] as const),
    ...[5, undefined].map((creator) => [{ creator }, 'queue.creator'] as const),
    [{ creator: { uid: -1, gid: 6 } }, 'queue.creator.uid'],
    [{ creator: { uid: 5, gid: UINT_MAX + 1 } }, 'queue.creator.gid'],
    ...[-1, 2 ** 65, undefined].map((qbytes) => [{ qbytes }, 'queue.qbytes'] as const),
    ...['stime', 'rtime', 'ctime', 'lastSequence'].flatMap((name) =>
      [-1, SAFE + 1, null].map((value) => [{ [name]: value }, `queue.${name}`] as const),
    ),
    ...['lspid', 'lrpid'].flatMap((name) =>
      [-1, 2 ** 31, null].map((value) => [{ [name]: value }, `queue.${name}`] as const),
    ),
    ...[-1, UINT_MAX + 1, null].map((copyCounter) => [{ copyCounter }, 'queue.copyCounter'] as const),
    [{ lastSequence: 8 }, 'queue.lastSequence'],
    [{ messages: { ...MESSAGES, count: 3 } }, 'queue.messages.count'],
    [{ messages: undefined }, 'queue.messages'],
  ]
  for (const [change, member] of cases) {
    const message = new RegExp(`expected ${member.replaceAll('.', '\\.')} to be `)
    const refused = { name: 'ImageError', file: 'a-file', offset: 9, message }
    assert.throws(() => read({ ...LINE, ...change }), refused, JSON.stringify(change))
  }
  for (const qbytes of [0, 2 ** 64]) assert.equal(read({ ...LINE, qbytes }).qbytes, qbytes)
})
