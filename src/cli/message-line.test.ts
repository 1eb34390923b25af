import { deepEqual, equal, throws } from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { LONG_MAX, long, type Msgbuf } from '../abi/index.ts'
import { messageFrom } from './message-line.ts'
import { showMessage } from './messages.ts'
import { Output } from './output.ts'

const utf8 = (text: string) => new TextEncoder().encode(text)
const read = (line: string) => messageFrom(utf8(line), 'line 3')
const written = (line: string) => Buffer.from(read(line).mtext).toString()

/** The line that `receive --json` prints. */
async function lineOf(message: Msgbuf): Promise<Uint8Array> {
  const out = new PassThrough()
  await showMessage(message, 'json', new Output(out, new PassThrough(), { isJson: true, environment: {} }))
  const line: Buffer = out.read()
  equal(line.indexOf('\n'), line.length - 1)
  return line.subarray(0, -1)
}

describe('messageFrom', () => {
  test('gives every type and payload back that `receive --json` prints', async () => {
    const payload = fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc.string({ unit: 'binary' }).map(utf8),
      fc.json().map(utf8),
      fc.json().map((text) => utf8(`${text}\n`)),
      fc.jsonValue().map((value) => utf8(JSON.stringify([value, { payload: value }], undefined, 1))),
      fc.constantFrom('', '{}', ' {}', '{"a":12345678901234567890,"a":{"payload":[1]} }', '\ufeff[]').map(utf8),
    )
    const type = fc.oneof(fc.bigInt(1n, BigInt(LONG_MAX)), fc.constantFrom(1n, 2n ** 53n, BigInt(LONG_MAX)))
    await fc.assert(
      fc.asyncProperty(type, payload, async (mtype, mtext) => {
        const message = { mtype: long(mtype), mtext }
        const { mtype: again, mtext: bytes } = messageFrom(await lineOf(message), 'line 1')
        equal(again, message.mtype)
        deepEqual([...bytes], [...mtext])
      }),
      { numRuns: 500 },
    )
  })

  test('takes what a person writes: any order and space, no encoding, and what was printed beside', () => {
    deepEqual(read(' { "payload" : "grüße", "type" : "7" } \r'), { mtype: 7, mtext: utf8('grüße') })
    equal(written('{"type":1,"payload":{"n": 1.50, "s":"}\\","}}'), '{"n": 1.50, "s":"}\\","}')
    equal(written('{"type":1,"payload":[1,[2]] ,"index":3,"bytes":99,"sequence":1,"time":5}'), '[1,[2]]')
    equal(written('{"payload":"x","sender":{"payload":"y"},"type":1,"payload":{"a":2}}'), '{"a":2}')
    equal(written('{"type":1,"p\\u0061yload":[ ]}'), '[ ]')
  })

  for (const [line, told] of [
    ['hello', /^line 3 is not JSON \(/],
    ['{"type":1', /^line 3 is not JSON \(/],
    ['[1]', /^line 3 is not a JSON object$/],
    ['null', /^line 3 is not a JSON object$/],
    ['{"payload":"x"}', /^line 3 has no "type"$/],
    ['{"type":1}', /^line 3 has no "payload"$/],
    ['{"type":1,"payload":"x","tpye":2}', /^line 3 has "tpye", which no message has$/],
    ['{"type":0,"payload":"x"}', /^line 3 has the type 0$/],
    ['{"type":1.5,"payload":"x"}', /^line 3 has the type 1.5$/],
    ['{"type":9007199254740993,"payload":"x"}', /^line 3 has the type 9007199254740992$/],
    ['{"type":"9223372036854775808","payload":"x"}', /^line 3 has the type "9223372036854775808"$/],
    ['{"type":"0x10","payload":"x"}', /^line 3 has the type "0x10"$/],
    ['{"type":[5],"payload":"x"}', /^line 3 has the type \[5\]$/],
    ['{"type":1,"payload":7}', /^line 3 has a payload that is no object or array, as json is$/],
    ['{"type":1,"payload":null}', /^line 3 has a payload that is no object or array, as json is$/],
    ['{"type":1,"payload":{},"encoding":"utf-8"}', /^line 3 has a payload that is no string, as utf-8 is$/],
    ['{"type":1,"payload":"x","encoding":"json"}', /^line 3 has a payload that is no object or array/],
    ['{"type":1,"payload":"x","encoding":"base64"}', /^line 3 has a payload that is no base64$/],
    ['{"type":1,"payload":5,"encoding":"base64"}', /^line 3 has a payload that is no base64$/],
    ['{"type":1,"payload":"x","encoding":"hex"}', /^line 3 has the encoding "hex"; there are utf-8, json and base64$/],
  ] as const) {
    test(`refuses ${line}, and says what is wrong`, () => {
      throws(() => read(line), { code: 'ERR_MSGQ_INPUT', message: told, hint: /"type":1,|1 to 9223372036854775807/ })
    })
  }

  test('refuses what is not UTF-8', () => {
    throws(() => messageFrom(Uint8Array.of(0x22, 0xff, 0x22), 'line 1'), { message: 'line 1 is not UTF-8' })
  })
})
