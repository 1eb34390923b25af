import { equal, throws } from 'node:assert/strict'
import { describe, test } from 'node:test'
import { UsageError } from './errors.ts'
import { countFrom, keyFrom, messageTypeFrom, modeFrom, parseInteger, timeoutMsFrom } from './numbers.ts'

describe('parseInteger', () => {
  const numbers: readonly (readonly [text: string, value: bigint | undefined])[] = [
    ['0', 0n],
    ['12', 12n],
    ['-12', -12n],
    ['0x4d5347', 0x4d5347n],
    ['0XFF', 255n],
    ['0o17', 15n],
    ['017', 15n],
    ['9223372036854775807', 9223372036854775807n],
    ['08', undefined],
    ['1e3', undefined],
    ['1.0', undefined],
    ['+1', undefined],
    [' 1', undefined],
    ['1n', undefined],
    ['', undefined],
    ['0x', undefined],
  ]
  for (const [text, value] of numbers) {
    test(`${JSON.stringify(text)} is ${value ?? 'none'}`, () => equal(parseInteger(text), value))
  }
})

describe('messageTypeFrom', () => {
  test('is exact to 2^63-1: a number while that is exact, a bigint beyond', () => {
    equal(messageTypeFrom('--type', '1'), 1)
    equal(messageTypeFrom('--type', '9007199254740991'), 9007199254740991)
    equal(messageTypeFrom('--type', '9007199254740993'), 9007199254740993n)
    equal(messageTypeFrom('--type', '0x7fffffffffffffff'), 9223372036854775807n)
    for (const wrong of ['0', '-1', '9223372036854775808', 'x']) {
      throws(() => messageTypeFrom('--type', wrong), UsageError)
    }
  })
})

describe('keyFrom', () => {
  test('takes 32 bits, signed or not', () => {
    equal(keyFrom('--key', '0xffffffff'), 0xffff_ffff)
    equal(keyFrom('--key', '-2147483648'), -0x8000_0000)
    for (const wrong of ['4294967296', '-2147483649']) throws(() => keyFrom('--key', wrong), UsageError)
  })
})

describe('modeFrom', () => {
  test('is octal with or without its prefix', () => {
    for (const mode of ['640', '0640', '0o640']) equal(modeFrom('--mode', mode), 0o640)
    equal(modeFrom('--mode', '0'), 0)
    for (const wrong of ['1000', '648', 'rw-', '', '0x1ff', '-1']) throws(() => modeFrom('--mode', wrong), UsageError)
  })
})

describe('countFrom and timeoutMsFrom', () => {
  test('have ranges, and seconds may have a fraction', () => {
    equal(countFrom('--count', '9007199254740991', 1), Number.MAX_SAFE_INTEGER)
    throws(() => countFrom('--count', '9007199254740992', 1), UsageError)
    throws(() => countFrom('--count', '0', 1), UsageError)
    equal(timeoutMsFrom('--timeout', '0.0004'), 1)
    equal(timeoutMsFrom('--timeout', '.5'), 500)
    equal(timeoutMsFrom('--timeout', '2'), 2000)
    for (const wrong of ['', '.', '-1', '1s', '2147484', 'Infinity']) {
      throws(() => timeoutMsFrom('--timeout', wrong), UsageError)
    }
  })
})
