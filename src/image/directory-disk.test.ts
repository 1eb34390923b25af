import assert from 'node:assert/strict'
import fs from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { emptyCheckpoint, smallCheckpoint } from '../../test/golden/checkpoints.ts'
import { openDirectory } from './directory.ts'
import { NOTHING } from './image-assembly.ts'
import { readImage, writeImage } from './index.ts'
import { LINUX_VARIABLES } from './ipcns-var.ts'

/** What a directory on a disk asks of the operating system: which names it puts on the disk, what it reads, what it leaves open. */

let folder = ''

beforeEach(() => {
  // macOS and others have links above it.
  folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'msgq-disk-')))
})

afterEach(() => fs.rmSync(folder, { recursive: true }))

/** The directories that are flushed while some work is done, in order, as paths from here. */
async function flushedBy(work: () => Promise<void>): Promise<string[]> {
  const { open } = fs.promises
  const flushed: string[] = []
  const watching = async (place: string, ...rest: readonly [string, number?]): Promise<FileHandle> => {
    const file = await open(place, ...rest)
    const sync = file.sync.bind(file)
    file.sync = async () => {
      if ((await file.stat()).isDirectory()) flushed.push(path.relative(folder, place))
      await sync()
    }
    return file
  }
  Object.assign(fs.promises, { open: watching })
  try {
    await work()
  } finally {
    Object.assign(fs.promises, { open })
  }
  return flushed
}

test('writeImage puts the names of the directories that it makes on the disk, from below, and then those of each step', async () => {
  const deep = path.join(folder, 'a', 'b', 'c')
  const steps = Array<string>(4).fill('a/b/c')
  assert.deepEqual(await flushedBy(() => writeImage(deep, emptyCheckpoint())), ['a/b', 'a', '', ...steps])
  assert.deepEqual(await flushedBy(() => writeImage(deep, smallCheckpoint('next'))), steps, 'it is there')
})

test('openDirectory flushes nothing on Windows, which opens no directory', async () => {
  const missing = openDirectory(path.join(folder, 'missing'))
  await assert.rejects(missing.flush(), { code: 'ENOENT' })
  const platform = Object.getOwnPropertyDescriptor(process, 'platform') as PropertyDescriptor
  Object.defineProperty(process, 'platform', { ...platform, value: 'win32' })
  try {
    await missing.flush()
  } finally {
    Object.defineProperty(process, 'platform', platform)
  }
})

test('writeImage takes a path that goes up beside what it makes on its way', async () => {
  fs.mkdirSync(path.join(folder, 'in'))
  const flushed = await flushedBy(() => writeImage(`${folder}/in/made/../../up/deep`, smallCheckpoint('up')))
  for (const above of ['up', '']) assert.ok(flushed.includes(above), `${flushed}`)
  assert.equal((await readImage(path.join(folder, 'up', 'deep'))).checkpoint.queues.length, 1)
})

test('writeImage and readImage leave nothing open', async () => {
  const openFiles = () => fs.readdirSync('/proc/self/fd').length
  const before = openFiles()
  await writeImage(path.join(folder, 'a'), smallCheckpoint('once'))
  await writeImage(path.join(folder, 'a'), smallCheckpoint('again'))
  await readImage(path.join(folder, 'a'))
  assert.equal(openFiles(), before)
})

test('writeImage writes the number and the variables that it is given', async () => {
  const variables = { ...LINUX_VARIABLES, semNextId: 77, shmCtlmni: 4_095 }
  await writeImage(folder, emptyCheckpoint(), { namespaceNumber: 7, variables })
  assert.deepEqual(fs.readdirSync(folder).sort(), ['ipcns-var-7.img', 'msgq-7.ndjson'])
  assert.deepEqual((await readImage(folder)).variables, variables)
})

test('writeImage asks /proc/sys for the variables of this machine', async () => {
  const { readFileSync } = fs
  const semaphores = (file: unknown, ...rest: readonly unknown[]) =>
    file === '/proc/sys/kernel/sem' ? '31\t32\t33\t34\n' : Reflect.apply(readFileSync, fs, [file, ...rest])
  Object.assign(fs, { readFileSync: semaphores })
  try {
    await writeImage(folder, emptyCheckpoint())
  } finally {
    Object.assign(fs, { readFileSync })
  }
  assert.deepEqual((await readImage(folder)).variables.semCtls, [31, 32, 33, 34])
})

test('openDirectory tells a file that is not there from one that cannot be opened', async () => {
  assert.equal(await openDirectory(folder).read('none', NOTHING), undefined)
  fs.symlinkSync('loop', path.join(folder, 'loop'))
  await assert.rejects(openDirectory(folder).read('loop', NOTHING), { code: 'ELOOP' })
  fs.writeFileSync(path.join(folder, 'file'), '')
  await assert.rejects(openDirectory(path.join(folder, 'file')).read('none', NOTHING), { code: 'ENOTDIR' })
})
