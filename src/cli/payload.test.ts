import { deepEqual, equal } from 'node:assert/strict'
import { describe, test } from 'node:test'
import { payloadJson, payloadLines, payloadOf } from './payload.ts'

const utf8 = (text: string) => new TextEncoder().encode(text)

describe('payloadOf', () => {
  const kinds: readonly (readonly [what: string, payload: Uint8Array, kind: string])[] = [
    ['nothing', utf8(''), 'utf-8'],
    ['text of any script', utf8('grüße 東京\n\tтекст'), 'utf-8'],
    ['a number alone, which is text to a person', utf8('12'), 'utf-8'],
    ['a JSON object', utf8('{ "a":\t[1,2] }'), 'json'],
    ['a JSON object that ends its line', utf8('{"a":[1,2]}\n'), 'utf-8'],
    ['a JSON object over two lines', utf8('{"a":\n[1,2]}'), 'utf-8'],
    ['a JSON object behind a byte order mark', utf8('\ufeff{}'), 'utf-8'],
    ['a JSON array', utf8('[]'), 'json'],
    ['what only begins like JSON', utf8('{a'), 'utf-8'],
    ['bytes that are no UTF-8', Uint8Array.of(0xc3, 0x28), 'base64'],
    ['a NUL', Uint8Array.of(0x61, 0), 'base64'],
    ['an escape that would colour the terminal', utf8('\u001b[31m'), 'base64'],
    ['the one-character escape of C1', utf8('\u009b31m'), 'base64'],
    ['a carriage return, which would overwrite the line', utf8('safe\revil'), 'base64'],
    ['a mark that turns the direction of writing', utf8('\u202egnp.exe'), 'base64'],
  ]
  for (const [what, payload, kind] of kinds) {
    test(`${what} is ${kind}`, () => equal(payloadOf(payload).kind, kind))
  }
})

describe('payloadLines', () => {
  test('shows text line by line, without an empty line for the last line break', () => {
    deepEqual(payloadLines(utf8('one\n\ntwo\n')), ['one', '', 'two'])
    deepEqual(payloadLines(utf8('')), ['(empty)'])
  })

  test('shows bytes as hexdump -C does', () => {
    const bytes = Uint8Array.from({ length: 18 }, (_, index) => (index === 17 ? 0xff : 0x40 + index))
    deepEqual(payloadLines(bytes), [
      '00000000  40 41 42 43 44 45 46 47  48 49 4a 4b 4c 4d 4e 4f  |@ABCDEFGHIJKLMNO|',
      `00000010  50 ff${' '.repeat(45)}|P.|`,
    ])
  })
})

describe('payloadJson', () => {
  test('keeps every digit and every member of a document', () => {
    const document = '{"n":12345678901234567890,  "a":1, "a":2}'
    deepEqual(payloadJson(utf8(document)), { encoding: 'json', json: document })
  })

  test('is text as a string and bytes in base64', () => {
    deepEqual(payloadJson(utf8('say "hi"\n')), { encoding: 'utf-8', json: '"say \\"hi\\"\\n"' })
    deepEqual(payloadJson(Uint8Array.of(0, 255)), { encoding: 'base64', json: '"AP8="' })
  })
})
