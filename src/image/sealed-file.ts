// Default exports alone: a bundler for browsers stubs these modules, and finds no names in the stub.
import crypto from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import { CHUNK_BYTES, IMAGE_FILE_BYTES_MAX } from './byte-writer.ts'
import type { FileDecoder } from './chunk-reader.ts'
import { ImageError } from './errors.ts'
import type { FileSeal, SealedResult } from './seal.ts'

/**
 * Writes a file chunk by chunk: while one is written the next is made, so that two of them are in memory.
 *
 * @param chunks Each must stay as it is until the next but one is asked for.
 */
export async function writeSealed(
  file: FileHandle,
  chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Promise<FileSeal> {
  const hash = crypto.createHash('sha256')
  let sizeBytes = 0
  // Settled, so that a write or read that fails while something else is done waits to be asked.
  let writing = Promise.allSettled([Promise.resolve()])
  try {
    for await (const chunk of chunks) {
      hash.update(chunk)
      settled(await writing)
      writing = Promise.allSettled([writeWhole(file, chunk, sizeBytes)])
      sizeBytes += chunk.length
    }
  } finally {
    // Also when a chunk could not be made: the file may not be closed under a write.
    await writing
  }
  settled(await writing)
  return { sizeBytes, sha256: hash.digest('hex') }
}

/**
 * Reads a file chunk by chunk: while one is hashed and decoded the next is read, so that two of them are in memory. What
 * the decoder refuses is read to its end all the same, for its seal.
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
  const hash = crypto.createHash('sha256')
  const capacity = Math.max(1, Math.min(CHUNK_BYTES, size))
  let [buffer, next] = [new Uint8Array(capacity), new Uint8Array(capacity)]
  let error: ImageError | undefined
  let position = 0
  let { bytesRead } = await file.read(buffer, 0, capacity, 0)
  while (bytesRead > 0) {
    const chunk = buffer.subarray(0, bytesRead)
    position += bytesRead
    const reading = Promise.allSettled([file.read(next, 0, capacity, position)])
    hash.update(chunk)
    error ??= refusal(() => decoder.feed(chunk))
    ;({ bytesRead } = settled(await reading))
    ;[buffer, next] = [next, buffer]
  }
  const seal = { sizeBytes: position, sha256: hash.digest('hex') }
  if (error !== undefined)
    return {
      seal,
      result: () => {
        throw error
      },
    }
  return { seal, result: () => decoder.end() }
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
