import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isSame, sealOf, sha256 } from './seal.ts'

test('sha256 is in lower-case hexadecimal, every digit of it', async () => {
  const ofNothing = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
  assert.equal(await sha256(new Uint8Array(0)), ofNothing)
  assert.deepEqual(await sealOf(new Uint8Array(0)), { sizeBytes: 0, sha256: ofNothing })
})

test('isSame wants both the same: how long a file is and its hash', () => {
  const seal = { sizeBytes: 5, sha256: 'aa' }
  assert.equal(isSame(seal, { ...seal }), true)
  assert.equal(isSame(seal, { ...seal, sizeBytes: 6 }), false)
  assert.equal(isSame(seal, { ...seal, sha256: 'ab' }), false)
  assert.equal(isSame(seal, { sizeBytes: 6, sha256: 'ab' }), false)
})
