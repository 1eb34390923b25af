import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CheckpointQueue, WaitingCall } from '../engine/index.ts'
import { CheckpointBuilder, checkpointParts, PART_BYTES, queueChunks, waitingParts } from './index.ts'

/** What a queue, a message and a waiting call count beside their payloads. */
const QUEUE_BYTES = 100
const MESSAGE_BYTES = 40
const WAITING_BYTES = 60

const PERM = { key: 1, uid: 0, gid: 0, cuid: 0, cgid: 0, mode: 0o600 }
const CALLER = { pid: 1, tid: 1, uid: 0, gid: 0, groups: [], capabilities: [] }

function queueOf(msqid: number, ...sizes: readonly number[]): CheckpointQueue {
  const messages = sizes.map((sizeBytes, index) => ({ mtype: index + 1, mtext: new Uint8Array(sizeBytes) }))
  return { msqid, perm: PERM, qbytes: 1, messages }
}

/** Of each chunk its queues, each with the types of its messages. */
function chunked(...queues: readonly CheckpointQueue[]) {
  return [...queueChunks(queues)].map((chunk) =>
    chunk.map(({ msqid, messages }) => [msqid, ...Array.from(messages, ({ mtype }) => Number(mtype))]),
  )
}

test('queueChunks fills a chunk to its last byte, and cuts a queue before the message that is too much', () => {
  const rest = PART_BYTES - 2 * MESSAGE_BYTES - 10
  assert.deepEqual(chunked(queueOf(1, 10, rest)), [[[1, 1, 2]]])
  assert.deepEqual(chunked(queueOf(1, 10, rest + 1)), [[[1, 1]], [[1, 2]]])
  assert.deepEqual(chunked(queueOf(1, PART_BYTES * 2, 0)), [[[1, 1]], [[1, 2]]], 'a long one alone')
  const behind = PART_BYTES - 2 * MESSAGE_BYTES - QUEUE_BYTES
  assert.deepEqual(chunked(queueOf(1, 0), queueOf(2, behind)), [
    [
      [1, 1],
      [2, 1],
    ],
  ])
  assert.deepEqual(chunked(queueOf(1, 0), queueOf(2, behind + 1)), [[[1, 1]], [[2, 1]]])
  assert.deepEqual(chunked(queueOf(1), queueOf(2, 0), queueOf(3)), [[[1], [2, 1], [3]]])
  assert.deepEqual(chunked(), [])
})

test('waitingParts fills a part to its last byte, groups and payloads counted', () => {
  const calls = (...sizes: readonly number[]): WaitingCall[] =>
    sizes.map((sizeBytes, number) => ({
      ticket: { session: 1, number },
      msqid: 0,
      caller: { ...CALLER, groups: [1, 2] },
      call: { name: 'msgsnd', msqid: 0, mtype: 1, mtext: new Uint8Array(sizeBytes), msgflg: 0 },
    }))
  const counts = (...sizes: readonly number[]) =>
    [...waitingParts(calls(...sizes))].map((part) => (part.part === 'waiting' ? part.waiting.length : 0))
  const rest = PART_BYTES - 2 * (WAITING_BYTES + 10) - 7
  assert.deepEqual(counts(7, rest), [2])
  assert.deepEqual(counts(7, rest + 1), [1, 1])
  assert.deepEqual(counts(PART_BYTES, PART_BYTES, 0), [1, 1, 1])
  assert.deepEqual(counts(), [])
  const receive: WaitingCall = {
    ticket: { session: 1, number: 9 },
    msqid: 0,
    caller: CALLER,
    call: { name: 'msgrcv', msqid: 0, msgsz: 1, msgtyp: 0, msgflg: 0 },
  }
  assert.deepEqual([...waitingParts([receive])], [{ part: 'waiting', waiting: [receive] }])
})

test('CheckpointBuilder puts queues together that came in pieces, in their order', () => {
  const header = { time: 1, limits: { msgmax: 1, msgmnb: 1, msgmni: 1 }, nextId: -1 }
  const queues = [queueOf(5, 1, PART_BYTES, 2), queueOf(3), queueOf(4, 7)]
  const builder = new CheckpointBuilder()
  assert.equal(builder.finish(), undefined)
  for (const part of checkpointParts({ ...header, queues, waiting: [] })) builder.add(part)
  assert.deepEqual(builder.finish(), { ...header, queues, waiting: [] })
})
