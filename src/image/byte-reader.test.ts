import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ByteReader } from './byte-reader.ts'
import { ImageError } from './errors.ts'

const WINDOW = Uint8Array.of(9, 9, 0x01, 0x02, 0x03, 0x84, 7, 8, 9)

/** Bytes 2 to 7 of the window, which stands at 100 in its file. */
const reader = () => new ByteReader('a-file', WINDOW, 2, 8, 100)

test('ByteReader reads bytes and little-endian numbers, to its end and no further', () => {
  const one = reader()
  assert.deepEqual([one.uint32('a number'), one.position], [0x84_03_02_01, 6])
  assert.deepEqual([one.byte(), one.byte(), one.position], [7, 8, 8])
  assert.throws(() => one.byte(), { file: 'a-file', offset: 108, expected: 'one more byte' })
  const other = reader()
  other.skip(3)
  assert.throws(() => other.uint32('a number'), { offset: 105, expected: 'a number, 4 bytes' })
  assert.equal(other.position, 5, 'nothing was read')
  other.position = 4
  assert.equal(other.uint32('a number'), 0x08_07_84_03)
  assert.equal(new ByteReader('a-file', Uint8Array.of(1, 2, 3, 4)).uint32('all of it'), 0x04_03_02_01)
})

test('ByteReader.part is the next bytes alone, and ByteReader.skip goes over them', () => {
  const whole = reader()
  const part = whole.part(4)
  assert.deepEqual([part.start, part.position, part.end, whole.position], [2, 2, 6, 6])
  assert.deepEqual([part.origin, part.file], [100, 'a-file'])
  assert.equal(part.skip(4), 2)
  assert.throws(() => part.byte(), { offset: 106, message: /found the end, 106$/ })
  assert.deepEqual([whole.skip(0), whole.skip(2)], [6, 6])
  assert.throws(() => whole.skip(1), { offset: 108, expected: '1 bytes', message: /found 0$/ })
  assert.throws(() => reader().part(7), { offset: 102, expected: '7 bytes', message: /found 6$/ })
  assert.equal(reader().part(6).end, 8)
  const copy = whole.slice(2, 4)
  assert.deepEqual(copy, Uint8Array.of(1, 2))
  assert.notEqual(copy.buffer, WINDOW.buffer)
})

test('ByteReader.error names the byte of the file, and the end where that is', () => {
  const one = reader()
  one.skip(1)
  const at = (error: ImageError) => [error.file, error.offset, error.message.replace(/.*expected /, '')]
  assert.deepEqual(at(one.error('this')), ['a-file', 103, 'this'])
  assert.deepEqual(at(one.error('this', 7)), ['a-file', 107, 'this'])
  assert.deepEqual(at(one.error('this', 8)), ['a-file', 108, 'this, found the end, 108'])
  assert.deepEqual(at(one.error('this', 8, 'that')), ['a-file', 108, 'this, found that'])
  assert.deepEqual(at(one.error('this', 2, 'that')), ['a-file', 102, 'this, found that'])
})

test('ImageError tells where, what was expected and what was found, as far as it was told', () => {
  const cause = new Error('why')
  const full = new ImageError('a-file', 'this', { offset: 0, found: 'that', cause })
  assert.deepEqual(
    { ...full, message: full.message, cause: full.cause },
    {
      ...{ name: 'ImageError', code: 'ERR_MSGQ_IMAGE', file: 'a-file', expected: 'this', offset: 0, cause },
      message: 'ERR_MSGQ_IMAGE: a-file, byte 0: expected this, found that',
    },
  )
  const bare = new ImageError('a-file', 'this')
  assert.equal(bare.message, 'ERR_MSGQ_IMAGE: a-file: expected this')
  assert.deepEqual([bare.offset, Object.hasOwn(bare, 'cause')], [undefined, false])
})
