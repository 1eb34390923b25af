import { createHash, type Hash } from 'node:crypto'
import { type Disk, type DiskFile, readPart, writeAll } from './disk.ts'
import { decodeHeader, encodeHeader, HEADER_BYTES } from './header.ts'
import type { Reading } from './reading.ts'
import { UNFINISHED } from './segment.ts'

/**
 * An image's file: the header, then each chunk as u32 bytes and these bytes, u32 0, and the SHA-256 of everything before.
 * It gets its name when it is whole and on the disk.
 */

const LENGTH_BYTES = 4
const HASH_BYTES = 32
/** A chunk is held in memory: larger states come in several. */
const CHUNK_BYTES_MAX = 1 << 26
/** Small chunks are written together. */
const WRITE_BYTES = 1 << 18
const NAME = /^image-(\d{16,})$/

/** An image of a journal. */
export interface JournalImage {
  /** The last record that it covers. */
  readonly sequence: number
  /** That record's time, in milliseconds since 1970. */
  readonly time: number
  /** What `writeImage` was given, chunk by chunk. @throws {Error} The file has changed since it was found to be whole. */
  chunks(): AsyncGenerator<Uint8Array>
}

/** An image that is in the directory. */
export interface ImageFile extends JournalImage {
  readonly name: string
  readonly id: Buffer
  readonly bytes: number
}

/** Chunks of a state; empty ones are left out. */
export type Chunks = Iterable<Uint8Array> | AsyncIterable<Uint8Array>

export function imageName(sequence: number): string {
  return `image-${String(sequence).padStart(16, '0')}`
}

/** The number in an image's name; `undefined` when it is the name of something else. */
export function imageSequence(name: string): number | undefined {
  const sequence = NAME.exec(name)?.[1]
  return sequence === undefined ? undefined : Number(sequence)
}

/** Writes an image under its unfinished name, and returns when it is on the disk. @returns Its size in bytes. */
export async function writeUnfinishedImage(
  disk: Disk,
  id: Buffer,
  covered: { readonly sequence: number; readonly time: number },
  chunks: Chunks,
): Promise<number> {
  const file = await disk.create(imageName(covered.sequence) + UNFINISHED)
  try {
    const writer = new HashedWriter(file)
    await writer.write(encodeHeader('msgqimag', id, covered.sequence, covered.time))
    for await (const chunk of chunks) {
      if (chunk.length > CHUNK_BYTES_MAX) throw new RangeError(`a chunk has at most ${CHUNK_BYTES_MAX} bytes`)
      if (chunk.length === 0) continue
      await writer.write(lengthBytes(chunk.length))
      await writer.write(chunk)
    }
    await writer.write(lengthBytes(0))
    const size = await writer.end()
    await file.flush()
    return size
  } finally {
    await file.close()
  }
}

/**
 * Looks at an image's header.
 *
 * @returns `undefined` when that is damaged.
 * @throws {JournalError} The image is of a newer format.
 */
export async function inspectImage(disk: Disk, sequence: number): Promise<ImageFile | undefined> {
  const name = imageName(sequence)
  const file = await disk.open(name)
  try {
    const bytes = await file.size()
    const header = decodeHeader('msgqimag', name, await readPart(file, 0, HEADER_BYTES))
    if (header === undefined || header.first !== sequence) return undefined
    return imageFile(disk, { id: header.id, sequence, time: header.second, bytes })
  } finally {
    await file.close()
  }
}

/** Reads all of an image: whether it is what was written. */
export async function isWholeImage(disk: Disk, { name, bytes }: ImageFile, reading?: Reading): Promise<boolean> {
  const file = await disk.open(name)
  try {
    const hash = createHash('sha256').update(await readPart(file, 0, HEADER_BYTES))
    for await (const { end, chunk } of chunksOf(file, bytes)) {
      hash.update(lengthBytes(chunk.length)).update(chunk)
      reading?.add(chunk.length)
      if (chunk.length === 0) return hash.digest().equals(await readPart(file, end, HASH_BYTES))
    }
    return false
  } finally {
    await file.close()
  }
}

/** An image that is there. */
export function imageFile(disk: Disk, image: Pick<ImageFile, 'id' | 'sequence' | 'time' | 'bytes'>): ImageFile {
  const name = imageName(image.sequence)
  return { ...image, name, chunks: () => readChunks(disk, name, image.bytes) }
}

async function* readChunks(disk: Disk, name: string, bytes: number): AsyncGenerator<Uint8Array> {
  const file = await disk.open(name)
  try {
    for await (const { chunk } of chunksOf(file, bytes)) {
      if (chunk.length === 0) return
      yield chunk
    }
    throw new Error(`${name} has changed while it was read`)
  } finally {
    await file.close()
  }
}

/** The chunks, and at last an empty one, which marks their end; a damaged file ends without. */
async function* chunksOf(
  file: DiskFile,
  size: number,
): AsyncGenerator<{ readonly end: number; readonly chunk: Buffer }> {
  for (let at = HEADER_BYTES; ; ) {
    // Behind the file's end it reads as 0, and would end there.
    const length = (await readPart(file, at, LENGTH_BYTES)).readUInt32LE()
    const end = at + LENGTH_BYTES + length
    if (length > CHUNK_BYTES_MAX || end > size) return
    yield { end, chunk: await readPart(file, at + LENGTH_BYTES, length) }
    at = end
  }
}

/** Writes one piece after the other, and at last their hash. */
class HashedWriter {
  readonly #file: DiskFile
  readonly #hash: Hash = createHash('sha256')
  #gathered: Uint8Array[] = []
  #gatheredBytes = 0
  #position = 0

  constructor(file: DiskFile) {
    this.#file = file
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#hash.update(bytes)
    // A copy: its owner may use the chunk for the next one.
    this.#gathered.push(Buffer.from(bytes))
    this.#gatheredBytes += bytes.length
    if (this.#gatheredBytes >= WRITE_BYTES) await this.#put()
  }

  /** @returns The bytes that were written in all. */
  async end(): Promise<number> {
    const hash = this.#hash.digest()
    this.#gathered.push(hash)
    await this.#put()
    return this.#position
  }

  async #put(): Promise<void> {
    const bytes = Buffer.concat(this.#gathered)
    this.#gathered = []
    this.#gatheredBytes = 0
    await writeAll(this.#file, bytes, this.#position)
    this.#position += bytes.length
  }
}

function lengthBytes(length: number): Buffer {
  const bytes = Buffer.alloc(LENGTH_BYTES)
  bytes.writeUInt32LE(length)
  return bytes
}
