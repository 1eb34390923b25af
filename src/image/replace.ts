import { type FileDecoder, WholeFile } from './chunk-reader.ts'
import { ImageError } from './errors.ts'
import { sealError } from './image.ts'
import { type Image, ImageAssembly, NOTHING } from './image-assembly.ts'
import type { ImagePart } from './image-parts.ts'
import { type MsgqFile, readMsgqFile } from './msgq-file.ts'
import { type ImageNames, imageNames } from './names.ts'
import { type FileSeal, isSame, type SealedResult } from './seal.ts'

/**
 * How an image takes the place of another one in its directory, so that a crash at any moment leaves one of them whole.
 *
 * Our file is the image: it names CRIU's files by their hashes, and is replaced by one rename, the commit. While CRIU's
 * files are replaced one by one, those of the image that still stands are kept beside under `NAME.old`:
 *
 *   1. write every file as NAME.new, flush its content
 *   2. rename CRIU's files of the standing image to NAME.old; flush the directory
 *   3. rename CRIU's NAME.new to NAME; flush the directory
 *   4. rename our NAME.new to NAME: the commit; flush the directory
 *   5. remove every NAME.old
 *
 * A reader takes what our file names from NAME or NAME.old, whichever has the hash. Until the commit each file of the
 * standing image is under one of the two; from then on each file of the new one is under NAME. Where no image stood, a
 * crash in 3 leaves CRIU's names without our file: our NAME.new, flushed before, tells that they are no dump of CRIU's.
 * The proof, step by step: docs/reference/image.md.
 */

/** The operations on one directory that this needs; names are without a path. */
export interface ImageDirectory {
  /** What to call it in errors. */
  readonly path: string
  /** The names in it. */
  list(): Promise<readonly string[]>
  /** Reads a file; `undefined` when there is none. */
  read<Result>(name: string, decoder: FileDecoder<Result>): Promise<SealedResult<Result> | undefined>
  /**
   * Writes a new file, and returns when its content is on the disk.
   *
   * @param sizeBytes How long it will be, about. Default: short.
   */
  write(name: string, chunks: ReturnType<ImagePart['chunks']>, sizeBytes?: number): Promise<FileSeal>
  /** Gives a file another name, replacing the file of that name. */
  rename(from: string, to: string): Promise<void>
  remove(name: string): Promise<void>
  /** Returns when the names are on the disk as they are. */
  flush(): Promise<void>
}

const NEW = '.new'
const OLD = '.old'

/** Most reads of an image that others replace meanwhile: each lost one needs a whole write to have come between. */
const READS_MAX = 16

/**
 * Makes an image stand in a directory, in the place of the one that stands there, or leaves that one.
 *
 * @throws {ImageError} What stands there is CRIU's own, damaged or of a newer format. Nothing was changed.
 */
export async function replaceImage(
  directory: ImageDirectory,
  namespaceNumber: number,
  parts: readonly ImagePart[],
): Promise<void> {
  const names = imageNames(namespaceNumber)
  const standing = await settle(directory, names)
  const present = new Set(await directory.list())
  const foreign = [names.msg, names.var].find((name) => present.has(name) && standing?.files.has(name) !== true)
  if (foreign !== undefined) {
    throw new ImageError(directory.path, 'no image, or one of msgq to replace', {
      found: `${foreign} of another program`,
    })
  }
  const replaced = [...(standing?.files.keys() ?? [])].filter((name) => present.has(name))
  const criu = parts.map(({ name }) => name).filter((name) => name !== names.msgq)
  const seals = new Map<string, FileSeal>()
  try {
    for (const { name, chunks, sizeBytes } of parts) {
      seals.set(name, await directory.write(name + NEW, chunks(seals), sizeBytes))
    }
    for (const name of replaced) await directory.rename(name, name + OLD)
    await directory.flush()
    for (const name of criu) await directory.rename(name + NEW, name)
    await directory.flush()
    await directory.rename(names.msgq + NEW, names.msgq)
  } catch (error) {
    // What cannot be put back now is put back by the next write, and can be read until then.
    await settle(directory, names).catch(() => undefined)
    throw error
  }
  await directory.flush()
  for (const name of replaced) await directory.remove(name + OLD)
}

/**
 * Reads the image of a directory: files of ours and CRIU's, or CRIU's own.
 *
 * @throws {ImageError} There is none, or it is damaged.
 */
export async function readStandingImage(directory: ImageDirectory, namespaceNumber: number): Promise<Image> {
  const names = imageNames(namespaceNumber)
  for (let attempt = 1; ; attempt++) {
    const ours = await directory.read(names.msgq, new WholeFile(names.msgq))
    const read = await readOnce(directory, namespaceNumber, ours?.result())
    const isProven = ours !== undefined && !(read instanceof ImageError)
    // Another image may have taken its place meanwhile: then our file is another one, and tells of that image.
    if (!isProven && attempt < READS_MAX && !isSameFile(ours, await directory.read(names.msgq, NOTHING))) continue
    if (read instanceof ImageError) throw read
    return read
  }
}

async function readOnce(
  directory: ImageDirectory,
  namespaceNumber: number,
  ours: Uint8Array | undefined,
): Promise<Image | ImageError> {
  const names = imageNames(namespaceNumber)
  try {
    const msgq = ours === undefined ? undefined : await readMsgqFile(names.msgq, ours)
    const assembly = new ImageAssembly(namespaceNumber, msgq)
    if (msgq === undefined) await readCriuFiles(directory, names, assembly)
    else for (const [name, seal] of msgq.files) await readNamedFile(directory, name, seal, assembly)
    return assembly.image()
  } catch (error) {
    if (error instanceof ImageError) return error
    throw error
  }
}

/** Reads a file that ours names under its name or, where it is being replaced, where it is kept. */
async function readNamedFile(
  directory: ImageDirectory,
  name: string,
  seal: FileSeal,
  assembly: ImageAssembly,
): Promise<void> {
  const named = await directory.read(name, assembly.decoder(name))
  if (named !== undefined && isSame(named.seal, seal)) return named.result()
  const kept = await directory.read(name + OLD, assembly.decoder(name))
  if (kept !== undefined && isSame(kept.seal, seal)) return kept.result()
  throw sealError(name, seal, named?.seal)
}

/** Reads CRIU's own files: not those that a write of ours put in place before it was interrupted. */
async function readCriuFiles(directory: ImageDirectory, names: ImageNames, assembly: ImageAssembly): Promise<void> {
  const unfinished = await unfinishedImage(directory, names)
  for (const name of [names.msg, names.var]) {
    const file = await directory.read(name, assembly.decoder(name))
    const seal = unfinished?.files.get(name)
    if (file !== undefined && seal !== undefined && isSame(file.seal, seal)) {
      throw new ImageError(directory.path, 'a whole image', {
        found: 'one whose writing was interrupted or still goes on: take the checkpoint again',
      })
    }
    file?.result()
  }
}

/** Ends what a crash has left: the image that our file names is whole under its names afterwards, and nothing beside it. */
async function settle(directory: ImageDirectory, names: ImageNames): Promise<MsgqFile | undefined> {
  // After a crash of the process alone, the commit may be seen and not yet be on the disk.
  await directory.flush()
  const present = new Set(await directory.list())
  const ours = await directory.read(names.msgq, new WholeFile(names.msgq))
  const standing = ours === undefined ? undefined : await readMsgqFile(names.msgq, ours.result())
  const criu = [names.msg, names.var]
  if (![...criu, names.msgq].some((name) => present.has(name + NEW) || present.has(name + OLD))) return standing

  const unfinished = await unfinishedImage(directory, names)
  for (const name of criu) {
    const seal = standing?.files.get(name)
    if (standing !== undefined && present.has(name + OLD)) await settleOld(directory, name, seal)
    if (seal === undefined && present.has(name) && (await isPartOf(directory, name, unfinished))) {
      await directory.remove(name)
    }
    if (present.has(name + NEW)) await directory.remove(name + NEW)
  }
  // Only now: it tells that a name which was removed just above is not CRIU's.
  await directory.flush()
  if (present.has(names.msgq + NEW)) await directory.remove(names.msgq + NEW)
  return standing
}

/** A kept file goes back to its place when it is the standing image's and what is in its place is not. */
async function settleOld(directory: ImageDirectory, name: string, seal: FileSeal | undefined): Promise<void> {
  if (seal === undefined) return directory.remove(name + OLD)
  const isInPlace = await hasSealed(directory, name, seal)
  const isKept = await hasSealed(directory, name + OLD, seal)
  return !isInPlace && isKept ? directory.rename(name + OLD, name) : directory.remove(name + OLD)
}

/** Our file of a write that did not reach its commit; `undefined` when it is not even whole itself. */
async function unfinishedImage(directory: ImageDirectory, names: ImageNames): Promise<MsgqFile | undefined> {
  const name = names.msgq + NEW
  const ours = await directory.read(name, new WholeFile(name))
  if (ours === undefined) return undefined
  try {
    return await readMsgqFile(name, ours.result())
  } catch (error) {
    if (error instanceof ImageError) return undefined
    throw error
  }
}

async function isPartOf(directory: ImageDirectory, name: string, image: MsgqFile | undefined): Promise<boolean> {
  const seal = image?.files.get(name)
  return seal !== undefined && hasSealed(directory, name, seal)
}

async function hasSealed(directory: ImageDirectory, name: string, seal: FileSeal): Promise<boolean> {
  const file = await directory.read(name, NOTHING)
  return file !== undefined && isSame(file.seal, seal)
}

function isSameFile(one: SealedResult<unknown> | undefined, other: SealedResult<unknown> | undefined): boolean {
  if (one === undefined || other === undefined) return one === other
  return isSame(one.seal, other.seal)
}
