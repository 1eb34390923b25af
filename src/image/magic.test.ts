import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ByteReader } from './byte-reader.ts'
import { ByteWriter } from './byte-writer.ts'
import { readMagic, writeMagic } from './magic.ts'

const MAGIC = 0x04_03_02_01

function written(): Uint8Array {
  const writer = new ByteWriter('a-file')
  writeMagic(writer, MAGIC)
  return writer.written().slice()
}

test('writeMagic writes CRIU’s number and that of the kind, and readMagic goes over both', () => {
  // 0x54564319: CRIU, criu/include/magic.h, IMG_COMMON_MAGIC.
  assert.deepEqual(written(), Uint8Array.of(0x19, 0x43, 0x56, 0x54, 1, 2, 3, 4))
  const reader = new ByteReader('a-file', Uint8Array.of(...written(), 9))
  readMagic(reader, MAGIC, 'THIS')
  assert.equal(reader.position, 8)
})

test('readMagic says which number it misses or finds to be another, and where', () => {
  const read = (bytes: Uint8Array) => () => readMagic(new ByteReader('a-file', bytes), MAGIC, 'THIS')
  const [whole, file] = [written(), 'a-file']
  assert.throws(read(whole.slice(0, 3)), { file, offset: 0, expected: "CRIU's magic number, 4 bytes" })
  assert.throws(read(whole.slice(0, 7)), { file, offset: 4, expected: 'the magic number of THIS, 4 bytes' })
  const other = (at: number) => whole.map((byte, index) => (index === at ? 0 : byte))
  const common = /byte 0: expected CRIU's magic number 0x54564319, found 0x54564300$/
  assert.throws(read(other(0)), { file, offset: 0, message: common })
  const kind = /byte 4: expected the magic number of THIS, 0x04030201, found 0x04030200$/
  assert.throws(read(other(4)), { file, offset: 4, message: kind })
})
