import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LONG_MAX, LONG_MIN, type Long } from '../abi/index.ts'
import { ByteReader, decodeWhole } from './byte-reader.ts'
import { ByteWriter } from './byte-writer.ts'
import { WireError } from './errors.ts'
import { MESSAGE_BYTES_MAX } from './limits.ts'

type Kind = 'uint' | 'uint32' | 'int' | 'int32' | 'qbytes'
const SAFE = Number.MAX_SAFE_INTEGER

function hexOf(write: (writer: ByteWriter) => void): string {
  const writer = new ByteWriter()
  write(writer)
  return Buffer.from(writer.take()).toString('hex')
}

function read<T>(hex: string, take: (reader: ByteReader) => T): T {
  return decodeWhole(new Uint8Array(Buffer.from(hex, 'hex')), true, take)
}

/** The byte at which hex bytes are refused, or what they were taken for. */
function refusedAt(hex: string, take: (reader: ByteReader) => unknown): unknown {
  try {
    return `read as ${read(hex, take)}`
  } catch (error) {
    assert.ok(error instanceof WireError)
    return error.offset
  }
}

const NUMBERS: readonly (readonly [Kind, number, string])[] = [
  ['uint', 0, '00'],
  ['uint', 0x7f, '7f'],
  ['uint', 0x80, '8001'],
  ['uint', 0x3fff, 'ff7f'],
  ['uint', 0x4000, '808001'],
  ['uint', 2 ** 31 - 1, 'ffffffff07'],
  ['uint', 2 ** 31, '8080808008'],
  ['uint', 2 ** 32 - 1, 'ffffffff0f'],
  ['uint', 2 ** 38, '808080808008'],
  ['uint', SAFE, 'ffffffffffffff0f'],
  ['uint32', 2 ** 32 - 1, 'ffffffff0f'],
  ['int', 0, '00'],
  ['int', 0x3f, '3f'],
  ['int', -0x3f, '7f'],
  ['int', -1, '41'],
  ['int', 0x40, '8001'],
  ['int', -0x40, 'c001'],
  ['int', 2 ** 31 - 1, 'bfffffff0f'],
  ['int', 2 ** 31, '8080808010'],
  ['int', -(2 ** 31) - 1, 'c180808010'],
  ['int', SAFE, 'bfffffffffffff1f'],
  ['int', -SAFE, 'ffffffffffffff1f'],
  ['int32', 2 ** 31 - 1, 'bfffffff0f'],
  ['int32', -(2 ** 31), 'c080808010'],
  ['qbytes', 0, '0000000000000000'],
  ['qbytes', 1, '000000000000f03f'],
  ['qbytes', 2 ** 64, '000000000000f043'],
]

test('ByteWriter writes each number in one form, and ByteReader reads it', () => {
  for (const [kind, value, hex] of NUMBERS) {
    assert.equal(
      hexOf((writer) => writer[kind](value)),
      hex,
      `${kind} ${value}`,
    )
    assert.equal(
      read(hex, (reader) => reader[kind]()),
      value,
    )
    // Not alone, but behind others and in front of others.
    const among = read(`aa${hex}bb`, (reader) => [reader.byte(''), reader[kind](), reader.byte('')])
    assert.deepEqual(among, [0xaa, value, 0xbb])
    for (let cut = 0; cut < hex.length; cut += 2) {
      const offset = refusedAt(hex.slice(0, cut), (reader) => reader[kind]())
      assert.ok(typeof offset === 'number', `${kind} ${value} cut after ${cut / 2} bytes`)
    }
  }
})

test('ByteWriter refuses a number that its kind does not have, and writes nothing of it', () => {
  const refused: readonly (readonly [Kind, readonly number[]])[] = [
    ['uint', [-1, 0.5, SAFE + 1, Number.NaN]],
    ['uint32', [-1, 2 ** 32, 0.5, Number.NaN]],
    ['int', [SAFE + 1, -SAFE - 1, 0.5, Number.NaN]],
    ['int32', [2 ** 31, -(2 ** 31) - 1, 0.5, Number.NaN]],
    ['qbytes', [-1, 0.5, 2 ** 65, Number.NaN, Number.POSITIVE_INFINITY]],
  ]
  for (const [kind, values] of refused) {
    for (const value of values) {
      const writer = new ByteWriter()
      assert.throws(() => writer[kind](value), RangeError, `${kind} ${value}`)
      assert.equal(writer.length, 0)
    }
  }
  for (const value of [0.5, SAFE + 1, BigInt(LONG_MAX) + 1n]) {
    assert.throws(() => new ByteWriter().long(value), RangeError)
  }
})

test('ByteReader refuses every other form of a number, at its first byte', () => {
  const forms: readonly (readonly [Kind, readonly string[]])[] = [
    // A last byte of 0; more than 2^53-1; more than 8 bytes.
    ['uint', ['aa8000', 'aaff8000', 'aaffffffffffffff10', 'aaffffffffffffffff00', 'aa808080808080808001']],
    ['uint32', ['aa8080808010']],
    // -0; a second byte of 0; more than 2^53-1.
    ['int', ['aa40', 'aa8000', 'aac000', 'aabfffffffffffff20', 'aa8080808080808020']],
    ['int32', ['aa8080808010', 'aac180808010']],
    // -1, -0, a half, more than 2^64, not a number.
    ['qbytes', ['aa000000000000f0bf', 'aa0000000000000080', 'aa000000000000e03f', 'aa010000000000f043']],
    ['qbytes', ['aa000000000000f87f', 'aa000000000000f07f']],
  ]
  for (const [kind, hexes] of forms) {
    for (const hex of hexes) {
      const offset = refusedAt(hex, (reader) => [reader.byte(''), reader[kind]()])
      assert.equal(offset, 1, `${kind} ${hex}`)
    }
  }
})

test('ByteWriter and ByteReader keep longs of 64 bits', () => {
  for (const value of [0, -1, 2 ** 40, LONG_MAX, LONG_MIN] satisfies Long[]) {
    const hex = hexOf((writer) => writer.long(value))
    assert.equal(hex.length, 16)
    assert.equal(
      read(hex, (reader) => reader.long()),
      value,
    )
  }
  assert.equal(
    refusedAt('aa00000000000000', (reader) => [reader.byte(''), reader.long()]),
    1,
  )
})

test('ByteReader takes texts of UTF-8 alone, and as many bytes as there are', () => {
  const text = 'a\u{feff}é😀'
  const hex = hexOf((writer) => writer.text(text))
  assert.equal(hex, `0a${Buffer.from(text).toString('hex')}`)
  assert.equal(
    read(hex, (reader) => reader.text()),
    text,
  )
  assert.equal(
    read('03efbbbf', (reader) => reader.text()),
    '\u{feff}',
    'a mark of byte order is a character',
  )
  assert.equal(
    refusedAt('aa02c328', (reader) => [reader.byte(''), reader.text()]),
    1,
  )
  assert.equal(
    refusedAt('aa0361', (reader) => [reader.byte(''), reader.text()]),
    2,
  )
  assert.equal(
    refusedAt('0361', (reader) => reader.payload()),
    1,
  )
  assert.deepEqual(
    read('0161', (reader) => reader.payload()),
    Uint8Array.of(0x61),
  )
})

test('payload has at most MESSAGE_BYTES_MAX bytes, which a length alone is refused for', () => {
  const length = hexOf((writer) => writer.uint(MESSAGE_BYTES_MAX + 1))
  const allowed = hexOf((writer) => writer.uint(MESSAGE_BYTES_MAX))
  assert.equal(
    refusedAt(`aa${length}`, (reader) => [reader.byte(''), reader.payload()]),
    1,
  )
  assert.equal(
    refusedAt(`aa${allowed}`, (reader) => [reader.byte(''), reader.payload()]),
    1 + allowed.length / 2,
  )
})

test('count promises no more items than there are bytes; flags has none that is unknown; end is the end', () => {
  assert.deepEqual(
    read('020304', (reader) => reader.list((each) => each.uint())),
    [3, 4],
  )
  assert.equal(
    refusedAt('aa0303', (reader) => [reader.byte(''), reader.count()]),
    1,
  )
  assert.equal(
    refusedAt('aa08', (reader) => [reader.byte(''), reader.flags(7)]),
    1,
  )
  assert.equal(
    read('05', (reader) => reader.flags(7)),
    5,
  )
  assert.equal(
    refusedAt('0505', (reader) => reader.flags(7)),
    1,
  )
  assert.equal(
    refusedAt('aa', (reader) => [reader.byte(''), reader.byte('one more')]),
    1,
  )
})

test('ByteReader copies payloads where it keeps them, and else gives views, of a Buffer too', () => {
  for (const bytes of [
    Uint8Array.of(9, 2, 5, 6),
    Buffer.from([9, 2, 5, 6]),
    Buffer.from([0, 9, 2, 5, 6]).subarray(1),
  ]) {
    const kept = new ByteReader(bytes, true)
    const viewed = new ByteReader(bytes, false)
    for (const reader of [kept, viewed]) reader.byte('')
    const [copy, view] = [kept.payload(), viewed.payload()]
    assert.deepEqual([copy, view], [Uint8Array.of(5, 6), Uint8Array.of(5, 6)])
    assert.equal(copy.constructor, Uint8Array)
    bytes[2] = 7
    assert.deepEqual([copy, view], [Uint8Array.of(5, 6), Uint8Array.of(7, 6)])
    kept.end()
    viewed.end()
  }
})

test('ByteWriter gives parts that it never writes to again, in a buffer that grows', () => {
  const writer = new ByteWriter()
  const parts: Uint8Array[] = []
  for (const sizeBytes of [10, 65_000, 530, 3, 200_000, 1]) {
    writer.byte(sizeBytes % 251)
    assert.equal(writer.length, 1)
    writer.raw(new Uint8Array(sizeBytes).fill(parts.length))
    assert.equal(writer.length, 1 + sizeBytes)
    parts.push(writer.take())
    assert.equal(writer.length, 0)
  }
  for (const [index, sizeBytes] of [10, 65_000, 530, 3, 200_000, 1].entries()) {
    const part = parts[index] ?? new Uint8Array(0)
    assert.equal(part.length, 1 + sizeBytes)
    assert.equal(part[0], sizeBytes % 251)
    assert.ok(part.subarray(1).every((byte) => byte === index))
  }
  writer.byte(1)
  writer.fixed32(7)
  writer.byte(2)
  writer.fixed32At(1, 0xfffefdfc)
  writer.cutTo(5)
  writer.byte(3)
  assert.equal(Buffer.from(writer.take()).toString('hex'), '01fcfdfeff03')
})
