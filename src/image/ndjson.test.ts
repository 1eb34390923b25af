import assert from 'node:assert/strict'
import fs from 'node:fs'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { arbitraryCheckpoint, bytes, goldenCheckpoint, unpacked } from '../../test/golden/checkpoints.ts'
import { type Image, ImageError, imageAsNdjson, LINUX_VARIABLES, NdjsonDecoder } from './index.ts'

const GOLDEN = new URL('../../../test/golden/ndjson-1/golden.ndjson', import.meta.url)

function ndjson(checkpoint: Image['checkpoint']): Uint8Array {
  const image = { checkpoint, missing: [], namespaceNumber: 3, variables: LINUX_VARIABLES }
  // Each chunk is good until the next but one.
  return Buffer.concat(Array.from(imageAsNdjson(image), (chunk) => chunk.slice()))
}

/** The golden image without its long messages. */
function smallFile(): Uint8Array {
  const { queues, ...rest } = goldenCheckpoint()
  const short = queues.map((queue) => ({ ...queue, messages: [...queue.messages].slice(0, 2) }))
  return ndjson({ ...rest, queues: short })
}

/** Reads a file in pieces of a size. */
function decode(file: Uint8Array, pieceBytes = file.length): Image {
  const decoder = new NdjsonDecoder('image.ndjson')
  for (let start = 0; start < file.length; start += pieceBytes) {
    // What was fed may be overwritten.
    const piece = file.slice(start, start + pieceBytes)
    decoder.feed(piece)
    piece.fill(0)
  }
  return decoder.end()
}

/** The error's place and words. */
function refused(file: Uint8Array): ImageError {
  try {
    decode(file)
  } catch (error) {
    if (error instanceof ImageError) return error
    throw error
  }
  return assert.fail('the file was taken')
}

/** The golden image, edited, and its hash left out as its editor must. */
function edited(edit: (text: string) => string): Uint8Array {
  const lines = fs.readFileSync(GOLDEN, 'utf8').trimEnd().split('\n')
  return bytes(`${edit(lines.slice(0, -1).join('\n'))}\n{"end":true}\n`)
}

describe('imageAsNdjson and NdjsonDecoder', () => {
  test('imageAsNdjson writes the golden file, and NdjsonDecoder reads it: everything is as it was', () => {
    const golden = Uint8Array.from(fs.readFileSync(GOLDEN))
    assert.deepEqual(Uint8Array.from(ndjson(goldenCheckpoint())), golden)
    const { checkpoint, missing, namespaceNumber, variables } = decode(golden)
    assert.deepEqual(unpacked(checkpoint), goldenCheckpoint())
    assert.deepEqual([missing, namespaceNumber, variables], [[], 3, LINUX_VARIABLES])
  })

  test('NdjsonDecoder gives back every checkpoint, in whatever pieces it comes', () => {
    fc.assert(
      fc.property(arbitraryCheckpoint, fc.integer({ min: 1, max: 10_000 }), (checkpoint, pieceBytes) => {
        assert.deepEqual(unpacked(decode(ndjson(checkpoint), pieceBytes).checkpoint), unpacked(checkpoint))
      }),
      { numRuns: 100 },
    )
  })

  test('imageAsNdjson loses no byte of a payload that is text, or nearly', () => {
    const [queue] = goldenCheckpoint().queues
    assert.ok(queue !== undefined)
    const { lastSequence: _, ...rest } = queue
    const payloads = ['\ufeffhello', '\ufeff', 'a\ufeff', '\ufffd', '\u0000', ''].map(bytes)
    const messages = [...payloads, Uint8Array.of(0xff), Uint8Array.of(0xef, 0xbb)].map((mtext) => ({ mtype: 1, mtext }))
    const [read] = decode(ndjson({ ...goldenCheckpoint(), queues: [{ ...rest, messages }], waiting: [] })).checkpoint
      .queues
    assert.deepEqual([...(read?.messages ?? [])], messages)
  })

  test('imageAsNdjson gives a chunk as soon as it is full, and the hash by itself', () => {
    const [queue] = goldenCheckpoint().queues
    assert.ok(queue !== undefined)
    const chunksOf = (...sizes: readonly number[]) => {
      const messages = sizes.map((size) => ({ mtype: 1, mtext: new Uint8Array(size).fill(0x61) }))
      const checkpoint = { ...goldenCheckpoint(), queues: [{ ...queue, messages }], waiting: [] }
      return Array.from(
        imageAsNdjson({ checkpoint, missing: [], namespaceNumber: 3, variables: LINUX_VARIABLES }),
        ({ length }) => length,
      )
    }
    const CHUNK = 2 ** 20
    const hash = '{"sha256":""}\n'.length + 64
    // The number of messages has one digit, however many they are here.
    const [head = 0, ...rest] = chunksOf(0, 0)
    assert.deepEqual(rest, [hash])
    const line = '{"type":1,"encoding":"utf-8","payload":""}\n'.length
    const full = CHUNK - (head - line)
    assert.deepEqual(chunksOf(full, 7), [CHUNK, line + 7, hash])
    assert.deepEqual(chunksOf(full - 1, 7), [CHUNK - 1 + line + 7, hash])
  })

  test('imageAsNdjson writes text as it is, and in base64 what is none or would drive a terminal', () => {
    const texts = ['hello', 'grüße 東京\n\t"', '\u001b[31m', '\u009b31m', '\u202egnp.exe', '\u2028']
    const messages = texts.map((text) => ({ mtype: 1, mtext: bytes(text) }))
    const [queue] = goldenCheckpoint().queues
    assert.ok(queue !== undefined)
    const { lastSequence: _, ...rest } = queue
    const file = ndjson({ ...goldenCheckpoint(), queues: [{ ...rest, messages }] })
    const lines = new TextDecoder()
      .decode(file)
      .split('\n')
      .slice(2, 2 + texts.length)
    assert.deepEqual(
      lines.map((line) => JSON.parse(line).encoding),
      ['utf-8', 'utf-8', 'utf-8', 'base64', 'base64', 'base64'],
    )
    assert.ok(!/\p{Cc}/u.test(lines.join('')))
  })

  test('NdjsonDecoder refuses a file cut at any byte, and names the place', () => {
    const file = smallFile()
    for (let length = 0; length < file.length; length++) {
      const error = refused(file.subarray(0, length))
      assert.equal(error.file, 'image.ndjson')
      assert.ok((error.offset ?? Number.POSITIVE_INFINITY) <= length, `cut to ${length}: ${error.message}`)
    }
  })

  test('NdjsonDecoder refuses a file with any bit flipped', () => {
    const file = smallFile()
    for (let bit = 0; bit < file.length * 8; bit++) {
      const flipped = Uint8Array.from(file)
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      refused(flipped)
    }
  })

  test('NdjsonDecoder takes an edited file whose last line is {"end":true}', () => {
    const file = edited((text) => text.replace('"hello"', '"goodbye"'))
    const [queue] = decode(file).checkpoint.queues
    assert.deepEqual([...(queue?.messages ?? [])][0]?.mtext, bytes('goodbye'))
  })

  const edits: readonly (readonly [what: string, edit: (text: string) => string, expected: RegExp])[] = [
    ['another kind of file', () => '{"a":1}', /a header of msgq ndjson/],
    ['a newer version', (text) => text.replace('"version":1', '"version":2'), /version 1 or older/],
    ['a member of another name', (text) => text.replace('"rtime"', '"rtimes"'), /no member of line.queue but .*rtime/],
    ['fewer messages than it says', (text) => text.replace('"messages":4', '"messages":5'), /5 messages before it/],
    [
      'more messages than it says',
      (text) => text.replace('"messages":4', '"messages":3'),
      /no more messages than the 3/,
    ],
    ['more queues than it says', (text) => text.replace('"queues":2', '"queues":1'), /1 queues and 4 waiting calls/],
    ['a queue twice', (text) => text.replace('"msqid":2,', '"msqid":229376,'), /each queue once/],
    ['sequence numbers that fall', (text) => text.replace('"sequence":3', '"sequence":1'), /sequence must rise/],
    ['a lastSequence below', (text) => text.replace('"lastSequence":9', '"lastSequence":8'), /to be at least 9/],
    ['a type of no message', (text) => text.replace('"type":7', '"type":0'), /a type from 1 to/],
    ['a key of no C int', (text) => text.replace('"key":0', '"key":4294967295'), /line.queue.key/],
    ['what is no JSON', (text) => text.replace('"payload":"hello"', '"payload":hello'), /a line of JSON/],
    ['what follows the end', (text) => `${text}\n{"end":true}`, /the end of the file/],
    ['an end that is none', (text) => `${text}\n{"end":false}`, /line.end to be true/],
  ]
  for (const [what, edit, expected] of edits) {
    test(`NdjsonDecoder refuses ${what}`, () => assert.match(refused(edited(edit)).message, expected))
  }
})
