import { ok, strictEqual } from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ALPHABET } from './alphabet.ts'
import { enumerate, enumerateLate } from './enumeration.ts'

const LENGTH = 4

describe('engine and kernel, all small cases', () => {
  test('ALPHABET has at most 32 calls, each of another name', () => {
    ok(ALPHABET.length <= 32)
    strictEqual(new Set(ALPHABET.map(({ name }) => name)).size, ALPHABET.length)
  })

  test(`Engine.apply answers every sequence of ${LENGTH} calls of the alphabet as the kernel does`, () => {
    const { sequences, report } = enumerate(LENGTH)
    ok(report === undefined, report)
    strictEqual(sequences, ALPHABET.length ** LENGTH)
  })

  test('Engine.apply leaves the times that the kernel leaves a second after other calls', () => {
    const report = enumerateLate()
    ok(report === undefined, report)
  })
})
