import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MessagePacker } from './message-packer.ts'
import { cbytesOf, PackedMessages, toldBy, viewsOf } from './packed-messages.ts'

test('viewsOf tells of packed messages where their payloads lie, so that nobody has to make them', () => {
  const packer = new MessagePacker()
  const payloads = [Uint8Array.of(1, 2, 3), new Uint8Array(0), new Uint8Array(52_000).fill(7), Uint8Array.of(9)]
  for (const mtext of payloads) packer.append({ mtype: 1, mtext })
  const found = Array.from(viewsOf(packer.packed()), ({ source, start = 0, end = 0 }) => {
    assert.ok(source !== undefined)
    return new Uint8Array(source.buffer, source.byteOffset + start, end - start).slice()
  })
  assert.deepEqual(found, payloads)
})

test('viewsOf gives neighbours with one sender one object, and any other its own', () => {
  const packer = new MessagePacker()
  const senders = [
    { pid: 1, uid: 2 },
    { pid: 1, uid: 2 },
    { pid: 1, uid: 3 },
    { pid: 4, uid: 3 },
    undefined,
    { pid: 4, uid: 3 },
  ]
  for (const sender of senders) packer.append({ mtype: 1, mtext: new Uint8Array(1), sender })
  const found = Array.from(viewsOf(packer.packed()), ({ sender }) => sender)
  assert.deepEqual(found, senders)
  assert.equal(found[0], found[1])
})

test('viewsOf leaves messages that are not packed as they are', () => {
  const messages = [{ mtype: 1, mtext: Uint8Array.of(1), sequence: 1 }]
  assert.equal(viewsOf(messages), messages)
})

test('cbytesOf and toldBy know of packed messages without going through them', () => {
  const told = { sequence: 5, sender: 4, time: 3 }
  const packed = new PackedMessages({ length: 5, cbytes: 77, told, records: [], liveWords: 60 })
  assert.equal(cbytesOf(packed), 77)
  assert.equal(toldBy(packed), told)
})
