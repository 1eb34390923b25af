import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { openEmbeddedNamespace } from '../../src/backends/embedded/index.ts'
import type { IpcNamespace } from '../../src/contract/index.ts'
import { SyscallError } from '../../src/contract/index.ts'
import { ImageError, readImage, writeImage } from '../../src/image/index.ts'
import { msgq } from '../cli/child.ts'
import { smallCheckpoint } from '../golden/checkpoints.ts'

/** `msgq restore` of images that are not whole: the namespace that they go into stays as it was. */

const CRIU = fileURLToPath(new URL('../../../test/golden/criu/', import.meta.url))
const MAIN = fileURLToPath(new URL('./forged-main.js', import.meta.url))

/** Far above what a small image takes, far below what its false lengths would. */
const CHILD_MEMORY_MB = 64

let folder = ''

before(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'msgq-damaged-'))
})

after(() => fs.rmSync(folder, { recursive: true }))

/** A namespace with something in it, which no failed restore may change. */
async function inhabited(): Promise<IpcNamespace> {
  const namespace = openEmbeddedNamespace()
  const msqid = await namespace.msgget(0x77, 0o1600)
  await namespace.msgsnd(msqid, { mtype: 7, mtext: Buffer.from('was here') }, 0)
  return namespace
}

const plain = async (namespace: IpcNamespace) => ({ ...(await namespace.checkpoint()), time: 0 })

/** Restores as the command does. @returns why it was refused; `undefined` when it was not. */
async function restore(directory: string, namespace: IpcNamespace): Promise<ImageError | SyscallError | undefined> {
  try {
    const { checkpoint } = await readImage(directory)
    await namespace.restore(checkpoint)
    return undefined
  } catch (error) {
    if (error instanceof ImageError || error instanceof SyscallError) return error
    throw error
  }
}

async function freshImage(name: string): Promise<string> {
  const directory = path.join(folder, name)
  await writeImage(directory, smallCheckpoint('whole'))
  return directory
}

describe('a damaged image of msgq', () => {
  test('restore of files cut at every byte brings nothing back, and names the file', async () => {
    const directory = await freshImage('cut')
    await using namespace = await inhabited()
    const standing = await plain(namespace)
    for (const name of fs.readdirSync(directory)) {
      const file = path.join(directory, name)
      const content = fs.readFileSync(file)
      for (let length = 0; length < content.length; length++) {
        fs.writeFileSync(file, content.subarray(0, length))
        const error = await restore(directory, namespace)
        ok(error instanceof ImageError, `${name} cut to ${length} bytes: ${error}`)
        equal(error.file, name)
        ok(error.offset !== undefined && error.offset <= content.length, `${name} cut to ${length}: no offset`)
      }
      fs.writeFileSync(file, content)
      deepEqual(await plain(namespace), standing)
    }
  })

  test('restore of files with any bit flipped brings nothing back', async () => {
    const directory = await freshImage('flipped')
    await using namespace = await inhabited()
    const standing = await plain(namespace)
    for (const name of fs.readdirSync(directory)) {
      const file = path.join(directory, name)
      const content = fs.readFileSync(file)
      for (let bit = 0; bit < content.length * 8; bit++) {
        const flipped = Uint8Array.from(content)
        flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7))
        fs.writeFileSync(file, flipped)
        const error = await restore(directory, namespace)
        ok(error instanceof ImageError, `${name}, bit ${bit}: ${error}`)
      }
      fs.writeFileSync(file, content)
      deepEqual(await plain(namespace), standing)
    }
  })
})

describe("a damaged dump of CRIU's, which has no checksum", () => {
  const NAMES = ['ipcns-msg-9.img', 'ipcns-var-9.img']

  test('restore brings back nothing, or all that the files tell, for every cut and every flipped bit', async () => {
    const directory = path.join(folder, 'criu')
    fs.mkdirSync(directory)
    for (const name of NAMES) fs.copyFileSync(path.join(CRIU, name), path.join(directory, name))
    let refused = 0
    for (const name of NAMES) {
      const file = path.join(directory, name)
      const content = Uint8Array.from(fs.readFileSync(file))
      for (const damaged of damages(content)) {
        fs.writeFileSync(file, damaged)
        await using namespace = await inhabited()
        const standing = await plain(namespace)
        if ((await restore(directory, namespace)) !== undefined) {
          refused++
          deepEqual(await plain(namespace), standing)
        } else {
          const { checkpoint } = await readImage(directory)
          equal((await namespace.checkpoint()).queues.length, checkpoint.queues.length + 1)
        }
      }
      fs.writeFileSync(file, content)
    }
    ok(refused > 500, `${refused} were refused`)
  })

  function* damages(content: Uint8Array): Generator<Uint8Array> {
    for (let length = 0; length < content.length; length++) yield content.subarray(0, length)
    for (let bit = 0; bit < content.length * 8; bit++) {
      const flipped = content.slice()
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      yield flipped
    }
  }
})

describe('false lengths', () => {
  test('readImage takes no memory for what a file only says that it has', () => {
    const { status, signal, stdout, stderr } = spawnSync(
      process.execPath,
      [`--max-old-space-size=${CHILD_MEMORY_MB}`, MAIN, folder],
      { encoding: 'utf8', timeout: 60_000 },
    )
    equal(status, 0, `${signal ?? ''} ${stderr}`)
    const { refused, grownBytes } = JSON.parse(stdout)
    equal(refused, 5)
    ok(grownBytes < CHILD_MEMORY_MB * 2 ** 20, `it grew by ${grownBytes} bytes`)
  })
})

describe('msgq restore', () => {
  test('restore of a foreign file exits with 3 and tells the file, the offset and what was expected', () => {
    const directory = path.join(folder, 'foreign')
    fs.mkdirSync(directory)
    fs.writeFileSync(path.join(directory, 'ipcns-msg-1.img'), '%PDF-1.7 not a dump')
    const { status, stdout, stderr } = msgq(['-n', 'memory:', 'restore', directory])
    equal(status, 3)
    equal(stdout, '')
    match(stderr, /ipcns-msg-1\.img, byte 0: expected CRIU's magic number 0x54564319, found 0x/)
  })
})
