import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Long } from '../abi/index.ts'
import { CHUNK_BYTES, joined } from './byte-writer.ts'
import { encodeIpcnsMsg, type IpcnsMessage, type IpcnsQueue, ipcnsMsgChunks, isIpcnsMsg } from './ipcns-msg.ts'
import { decodeIpcnsMsg } from './ipcns-msg-decoder.ts'

const QUEUE: IpcnsQueue = {
  ...{ key: 1, uid: 2, gid: 3, cuid: 4, cgid: 5, mode: 0o600, id: 6, qbytes: 7 },
  messages: [],
}

/** A payload that lies within other bytes: nobody may ask for a copy of it. */
class Placed implements IpcnsMessage {
  readonly mtype: Long
  readonly source: DataView
  readonly start: number
  readonly end: number
  readonly unknown?: Uint8Array

  constructor(mtype: Long, mtext: Uint8Array, unknown?: Uint8Array) {
    this.mtype = mtype
    this.start = 3
    this.end = 3 + mtext.length
    const around = new Uint8Array(mtext.length + 8).fill(0xee)
    around.set(mtext, 3)
    this.source = new DataView(around.buffer)
    if (unknown !== undefined) this.unknown = unknown
  }

  get mtext(): Uint8Array {
    return assert.fail('a copy was made')
  }
}

const payload = (sizeBytes: number) => Uint8Array.from({ length: sizeBytes }, (_, index) => index + 1)

test('isIpcnsMsg looks at the second magic number, wherever the bytes lie', () => {
  const shortest = encodeIpcnsMsg([])
  assert.equal(shortest.length, 8)
  const within = Uint8Array.of(1, 2, 3, ...shortest).subarray(3)
  assert.deepEqual([isIpcnsMsg(shortest), isIpcnsMsg(within), isIpcnsMsg(encodeIpcnsMsg([QUEUE]))], [true, true, true])
  for (const other of [
    shortest.subarray(0, 7),
    new Uint8Array(0),
    new Uint8Array(8),
    Uint8Array.from([...shortest].reverse()),
  ]) {
    assert.equal(isIpcnsMsg(other), false)
  }
})

test('encodeIpcnsMsg writes the fields of a newer CRIU where decodeIpcnsMsg found them', () => {
  const unknown = Uint8Array.of(0x22, 1, 5)
  const message = { mtype: 1, mtext: payload(2), unknown: Uint8Array.of(0x18, 7) }
  const newer = { ...QUEUE, unknownDesc: Uint8Array.of(0x42, 1, 0xaa), unknown, messages: [message] }
  assert.deepEqual(decodeIpcnsMsg(encodeIpcnsMsg([newer])), [newer])
})

test('ipcnsMsgChunks writes a payload from where it lies as encodeIpcnsMsg writes its bytes', () => {
  for (const mtype of [1, 5n, 127, 128, 2 ** 40, 2n ** 62n]) {
    for (const sizeBytes of [0, 1, 7, 8, 121, 126, 127, 128, 129, 1_000]) {
      for (const unknown of [undefined, Uint8Array.of(0x18, 7)]) {
        const mtext = payload(sizeBytes)
        const known = unknown === undefined ? { mtype, mtext } : { mtype, mtext, unknown }
        const wanted = encodeIpcnsMsg([{ ...QUEUE, messages: [known, known] }])
        const placed = { ...QUEUE, messages: [new Placed(mtype, mtext, unknown), new Placed(mtype, mtext, unknown)] }
        assert.deepEqual(joined('a-file', ipcnsMsgChunks([placed], 'a-file')), wanted, `type ${mtype}, ${sizeBytes}`)
      }
    }
  }
  const below = { ...QUEUE, messages: [new Placed(-1, payload(1))] }
  assert.throws(() => [...ipcnsMsgChunks([below], 'a-file')], RangeError)
})

test('ipcnsMsgChunks fills a buffer to its last byte', () => {
  // The queue's own record moves the messages' by one byte after the other.
  for (let moved = 0; moved < 16; moved++) {
    const queue = { ...QUEUE, unknown: Uint8Array.of(0x22, moved, ...payload(moved)) }
    const mtext = payload(3)
    const wanted = encodeIpcnsMsg([{ ...queue, messages: Array(200).fill({ mtype: 1, mtext }) }])
    const placed = { ...queue, messages: Array<Placed>(200).fill(new Placed(1, mtext)) }
    assert.deepEqual(joined('a-file', ipcnsMsgChunks([placed], 'a-file')), wanted)
  }
})

test('ipcnsMsgChunks gives a chunk as soon as it is full, with zeros where nothing is', () => {
  const record = (mtext: Uint8Array) => new Placed(1, mtext)
  for (let moved = 0; moved < 8; moved++) {
    const queue = { ...QUEUE, unknown: Uint8Array.of(0x22, moved, ...payload(moved)) }
    const headBytes = encodeIpcnsMsg([queue]).length
    // Its header takes ten bytes.
    const restBytes = CHUNK_BYTES - headBytes - 10
    if (restBytes % 8 !== 0) continue
    const full = new Uint8Array(CHUNK_BYTES).fill(0xff)
    const first = record(full.subarray(0, restBytes))
    const messages = [first, record(full), record(full), record(payload(1)), record(payload(2))]
    const chunks = Array.from(ipcnsMsgChunks([{ ...queue, messages }], 'a-file'), (chunk) => chunk.slice())
    assert.deepEqual(
      chunks.map(({ length }) => length),
      [CHUNK_BYTES, CHUNK_BYTES + 10, CHUNK_BYTES + 10, 32],
    )
    assert.deepEqual([...(chunks.at(-1) ?? [])].slice(8, 16), [1, 0, 0, 0, 0, 0, 0, 0])
    assert.deepEqual([...(chunks.at(-1) ?? [])].slice(24, 32), [1, 2, 0, 0, 0, 0, 0, 0])
    return
  }
  assert.fail('no chunk was filled')
})
