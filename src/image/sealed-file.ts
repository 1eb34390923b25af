import type { FileHandle } from 'node:fs/promises'
import { CHUNK_BYTES, IMAGE_FILE_BYTES_MAX } from './byte-writer.ts'
import { chunkHash } from './chunk-hash.ts'
import type { FileDecoder } from './chunk-reader.ts'
import { ImageError } from './errors.ts'
import type { FileSeal, SealedResult } from './seal.ts'

/**
 * What is written is sent to the disk after so many bytes, while the rest is made: the flush at the end then has little
 * left to do.
 */
const FLUSHED_AT_A_TIME_BYTES = 8 * CHUNK_BYTES

/**
 * Writes a file chunk by chunk, and flushes it: while one is written the next is made, so that two of them are in memory.
 *
 * @param chunks Each must stay as it is until the next but one is asked for.
 * @param sizeBytes How many bytes they are, about.
 */
export async function writeSealed(
  file: FileHandle,
  chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  sizeBytes: number,
): Promise<FileSeal> {
  const hash = chunkHash(sizeBytes)
  let position = 0
  let flushed = 0
  // Settled, so that a write or read that fails while something else is done waits to be asked.
  let writing = Promise.allSettled([Promise.resolve()])
  let flushing = Promise.allSettled([Promise.resolve()])
  try {
    for await (const chunk of chunks) {
      await hash.add(chunk)
      settled(await writing)
      if (position - flushed >= FLUSHED_AT_A_TIME_BYTES) {
        // A flush that failed is told once, to whoever asked for it.
        settled(await flushing)
        flushed = position
        flushing = Promise.allSettled([file.datasync()])
      }
      writing = Promise.allSettled([writeWhole(file, chunk, position)])
      position += chunk.length
    }
    settled(await writing)
    settled(await flushing)
    await file.sync()
    return { sizeBytes: position, sha256: await hash.digest() }
  } finally {
    // Also when a chunk could not be made: the file may not be closed under a write.
    await writing
    await flushing
    hash.close()
  }
}

/**
 * Reads a file chunk by chunk: while one is hashed and decoded the next is read, so that two of them are in memory, or a
 * few when the hash has a thread of its own. What the decoder refuses is read to its end all the same, for its seal.
 */
export async function readSealed<Result>(
  file: FileHandle,
  name: string,
  decoder: FileDecoder<Result>,
): Promise<SealedResult<Result>> {
  const { size } = await file.stat()
  if (size > IMAGE_FILE_BYTES_MAX) {
    throw new ImageError(name, `at most ${IMAGE_FILE_BYTES_MAX} bytes`, { found: `${size}` })
  }
  const hash = chunkHash(size)
  let error: ImageError | undefined
  let position = 0
  let reading: Promise<unknown> | undefined
  try {
    let buffer = await hash.lend()
    let { bytesRead } = await file.read(buffer, 0, buffer.length, 0)
    while (bytesRead > 0) {
      const chunk = buffer.subarray(0, bytesRead)
      position += bytesRead
      buffer = await hash.lend()
      const next = Promise.allSettled([file.read(buffer, 0, buffer.length, position)])
      reading = next
      hash.addLent(chunk)
      error ??= refusal(() => decoder.feed(chunk))
      ;({ bytesRead } = settled(await next))
    }
    const seal = { sizeBytes: position, sha256: await hash.digest() }
    return { seal, result: resultOf(decoder, error) }
  } finally {
    // Also when the decoder failed: the file may not be closed under a read.
    await reading
    hash.close()
  }
}

function resultOf<Result>(decoder: FileDecoder<Result>, error: ImageError | undefined): () => Result {
  if (error === undefined) return () => decoder.end()
  return () => {
    throw error
  }
}

/** @returns What an image is refused for. */
function refusal(work: () => void): ImageError | undefined {
  try {
    work()
    return undefined
  } catch (error) {
    if (error instanceof ImageError) return error
    throw error
  }
}

function settled<Value>([result]: [PromiseSettledResult<Value>]): Value {
  if (result.status === 'rejected') throw result.reason
  return result.value
}

async function writeWhole(file: FileHandle, chunk: Uint8Array, position: number): Promise<void> {
  for (let written = 0; written < chunk.length; ) {
    const { bytesWritten } = await file.write(chunk, written, chunk.length - written, position + written)
    written += bytesWritten
  }
}
