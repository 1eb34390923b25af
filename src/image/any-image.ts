import fs from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import path from 'node:path'
import { joined } from './byte-writer.ts'
import { type FileDecoder, feedInTurns, WholeFile } from './chunk-reader.ts'
import { critJsonAsImage } from './crit-json.ts'
import { readImage } from './directory.ts'
import { decodeImage, type ImageFiles } from './image.ts'
import { type Image, ImageAssembly } from './image-assembly.ts'
import { isIpcnsMsg } from './ipcns-msg.ts'
import { imageNames, NAMESPACE_NUMBER_DEFAULT } from './names.ts'
import { NdjsonDecoder } from './ndjson-decoder.ts'
import { readSealed } from './sealed-file.ts'

/** What an image is kept in. */
export type ImageKind = 'directory' | 'ipcns-msg' | 'ipcns-var' | 'crit' | 'ndjson'

/** Enough of a file to see its kind: crit's JSON says what it is in its first member. */
const HEAD_BYTES = 1024
const OPENING_BRACE = 0x7b
const NAMES = imageNames(NAMESPACE_NUMBER_DEFAULT)

/**
 * What an image is kept in, by how it begins.
 *
 * @throws Node's own system error, `ENOENT` for instance.
 */
export async function imageKindAt(place: string): Promise<ImageKind> {
  if ((await fs.promises.stat(place)).isDirectory()) return 'directory'
  return reading(place, async (file) => {
    const head = new Uint8Array(HEAD_BYTES)
    const { bytesRead } = await file.read(head, 0, HEAD_BYTES, 0)
    return kindOf(head.subarray(0, bytesRead))
  })
}

/**
 * Reads an image, whatever it is kept in: a directory, one of CRIU's files, crit's JSON of one, or NDJSON.
 *
 * @throws {ImageError} It is none of these, or damaged.
 * @throws Node's own system error, `ENOENT` for instance.
 */
export async function readImageAt(place: string): Promise<Image> {
  const kind = await imageKindAt(place)
  if (kind === 'directory') return readImage(place)
  return imageOfFile(kind, path.basename(place), (decoder) => readWith(place, decoder))
}

/**
 * Reads an image from bytes: those of all files of its directory, or of one that `readImageAt` takes alone.
 *
 * @param files Each file's name and content.
 * @throws {ImageError} It is none of these, or damaged.
 */
export async function readImageBytes(files: ImageFiles): Promise<Image> {
  const [only, ...others] = files
  if (only === undefined || others.length > 0) return decodeImage(files)
  const [name, bytes] = only
  return readImageStream(name, [bytes])
}

/**
 * Reads an image of one file as its bytes come: all of them are never in memory.
 *
 * @param name What to call the file in errors.
 * @throws {ImageError} It is none that `readImageAt` takes alone, or damaged. The stream is then ended, and not read further.
 */
export async function readImageStream(
  name: string,
  chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Promise<Image> {
  const reading = (async function* () {
    yield* chunks
  })()
  try {
    const started: Uint8Array[] = []
    for (let length = 0; length < HEAD_BYTES; ) {
      const { value, done } = await reading.next()
      if (done === true) break
      started.push(value)
      length += value.length
    }
    const head = joined(name, started)
    return await imageOfFile(kindOf(head.subarray(0, HEAD_BYTES)), name, async (decoder) => {
      await feedInTurns(decoder, head)
      for await (const chunk of reading) await feedInTurns(decoder, chunk)
      return decoder.end()
    })
  } catch (error) {
    // Whoever makes the chunks lets go of what they are from: a file, for instance. The first error is the one to tell.
    await reading.return(undefined).catch(() => undefined)
    throw error
  }
}

function kindOf(head: Uint8Array): Exclude<ImageKind, 'directory'> {
  if (head[0] !== OPENING_BRACE) return isIpcnsMsg(head) ? 'ipcns-msg' : 'ipcns-var'
  return /"magic"\s*:/.test(new TextDecoder().decode(head)) ? 'crit' : 'ndjson'
}

type ReadWith = <Result>(decoder: FileDecoder<Result>) => Promise<Result>

async function imageOfFile(kind: Exclude<ImageKind, 'directory'>, file: string, read: ReadWith): Promise<Image> {
  if (kind === 'ndjson') return read(new NdjsonDecoder(file))
  const assembly = new ImageAssembly(NAMESPACE_NUMBER_DEFAULT, undefined)
  if (kind === 'crit') {
    const text = new TextDecoder().decode(await read(new WholeFile(file)))
    const bytes = critJsonAsImage(text, file)
    const decoder = assembly.decoder(isIpcnsMsg(bytes) ? NAMES.msg : NAMES.var, file)
    decoder.feed(bytes)
    decoder.end()
  } else await read(assembly.decoder(kind === 'ipcns-msg' ? NAMES.msg : NAMES.var, file))
  return assembly.image()
}

async function readWith<Result>(place: string, decoder: FileDecoder<Result>): Promise<Result> {
  return reading(place, async (file) => (await readSealed(file, path.basename(place), decoder)).result())
}

async function reading<T>(place: string, work: (file: FileHandle) => Promise<T>): Promise<T> {
  const file = await fs.promises.open(place, 'r')
  try {
    return await work(file)
  } finally {
    await file.close()
  }
}
