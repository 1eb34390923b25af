import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ByteWriter } from './byte-writer.ts'
import { MESSAGE_BYTES_MAX } from './limits.ts'
import { writeSessionKey } from './session.ts'

test('payload refuses a byte more than MESSAGE_BYTES_MAX, and takes that many', () => {
  const longest = new Uint8Array(MESSAGE_BYTES_MAX)
  const writer = new ByteWriter()
  writer.payload(longest)
  assert.ok(writer.length > MESSAGE_BYTES_MAX)
  assert.throws(() => new ByteWriter().payload(new Uint8Array(MESSAGE_BYTES_MAX + 1)), RangeError)
})

test('writeSessionKey takes a secret of 16 bytes, no fewer and no more', () => {
  for (const sizeBytes of [0, 15, 17]) {
    assert.throws(
      () => writeSessionKey(new ByteWriter(), { session: 1, secret: new Uint8Array(sizeBytes) }),
      RangeError,
    )
  }
  const writer = new ByteWriter()
  writeSessionKey(writer, { session: 1, secret: new Uint8Array(16).fill(2) })
  assert.equal(Buffer.from(writer.take()).toString('hex'), `01${'02'.repeat(16)}`)
})
