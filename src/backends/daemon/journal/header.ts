import { crc32 } from 'node:zlib'
import { JournalError } from './errors.ts'

/**
 * How each file of a journal begins. Numbers are little-endian.
 *
 *    0      8 bytes that say what the file is
 *    8 u32  version of the format
 *   12 u32  0
 *   16      16 random bytes, the same in every file of one journal
 *   32 u48  a segment: its number. An image: the last record that it covers
 *   38 u48  a segment: its size in bytes. An image: that record's time
 *   44 u32  CRC-32 of the 44 bytes before
 */

export const HEADER_BYTES = 48
export const FORMAT_VERSION = 1
export const ID_BYTES = 16
const MAGIC_BYTES = 8
const VERSION_OFFSET = 8
const ID_OFFSET = 16
const FIRST_OFFSET = 32
const SECOND_OFFSET = 38
const CRC_OFFSET = 44

/** What a file is. */
export type FileKind = 'msgqsegm' | 'msgqimag'

export interface Header {
  readonly id: Buffer
  readonly first: number
  readonly second: number
  /** The header's own CRC: random, as the id is, and another in each file. */
  readonly crc: number
}

export function encodeHeader(kind: FileKind, id: Buffer, first: number, second: number): Buffer {
  const bytes = Buffer.alloc(HEADER_BYTES)
  bytes.write(kind, 'latin1')
  bytes.writeUInt32LE(FORMAT_VERSION, VERSION_OFFSET)
  id.copy(bytes, ID_OFFSET)
  bytes.writeUIntLE(first, FIRST_OFFSET, 6)
  bytes.writeUIntLE(second, SECOND_OFFSET, 6)
  bytes.writeUInt32LE(headerCrc(bytes), CRC_OFFSET)
  return bytes
}

/** The CRC that a header has, or should have. */
export function headerCrc(bytes: Buffer): number {
  return crc32(bytes.subarray(0, CRC_OFFSET))
}

/**
 * @returns `undefined` when there is no whole header.
 * @throws {JournalError} `ERR_MSGQ_JOURNAL_VERSION` the file is of a newer format.
 */
export function decodeHeader(kind: FileKind, file: string, bytes: Buffer): Header | undefined {
  if (bytes.toString('latin1', 0, MAGIC_BYTES) !== kind) return undefined
  const crc = bytes.readUInt32LE(CRC_OFFSET)
  if (headerCrc(bytes) !== crc) return undefined
  const version = bytes.readUInt32LE(VERSION_OFFSET)
  if (version > FORMAT_VERSION) {
    const message = `${file} has format ${version}, and this msgq reads up to ${FORMAT_VERSION}: upgrade msgq`
    throw new JournalError('ERR_MSGQ_JOURNAL_VERSION', message, { file })
  }
  return {
    id: Buffer.from(bytes.subarray(ID_OFFSET, ID_OFFSET + ID_BYTES)),
    first: bytes.readUIntLE(FIRST_OFFSET, 6),
    second: bytes.readUIntLE(SECOND_OFFSET, 6),
    crc,
  }
}
