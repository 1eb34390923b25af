import assert from 'node:assert/strict'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, before, describe, test } from 'node:test'
import fc from 'fast-check'
import { arbitraryCheckpoint, smallCheckpoint, unpacked } from '../../test/golden/checkpoints.ts'
import type { Checkpoint, CheckpointMessage } from '../engine/index.ts'
import { CHUNK_BYTES } from './byte-writer.ts'
import { ImageAssembly } from './image-assembly.ts'
import { encodeImage, ImageError, readImage, writeImage } from './index.ts'
import { readMsgqFile } from './msgq-file.ts'

/** Files are written and read in chunks: what lies across the border of two must be as if there was none. */

let folder = ''

before(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'msgq-chunks-'))
})

after(() => fs.rmSync(folder, { recursive: true }))

/** One queue of these messages. */
function checkpointOf(messages: readonly CheckpointMessage[]): Checkpoint {
  const checkpoint = smallCheckpoint('')
  return { ...checkpoint, queues: checkpoint.queues.map((queue) => ({ ...queue, messages })) }
}

/** Messages whose payloads tell where they are from. */
function* numbered(sizes: Iterable<number>): Generator<CheckpointMessage> {
  let sequence = 0
  for (const sizeBytes of sizes) {
    sequence++
    const mtext = Uint8Array.from({ length: sizeBytes }, (_, index) => (sequence * 7 + index) & 0xff)
    yield { mtype: (sequence % 300) + 1, mtext, sequence, sender: { pid: 1, uid: 2 }, time: sequence }
  }
}

/** Messages of which thousands tell the same but for their sequence numbers; some tell nothing. */
function* alike(count: number): Generator<CheckpointMessage> {
  for (let index = 0; index < count; index++) {
    const message = { mtype: 1 + (index % 3), mtext: new Uint8Array(index % 70).fill(index) }
    const told = { sequence: index * 3 + 1, sender: { pid: 1 + Math.floor(index / 7_000), uid: 2 }, time: 5 }
    yield index % 9_000 < 8_000 ? { ...message, ...told } : message
  }
}

describe('IpcnsMsgDecoder', () => {
  test('reads every checkpoint, in whatever pieces its file comes', async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryCheckpoint, fc.integer({ min: 1, max: 300 }), async (checkpoint, pieceBytes) => {
        const files = await encodeImage(checkpoint)
        const msgq = await readMsgqFile('msgq-1.ndjson', files.get('msgq-1.ndjson') ?? new Uint8Array())
        const assembly = new ImageAssembly(1, msgq)
        for (const [name, file] of files) {
          const decoder = assembly.decoder(name)
          for (let start = 0; start < file.length; start += pieceBytes) {
            const piece = file.slice(start, start + pieceBytes)
            decoder.feed(piece)
            // The next chunk comes into the same buffer.
            piece.fill(0xff)
          }
          decoder.end()
        }
        assert.deepEqual(unpacked(assembly.image().checkpoint), unpacked(checkpoint))
      }),
      { numRuns: 100 },
    )
  })
})

describe('writeImage and readImage of more than a chunk', () => {
  const layouts: readonly (readonly [what: string, messages: Iterable<CheckpointMessage>])[] = [
    ['a message of several chunks between short ones', numbered([3, CHUNK_BYTES * 3 + 5, 0, 1])],
    // One record more or less of 8 bytes moves every part of a record over the border once.
    ...Array.from({ length: 12 }, (_, shift): readonly [string, Iterable<CheckpointMessage>] => [
      `a border ${shift * 4} bytes on`,
      numbered([
        ...Array<number>(shift).fill(0),
        CHUNK_BYTES - 200 + shift * 4,
        ...Array.from({ length: 40 }, (_, size) => size),
      ]),
    ]),
    ['messages of all short sizes', numbered(Array.from({ length: 60_000 }, (_, index) => index % 64))],
    ['thousands of messages that tell alike', alike(60_000)],
  ]
  for (const [what, messages] of layouts) {
    test(`readImage gives back ${what}`, async () => {
      const checkpoint = checkpointOf([...messages])
      const directory = path.join(folder, what.replaceAll(' ', '-'))
      await writeImage(directory, checkpoint)
      const { queues } = (await readImage(directory)).checkpoint
      const [written, read] = [checkpoint.queues[0]?.messages ?? [], [...(queues[0]?.messages ?? [])]]
      assert.equal(read.length, written.length)
      assert.equal(queues[0]?.messages.length, written.length)
      for (const [index, message] of [...written].entries()) assert.deepEqual(read[index], message)
    })
  }

  test('readImage refuses a file cut or changed at a border, and names the file, with our file and without', async () => {
    const directory = path.join(folder, 'damaged')
    await writeImage(directory, checkpointOf([...numbered(Array<number>(29_500).fill(64))]))
    const file = path.join(directory, 'ipcns-msg-1.img')
    const content = Uint8Array.from(fs.readFileSync(file))
    assert.ok(content.length > 2 * CHUNK_BYTES + 100)
    const damaged: Uint8Array[] = []
    for (const border of [CHUNK_BYTES, 2 * CHUNK_BYTES]) {
      for (let at = border - 12; at < border + 12; at++) {
        damaged.push(content.slice(0, at))
        const flipped = content.slice()
        flipped[at] = (flipped[at] ?? 0) ^ 0x80
        damaged.push(flipped)
      }
    }
    for (const bytes of damaged) {
      fs.writeFileSync(file, bytes)
      await assert.rejects(
        readImage(directory),
        (error) => error instanceof ImageError && error.file === path.basename(file),
      )
    }
    // CRIU's format has no checksum: a cut is seen, a changed payload is not.
    fs.rmSync(path.join(directory, 'msgq-1.ndjson'))
    for (const bytes of damaged.filter(({ length }) => length < content.length)) {
      fs.writeFileSync(file, bytes)
      await assert.rejects(readImage(directory), (error) => {
        assert.ok(error instanceof ImageError, `${error}`)
        assert.equal(error.file, path.basename(file))
        assert.ok((error.offset ?? Number.POSITIVE_INFINITY) <= bytes.length, error.message)
        return true
      })
    }
  })
})
