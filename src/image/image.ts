import type { Checkpoint } from '../engine/index.ts'
import { joined } from './byte-writer.ts'
import { feedInTurns } from './chunk-reader.ts'
import { ImageError } from './errors.ts'
import { type Image, ImageAssembly } from './image-assembly.ts'
import { type EncodeOptions, imageParts } from './image-parts.ts'
import { readMsgqFile } from './msgq-file.ts'
import { imageNames, namespaceNumbers } from './names.ts'
import { type FileSeal, sealOf } from './seal.ts'

/** An image as bytes: each file's name and content, our own last. */
export type ImageFiles = ReadonlyMap<string, Uint8Array>

/**
 * Puts a checkpoint into the files of an image. Everything of the checkpoint is read before this returns its promise,
 * so its bytes may change afterwards.
 *
 * @returns The files, ours last. Without queues there is no `ipcns-msg-N.img`, as CRIU has it.
 * @throws {TypeError|RangeError} It is no checkpoint, or a number is out of range.
 * @throws {ImageError} A file would have more than 2^31-1 bytes.
 */
export async function encodeImage(checkpoint: Checkpoint, options: EncodeOptions = {}): Promise<ImageFiles> {
  const files = new Map<string, Uint8Array>()
  const seals = new Map<string, FileSeal>()
  for (const { name, chunks } of imageParts(checkpoint, options)) {
    const parts = chunks(seals)
    const bytes = joined(name, Symbol.iterator in parts ? parts : await gathered(parts))
    files.set(name, bytes)
    seals.set(name, await sealOf(bytes))
  }
  return files
}

/**
 * Reads the files of an image: ours and CRIU's, or CRIU's own.
 *
 * @param files Each file's name and content. Others than an image's are left alone.
 * @throws {ImageError} There is no image, or several and no `namespaceNumber`; a file is cut short, damaged, of another
 *   kind or of a newer format, or is not the one that our file names.
 */
export async function decodeImage(
  files: ImageFiles,
  options: { readonly namespaceNumber?: number } = {},
): Promise<Image> {
  const namespaceNumber = options.namespaceNumber ?? onlyNumber('image', namespaceNumbers(files.keys()))
  const names = imageNames(namespaceNumber)
  const ours = files.get(names.msgq)
  const msgq = ours === undefined ? undefined : await readMsgqFile(names.msgq, ours)
  for (const [name, seal] of msgq?.files ?? []) {
    const bytes = files.get(name)
    const found = bytes === undefined ? undefined : await sealOf(bytes)
    if (found?.sha256 !== seal.sha256) throw sealError(name, seal, found)
  }
  const assembly = new ImageAssembly(namespaceNumber, msgq)
  for (const name of [names.msg, names.var]) {
    const bytes = msgq === undefined || msgq.files.has(name) ? files.get(name) : undefined
    if (bytes === undefined) continue
    const decoder = assembly.decoder(name)
    await feedInTurns(decoder, bytes)
    decoder.end()
  }
  return assembly.image()
}

/** The number of the only namespace that there is. `place` is what to call the whole in errors. */
export function onlyNumber(place: string, numbers: readonly number[]): number {
  const [first, ...others] = numbers
  if (first === undefined) throw new ImageError(place, 'ipcns-msg-N.img, ipcns-var-N.img or msgq-N.ndjson')
  if (others.length === 0) return first
  throw new ImageError(place, 'one image: say which with namespaceNumber', { found: `numbers ${numbers.join(', ')}` })
}

/** The error of a file that is not the one that our file names. */
export function sealError(name: string, seal: FileSeal, found: FileSeal | undefined): ImageError {
  const expected = `the ${seal.sizeBytes} bytes that msgq wrote, SHA-256 ${seal.sha256}`
  if (found === undefined) return new ImageError(name, expected, { found: 'no such file' })
  if (found.sizeBytes === seal.sizeBytes) return new ImageError(name, expected, { found: `SHA-256 ${found.sha256}` })
  const offset = Math.min(found.sizeBytes, seal.sizeBytes)
  return new ImageError(name, expected, { offset, found: `${found.sizeBytes} bytes` })
}

async function gathered(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const all: Uint8Array[] = []
  for await (const chunk of chunks) all.push(chunk)
  return all
}
