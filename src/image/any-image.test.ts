import assert from 'node:assert/strict'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, before, describe, test } from 'node:test'
import { bytes, goldenCheckpoint, unpacked } from '../../test/golden/checkpoints.ts'
import {
  critJsonOf,
  decodeImage,
  encodeImage,
  type Image,
  ImageError,
  type ImageFiles,
  imageAsNdjson,
  imageKindAt,
  readImageAt,
  readImageBytes,
  readImageStream,
} from './index.ts'

let folder = ''
/** One image in everything that it can be kept in, and what is read of each. */
const kept: { kind: string; name: string; content: Uint8Array; image: Image }[] = []
let files: ImageFiles = new Map()

before(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'msgq-any-'))
  files = await encodeImage(goldenCheckpoint())
  const whole = await decodeImage(files)
  const msg = files.get('ipcns-msg-1.img') ?? new Uint8Array(0)
  const variables = files.get('ipcns-var-1.img') ?? new Uint8Array(0)
  const queuesAlone = await decodeImage(new Map([['ipcns-msg-1.img', msg]]))
  const variablesAlone = await decodeImage(new Map([['ipcns-var-1.img', variables]]))
  kept.push(
    { kind: 'ipcns-msg', name: 'queues', content: msg, image: queuesAlone },
    { kind: 'ipcns-var', name: 'variables', content: variables, image: variablesAlone },
    { kind: 'crit', name: 'queues.json', content: bytes(critJsonOf(msg)), image: queuesAlone },
    { kind: 'crit', name: 'variables.json', content: bytes(critJsonOf(variables)), image: variablesAlone },
    { kind: 'ndjson', name: 'whole.ndjson', content: Buffer.concat([...imageAsNdjson(whole)]), image: whole },
  )
  for (const { name, content } of kept) fs.writeFileSync(path.join(folder, name), content)
  fs.mkdirSync(path.join(folder, 'directory'))
  for (const [name, content] of files) fs.writeFileSync(path.join(folder, 'directory', name), content)
})

after(() => fs.rmSync(folder, { recursive: true }))

function assertSame(read: Image, wanted: Image): void {
  assert.deepEqual(
    { ...read, checkpoint: unpacked(read.checkpoint) },
    { ...wanted, checkpoint: unpacked(wanted.checkpoint) },
  )
}

const openFiles = () => fs.readdirSync('/proc/self/fd').length

describe('imageKindAt', () => {
  test('imageKindAt tells by its first bytes what an image is kept in', async () => {
    for (const { kind, name } of kept) assert.equal(await imageKindAt(path.join(folder, name)), kind, name)
    assert.equal(await imageKindAt(path.join(folder, 'directory')), 'directory')
    await assert.rejects(imageKindAt(path.join(folder, 'nothing')), { code: 'ENOENT' })
  })

  test('imageKindAt takes JSON for crit’s when its first kilobyte has a magic', async () => {
    const place = path.join(folder, 'some.json')
    for (const [text, kind] of [
      ['{"magic":1', 'crit'],
      ['{\n  "magic" \n : ""', 'crit'],
      [`{${' '.repeat(1_014)}"magic":`, 'crit'],
      [`{${' '.repeat(1_016)}"magic":`, 'ndjson'],
      ['{"magic"', 'ndjson'],
      ['{', 'ndjson'],
      [' {"magic":', 'ipcns-var'],
      ['', 'ipcns-var'],
    ] as const) {
      fs.writeFileSync(place, text)
      assert.equal(await imageKindAt(place), kind, text.trim())
    }
  })
})

describe('readImageAt', () => {
  test('readImageAt reads an image from a file of each kind, and from a directory', async () => {
    for (const { name, image } of kept) assertSame(await readImageAt(path.join(folder, name)), image)
    assertSame(await readImageAt(path.join(folder, 'directory')), await decodeImage(files))
  })

  test('readImageAt names the file that it refuses, and leaves none open', async () => {
    const before = openFiles()
    for (const { name, content } of kept) {
      const place = path.join(folder, `cut ${name}`)
      fs.writeFileSync(place, content.slice(0, -5))
      await assert.rejects(readImageAt(place), (error) => error instanceof ImageError && error.file === `cut ${name}`)
    }
    assert.equal(openFiles(), before)
  })
})

describe('readImageBytes', () => {
  test('readImageBytes reads one file of each kind, or all of a directory', async () => {
    for (const { name, content, image } of kept) assertSame(await readImageBytes(new Map([[name, content]])), image)
    assertSame(await readImageBytes(files), await decodeImage(files))
    await assert.rejects(readImageBytes(new Map()), { code: 'ERR_MSGQ_IMAGE', file: 'image' })
  })
})

describe('readImageStream', () => {
  test('readImageStream reads each kind of file, in whatever pieces it comes', async () => {
    for (const { name, content, image } of kept) {
      for (const pieceBytes of [61, 1_023, 1_024, 1_025, content.length]) {
        const pieces = function* () {
          for (let at = 0; at < content.length; at += pieceBytes) yield content.slice(at, at + pieceBytes)
        }
        assertSame(await readImageStream(name, pieces()), image)
      }
    }
  })

  test('readImageStream refuses what ends too early, and names it', async () => {
    for (const { name, content } of kept) {
      const cut = readImageStream(name, [content.slice(0, 40), content.slice(40, -5)])
      await assert.rejects(cut, (error) => error instanceof ImageError && error.file === name)
    }
    await assert.rejects(readImageStream('none', []), { file: 'none', offset: 0 })
  })

  test('readImageStream reads nothing more once it has refused, and tells its source so', async () => {
    let asked = 0
    let ended = false
    async function* pieces() {
      try {
        for (;;) {
          asked++
          yield bytes('{\n'.padEnd(1_024))
        }
      } finally {
        ended = true
      }
    }
    await assert.rejects(readImageStream('endless', pieces()), { file: 'endless' })
    assert.equal(asked, 1, 'the first piece says enough')
    assert.ok(ended)
  })
})
