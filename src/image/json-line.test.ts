import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LONG_MAX, LONG_MIN } from '../abi/index.ts'
import { BASE64, base64AsBytes, bytesAsBase64, JsonObject, lineOf, longAsJson, parseLine } from './json-line.ts'

const of = (value: unknown) => new JsonObject('a-file', 7, 'it', value)
const REFUSED = { name: 'ImageError', file: 'a-file', code: 'ERR_MSGQ_IMAGE', offset: 7 }

test('JsonObject is made of an object alone', () => {
  for (const value of [null, undefined, 1, 'text', [], [1]]) {
    assert.throws(() => of(value), { ...REFUSED, message: /it to be an object/ })
  }
  const object = of({ a: 1, b: { c: 2 } })
  assert.deepEqual([object.has('a'), object.has('c'), object.names()], [true, false, ['a', 'b']])
  assert.equal(object.object('b').integer('c', 0, 9), 2)
  assert.throws(() => object.object('a'), { ...REFUSED, message: /expected it\.a to be an object, found 1/ })
  assert.throws(() => object.object('b').integer('d', 0, 9), { ...REFUSED, message: /it\.b\.d .*found nothing/ })
  object.only('a', 'b', 'c')
  assert.throws(() => object.only('a'), { ...REFUSED, message: /found "b"/ })
})

test('JsonObject gives members of the kind that is asked for, from the least to the most', () => {
  const integer = (value: unknown) => of({ value }).integer('value', 2, 5)
  assert.deepEqual([integer(2), integer(5)], [2, 5])
  for (const value of [1, 6, 2.5, '3', null, true]) assert.throws(() => integer(value), REFUSED, String(value))
  assert.equal(of({}).optionalInteger('value', 2, 5), undefined)
  assert.equal(of({ value: 3 }).optionalInteger('value', 2, 5), 3)
  assert.throws(() => of({ value: null }).optionalInteger('value', 2, 5), REFUSED)
  assert.deepEqual([of({ value: true }).boolean('value'), of({ value: false }).boolean('value')], [true, false])
  for (const value of [1, 'true', null]) assert.throws(() => of({ value }).boolean('value'), REFUSED)
  assert.equal(of({ value: 'ab' }).string('value', /^a/), 'ab')
  for (const value of ['b', 1, null, ['a']]) assert.throws(() => of({ value }).string('value', /^a/), REFUSED)
  assert.deepEqual(of({ value: [1, 'a'] }).array('value'), [1, 'a'])
  for (const value of [{}, 'ab', null]) assert.throws(() => of({ value }).array('value'), REFUSED)
})

test('JsonObject.long and digits take numbers, and digits in a string', () => {
  const long = (value: unknown) => of({ value }).long('value')
  for (const value of [0, -1, Number.MAX_SAFE_INTEGER]) assert.equal(long(value), value)
  assert.deepEqual(
    [long('12'), long('-3'), long(String(LONG_MAX)), long(String(LONG_MIN))],
    [12, -3, LONG_MAX, LONG_MIN],
  )
  const refused = [
    2 ** 53,
    0.5,
    '',
    '-',
    '1.5',
    ' 1',
    '1 ',
    '0x1',
    '9223372036854775808',
    '-9223372036854775809',
    null,
    true,
  ]
  for (const value of [...refused, '00000000000000000001']) assert.throws(() => long(value), REFUSED, String(value))
  for (const value of [0, -5, LONG_MAX, LONG_MIN]) assert.equal(long(longAsJson(value)), value)
  assert.deepEqual([longAsJson(5), longAsJson(LONG_MAX)], [5, '9223372036854775807'])
  const digits = (value: unknown) => of({ value }).digits('value')
  assert.deepEqual([digits('18446744073709551616'), digits('0'), digits(12)], ['18446744073709551616', '0', '12'])
  for (const value of ['', '-1', 'x', ' 1', '1x', '184467440737095516160', -1, 0.5, null]) {
    assert.throws(() => digits(value), REFUSED, String(value))
  }
})

test('JsonObject shows at most 60 characters of what it found', () => {
  const found = 'x'.repeat(100)
  assert.throws(() => of({ value: found }).integer('value', 0, 1), { ...REFUSED, message: /found "x{59}$/ })
})

test('parseLine reads what lineOf wrote, and refuses what is no JSON, no object or no UTF-8', () => {
  const line = lineOf({ a: 'é' })
  assert.equal(new TextDecoder().decode(line), '{"a":"é"}\n')
  assert.equal(parseLine('a-file', 7, 'it', line).string('a', /^é$/), 'é')
  const bytes = (text: string) => new TextEncoder().encode(text)
  const notJson = [Uint8Array.of(0x22, 0xff, 0x22), bytes('{'), bytes('')]
  for (const each of notJson) {
    assert.throws(() => parseLine('a-file', 7, 'it', each), { ...REFUSED, expected: 'a line of JSON' })
  }
  assert.throws(() => parseLine('a-file', 7, 'it', bytes('[]')), { ...REFUSED, expected: 'it to be an object' })
})

test('bytesAsBase64 and base64AsBytes keep bytes of any number, in the one form that BASE64 knows', () => {
  for (const sizeBytes of [0, 1, 2, 3, 0x7fff, 0x8000, 0x8001]) {
    const bytes = Uint8Array.from({ length: sizeBytes }, (_, index) => index * 7)
    const text = bytesAsBase64(bytes)
    assert.equal(text, Buffer.from(bytes).toString('base64'))
    assert.match(text, BASE64)
    assert.deepEqual(base64AsBytes(text), bytes)
  }
  for (const text of ['A', 'AA', 'AAA', 'AA=', 'A===', 'AAAA=', 'AAAA\n', 'AA=A', '=AAA', 'AA-_', 'AAAAA', ' AAAA']) {
    assert.doesNotMatch(text, BASE64, text)
  }
  assert.match('+/09azAZ', BASE64)
})
