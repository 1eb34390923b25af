import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Call, Message, WaitingCall } from '../engine/index.ts'
import { decodeWhole } from './byte-reader.ts'
import { ByteWriter } from './byte-writer.ts'
import { readWaitingCall, writeWaitingCall } from './calls.ts'
import {
  type ClientFrame,
  decodeClientFrame,
  decodeCompletion,
  decodeServerFrame,
  decodeState,
  ENTRY_BYTES_MAX,
  FRAME_BYTES_MAX,
  FrameReader,
  FrameWriter,
  MESSAGE_BYTES_MAX,
  type ServerFrame,
  WireError,
} from './index.ts'
import { readQueue, writeQueue } from './queues.ts'

/** What no writer writes, at the byte where it is seen; each is one byte of a frame that is right, changed. */

function bytesOf(frame: ClientFrame | ServerFrame): Uint8Array {
  const writer = new FrameWriter()
  writer.write(frame)
  return writer.take().slice(4)
}

/** @param at From the end when it is negative. */
function changed(bytes: Uint8Array, at: number, byte: number): Uint8Array {
  return bytes.with(at < 0 ? bytes.length + at : at, byte)
}

function refuses(decode: (bytes: Uint8Array) => unknown, bytes: Uint8Array, offset: number): void {
  assert.throws(
    () => decode(bytes),
    (error) => error instanceof WireError && error.offset === offset,
    Buffer.from(bytes).toString('hex'),
  )
}

const SENDER = { pid: 1, uid: 2 }
const MESSAGE: Message = { mtype: 1, mtext: Uint8Array.of(5), sequence: 3, sender: SENDER, time: 4 }

test('decodeClientFrame refuses kinds, requests, versions and holds that there are none of', () => {
  const goodbye = bytesOf({ kind: 'goodbye' })
  refuses(decodeClientFrame, changed(goodbye, 0, 0xee), 0)
  const request = bytesOf({ kind: 'request', number: 1, request: 'limits' })
  refuses(decodeClientFrame, changed(request, 2, 0xee), 2)
  const hello = bytesOf({ kind: 'hello', minVersion: 1, maxVersion: 2, features: [] })
  assert.equal(decodeClientFrame(changed(hello, 5, 2)).kind, 'hello', 'one version')
  refuses(decodeClientFrame, changed(hello, 5, 3), 7)
  for (const at of [1, 2, 3, 4]) refuses(decodeClientFrame, changed(hello, at, 0xee), at)
  const call = { name: 'msgrcv', msqid: 0, msgsz: 1, msgtyp: 0, msgflg: 0, hold: true } as const
  const receive = bytesOf({ kind: 'call', number: 1, call })
  refuses(decodeClientFrame, changed(receive, -1, 3), receive.length - 1)
})

test('ByteReader refuses a process whose number is 2^31, and takes the one before', () => {
  const pids = [0x7fff_ffff, 0x8000_0000].map((pid) => {
    const writer = new ByteWriter()
    writer.uint(pid)
    return writer.take()
  })
  const [last, tooLarge] = pids as [Uint8Array, Uint8Array]
  assert.equal(
    decodeWhole(last, false, (reader) => reader.pid()),
    0x7fff_ffff,
  )
  refuses((bytes) => decodeWhole(bytes, false, (reader) => reader.pid()), tooLarge, 0)
})

test('decodeClientFrame gives views, and decodeServerFrame bytes of its own', () => {
  const call = { name: 'msgsnd', msqid: 0, mtype: 1, mtext: Uint8Array.of(1, 2), msgflg: 0 } as const
  const bytes = bytesOf({ kind: 'call', number: 1, call })
  const frame = decodeClientFrame(bytes)
  assert.ok(frame.kind === 'call' && frame.call.name === 'msgsnd')
  bytes.fill(9)
  assert.deepEqual(frame.call.mtext, Uint8Array.of(9, 9))
  const secret = new Uint8Array(16).fill(7)
  const hello = bytesOf({ kind: 'hello', minVersion: 1, maxVersion: 1, resume: { session: 1, secret }, features: [] })
  const resumed = decodeClientFrame(hello)
  hello.fill(9)
  assert.ok(resumed.kind === 'hello')
  assert.deepEqual(resumed.resume?.secret, secret, 'a secret is kept')
})

test('decodeServerFrame refuses kinds, codes, parts, events and capabilities that there are none of', () => {
  refuses(decodeServerFrame, changed(bytesOf({ kind: 'going', message: '' }), 0, 0xee), 0)
  const failed = bytesOf({ kind: 'answer', number: 1, code: 'EINVAL' })
  refuses(decodeServerFrame, changed(failed, -1, 0xee), failed.length - 1)
  refuses(decodeServerFrame, changed(failed, -2, 0xee), failed.length - 2)
  const refusal = bytesOf({ kind: 'answer', number: 1, code: 'EINVAL', details: { msqid: 5 } })
  assert.deepEqual(decodeServerFrame(refusal), { kind: 'answer', number: 1, code: 'EINVAL', details: { msqid: 5 } })
  const answer = bytesOf({ kind: 'answer', number: 1, value: 0 })
  refuses(decodeServerFrame, Uint8Array.of(refusal[0] ?? 0, ...answer.subarray(1), 0), answer.length)
  const event = { event: 'created', time: 1, msqid: 2, key: 3, pid: 4, uid: 5 } as const
  const history = bytesOf({ kind: 'part', number: 1, part: { part: 'history', events: [event] } })
  refuses(decodeServerFrame, changed(history, 2, 0xee), 2)
  refuses(decodeServerFrame, changed(history, 4, 0xee), 4)
  const key = { session: 1, secret: new Uint8Array(16) }
  const welcome = bytesOf({ kind: 'welcome', version: 1, key, url: '', capabilities: { a: true }, features: [] })
  refuses(decodeServerFrame, changed(welcome, -2, 3), welcome.length - 2)
})

test('a waiting call is one that can wait', () => {
  const caller = { pid: 1, tid: 1, uid: 0, gid: 0, groups: [], capabilities: [] }
  const call = { name: 'copyAfter', msqid: 0, sequence: 1, msgsz: 1, msgtyp: 0, msgflg: 0 } as const
  const waiting = [{ ticket: { session: 1, number: 2 }, msqid: 0, caller, call }]
  const part = bytesOf({ kind: 'part', number: 1, part: { part: 'waiting', waiting } })
  assert.deepEqual(decodeServerFrame(part), { kind: 'part', number: 1, part: { part: 'waiting', waiting } })
  const goodbye = bytesOf({ kind: 'call', number: 1, call: { name: 'openSession' } })
  const tag = goodbye[goodbye.length - 1] ?? 0
  const head = part.subarray(0, part.length - 14)
  const other = Uint8Array.of(...head, tag)
  assert.throws(() => decodeServerFrame(other), WireError)
})

test('decodeCompletion refuses what only a server answers: limits, reports, messages that tell less', () => {
  const answered = (frame: ServerFrame) => {
    // A completion is a ticket and the outcome; an answer a kind, a number and the outcome.
    const [, number = 0, ...outcome] = bytesOf(frame)
    return Uint8Array.of(1, number, ...outcome)
  }
  const answer = (value: Extract<ServerFrame, { value: unknown }>['value']) =>
    answered({ kind: 'answer', number: 2, value } as ServerFrame)
  assert.deepEqual(decodeCompletion(answer(MESSAGE)), { ticket: { session: 1, number: 2 }, value: MESSAGE })
  assert.deepEqual(decodeCompletion(answer(7)), { ticket: { session: 1, number: 2 }, value: 7 })
  const { sequence, sender, time, ...rest } = MESSAGE
  for (const less of [{ sequence, sender }, { sequence, time }, { sender, time }, {}]) {
    assert.throws(() => decodeCompletion(answer({ ...rest, ...less })), WireError, Object.keys(less).join())
  }
  assert.throws(() => decodeCompletion(answer({ msgmax: 1, msgmnb: 1, msgmni: 1 })), WireError)
  assert.throws(() => decodeCompletion(answer({ msqids: [], notRestored: [] })), WireError)
})

test('frames have room beside the longest message, and FrameReader takes one of exactly its most bytes', () => {
  assert.ok(FRAME_BYTES_MAX > MESSAGE_BYTES_MAX)
  assert.ok(ENTRY_BYTES_MAX > FRAME_BYTES_MAX)
  const reader = new FrameReader(3)
  reader.push(Uint8Array.of(3, 0, 0, 0, 7, 8, 9))
  assert.deepEqual(reader.next(), Uint8Array.of(7, 8, 9))
  reader.push(Uint8Array.of(4, 0, 0, 0))
  assert.throws(() => reader.next(), WireError)
})

test('decodeState refuses a part that there is none of', () => {
  // Magic, version, and a frame of two bytes.
  const head = [0x4d, 0x53, 0x47, 0x53, 1, 0, 0, 0]
  refuses((bytes) => [...decodeState([bytes])], Uint8Array.of(...head, 2, 0, 0, 0, 0xee, 0), 0)
})

test('readWaitingCall reads calls that wait, and refuses every other one', () => {
  const caller = { pid: 1, tid: 1, uid: 0, gid: 0, groups: [], capabilities: [] }
  const of = (call: Call) => ({ ticket: { session: 1, number: 2 }, msqid: 3, caller, call }) as WaitingCall
  const read = (waiting: WaitingCall) => {
    const writer = new ByteWriter()
    writeWaitingCall(writer, waiting)
    return decodeWhole(writer.take(), true, readWaitingCall)
  }
  const waits: readonly Call[] = [
    { name: 'msgsnd', msqid: 3, mtype: 1, mtext: new Uint8Array(1), msgflg: 0 },
    { name: 'msgrcv', msqid: 3, msgsz: 1, msgtyp: 0, msgflg: 0 },
    { name: 'copyAfter', msqid: 3, sequence: 1, msgsz: 1, msgtyp: 0, msgflg: 0 },
  ]
  for (const call of waits) assert.deepEqual(read(of(call)), of(call))
  for (const call of [{ name: 'openSession' }, { name: 'msgget', key: 1, msgflg: 0 }] as const) {
    assert.throws(() => read(of(call)), WireError, call.name)
  }
})

test('readQueue reads back what each message tells, whichever of it that is', () => {
  const message = { mtype: 1, mtext: Uint8Array.of(1, 2) }
  const told = { sequence: 5, sender: { pid: 6, uid: 7 }, time: 8 }
  const messages = Array.from({ length: 8 }, (_, flags) => ({
    ...message,
    ...(flags & 1 && { sequence: told.sequence }),
    ...(flags & 2 && { sender: told.sender }),
    ...(flags & 4 && { time: told.time }),
  }))
  const queue = { msqid: 1, perm: { key: 1, uid: 2, gid: 3, cuid: 4, cgid: 5, mode: 6 }, qbytes: 7, messages }
  const writer = new ByteWriter()
  writeQueue(writer, queue)
  assert.deepEqual(decodeWhole(writer.take(), true, readQueue), queue)
})
