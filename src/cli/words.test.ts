import { equal, match } from 'node:assert/strict'
import { describe, test } from 'node:test'
import { bytesOf, sizeOf, spanOf, timeOf } from './words.ts'

describe('sizeOf', () => {
  for (const [bytes, words] of [
    [0, '0 bytes'],
    [1, '1 byte'],
    [1023, '1023 bytes'],
    [1024, '1 KiB'],
    [1075, '1 KiB'],
    [1076, '1.1 KiB'],
    [10_188, '9.9 KiB'],
    [10_189, '10 KiB'],
    [16_384, '16 KiB'],
    [1_048_063, '1023 KiB'],
    [1_048_064, '1 MiB'],
    [5_000_000_000, '4.7 GiB'],
    [2 ** 64, '16384 PiB'],
  ] as const) {
    test(`${bytes} is ${words}`, () => equal(sizeOf(bytes), words))
  }
})

describe('bytesOf', () => {
  test('has the exact number, and the size where that says more', () => {
    equal(bytesOf(1000), '1000 bytes')
    equal(bytesOf(16_384), '16384 bytes (16 KiB)')
  })
})

describe('spanOf', () => {
  for (const [seconds, words] of [
    [0.4, '0 s'],
    [99, '99 s'],
    [100, '2 min'],
    [5_999, '100 min'],
    [6_000, '2 h'],
    [47 * 3_600, '47 h'],
    [48 * 3_600, '2 days'],
  ] as const) {
    test(`${seconds} seconds are ${words}`, () => equal(spanOf(seconds), words))
  }
})

describe('timeOf', () => {
  test('says how long ago it is, never for 0, and no more of a time to come', () => {
    equal(timeOf(0), 'never')
    const now = 1_764_000_000_000
    match(timeOf(1_763_999_990, now), /^2025-11-2\d \d\d:\d\d:\d\d \(10 s ago\)$/)
    match(timeOf(1_764_000_001, now), /^2025-11-2\d \d\d:\d\d:\d\d$/)
  })
})
