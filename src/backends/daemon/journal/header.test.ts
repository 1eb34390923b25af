import { deepEqual, equal, throws } from 'node:assert/strict'
import { test } from 'node:test'
import { crc32 } from 'node:zlib'
import { decodeHeader, encodeHeader, HEADER_BYTES, headerCrc } from './header.ts'

const ID = Buffer.from('0123456789abcdef', 'latin1')
const FIRST = 0x0605_0403_0201
const SECOND = 0x1615_1413_1211
const HEADER = encodeHeader('msgqsegm', ID, FIRST, SECOND)

test('encodeHeader lays a header out as the format says', () => {
  // Source: the layout at the top of header.ts; docs/reference/journal.md.
  const fields = ['01000000', '00000000', ID.toString('hex'), '010203040506', '111213141516']
  equal(HEADER.subarray(0, 44).toString('hex'), Buffer.from('msgqsegm').toString('hex') + fields.join(''))
  equal(HEADER.readUInt32LE(44), crc32(HEADER.subarray(0, 44)))
  equal(headerCrc(HEADER), HEADER.readUInt32LE(44))
  equal(HEADER.length, HEADER_BYTES)
  equal(encodeHeader('msgqimag', ID, 1, 2).toString('latin1', 0, 8), 'msgqimag')
})

test('decodeHeader gives back what was encoded, with bytes of its own, whatever is behind it', () => {
  const bytes = Buffer.concat([HEADER, Buffer.alloc(10, 0xff)])
  const header = decodeHeader('msgqsegm', 'a-file', bytes)
  deepEqual(header, { id: ID, first: FIRST, second: SECOND, crc: headerCrc(HEADER) })
  bytes.fill(0)
  deepEqual(header?.id, ID)
})

test('decodeHeader finds none in another kind of file, nor where a bit is changed', () => {
  equal(decodeHeader('msgqimag', 'a-file', HEADER), undefined)
  for (let bit = 0; bit < HEADER_BYTES * 8; bit++) {
    const changed = Buffer.from(HEADER)
    changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
    equal(decodeHeader('msgqsegm', 'a-file', changed), undefined, `bit ${bit}`)
  }
})

test('decodeHeader refuses a newer format by name, and reads up to its own', () => {
  const ofVersion = (version: number) => {
    const bytes = Buffer.from(HEADER)
    bytes.writeUInt32LE(version, 8)
    bytes.writeUInt32LE(headerCrc(bytes), 44)
    return bytes
  }
  equal(decodeHeader('msgqsegm', 'a-file', ofVersion(1))?.first, FIRST)
  const newer = { code: 'ERR_MSGQ_JOURNAL_VERSION', file: 'a-file' }
  throws(() => decodeHeader('msgqsegm', 'a-file', ofVersion(2)), newer)
})
