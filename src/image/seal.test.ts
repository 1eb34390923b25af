import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isSame, sealOf, sha256 } from './seal.ts'

test('sha256 is in lower-case hexadecimal, every digit of it', async () => {
  const abc = new TextEncoder().encode('abc')
  const ofAbc = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'
  assert.equal(await sha256(abc), ofAbc)
  assert.deepEqual(await sealOf(abc), { sizeBytes: 3, sha256: ofAbc })
})

test('isSame wants both the same: how long a file is and its hash', () => {
  const seal = { sizeBytes: 5, sha256: 'aa' }
  assert.equal(isSame(seal, { ...seal }), true)
  assert.equal(isSame(seal, { ...seal, sizeBytes: 6 }), false)
  assert.equal(isSame(seal, { ...seal, sha256: 'ab' }), false)
  assert.equal(isSame(seal, { sizeBytes: 6, sha256: 'ab' }), false)
})
