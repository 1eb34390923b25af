import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type JournalOptions, RECORD_BYTES_MAX, settle } from './options.ts'

test('settle fills in what was left out', () => {
  const { onNotice, onDurable, onProgress, ...rest } = settle({})
  assert.deepEqual(rest, {
    durability: 'fsync',
    intervalMs: 100,
    segmentBytes: 16 * 2 ** 20,
    reserveBytes: 2 ** 20,
    retain: {},
    acceptLoss: false,
  })
  assert.equal(onNotice({ kind: 'torn-tail', message: '' }), undefined)
  assert.equal(onDurable(1), undefined)
  assert.equal(onProgress({ bytes: 1, totalBytes: 2 }), undefined)
  const given = { durability: 'none', intervalMs: 5, retain: { ms: 1 }, acceptLoss: true } as const
  const { durability, intervalMs, retain, acceptLoss } = settle(given)
  assert.deepEqual({ durability, intervalMs, retain, acceptLoss }, given)
})

test('settle takes each number up to its borders', () => {
  const header = 4_096
  const half = (segmentBytes: number) => (segmentBytes - header) / 2
  const valid: readonly JournalOptions[] = [
    { segmentBytes: 8_192 },
    { segmentBytes: 2 ** 30 },
    { intervalMs: 1 },
    { intervalMs: 2 ** 31 - 1 },
    { reserveBytes: 0 },
    { segmentBytes: 8_192, reserveBytes: half(8_192) },
  ]
  const invalid: readonly JournalOptions[] = [
    { segmentBytes: 8_191 },
    { segmentBytes: 2 ** 30 + 1 },
    { segmentBytes: Number.NaN },
    { intervalMs: 0 },
    { intervalMs: 2 ** 31 },
    { reserveBytes: -1 },
    { segmentBytes: 8_192, reserveBytes: half(8_192) + 1 },
  ]
  for (const options of valid) assert.doesNotThrow(() => settle(options), JSON.stringify(options))
  for (const options of invalid) {
    const [name] = Object.keys(options).slice(-1)
    assert.throws(() => settle(options), new RegExp(`^RangeError: ${name} is `), JSON.stringify(options))
  }
  assert.equal(settle({ segmentBytes: 8_192 }).reserveBytes, half(8_192), 'half of a small one')
  assert.equal(RECORD_BYTES_MAX, 2 ** 30 - 2 * header)
})
