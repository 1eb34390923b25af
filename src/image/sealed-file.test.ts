import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import fs from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { after, afterEach, before, beforeEach, describe, test } from 'node:test'
import { CHUNK_BYTES, IMAGE_FILE_BYTES_MAX } from './byte-writer.ts'
import { type FileDecoder, WholeFile } from './chunk-reader.ts'
import { ImageError } from './errors.ts'
import { NOTHING } from './image-assembly.ts'
import { readSealed, writeSealed } from './sealed-file.ts'

let folder = ''
let place = ''
let file: FileHandle

before(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'msgq-sealed-'))
  place = path.join(folder, 'a-file')
})

after(() => fs.rmSync(folder, { recursive: true }))

beforeEach(async () => {
  file = await fs.promises.open(place, 'w+')
})

afterEach(() => file.close())

const sha256 = (...chunks: readonly Uint8Array[]) => createHash('sha256').update(Buffer.concat(chunks)).digest('hex')

describe('writeSealed', () => {
  test('writeSealed writes one chunk behind the other, whatever the disk takes at a time, and says what it wrote', async () => {
    const chunks = [5, 0, 3_000, 1].map((length, index) => new Uint8Array(length).fill(index + 1))
    const write = file.write.bind(file)
    const few = (bytes: Uint8Array, from: number, length: number, position: number) =>
      write(bytes, from, Math.min(length, 700), position)
    Object.assign(file, { write: few })
    const sizeBytes = 3_006
    assert.deepEqual(await writeSealed(file, chunks, 0), { sizeBytes, sha256: sha256(...chunks) })
    assert.deepEqual(fs.readFileSync(place), Buffer.concat(chunks))
  })

  test('writeSealed sends what was written to the disk after every eight chunks, while the rest is made', async () => {
    const flushedAt: number[] = []
    const { datasync } = file
    let made = 0
    file.datasync = () => {
      flushedAt.push(made)
      return datasync.call(file)
    }
    const chunk = new Uint8Array(CHUNK_BYTES)
    const chunks = function* () {
      for (; made < 18; made++) yield chunk
    }
    const { sizeBytes } = await writeSealed(file, chunks(), 0)
    assert.equal(sizeBytes, 18 * CHUNK_BYTES)
    // Counted before the chunk is written that is at hand: eight are, and sixteen.
    assert.deepEqual(flushedAt, [8, 16])
  })

  test('writeSealed fails as a write, a flush or the making of a chunk does', async () => {
    const failing = (name: 'write' | 'sync' | 'datasync') => {
      const error = new Error(name)
      Object.assign(file, { [name]: () => Promise.reject(error) })
      return error
    }
    const chunk = new Uint8Array(CHUNK_BYTES)
    const flushing = failing('datasync')
    await assert.rejects(writeSealed(file, Array(9).fill(chunk), 0), flushing)
    await writeSealed(file, Array(8).fill(chunk), 0)
    const making = new Error('making')
    const chunks = function* () {
      yield chunk
      throw making
    }
    await assert.rejects(writeSealed(file, chunks(), 0), making)
    const syncing = failing('sync')
    await assert.rejects(writeSealed(file, [chunk], 0), syncing)
    const writing = failing('write')
    await assert.rejects(writeSealed(file, [chunk], 0), writing)
    await assert.rejects(writeSealed(file, [chunk, chunk], 0), writing)
  })

  test('writeSealed that fails is over when its writes and flushes are: its file may be closed', async () => {
    const write = later(file.write.bind(file) as (...args: unknown[]) => Promise<unknown>)
    const flush = later(file.datasync.bind(file))
    Object.assign(file, { write: write.delayed, datasync: flush.delayed })
    const making = new Error('making')
    const chunks = function* () {
      for (let count = 0; count < 9; count++) yield new Uint8Array(CHUNK_BYTES)
      throw making
    }
    await assert.rejects(writeSealed(file, chunks(), 0), making)
    assert.deepEqual(
      [write.state, flush.state],
      [
        { begun: 9, ended: 9 },
        { begun: 1, ended: 1 },
      ],
    )
  })
})

/** Does something later than whoever waits for nothing else goes on, and says whether it was done. */
function later<Args extends readonly unknown[], Done>(work: (...args: Args) => Promise<Done>) {
  const state = { begun: 0, ended: 0 }
  const delayed = async (...args: Args): Promise<Done> => {
    state.begun++
    await new Promise(setImmediate)
    const done = await work(...args)
    state.ended++
    return done
  }
  return { state, delayed }
}

describe('readSealed', () => {
  test('readSealed gives what the decoder makes of the file, and what the file is known by', async () => {
    for (const sizeBytes of [0, 10, CHUNK_BYTES, CHUNK_BYTES + 5]) {
      const content = Uint8Array.from({ length: sizeBytes }, (_, index) => index * 7)
      await file.truncate()
      await file.write(content, 0, sizeBytes, 0)
      const { seal, result } = await readSealed(file, 'a-file', new WholeFile('a-file'))
      assert.deepEqual(seal, { sizeBytes, sha256: sha256(content) })
      assert.deepEqual(Buffer.from(result()), Buffer.from(content))
    }
  })

  test('readSealed reads to its end what the decoder refuses, and tells of the refusal when asked for the result', async () => {
    const content = new Uint8Array(3 * CHUNK_BYTES).fill(7)
    await file.write(content)
    const refused = new ImageError('a-file', 'something else')
    let fed = 0
    const refusing: FileDecoder<void> = {
      feed: () => {
        fed++
        throw refused
      },
      end: () => assert.fail('what was refused has no end'),
    }
    const { seal, result } = await readSealed(file, 'a-file', refusing)
    assert.deepEqual(seal, { sizeBytes: content.length, sha256: sha256(content) })
    assert.throws(result, (error) => error === refused)
    assert.equal(fed, 1, 'it is not asked again')
  })

  test('readSealed fails at once when the decoder has another error than a refusal, or the disk has', async () => {
    await file.write(new Uint8Array(10))
    const wrong = new Error('wrong')
    const feed = () => {
      throw wrong
    }
    const failing: FileDecoder<void> = { ...NOTHING, feed }
    await assert.rejects(readSealed(file, 'a-file', failing), wrong)
    Object.assign(file, { read: () => Promise.reject(wrong) })
    await assert.rejects(readSealed(file, 'a-file', NOTHING), wrong)
  })

  test('readSealed that fails is over when its reads are: its file may be closed', async () => {
    await file.write(new Uint8Array(10))
    const read = later(file.read.bind(file) as (...args: unknown[]) => Promise<unknown>)
    Object.assign(file, { read: read.delayed })
    const wrong = new Error('wrong')
    const feed = () => {
      throw wrong
    }
    await assert.rejects(readSealed(file, 'a-file', { ...NOTHING, feed }), wrong)
    assert.deepEqual(read.state, { begun: 2, ended: 2 })
  })

  test('readSealed reads a file of a byte less than 2 GiB', async () => {
    await file.truncate(IMAGE_FILE_BYTES_MAX)
    const begun = new Error('it was read')
    Object.assign(file, { read: () => Promise.reject(begun) })
    await assert.rejects(readSealed(file, 'a-file', NOTHING), begun)
  })

  test('readSealed refuses a file of 2 GiB before it reads any of it', async () => {
    await file.truncate(IMAGE_FILE_BYTES_MAX + 1)
    Object.assign(file, { read: () => assert.fail('it was read') })
    await assert.rejects(readSealed(file, 'a-file', NOTHING), {
      name: 'ImageError',
      file: 'a-file',
      expected: 'at most 2147483647 bytes',
      message: /found 2147483648$/,
    })
  })
})
