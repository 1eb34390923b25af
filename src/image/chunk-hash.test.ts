import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, test } from 'node:test'
import { CHUNK_BYTES } from './byte-writer.ts'
import { type ChunkHash, chunkHash } from './chunk-hash.ts'
import { HashThread } from './hash-thread.ts'

/** More than a thread has buffers for, and a rest. */
const LONG_BYTES = 40 * CHUNK_BYTES + 7

function pattern(sizeBytes: number): Uint8Array {
  return Uint8Array.from({ length: sizeBytes }, (_, index) => (index * 31 + (index >>> 16)) & 0xff)
}

async function digestOf(hash: ChunkHash, work: () => Promise<void>): Promise<string> {
  try {
    await work()
    return await hash.digest()
  } finally {
    hash.close()
  }
}

test('chunkHash starts a thread for a long file alone, and lends buffers no longer than a chunk or the file', async () => {
  for (const [sizeBytes, length, isThread] of [
    [0, 1, false],
    [1_000, 1_000, false],
    [CHUNK_BYTES + 1, CHUNK_BYTES, false],
    [16 * CHUNK_BYTES - 1, CHUNK_BYTES, false],
    [16 * CHUNK_BYTES, CHUNK_BYTES, true],
  ] as const) {
    const hash = chunkHash(sizeBytes)
    try {
      assert.deepEqual([(await hash.lend()).length, hash instanceof HashThread], [length, isThread], `${sizeBytes}`)
    } finally {
      hash.close()
    }
  }
})

test('chunkHash lends two buffers in turn for a file that it hashes here', async () => {
  const hash = chunkHash(10)
  const lent = new Set([await hash.lend(), await hash.lend(), await hash.lend(), await hash.lend()])
  assert.equal(lent.size, 2)
})

for (const [what, sizeBytes] of [
  ['a short file, hashed here', 1000],
  ['a long file, hashed on a thread', LONG_BYTES],
] as const) {
  describe(`chunkHash of ${what}`, () => {
    const whole = pattern(sizeBytes)
    const expected = createHash('sha256').update(whole).digest('hex')

    test('add hashes bytes that change as soon as it returns, in pieces of any length', async () => {
      const hash = chunkHash(sizeBytes)
      const piece = new Uint8Array(3 * CHUNK_BYTES)
      const digest = await digestOf(hash, async () => {
        for (let start = 0; start < whole.length; start += piece.length) {
          const part = whole.subarray(start, start + piece.length)
          piece.set(part)
          await hash.add(piece.subarray(0, part.length))
          piece.fill(0)
        }
      })
      assert.equal(digest, expected)
    })

    test('addLent hashes what is in lent buffers, one of which is filled meanwhile', async () => {
      const hash = chunkHash(sizeBytes)
      const digest = await digestOf(hash, async () => {
        let buffer = await hash.lend()
        for (let start = 0; start < whole.length; ) {
          const part = whole.subarray(start, start + buffer.length)
          buffer.set(part)
          const chunk = buffer.subarray(0, part.length)
          start += part.length
          buffer = await hash.lend()
          buffer.fill(0xff)
          hash.addLent(chunk)
        }
      })
      assert.equal(digest, expected)
    })
  })
}
