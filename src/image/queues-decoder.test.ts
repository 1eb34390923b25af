import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LONG_MAX } from '../abi/index.ts'
import type { CheckpointMessage } from '../engine/index.ts'
import { encodeIpcnsMsg, type IpcnsQueue } from './ipcns-msg.ts'
import { IpcnsMsgDecoder } from './ipcns-msg-decoder.ts'
import { JsonObject } from './json-line.ts'
import { QueuesDecoder } from './queues-decoder.ts'

/** Types that are read many at once, and such that are read alone. */
const MESSAGES: readonly CheckpointMessage[] = [1, 2, 3, 2 ** 40, 4, LONG_MAX, 5].map((mtype, index) => {
  return { mtype, mtext: new Uint8Array(20).fill(index) }
})

const ipcnsQueue = (id: number, messages: readonly CheckpointMessage[] = []): IpcnsQueue => {
  return { key: 1, uid: 2, gid: 3, cuid: 4, cgid: 5, mode: 0o600, id, qbytes: 7, messages }
}

/** A line of ours, of as many messages as the columns tell. */
function line(msqid: number, count = 0, columns: object = { sequence: [], pid: [], uid: [], time: [] }): JsonObject {
  const queue = { msqid, creator: { uid: 4, gid: 5 }, qbytes: 7, messages: { count, ...columns } }
  return new JsonObject('ours', 9, 'queue', queue)
}

function read(queues: readonly IpcnsQueue[], lines?: readonly JsonObject[]) {
  const decoder = new IpcnsMsgDecoder('theirs', new QueuesDecoder('ours', lines))
  decoder.feed(encodeIpcnsMsg(queues))
  return decoder.end().map(({ msqid, messages }) => ({ msqid, messages: [...messages] }))
}

test('QueuesDecoder tells nothing of messages that CRIU alone tells of', () => {
  assert.deepEqual(read([ipcnsQueue(7, MESSAGES), ipcnsQueue(8)]), [
    { msqid: 7, messages: MESSAGES },
    { msqid: 8, messages: [] },
  ])
})

test('QueuesDecoder joins each message with what our line tells of it', () => {
  const columns = {
    sequence: [1, 4, null, 1, 2, 2],
    pid: [6, 2, null, 1, 0, 4],
    uid: [9, 2, null, 1, 0, 4],
    time: [50, 1, 0, 2, null, 1, 3, 1, -2, 2],
  }
  const told = [
    { sequence: 1, sender: { pid: 6, uid: 9 }, time: 50 },
    { sequence: 2, sender: { pid: 6, uid: 9 }, time: 50 },
    { sequence: 3, time: 50 },
    { sequence: 4, sender: { pid: 0, uid: 0 } },
    { sender: { pid: 0, uid: 0 }, time: 53 },
    { sequence: 6, sender: { pid: 0, uid: 0 }, time: 51 },
    { sequence: 8, sender: { pid: 0, uid: 0 }, time: 49 },
  ]
  const messages = MESSAGES.map((message, index) => ({ ...message, ...told[index] }))
  assert.deepEqual(read([ipcnsQueue(8), ipcnsQueue(7, MESSAGES)], [line(8), line(7, 7, columns)]), [
    { msqid: 8, messages: [] },
    { msqid: 7, messages },
  ])
})

test('QueuesDecoder takes what tells alike of messages that are read at once and of those behind them', () => {
  const columns = { sequence: [1, 7], pid: [6, 1, 5, 6], uid: [9, 7], time: [50, 1, 0, 6] }
  const messages = MESSAGES.map((message, index) => {
    return { ...message, sequence: index + 1, sender: { pid: index === 0 ? 6 : 5, uid: 9 }, time: 50 }
  })
  assert.deepEqual(read([ipcnsQueue(7, MESSAGES)], [line(7, 7, columns)]), [{ msqid: 7, messages }])
})

test('QueuesDecoder wants a line for each queue, in their order, and no more', () => {
  const [one, other] = [ipcnsQueue(7), ipcnsQueue(8)]
  assert.equal(read([one, other], [line(7), line(8)]).length, 2)
  assert.throws(() => read([one, other], [line(7)]), {
    name: 'ImageError',
    file: 'ours',
    expected: "a line for each queue of CRIU's file",
  })
  assert.throws(() => read([one], [line(7), line(8)]), {
    name: 'ImageError',
    file: 'ours',
    message: /expected 1 queues, as in CRIU's file, found 2$/,
  })
  assert.throws(() => read([one, other], [line(8), line(7)]), /queue\.msqid to be 7, as in CRIU's file/)
})
