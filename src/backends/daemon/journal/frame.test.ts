import assert from 'node:assert/strict'
import { test } from 'node:test'
import { crc32 } from 'node:zlib'
import { findFrame, frameBytes, OpenFrame, readFrame, saidFrameBytes, U48_MAX } from './frame.ts'

const SALT = 0x1234_5678
const FRAME_BYTES_MAX = 2 ** 20

function sealed(
  first: number,
  time: number,
  records: readonly (readonly [bytes: Uint8Array, time: number])[],
  flushed = 0,
) {
  const frame = new OpenFrame(first, time, records[0]?.[0].length ?? 0, undefined)
  for (const [bytes, at] of records) frame.add(bytes, at)
  return Buffer.from(frame.seal(SALT, flushed))
}

/** A frame whose bytes were changed by somebody who can count CRCs. */
function forged(bytes: Buffer, change: (bytes: Buffer) => void): Buffer {
  const copy = Buffer.from(bytes)
  change(copy)
  copy.writeUInt32LE(crc32(copy.subarray(4), SALT), 0)
  return copy
}

const TWO = sealed(
  7,
  1_000,
  [
    [Uint8Array.of(1, 2, 3), 1_000],
    [Uint8Array.of(), 1_500],
  ],
  4,
)

test('OpenFrame lays records out as the format says', () => {
  // Source: the layout at the top of frame.ts; docs/reference/journal.md.
  const [header, records] = [TWO.subarray(4, 24).toString('hex'), TWO.subarray(24).toString('hex')]
  assert.equal(header, '13000000' + '070000000000' + 'e80300000000' + '02000000')
  assert.equal(records, '03000000' + '00000000' + '010203' + '00000000' + 'f4010000' + '0000000000')
  assert.equal(TWO.readUInt32LE(0), crc32(TWO.subarray(4), SALT))
  assert.equal(TWO.length % 8, 0)
  assert.equal(saidFrameBytes(TWO), TWO.length)
})

test('readFrame gives back what was sealed, wherever it stands, and whether it was known to be on the disk', () => {
  const bytes = Buffer.concat([Buffer.alloc(16), TWO, Buffer.alloc(8)])
  const frame = readFrame(bytes, 16, SALT)
  assert.ok(frame !== undefined)
  const { offset, end, first, last, flushed, records } = frame
  assert.deepEqual(
    { offset, end, first, last, flushed },
    { offset: 16, end: 16 + TWO.length, first: 7, last: 8, flushed: 4 },
  )
  assert.deepEqual(
    records.map(({ sequence, time, bytes }) => [sequence, time, [...bytes]]),
    [
      [7, 1_000, [1, 2, 3]],
      [8, 1_500, []],
    ],
  )
  const whole = readFrame(TWO, 0, SALT)
  assert.equal(whole?.end, TWO.length, 'at the very end of a segment')
})

test('readFrame keeps the largest numbers, and takes unflushed records beyond 2^32-2 for none on the disk', () => {
  const late = sealed(U48_MAX, U48_MAX - 2 ** 32, [[Uint8Array.of(1), U48_MAX - 1]], U48_MAX - 1)
  const frame = readFrame(late, 0, SALT)
  assert.deepEqual([frame?.first, frame?.flushed, frame?.records[0]?.time], [U48_MAX, U48_MAX - 1, U48_MAX - 1])
  const behind = (unflushed: number) =>
    readFrame(sealed(2 ** 40, 1, [[Uint8Array.of(1), 1]], 2 ** 40 - 1 - unflushed), 0, SALT)
  assert.equal(behind(2 ** 32 - 2)?.flushed, 2 ** 40 - 1 - (2 ** 32 - 2))
  assert.equal(behind(2 ** 32 - 1)?.flushed, 0)
  assert.equal(behind(2 ** 33)?.flushed, 0)
})

test('readFrame finds none where a bit is changed, the salt is another, or the end is cut off', () => {
  assert.equal(readFrame(TWO, 0, SALT + 1), undefined)
  assert.equal(readFrame(Buffer.alloc(64), 0, SALT), undefined, 'zeros')
  for (let cut = 0; cut < TWO.length; cut++) assert.equal(readFrame(TWO.subarray(0, cut), 0, SALT), undefined)
  for (let bit = 0; bit < TWO.length * 8; bit++) {
    const changed = Buffer.from(TWO)
    changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
    assert.equal(readFrame(changed, 0, SALT), undefined, `bit ${bit}`)
  }
})

test('readFrame finds none whose records do not end where it does, though the CRC fits', () => {
  assert.ok(
    readFrame(
      forged(TWO, () => undefined),
      0,
      SALT,
    ),
  )
  for (const length of [2, 4, 12, 2 ** 31, 2 ** 32 - 1]) {
    assert.equal(
      readFrame(
        forged(TWO, (bytes) => bytes.writeUInt32LE(length, 24)),
        0,
        SALT,
      ),
      undefined,
      `${length}`,
    )
  }
  assert.equal(
    readFrame(
      forged(TWO, (bytes) => bytes.writeUInt32LE(0x10, 4)),
      0,
      SALT,
    ),
    undefined,
  )
  assert.equal(
    readFrame(
      forged(TWO, (bytes) => bytes.writeUInt32LE(0x14, 4)),
      0,
      SALT,
    ),
    undefined,
  )
})

test('readFrame finds none without records, or whose end is behind the segment, though the CRC fits', () => {
  const header = forged(TWO.subarray(0, 24), (bytes) => bytes.writeUInt32LE(0, 4))
  assert.equal(readFrame(header, 0, SALT), undefined, 'no records')
  // Of the zeros at its end some are missing.
  const cut = forged(TWO.subarray(0, 44), () => undefined)
  assert.equal(readFrame(cut, 0, SALT), undefined, 'cut off')
})

test('readFrame finds none whose last record ends within what it says of itself, at the very end of a segment', () => {
  const one = sealed(7, 1_000, [[new Uint8Array(5), 1_000]])
  assert.equal(one.length, 40)
  // The three bytes of padding are said to be a record.
  const longer = forged(one, (bytes) => bytes.writeUInt32LE(16, 4))
  assert.equal(readFrame(longer, 0, SALT), undefined)
})

test('OpenFrame.bytesWith says what one more record makes of it, or that it must go into another', () => {
  const frame = new OpenFrame(1, 10, 0, undefined)
  assert.equal(frame.last, 0)
  assert.equal(frame.bytesWith(0, 10), 32)
  assert.equal(frame.bytesWith(1, 10), 40)
  assert.equal(frame.bytesWith(8, 10), 40)
  assert.equal(frame.bytesWith(FRAME_BYTES_MAX - 32, 10), FRAME_BYTES_MAX)
  assert.equal(frame.bytesWith(FRAME_BYTES_MAX - 31, 10), undefined)
  assert.equal(frame.bytesWith(0, 10 + 2 ** 32 - 1), 32)
  assert.equal(frame.bytesWith(0, 10 + 2 ** 32), undefined)
  frame.add(new Uint8Array(8), 10)
  assert.equal(frame.bytesWith(0, 10), 48)
  assert.equal(frame.last, 1)
  assert.equal(frameBytes(0), 32)
  assert.equal(frameBytes(9), 48)
})

test('OpenFrame grows, uses a buffer again that is long enough, and leaves nothing of an older frame in it', () => {
  const used = Buffer.alloc(2 ** 16, 0xff)
  const frame = new OpenFrame(1, 1, 5, used)
  const records = Array.from({ length: 30 }, (_, index) => new Uint8Array(3_001).fill(index + 1))
  for (const record of records.slice(0, 3)) frame.add(record, 1)
  const few = frame.seal(SALT, 0)
  assert.equal(few.buffer, used.buffer)
  assert.deepEqual(
    readFrame(few, 0, SALT)?.records.map(({ bytes }) => Uint8Array.from(bytes)),
    records.slice(0, 3),
  )
  assert.equal(few.at(-1), 0)
  for (const record of records.slice(3)) frame.add(record, 1)
  const many = frame.seal(SALT, 0)
  assert.deepEqual(
    readFrame(many, 0, SALT)?.records.map(({ bytes }) => Uint8Array.from(bytes)),
    records,
  )
  assert.equal(frame.buffer?.length, 2 ** 17)
  const long = new OpenFrame(1, 1, 2 ** 21, used)
  long.add(new Uint8Array(2 ** 21), 1)
  assert.equal(long.buffer, undefined, 'a long one is not kept')
  assert.equal(readFrame(long.seal(SALT, 0), 0, SALT)?.last, 1)
})

test('findFrame looks at multiples of 8 from an offset on, for a frame whose first record can be', () => {
  const bytes = Buffer.concat([Buffer.alloc(8), TWO, Buffer.alloc(8), sealed(9, 1, [[Uint8Array.of(4), 1]])])
  const second = 8 + TWO.length + 8
  const find = (offset: number, least: number, most: number) => findFrame(bytes, offset, SALT, { least, most })?.offset
  assert.equal(find(0, 1, 100), 8)
  assert.equal(find(1, 7, 7), 8)
  assert.equal(find(9, 1, 100), second)
  assert.equal(find(0, 8, 100), second)
  assert.equal(find(0, 9, 9), second)
  assert.equal(find(0, 10, 100), undefined)
  assert.equal(find(0, 1, 6), undefined)
  assert.equal(find(second + 1, 1, 100), undefined)
})
