import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { ByteReader } from './byte-reader.ts'
import { ByteWriter } from './byte-writer.ts'
import { ImageError } from './errors.ts'
import {
  ProtobufFields,
  readVarint,
  type Uint64,
  writeMessage,
  writeUint32,
  writeUint64,
  writeVarint,
} from './protobuf.ts'

const UINT64_MAX = 2n ** 64n - 1n

function varint(value: Uint64): number[] {
  const writer = new ByteWriter('f')
  writeVarint(writer, value)
  return [...writer.written()]
}

function reader(...bytes: number[]): ByteReader {
  return new ByteReader('f', Uint8Array.from(bytes))
}

function written(write: (writer: ByteWriter) => void): Uint8Array {
  const writer = new ByteWriter('f')
  write(writer)
  return writer.written()
}

describe('protobuf', () => {
  test('writeVarint writes seven bits a byte, least first', () => {
    assert.deepEqual(varint(0), [0])
    assert.deepEqual(varint(127), [127])
    assert.deepEqual(varint(128), [0x80, 1])
    assert.deepEqual(varint(300), [0xac, 2])
    assert.deepEqual(varint(2n ** 63n - 1n), [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f])
    assert.deepEqual(varint(UINT64_MAX), [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1])
  })

  test('readVarint reads back every uint64 exactly, a number where a number is safe', () => {
    const edges = [0n, 2n ** 28n, 2n ** 49n - 1n, 2n ** 49n, 2n ** 53n - 1n, 2n ** 53n, 2n ** 63n, UINT64_MAX]
    for (const value of edges) {
      const read = readVarint(reader(...varint(value)))
      assert.equal(BigInt(read), value)
      assert.equal(typeof read, value <= BigInt(Number.MAX_SAFE_INTEGER) ? 'number' : 'bigint')
    }
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: UINT64_MAX }), (value) => {
        assert.equal(BigInt(readVarint(reader(...varint(value)))), value)
      }),
    )
  })

  test('writeVarint refuses what is no uint64', () => {
    for (const value of [-1, 0.5, Number.NaN, 2 ** 53, -1n, UINT64_MAX + 1n]) {
      assert.throws(() => varint(value), RangeError)
    }
    assert.throws(() => written((writer) => writeUint32(writer, 1, 2 ** 32)), RangeError)
  })

  test('readVarint refuses more than 64 bits, and an end in the middle, with the offset', () => {
    assert.throws(() => readVarint(reader(...Array(9).fill(0xff), 2)), { code: 'ERR_MSGQ_IMAGE', offset: 0 })
    assert.throws(() => readVarint(reader(...Array(10).fill(0x80), 0)), { code: 'ERR_MSGQ_IMAGE', offset: 0 })
    assert.throws(() => readVarint(reader(...Array(11).fill(0x80), 0)), { code: 'ERR_MSGQ_IMAGE', offset: 0 })
    assert.throws(() => readVarint(reader(0x80, 0x80)), { code: 'ERR_MSGQ_IMAGE', offset: 2 })
  })

  test('ProtobufFields keeps fields that it does not know, whatever their wire type', () => {
    const unknown = [0x18, 5, 0x21, 1, 2, 3, 4, 5, 6, 7, 8, 0x2a, 2, 9, 9, 0x35, 1, 2, 3, 4]
    const fields = new ProtobufFields(reader(0x08, 1, 0x10, 2, ...unknown), 'm', 2)
    assert.equal(fields.uint32(1, 'a'), 1)
    assert.equal(fields.uint32(2, 'b'), 2)
    assert.deepEqual([...(fields.unknown ?? [])], unknown)
    assert.equal(new ProtobufFields(reader(0x08, 1), 'm', 2).unknown, undefined)
  })

  test('ProtobufFields takes the last of two, and every value of a repeated field, packed or not', () => {
    const fields = new ProtobufFields(reader(0x08, 1, 0x0a, 2, 2, 3, 0x08, 4), 'm', 1)
    assert.equal(fields.uint32(1, 'a'), 4)
    assert.deepEqual(fields.repeatedUint32(1, 'a'), [1, 2, 3, 4])
    assert.deepEqual(new ProtobufFields(reader(), 'm', 1).repeatedUint32(1, 'a'), [])
  })

  test('ProtobufFields refuses a field beyond its message, with the offset of the value', () => {
    const part = new ByteReader('f', Uint8Array.of(0, 0, 0x0a, 5, 1, 2, 3, 4, 5), 2, 8)
    assert.throws(() => new ProtobufFields(part, 'm', 1), { code: 'ERR_MSGQ_IMAGE', file: 'f', offset: 4 })
    const huge = reader(0x0a, ...varint(UINT64_MAX))
    assert.throws(() => new ProtobufFields(huge, 'm', 1), ImageError)
  })

  test('ProtobufFields refuses groups, field 0, a missing field, a wrong kind and more than 32 bits', () => {
    assert.throws(() => new ProtobufFields(reader(0x0b), 'm', 1), /wire type of 0, 1, 2 or 5, found 3/)
    assert.throws(() => new ProtobufFields(reader(0x00, 1), 'm', 1), /a field of m/)
    assert.throws(() => new ProtobufFields(reader(), 'm', 1).uint32(1, 'a'), /m with its a/)
    assert.throws(() => new ProtobufFields(reader(0x0a, 0), 'm', 1).uint32(1, 'a'), /m\.a, an integer/)
    assert.throws(() => new ProtobufFields(reader(0x08, 0), 'm', 1).message(1, 'a'), /m\.a, a message/)
    assert.throws(
      () => new ProtobufFields(reader(0x08, ...varint(2 ** 32)), 'm', 1).uint32(1, 'a'),
      /32 bits, found 4294967296$/,
    )
  })

  test('ProtobufFields refuses a field number that no tag of 32 bits holds, and says which field is missing', () => {
    for (const tag of [2 ** 32 + 8, 2n ** 60n + 8n, UINT64_MAX]) {
      const huge = () => new ProtobufFields(reader(...varint(tag), 1), 'm', 1)
      assert.throws(huge, { name: 'ImageError', offset: 0, expected: 'a field of m' }, `${tag}`)
    }
    const most = () => new ProtobufFields(reader(...varint(2 ** 32 - 1), 1), 'm', 1)
    assert.throws(most, { offset: 0, message: /wire type of 0, 1, 2 or 5, found 7$/ })
    const empty = new ProtobufFields(reader(), 'm', 1)
    assert.throws(() => empty.uint64(1, 'a'), { name: 'ImageError', offset: 0, expected: 'm with its a' })
    assert.throws(() => empty.message(1, 'a'), { name: 'ImageError', offset: 0, expected: 'm with its a' })
    assert.equal(empty.optionalUint32(1, 'a'), undefined)
    assert.equal(new ProtobufFields(reader(0x0a, 1, 7), 'm', 1).message(1, 'a').byte(), 7)
  })

  test('writeUint32 writes up to 32 bits, and leaves out what is undefined', () => {
    const most = written((writer) => writeUint32(writer, 1, 2 ** 32 - 1))
    assert.equal(new ProtobufFields(reader(...most), 'm', 1).uint32(1, 'a'), 2 ** 32 - 1)
    assert.equal(written((writer) => writeUint32(writer, 1, undefined)).length, 0)
  })

  test('writeMessage and writeUint64 put the tag, the length and the value', () => {
    const inner = written((writer) => writeUint64(writer, 16, 300n))
    assert.deepEqual([...inner], [0x80, 0x01, 0xac, 0x02])
    assert.deepEqual([...written((writer) => writeMessage(writer, 1, inner))], [0x0a, 4, 0x80, 0x01, 0xac, 0x02])
  })
})
