// Default exports alone: a bundler for browsers stubs these modules, and finds no names in the stub.
import fs from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import path from 'node:path'
import type { Checkpoint } from '../engine/index.ts'
import { ImageError } from './errors.ts'
import { onlyNumber } from './image.ts'
import type { Image } from './image-assembly.ts'
import { imageParts } from './image-parts.ts'
import type { KernelVariables } from './ipcns-var.ts'
import { imageNames, NAMESPACE_NUMBER_DEFAULT, namespaceNumbers } from './names.ts'
import { type ImageDirectory, readStandingImage, replaceImage } from './replace.ts'
import { readSealed, writeSealed } from './sealed-file.ts'
import { readVariables } from './variables.ts'

// Queues may hold what only their owner may read.
const DIRECTORY_MODE = 0o700
const FILE_MODE = 0o600

export interface WriteOptions {
  /** N in the files' names, 0 to 2^32-1. Default 1. */
  readonly namespaceNumber?: number
  /** What `ipcns-var-N.img` holds beside message queues. Default: this process's, from /proc/sys, or Linux's defaults. */
  readonly variables?: KernelVariables
}

/**
 * Writes a checkpoint into a directory as an image, which takes the place of the one that msgq wrote there before under
 * the same number. All or nothing: when this rejects, or the machine stops, the directory holds the old image or, from
 * the moment of the commit on, the new one; never a part of one. One process at a time may write into a directory.
 *
 * @param directory Made when it is not there, for its owner alone (0700); the files are 0600.
 * @throws {TypeError|RangeError} `checkpoint` is none, or a number is out of range. Nothing was written.
 * @throws {ImageError} The directory holds an image that msgq did not write, or one of another number and
 *   `namespaceNumber` does not say which is meant; the image there is damaged or of a newer format. Nothing was written.
 * @throws Node's own system error, `ENOSPC` for instance: the old image stands.
 */
export async function writeImage(directory: string, checkpoint: Checkpoint, options: WriteOptions = {}): Promise<void> {
  const namespaceNumber = options.namespaceNumber ?? NAMESPACE_NUMBER_DEFAULT
  imageNames(namespaceNumber)
  const variables = options.variables ?? readVariables(readSysctl)
  const parts = imageParts(checkpoint, { namespaceNumber, variables })
  await makeDirectory(directory)
  const opened = openDirectory(directory)
  const others = namespaceNumbers(await opened.list()).filter((number) => number !== namespaceNumber)
  if (options.namespaceNumber === undefined && others.length > 0) {
    throw new ImageError(directory, 'no image of another number: say which with namespaceNumber', {
      found: `number ${others.join(', ')}`,
    })
  }
  await replaceImage(opened, namespaceNumber, parts)
}

/**
 * Reads an image from a directory: one that msgq wrote, or CRIU's own dump.
 *
 * @returns The checkpoint, what CRIU alone does not tell, and what the image holds beside message queues.
 * @throws {ImageError} There is none, or there are several and no `namespaceNumber`; a file is cut short, damaged, of
 *   another kind or of a newer format, or is not the one that our file names.
 * @throws Node's own system error, `ENOENT` for instance.
 */
export async function readImage(
  directory: string,
  options: { readonly namespaceNumber?: number } = {},
): Promise<Image> {
  const opened = openDirectory(directory)
  const namespaceNumber = options.namespaceNumber ?? onlyNumber(directory, namespaceNumbers(await opened.list()))
  return readStandingImage(opened, namespaceNumber)
}

/** A directory of this machine. */
export function openDirectory(directory: string): ImageDirectory {
  const place = (name: string) => path.join(directory, name)
  return {
    path: directory,
    list: () => fs.promises.readdir(directory),
    async read(name, decoder) {
      const file = await openExisting(place(name))
      return file && closing(file, () => readSealed(file, name, decoder))
    },
    async write(name, chunks, sizeBytes = 0) {
      // A file of this name is what a crash has left; another user's link must not be followed either.
      const file = await fs.promises.open(place(name), 'wx', FILE_MODE)
      return closing(file, () => writeSealed(file, chunks, sizeBytes))
    },
    rename: (from, to) => fs.promises.rename(place(from), place(to)),
    remove: (name) => fs.promises.rm(place(name)),
    flush: () => syncDirectory(directory),
  }
}

/** Makes a directory and those above it, and puts their names on the disk. */
async function makeDirectory(directory: string): Promise<void> {
  const first = await fs.promises.mkdir(directory, { recursive: true, mode: DIRECTORY_MODE })
  if (first === undefined) return
  const top = path.dirname(path.resolve(first))
  for (let above = path.dirname(path.resolve(directory)); ; above = path.dirname(above)) {
    await syncDirectory(above)
    if (above === top || above === path.dirname(above)) return
  }
}

async function syncDirectory(directory: string): Promise<void> {
  // Windows opens no directory, and keeps names without being asked.
  if (process.platform === 'win32') return
  const opened = await fs.promises.open(directory, 'r')
  await closing(opened, () => opened.sync())
}

async function closing<T>(file: FileHandle, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } finally {
    await file.close()
  }
}

/** Whatever keeps it from being read, Linux's default is as good as a guess gets. */
function readSysctl(name: string): string | undefined {
  try {
    return fs.readFileSync(`/proc/sys/${name}`, 'latin1')
  } catch {
    return undefined
  }
}

async function openExisting(place: string): Promise<FileHandle | undefined> {
  try {
    return await fs.promises.open(place, 'r')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}
