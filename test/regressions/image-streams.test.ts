import { equal, ok, rejects } from 'node:assert/strict'
import { test } from 'node:test'
import { critJsonAsImage, ImageError, NdjsonDecoder, readImageStream } from '../../src/image/index.ts'

/** What it takes when all of what may come is searched with each piece: more than twenty times as much. */
const SEARCH_MS_MAX = 2_000

// Found by tests for mutants: the room behind what had come was searched too, with every piece of a line, for minutes.
test('NdjsonDecoder reads a long line in short pieces about as fast as its bytes come', () => {
  const decoder = new NdjsonDecoder('long.ndjson')
  const piece = new Uint8Array(512).fill(0x20)
  const before = process.cpuUsage()
  for (let bytes = 0; bytes < 2 ** 24; bytes += piece.length) {
    decoder.feed(piece)
    const { user, system } = process.cpuUsage(before)
    ok((user + system) / 1_000 < SEARCH_MS_MAX, `${bytes} bytes in ${(user + system) / 1_000} ms`)
  }
})

// Found by tests for mutants: a file that was refused by its first kilobyte stayed open.
test('readImageStream ends its source, wherever in it the image is refused', async () => {
  for (const good of [0, 1, 2_000]) {
    let ended = false
    let pieces = 0
    async function* source() {
      try {
        yield Uint8Array.of(0x7b)
        for (; pieces < good; pieces++) yield new Uint8Array(100).fill(0x20)
        for (;;) yield new TextEncoder().encode('no JSON\n'.repeat(200))
      } finally {
        ended = true
      }
    }
    await rejects(readImageStream('bad', source()), { code: 'ERR_MSGQ_IMAGE' })
    equal(ended, true, `${good} good pieces`)
  }
})

// Found by tests for mutants: where Node did not tell the place, the error named the end of the file.
test('critJsonAsImage names no byte of what is no JSON where it does not know which', () => {
  for (const text of ['', '{"magic": IPC}']) {
    let found: unknown
    try {
      critJsonAsImage(text)
    } catch (error) {
      found = error
    }
    ok(found instanceof ImageError)
    equal(found.offset, undefined)
  }
})
