import assert from 'node:assert/strict'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { emptyCheckpoint, goldenCheckpoint, smallCheckpoint, unpacked } from '../../test/golden/checkpoints.ts'
import type { Checkpoint } from '../engine/index.ts'
import { openDirectory } from './directory.ts'
import { imageParts } from './image-parts.ts'
import { ImageError, readImage, writeImage } from './index.ts'
import { type ImageDirectory, readStandingImage, replaceImage } from './replace.ts'

const CRIU = new URL('../../../test/golden/criu/', import.meta.url)

let directory = ''

beforeEach(() => {
  directory = fs.mkdtempSync(path.join(os.tmpdir(), 'msgq-image-'))
})

afterEach(() => {
  fs.rmSync(directory, { recursive: true })
})

function copySamples(): void {
  for (const name of ['ipcns-msg-9.img', 'ipcns-var-9.img']) {
    fs.copyFileSync(new URL(name, CRIU), path.join(directory, name))
  }
}

/** The text of the only message: which of the images stands. */
function textOf({ queues }: Checkpoint): string {
  const [message] = queues[0]?.messages ?? []
  return message === undefined ? 'empty' : new TextDecoder().decode(message.mtext)
}

async function standing(): Promise<string> {
  return textOf((await readImage(directory)).checkpoint)
}

/**
 * The same directory for a process that fails at one of its operations. A crash does nothing any more from there on;
 * an error is met once.
 */
function failing(opened: ImageDirectory, at: number, error: Error, how: 'crash' | 'once'): ImageDirectory {
  let count = 0
  const step = async <T>(run: () => Promise<T>): Promise<T> => {
    count++
    if (count === at || (how === 'crash' && count > at)) throw error
    return run()
  }
  return {
    path: opened.path,
    list: () => step(() => opened.list()),
    read: (name, decoder) => step(() => opened.read(name, decoder)),
    write: (name, chunks) =>
      step(() => opened.write(name, chunks)).catch(async (error) => {
        // A write that fails has left a part of its file.
        if (count === at) await opened.write(name, halfOf(chunks))
        throw error
      }),
    rename: (from, to) => step(() => opened.rename(from, to)),
    remove: (name) => step(() => opened.remove(name)),
    flush: () => step(() => opened.flush()),
  }
}

async function* halfOf(chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) yield chunk.subarray(0, chunk.length / 2)
}

describe('writeImage and readImage', () => {
  test('readImage gives back what writeImage was given', async () => {
    await writeImage(directory, goldenCheckpoint())
    const { checkpoint, missing } = await readImage(directory)
    assert.deepEqual(unpacked(checkpoint), goldenCheckpoint())
    assert.deepEqual(missing, [])
    assert.deepEqual(fs.readdirSync(directory).sort(), ['ipcns-msg-1.img', 'ipcns-var-1.img', 'msgq-1.ndjson'])
  })

  test('writeImage makes the directory and those above it, for the owner alone', async () => {
    const deep = path.join(directory, 'a', 'b')
    await writeImage(deep, goldenCheckpoint())
    assert.equal(fs.statSync(deep).mode & 0o777, 0o700)
    for (const name of fs.readdirSync(deep)) assert.equal(fs.statSync(path.join(deep, name)).mode & 0o777, 0o600)
    assert.deepEqual(unpacked((await readImage(deep)).checkpoint), goldenCheckpoint())
  })

  test('writeImage replaces an image, leaving nothing beside it, with queues and without', async () => {
    for (const checkpoint of [smallCheckpoint('A'), emptyCheckpoint(), smallCheckpoint('B'), smallCheckpoint('B')]) {
      await writeImage(directory, checkpoint)
      assert.deepEqual(unpacked((await readImage(directory)).checkpoint), checkpoint)
      assert.equal(fs.readdirSync(directory).length, checkpoint.queues.length === 0 ? 2 : 3)
    }
  })

  test('writeImage reads the variables of /proc/sys where there are any', async () => {
    await writeImage(directory, emptyCheckpoint())
    const { variables } = await readImage(directory)
    const file = '/proc/sys/kernel/sem'
    const sem = fs.existsSync(file)
      ? fs.readFileSync(file, 'utf8').trim().split(/\s+/).map(Number)
      : [32_000, 1_024_000_000, 500, 32_000]
    assert.deepEqual(variables.semCtls, sem)
    assert.equal(BigInt(variables.shmCtlmax) > 0n, true)
  })

  test('writeImage refuses what is no checkpoint before it makes anything', async () => {
    const missing = path.join(directory, 'none')
    await assert.rejects(writeImage(missing, { ...emptyCheckpoint(), time: -1 }), RangeError)
    await assert.rejects(writeImage(missing, emptyCheckpoint(), { namespaceNumber: -1 }), RangeError)
    assert.equal(fs.existsSync(missing), false)
  })

  test("readImage reads CRIU's own dump, and writeImage does not replace it", async () => {
    copySamples()
    fs.writeFileSync(path.join(directory, 'core-1.img'), 'of another process')
    const { checkpoint, namespaceNumber } = await readImage(directory)
    assert.equal(namespaceNumber, 9)
    assert.equal(checkpoint.queues.length, 2)
    const refused = writeImage(directory, smallCheckpoint('A'), { namespaceNumber: 9 })
    await assert.rejects(refused, /found ipcns-msg-9.img of another program/)
    assert.equal(fs.readdirSync(directory).length, 3)
  })

  test('readImage and writeImage ask for a number where there are several', async () => {
    copySamples()
    await assert.rejects(writeImage(directory, smallCheckpoint('A')), /found number 9/)
    await writeImage(directory, smallCheckpoint('A'), { namespaceNumber: 1 })
    await assert.rejects(readImage(directory), /say which with namespaceNumber, found numbers 1, 9/)
    assert.equal(textOf((await readImage(directory, { namespaceNumber: 1 })).checkpoint), 'A')
    assert.equal((await readImage(directory, { namespaceNumber: 9 })).checkpoint.queues.length, 2)
  })

  test('readImage says that there is no image, or no directory', async () => {
    await assert.rejects(readImage(directory), { code: 'ERR_MSGQ_IMAGE', file: directory })
    await assert.rejects(readImage(directory, { namespaceNumber: 1 }), ImageError)
    await assert.rejects(readImage(path.join(directory, 'none')), { code: 'ENOENT' })
  })

  test('readImage refuses a file that was changed, and writeImage a directory whose image it cannot read', async () => {
    await writeImage(directory, smallCheckpoint('A'))
    const file = path.join(directory, 'ipcns-msg-1.img')
    const content = fs.readFileSync(file)
    fs.writeFileSync(file, Buffer.concat([content, content.subarray(8)]))
    await assert.rejects(readImage(directory), { file: 'ipcns-msg-1.img', offset: content.length })
    fs.writeFileSync(file, content)
    fs.truncateSync(path.join(directory, 'msgq-1.ndjson'), 100)
    await assert.rejects(readImage(directory), { file: 'msgq-1.ndjson' })
    await assert.rejects(writeImage(directory, smallCheckpoint('B')), { file: 'msgq-1.ndjson' })
  })

  test('readImage reads a whole image at any moment while others are written', async () => {
    await writeImage(directory, smallCheckpoint('0'))
    let isWriting = true
    const writing = (async () => {
      for (let round = 1; round <= 30; round++) {
        await writeImage(directory, round % 3 === 0 ? emptyCheckpoint() : smallCheckpoint(`${round}`))
      }
      isWriting = false
    })()
    const seen = new Set<string>()
    while (isWriting) seen.add(await standing())
    await writing
    assert.ok(seen.size > 1, `${seen.size} images were seen`)
  })
})

describe('a crash', () => {
  const images: [old: Checkpoint, next: Checkpoint][] = [
    [smallCheckpoint('old'), smallCheckpoint('new')],
    [smallCheckpoint('old'), emptyCheckpoint()],
    [emptyCheckpoint(), smallCheckpoint('new')],
    [smallCheckpoint('same'), smallCheckpoint('same')],
  ]

  for (const [old, next] of images) {
    test(`replaceImage: at every operation it leaves ${textOf(old)} or ${textOf(next)}, which the next write replaces`, async () => {
      let isDone = false
      let at = 1
      for (; !isDone; at++) {
        fs.rmSync(directory, { recursive: true })
        await writeImage(directory, old)
        const opened = openDirectory(directory)
        const crash = new Error('crash')
        const replacing = replaceImage(failing(opened, at, crash, 'crash'), 1, imageParts(next))
        isDone =
          (await replacing.then(
            () => true,
            (error) => assert.equal(error, crash),
          )) ?? false
        assert.ok([textOf(old), textOf(next)].includes(await standing()), `after operation ${at}`)
        await writeImage(directory, smallCheckpoint('third'))
        assert.equal(await standing(), 'third')
        assert.equal(fs.readdirSync(directory).length, 3, `leftovers after operation ${at}`)
      }
      assert.ok(at > 15, `${at} operations`)
    })
  }

  test('replaceImage: in a directory without an image it leaves none or the whole one, never a part', async () => {
    const found = new Set<string>()
    for (let at = 1; at < 30; at++) {
      fs.rmSync(directory, { recursive: true })
      fs.mkdirSync(directory)
      const replacing = replaceImage(
        failing(openDirectory(directory), at, new Error('crash'), 'crash'),
        1,
        imageParts(smallCheckpoint('new')),
      )
      await replacing.catch(() => found.add('crash'))
      const read = await readImage(directory).catch((error) => {
        assert.ok(error instanceof ImageError, `${error}`)
        return error
      })
      if (!(read instanceof ImageError)) assert.deepEqual(read.missing, [], `after operation ${at}`)
      found.add(read instanceof ImageError ? (/interrupted/.test(read.message) ? 'interrupted' : 'none') : 'whole')
      await writeImage(directory, smallCheckpoint('third'))
      assert.equal(await standing(), 'third')
      assert.equal(fs.readdirSync(directory).length, 3)
    }
    assert.deepEqual([...found].sort(), ['crash', 'interrupted', 'none', 'whole'])
  })

  test("replaceImage: what an interrupted first write left does not take CRIU's files with it", async () => {
    for (let at = 1; at < 12; at++) {
      fs.rmSync(directory, { recursive: true })
      fs.mkdirSync(directory)
      const parts = imageParts(smallCheckpoint('new'), { namespaceNumber: 9 })
      const replacing = replaceImage(failing(openDirectory(directory), at, new Error('crash'), 'crash'), 9, parts)
      await assert.rejects(replacing, /crash/)
      copySamples()
      assert.equal((await readImage(directory)).checkpoint.queues.length, 2)
      await assert.rejects(writeImage(directory, smallCheckpoint('third'), { namespaceNumber: 9 }), /another program/)
      assert.equal((await readImage(directory)).checkpoint.queues.length, 2)
    }
  })

  test('readStandingImage crashes nothing: an error of the disk goes through as it is', async () => {
    await writeImage(directory, smallCheckpoint('old'))
    const error = new Error('EIO')
    await assert.rejects(readStandingImage(failing(openDirectory(directory), 2, error, 'once'), 1), error)
  })
})

describe('a full disk', () => {
  test('replaceImage: an error at any operation before the commit leaves the old image, and nothing beside it', async () => {
    let errors = 0
    for (let at = 1; at < 40; at++) {
      fs.rmSync(directory, { recursive: true })
      await writeImage(directory, smallCheckpoint('old'))
      const full = new Error('ENOSPC')
      const replacing = replaceImage(
        failing(openDirectory(directory), at, full, 'once'),
        1,
        imageParts(smallCheckpoint('new')),
      )
      const isDone = await replacing.then(
        () => true,
        (error) => {
          assert.equal(error, full)
          errors++
          return false
        },
      )
      const text = await standing()
      if (isDone) assert.equal(text, 'new')
      if (text === 'old') assert.equal(fs.readdirSync(directory).length, 3, `leftovers after operation ${at}`)
    }
    assert.ok(errors > 10, `${errors} errors`)
  })
})
