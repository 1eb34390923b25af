import type { ByteReader } from './byte-reader.ts'
import type { ByteWriter } from './byte-writer.ts'

/** Every file of CRIU's image format 1.1 begins with this. Source: CRIU, criu/include/magic.h, IMG_COMMON_MAGIC. */
const IMG_COMMON_MAGIC = 0x54564319

/** Reads the two magic numbers at the head of one of CRIU's images. */
export function readMagic(reader: ByteReader, magic: number, name: string): void {
  const common = reader.uint32("CRIU's magic number")
  if (common !== IMG_COMMON_MAGIC) throw reader.error(`CRIU's magic number ${hex(IMG_COMMON_MAGIC)}`, 0, hex(common))
  const kind = reader.uint32(`the magic number of ${name}`)
  if (kind !== magic) throw reader.error(`the magic number of ${name}, ${hex(magic)}`, 4, hex(kind))
}

export function writeMagic(writer: ByteWriter, magic: number): void {
  writer.uint32(IMG_COMMON_MAGIC)
  writer.uint32(magic)
}

function hex(value: number): string {
  return `0x${value.toString(16).padStart(8, '0')}`
}
