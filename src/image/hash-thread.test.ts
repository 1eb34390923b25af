import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { CHUNK_BYTES } from './byte-writer.ts'
import { HashThread } from './hash-thread.ts'

/** As many buffers as it has. */
const SLOTS = 16

test('HashThread lends sixteen buffers, and the first one again when its chunk was hashed', async () => {
  const thread = new HashThread()
  try {
    const buffers: Uint8Array[] = []
    for (let slot = 0; slot < SLOTS; slot++) buffers.push(await thread.lend())
    assert.equal(new Set(buffers.map(({ byteOffset }) => byteOffset)).size, SLOTS)
    assert.ok(buffers.every(({ length }) => length === CHUNK_BYTES))
    const lent: Uint8Array[] = []
    const lending = thread.lend().then((buffer) => lent.push(buffer))
    for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate)
    assert.deepEqual(lent, [], 'all of them are lent')
    const [first = new Uint8Array(0), second = new Uint8Array(0)] = buffers
    first.fill(1)
    thread.addLent(first.subarray(0, 10))
    await lending
    assert.deepEqual(
      lent.map(({ byteOffset }) => byteOffset),
      [first.byteOffset],
    )
    second.fill(2)
    thread.addLent(second.subarray(0, 5))
    const wanted = createHash('sha256').update(new Uint8Array(10).fill(1)).update(new Uint8Array(5).fill(2))
    assert.equal(await thread.digest(), wanted.digest('hex'))
  } finally {
    thread.close()
  }
})

test('HashThread.add hashes bytes of any length', async () => {
  const thread = new HashThread()
  try {
    const bytes = Uint8Array.from({ length: CHUNK_BYTES + 3 }, (_, index) => index)
    await thread.add(bytes)
    await thread.add(new Uint8Array(0))
    await thread.add(Uint8Array.of(7))
    const wanted = createHash('sha256').update(bytes).update(Uint8Array.of(7)).digest('hex')
    assert.equal(await thread.digest(), wanted)
  } finally {
    thread.close()
  }
})

test('HashThread says that its thread has ended to whoever waits for it, before and after', async () => {
  const thread = new HashThread()
  const waiting = assert.rejects(thread.digest(), /the thread that hashes a file has ended/)
  thread.close()
  await waiting
  await assert.rejects(thread.digest(), /the thread that hashes a file has ended/)
})

test('HashThread says what its thread has died of', async () => {
  const thread = new HashThread()
  try {
    // More than it has memory for.
    thread.addLent(new Uint8Array(SLOTS * CHUNK_BYTES + 1))
    await assert.rejects(thread.digest(), RangeError)
  } finally {
    thread.close()
  }
})
