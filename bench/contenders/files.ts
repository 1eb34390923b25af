import { mkdir, open, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { openEmbeddedNamespace } from '../../src/backends/embedded/index.ts'
import { readImage, writeImage } from '../../src/image/index.ts'
import { type Contender, expect, expectBytes, nowNs } from '../contender.ts'
import { EmbeddedQueue, SIZE_BYTES } from './embedded-queue.ts'

const TYPES = 100

/** Checkpoint a namespace into a directory, in the place of the image that is there. */
export async function imageWrites(scratch: string, messages: number): Promise<Contender> {
  const { queue, directory } = await imageIn(scratch, messages)
  const write = async () => writeImage(directory, await queue.namespace.checkpoint())
  return {
    check: async () => {
      await write()
      await expectRestored(queue, directory)
    },
    time: (count) => timed(count, write),
    close: () => queue.namespace.close(),
  }
}

/** Read an image, and restore it into an empty namespace. */
export async function imageReads(scratch: string, messages: number): Promise<Contender> {
  const { queue, directory } = await imageIn(scratch, messages)
  return {
    check: () => expectRestored(queue, directory),
    time: (count) => timed(count, async () => (await restored(directory)).close()),
    close: () => queue.namespace.close(),
  }
}

/**
 * Write the bytes of the image in the scratch folder to files of the same names, in the place of those there.
 *
 * @param flush Whether each is flushed to the disk, as an image must be.
 */
export async function plainWrites(scratch: string, flush: boolean): Promise<Contender> {
  const directory = join(scratch, 'plain')
  await mkdir(directory)
  const files = await filesIn(imageDirectory(scratch))
  const write = async () => {
    for (const [name, bytes] of files) {
      const file = await open(join(directory, name), 'w')
      await file.writeFile(bytes)
      if (flush) await file.sync()
      await file.close()
    }
  }
  return {
    check: async () => {
      await write()
      for (const [name, bytes] of files) expectBytes(await readFile(join(directory, name)), bytes, name)
    },
    time: (count) => timed(count, write),
    close: () => rm(directory, { recursive: true }),
  }
}

/** Read the files of the image in the scratch folder. */
export async function plainReads(scratch: string): Promise<Contender> {
  const directory = imageDirectory(scratch)
  const files = await filesIn(directory)
  const read = async () => {
    for (const [name, bytes] of files) {
      expect((await readFile(join(directory, name))).length === bytes.length, `the length of ${name}`)
    }
  }
  return { check: read, time: (count) => timed(count, read), close: async () => undefined }
}

function imageDirectory(scratch: string): string {
  return join(scratch, 'image')
}

/** A queue of 64-byte messages, and its image in the scratch folder. */
async function imageIn(scratch: string, messages: number) {
  const queue = new EmbeddedQueue(messages, TYPES)
  const directory = imageDirectory(scratch)
  await writeImage(directory, await queue.namespace.checkpoint())
  return { queue, directory }
}

async function filesIn(directory: string): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>()
  for (const name of await readdir(directory)) files.set(name, await readFile(join(directory, name)))
  return files
}

async function timed(count: number, work: () => Promise<void>): Promise<number> {
  let ns = 0
  for (let i = 0; i < count; i++) {
    // A million messages' garbage of the side before is not this side's work.
    globalThis.gc?.()
    const start = nowNs()
    await work()
    ns += nowNs() - start
  }
  return ns / count
}

async function restored(directory: string) {
  const namespace = openEmbeddedNamespace()
  const { checkpoint } = await readImage(directory)
  await namespace.restore(checkpoint)
  return namespace
}

/** Every message of the image is the one on the queue: number, type and bytes. @throws {WrongResult} */
async function expectRestored({ namespace, msqid, depth }: EmbeddedQueue, directory: string): Promise<void> {
  const other = await restored(directory)
  const [mine] = (await namespace.checkpoint()).queues
  const [theirs] = (await other.checkpoint()).queues
  expect(mine !== undefined && theirs?.msqid === msqid, 'the queue restored')
  expect(theirs.messages.length === depth && mine.messages.length === depth, 'how many messages were restored')
  const twins = [...theirs.messages]
  for (const [index, message] of [...mine.messages].entries()) {
    const twin = twins[index]
    expect(twin?.mtype === message.mtype && twin.sequence === message.sequence, `message ${index} restored`)
    expectBytes(twin.mtext, message.mtext, `message ${index} restored`)
  }
  expect(twins[0]?.mtext.length === SIZE_BYTES, 'the length restored')
  await other.close()
}
