import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ByteWriter, copyShort, IMAGE_FILE_BYTES_MAX, joined } from './byte-writer.ts'

const counted = (sizeBytes: number) => Uint8Array.from({ length: sizeBytes }, (_, index) => index + 1)

test('ByteWriter writes each kind of value behind the one before', () => {
  const writer = new ByteWriter('a-file')
  writer.byte(1)
  writer.uint32(0xfefd_fc02)
  writer.bytes(Uint8Array.of(3, 4))
  writer.zeros(2)
  const start = writer.beginRecord()
  const room = writer.room(1)
  writer.view.setUint8(room, 5)
  writer.endRecord(start)
  assert.equal(Buffer.from(writer.written()).toString('hex'), `01${'02fcfdfe'}0304${'0000'}01000000${'05'}`)
  assert.equal(writer.length, 14)
})

test('ByteWriter grows by any amount, at any value, and loses nothing', () => {
  for (const before of [1_022, 1_023, 1_024, 1_025]) {
    const kinds: readonly (readonly [count: number, write: (writer: ByteWriter) => void])[] = [
      [1, (writer) => writer.byte(9)],
      [4, (writer) => writer.uint32(9)],
      [5_000, (writer) => writer.bytes(counted(5_000))],
      [3, (writer) => writer.zeros(3)],
      [37, (writer) => writer.copy(new DataView(counted(40).buffer), 3, 40)],
      [397, (writer) => writer.copy(new DataView(counted(400).buffer), 3, 400)],
      [
        2,
        (writer) => {
          const at = writer.room(2)
          writer.view.setUint16(at, 9)
        },
      ],
    ]
    for (const [count, write] of kinds) {
      const writer = new ByteWriter('a-file')
      writer.bytes(counted(before))
      write(writer)
      assert.equal(writer.length, before + count)
      assert.deepEqual(writer.written().subarray(0, before), counted(before))
      assert.equal(writer.written().length, before + count)
    }
  }
})

test('ByteWriter.copy copies a part of a view, whatever its length', () => {
  const source = counted(300)
  const view = new DataView(source.buffer, 5)
  for (const sizeBytes of [0, 1, 3, 4, 15, 16, 17, 127, 128, 129, 250]) {
    const writer = new ByteWriter('a-file')
    writer.byte(7)
    writer.copy(view, 2, 2 + sizeBytes)
    assert.deepEqual(writer.written().slice(1), source.slice(7, 7 + sizeBytes), String(sizeBytes))
    const target = new Uint8Array(sizeBytes + 8)
    copyShort(new DataView(target.buffer), 4, view, 2, 2 + sizeBytes)
    const expected = new Uint8Array(sizeBytes + 8)
    expected.set(source.subarray(7, 7 + sizeBytes), 4)
    assert.deepEqual(target, expected)
  }
})

test('ByteWriter.take gives what was written, which stays until the take after the next', () => {
  const writer = new ByteWriter('a-file')
  const taken: Uint8Array[] = []
  for (const sizeBytes of [10, 3_000, 5, 2_000]) {
    writer.bytes(counted(sizeBytes))
    taken.push(writer.take())
    assert.equal(writer.length, 0)
    for (const bytes of taken.slice(-2)) assert.deepEqual(bytes, counted(bytes.length))
  }
  writer.byte(1)
  assert.deepEqual(writer.written(), Uint8Array.of(1))
})

test('ByteWriter.take goes on in the buffer that was taken last but one, where that is long enough', () => {
  const writer = new ByteWriter('a-file')
  const buffers = [10, 10, 10, 10, 3_000, 10, 10].map((sizeBytes) => {
    writer.bytes(counted(sizeBytes))
    return writer.take().buffer
  })
  const [first, second, third, fourth, grown, , last] = buffers
  assert.ok(third === first && fourth === second && last === grown, 'nothing was made anew')
  assert.equal(new Set(buffers).size, 4)
})

test('joined makes one of all chunks', () => {
  assert.deepEqual(joined('a-file', [counted(2), counted(0), counted(2_000)]), Uint8Array.of(1, 2, ...counted(2_000)))
  assert.deepEqual(joined('a-file', []), new Uint8Array(0))
})

test('ByteWriter writes no more than a file may have, whatever was taken of it', () => {
  const chunk = 2 ** 20
  const full = () => {
    const writer = new ByteWriter('a-file')
    for (let taken = 0; taken < IMAGE_FILE_BYTES_MAX - chunk; taken += chunk) {
      writer.room(chunk)
      writer.take()
    }
    return writer
  }
  const tooMuch = { name: 'ImageError', file: 'a-file', expected: 'at most 2147483647 bytes a file' }
  const last = full()
  last.room(chunk - 1)
  assert.equal(last.take().length, chunk - 1)
  last.byte(1)
  assert.throws(() => last.take(), tooMuch)
  assert.throws(() => full().room(chunk + 1), tooMuch, 'before it takes memory')
  const grown = full()
  grown.room(chunk)
  assert.throws(() => grown.take(), tooMuch)
})
