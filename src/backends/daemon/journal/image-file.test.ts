import { deepEqual, equal, rejects } from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { Random } from '../../../../test/oracle/random.ts'
import { SimulatedDisk } from '../../../../test/simulator/disk.ts'
import { watched } from '../../../../test/simulator/watched.ts'
import { encodeHeader } from './header.ts'
import { type Chunks, imageFile, imageName, inspectImage, isWholeImage, writeUnfinishedImage } from './image-file.ts'

const ID = Buffer.alloc(16, 7)
const COVERED = { sequence: 12, time: 3_456 }
const NAME = imageName(12)
const CHUNK_BYTES_MAX = 2 ** 26
const TOO_LONG = CHUNK_BYTES_MAX + 1
const HEADER_BYTES = 48

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}

/** A disk with an image of these chunks, under its name. */
async function diskWith(chunks: Chunks) {
  const disk = new SimulatedDisk(new Random(1))
  const size = await writeUnfinishedImage(disk.process(), ID, COVERED, chunks)
  await disk.process().rename(`${NAME}.new`, NAME)
  await disk.process().flushNames()
  return { disk, size, content: Buffer.from(disk.content(NAME) ?? '') }
}

async function read(disk: SimulatedDisk): Promise<string[]> {
  const image = await inspectImage(disk.process(), 12)
  const chunks: string[] = []
  for await (const chunk of image?.chunks() ?? []) chunks.push(Buffer.from(chunk).toString())
  return chunks
}

async function isWhole(disk: SimulatedDisk): Promise<boolean> {
  const image = await inspectImage(disk.process(), 12)
  return image !== undefined && isWholeImage(disk.process(), image)
}

test('writeUnfinishedImage writes header, chunks, an end and a hash, and has them on the disk', async () => {
  const { disk, size, content } = await diskWith([Buffer.from('one'), new Uint8Array(0), Buffer.from('three')])
  const header = encodeHeader('msgqimag', ID, 12, 3_456)
  const body = Buffer.concat([header, u32(3), Buffer.from('one'), u32(5), Buffer.from('three'), u32(0)])
  deepEqual(content, Buffer.concat([body, createHash('sha256').update(body).digest()]))
  equal(size, content.length)
  disk.cutPower()
  deepEqual(disk.content(NAME), content)
})

test('writeUnfinishedImage keeps what a chunk was when it came, though its owner uses it again', async () => {
  const chunk = Buffer.alloc(100_000)
  async function* chunks() {
    for (let number = 1; number <= 10; number++) {
      chunk.fill(`${number}`)
      yield chunk
    }
  }
  const { disk, size } = await diskWith(chunks())
  deepEqual(
    (await read(disk)).map((text) => [text.length, text.slice(0, 4)]),
    Array.from({ length: 10 }, (_, index) => [100_000, `${index + 1}`.repeat(4).slice(0, 4)]),
  )
  equal(size, 48 + 10 * 100_004 + 4 + 32)
})

test('writeUnfinishedImage refuses a chunk that is too long, and whatever its chunks throw', async () => {
  const disk = new SimulatedDisk(new Random(1)).process()
  await rejects(writeUnfinishedImage(disk, ID, COVERED, [{ length: TOO_LONG } as Uint8Array]), RangeError)
  const failing = (function* () {
    yield Buffer.from('one')
    throw new Error('no more')
  })()
  await disk.remove(`${NAME}.new`)
  await rejects(writeUnfinishedImage(disk, ID, COVERED, failing), /no more/)
  await disk.remove(`${NAME}.new`)
  // One of 64 MiB is not refused: it comes to be hashed, which sees that it is none.
  await rejects(writeUnfinishedImage(disk, ID, COVERED, [{ length: CHUNK_BYTES_MAX } as Uint8Array]), TypeError)
})

test('writeUnfinishedImage writes 256 KiB at a time, of however many chunks', async () => {
  const { disk, log } = watched(new SimulatedDisk(new Random(1)).process())
  const inOneWrite = 2 ** 18 - HEADER_BYTES
  // Two chunks, each behind its length, fill the first write to its last byte.
  const chunks = [inOneWrite / 2 - 4, inOneWrite / 2 - 4, 100, 2 ** 18, 7].map((length) => Buffer.alloc(length))
  await writeUnfinishedImage(disk, ID, COVERED, chunks)
  deepEqual(
    log.filter((line) => line.startsWith('write')),
    [
      `write ${NAME}.new at 0: ${2 ** 18}`,
      `write ${NAME}.new at ${2 ** 18}: ${4 + 100 + 4 + 2 ** 18}`,
      `write ${NAME}.new at ${2 ** 19 + 108}: ${4 + 7 + 4 + 32}`,
    ],
  )
})

test('an image’s file is closed again, whatever came of it', async () => {
  const { disk, openFiles } = watched((await diskWith([Buffer.from('one'), Buffer.from('two')])).disk.process())
  const { bytes } = (await inspectImage(disk, 12)) ?? assert()
  equal(openFiles(), 0, 'inspectImage')
  const image = imageFile(disk, { id: ID, ...COVERED, bytes })
  equal(await isWholeImage(disk, image), true)
  equal(openFiles(), 0, 'isWholeImage')
  for await (const _ of image.chunks()) break
  equal(openFiles(), 0, 'chunks')
  await rejects(writeUnfinishedImage(disk, ID, COVERED, [{ length: TOO_LONG } as Uint8Array]), RangeError)
  equal(openFiles(), 0, 'writeUnfinishedImage')
})

test('inspectImage and isWholeImage tell an image, and what is in it', async () => {
  const { disk, size } = await diskWith([Buffer.from('one'), Buffer.from('two')])
  const { chunks: _, ...told } = (await inspectImage(disk.process(), 12)) ?? assert()
  deepEqual(told, { name: NAME, id: ID, bytes: size, sequence: 12, time: 3_456 })
  deepEqual([await isWhole(disk), await read(disk)], [true, ['one', 'two']])
  const empty = await diskWith([])
  deepEqual([await isWhole(empty.disk), await read(empty.disk)], [true, []])
})

function assert(): never {
  throw new Error('there is no image')
}

test('inspectImage finds none under another number, nor where the header is damaged', async () => {
  const { disk, content } = await diskWith([])
  disk.put(imageName(13), content)
  equal(await inspectImage(disk.process(), 13), undefined)
  disk.put(NAME, content.subarray(0, 47))
  equal(await inspectImage(disk.process(), 12), undefined)
})

test('isWholeImage sees every changed bit, every cut, and a length beyond the end', async () => {
  const { disk, content } = await diskWith([Buffer.from('one'), Buffer.from('two')])
  for (let bit = 0; bit < content.length * 8; bit++) {
    const changed = Buffer.from(content)
    changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
    disk.put(NAME, changed)
    equal(await isWhole(disk), false, `bit ${bit}`)
  }
  for (let bytes = 0; bytes < content.length; bytes++) {
    disk.put(NAME, content.subarray(0, bytes))
    equal(await isWhole(disk), false, `cut to ${bytes}`)
  }
  disk.put(NAME, content)
  equal(await isWhole(disk), true)
})

test('chunks of an image that has changed since it was whole end in an error', async () => {
  const { disk, content, size } = await diskWith([Buffer.from('one'), Buffer.from('two')])
  const image = imageFile(disk.process(), { id: ID, ...COVERED, bytes: size })
  const chunks = image.chunks()
  equal(Buffer.from((await chunks.next()).value ?? []).toString(), 'one')
  content.writeUInt32LE(2 ** 20, 48 + 7)
  disk.put(NAME, content)
  const after = image.chunks()
  await after.next()
  await rejects(after.next(), /image-0000000000000012 has changed while it was read/)
})

test('chunks of an image that is cut short are those before the cut, and then an error', async () => {
  const { disk, content } = await diskWith([Buffer.from('one'), Buffer.from('two')])
  const chunksIn = async (bytes: number) => {
    disk.put(NAME, content.subarray(0, bytes))
    const seen: string[] = []
    try {
      for await (const chunk of imageFile(disk.process(), { id: ID, ...COVERED, bytes }).chunks()) {
        seen.push(Buffer.from(chunk).toString())
      }
    } catch {
      seen.push('an error')
    }
    return seen
  }
  const one = HEADER_BYTES + 4 + 3
  const end = one + 4 + 3 + 4
  deepEqual(await chunksIn(one - 1), ['an error'])
  deepEqual(await chunksIn(one), ['one', 'an error'])
  deepEqual(await chunksIn(one + 4), ['one', 'an error'])
  deepEqual(await chunksIn(end - 1), ['one', 'two', 'an error'])
  deepEqual(await chunksIn(end), ['one', 'two'], 'their end is marked: the hash behind it was looked at before')
})

test('chunks of an image are held in memory one by one, and none of more than 64 MiB', async () => {
  const { disk, content } = await diskWith([])
  const process = watched(disk.process())
  const image = imageFile(process.disk, { id: ID, ...COVERED, bytes: 2 ** 30 })
  const said = (length: number) => disk.put(NAME, Buffer.concat([content.subarray(0, HEADER_BYTES), u32(length)]))
  said(TOO_LONG)
  await rejects(image.chunks().next(), /has changed/)
  deepEqual(process.log, [`open ${NAME}`, `read ${NAME} at ${HEADER_BYTES}: 4`, `close ${NAME}`])
  said(CHUNK_BYTES_MAX)
  equal((await image.chunks().next()).value?.length, CHUNK_BYTES_MAX)
})
