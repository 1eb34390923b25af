import assert from 'node:assert/strict'
import fs from 'node:fs'
import { describe, test } from 'node:test'
import { ImageError } from './errors.ts'
import { encodeIpcnsMsg, type IpcnsMessage } from './ipcns-msg.ts'
import { decodeIpcnsMsg } from './ipcns-msg-decoder.ts'
import { decodeIpcnsVar, encodeIpcnsVar, LINUX_IPC_VAR } from './ipcns-var.ts'

const SAMPLES = new URL('../../../test/golden/criu/', import.meta.url)
const msgSample = plain(fs.readFileSync(new URL('ipcns-msg-9.img', SAMPLES)))
const varSample = plain(fs.readFileSync(new URL('ipcns-var-9.img', SAMPLES)))

function plain(buffer: Buffer): Uint8Array {
  return Uint8Array.from(buffer)
}

/** crit's JSON; a number that JavaScript would round stays a bigint. */
function criuJson(name: string): { magic: string; entries: Record<string, unknown>[] } {
  const text = fs.readFileSync(new URL(name, SAMPLES), 'utf8')
  const exact = text.replace(/: (\d{16,})/g, ': "$1n"')
  return JSON.parse(exact, (_, value) => (/^\d+n$/.test(value) ? BigInt(value.slice(0, -1)) : value))
}

function firstMessage(file: Uint8Array): IpcnsMessage | undefined {
  return [...(decodeIpcnsMsg(file)[0]?.messages ?? [])][0]
}

/** A file with bytes put in at an offset, or taken out. */
function spliced(bytes: Uint8Array, offset: number, removed: number, ...added: number[]): Uint8Array {
  return Uint8Array.from([...bytes.subarray(0, offset), ...added, ...bytes.subarray(offset + removed)])
}

describe("CRIU's samples", () => {
  test('decodeIpcnsMsg reads what the JSON beside the sample says', () => {
    const asJson = decodeIpcnsMsg(msgSample).map(({ messages, qbytes, ...desc }) => ({
      desc,
      qbytes,
      qnum: messages.length,
      extra: [...messages].flatMap(({ mtype, mtext }) => {
        const base64 = Buffer.from(mtext).toString('base64')
        return [{ mtype, msize: mtext.length }, base64 === '' ? '' : `${base64}\n`]
      }),
    }))
    assert.deepEqual(asJson, criuJson('ipcns-msg-9.json').entries)
  })

  test('encodeIpcnsMsg writes the sample byte for byte', () => {
    assert.deepEqual(encodeIpcnsMsg(decodeIpcnsMsg(msgSample)), msgSample)
  })

  test('decodeIpcnsVar reads what the JSON beside the sample says', () => {
    const snake = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
    const asJson = Object.fromEntries(Object.entries(decodeIpcnsVar(varSample)).map(([k, v]) => [snake(k), v]))
    assert.deepEqual([asJson], criuJson('ipcns-var-9.json').entries)
  })

  test("encodeIpcnsVar writes the sample byte for byte, which is Linux's defaults", () => {
    assert.deepEqual(encodeIpcnsVar(decodeIpcnsVar(varSample)), varSample)
    assert.deepEqual(encodeIpcnsVar(LINUX_IPC_VAR), varSample)
  })
})

describe('unknown fields', () => {
  test('decodeIpcnsMsg and encodeIpcnsMsg keep them in a queue, its desc and a message', () => {
    // Queue 1's record is at 8: its length, the desc's tag, the desc's length 21, its 21 bytes, then 6 bytes, message 1.
    const newDesc = spliced(msgSample, 0x0e + 21, 0, 0x42, 1, 0xaa)
    newDesc[0x08] = 28 + 3
    newDesc[0x0d] = 21 + 3
    const newEntry = spliced(msgSample, 0x28, 0, 0x7d, 1, 2, 3, 4)
    newEntry[0x08] = 28 + 5
    const newMessage = spliced(msgSample, 0x30, 0, 0x18, 0x96, 0x01)
    newMessage[0x28] = 0
    newMessage[0x2c - 4] = 4 + 3
    assert.deepEqual([...(decodeIpcnsMsg(newDesc)[0]?.unknownDesc ?? [])], [0x42, 1, 0xaa])
    assert.deepEqual([...(decodeIpcnsMsg(newEntry)[0]?.unknown ?? [])], [0x7d, 1, 2, 3, 4])
    assert.deepEqual([...(firstMessage(newMessage)?.unknown ?? [])], [0x18, 0x96, 0x01])
    for (const image of [newDesc, newEntry, newMessage]) assert.deepEqual(encodeIpcnsMsg(decodeIpcnsMsg(image)), image)
  })

  test('decodeIpcnsVar and encodeIpcnsVar keep them, and every optional field', () => {
    const all = { ...LINUX_IPC_VAR, msgNextId: 1, semNextId: 2, shmNextId: 3, unknown: Uint8Array.of(0x90, 1, 7) }
    const image = encodeIpcnsVar(all)
    assert.deepEqual(decodeIpcnsVar(image), all)
    assert.deepEqual(encodeIpcnsVar(decodeIpcnsVar(image)), image)
    const { mqMsgDefault: _default, mqMsgsizeDefault: _sizeDefault, ...few } = LINUX_IPC_VAR
    assert.deepEqual(decodeIpcnsVar(encodeIpcnsVar(few)), few)
  })
})

describe('damaged files', () => {
  test('decodeIpcnsMsg refuses every prefix but those cut exactly between queues', () => {
    const whole = new Set([8, 0x8a])
    for (let length = 0; length < msgSample.length; length++) {
      const cut = msgSample.slice(0, length)
      if (whole.has(length)) assert.equal(decodeIpcnsMsg(cut).length, length === 8 ? 0 : 1)
      else assert.throws(() => decodeIpcnsMsg(cut), ImageError, `cut to ${length}`)
    }
  })

  test('decodeIpcnsVar refuses every prefix, and more than one entry', () => {
    for (let length = 0; length < varSample.length; length++) {
      assert.throws(() => decodeIpcnsVar(varSample.slice(0, length)), ImageError, `cut to ${length}`)
    }
    assert.throws(() => decodeIpcnsVar(Uint8Array.of(...varSample, 0)), { offset: 82, file: 'ipcns-var.img' })
  })

  test('decodeIpcnsMsg and decodeIpcnsVar answer every flipped bit with a result or an ImageError', () => {
    let refused = 0
    for (const [decode, sample] of [[decodeIpcnsMsg, msgSample] as const, [decodeIpcnsVar, varSample] as const]) {
      for (let bit = 0; bit < sample.length * 8; bit++) {
        const flipped = sample.slice()
        flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7))
        try {
          decode(flipped)
        } catch (error) {
          assert.ok(error instanceof ImageError, `${error}`)
          refused++
        }
      }
    }
    assert.ok(refused > 500, `${refused} were refused`)
  })

  test('decodeIpcnsMsg names the file, the offset and what it expected', () => {
    const foreign = spliced(msgSample, 4, 4, 0x07, 0x50, 0x11, 0x53)
    assert.throws(() => decodeIpcnsMsg(foreign, 'ipcns-msg-9.img'), {
      name: 'ImageError',
      code: 'ERR_MSGQ_IMAGE',
      file: 'ipcns-msg-9.img',
      offset: 4,
      message:
        'ERR_MSGQ_IMAGE: ipcns-msg-9.img, byte 4: expected the magic number of IPCNS_MSG, 0x55453737, found 0x53115007',
    })
    assert.throws(() => decodeIpcnsMsg(new TextEncoder().encode('{"magic"')), { offset: 0 })
    const longRecord = spliced(msgSample, 8, 4, 0xff, 0xff, 0xff, 0xff)
    assert.throws(() => decodeIpcnsMsg(longRecord), { offset: 12, expected: '4294967295 bytes' })
  })

  test('decodeIpcnsMsg refuses a type that no C long holds, type 0, a false count and an id that is there twice', () => {
    const [one] = decodeIpcnsMsg(msgSample)
    assert.ok(one !== undefined)
    const withType = (mtype: number | bigint) =>
      encodeIpcnsMsg([{ ...one, messages: [{ mtype, mtext: Uint8Array.of(1) }] }])
    assert.equal(firstMessage(withType(2n ** 63n - 1n))?.mtype, 2n ** 63n - 1n)
    assert.throws(() => decodeIpcnsMsg(withType(2n ** 63n)), /an mtype from 1 to 2\^63-1, found 9223372036854775808/)
    assert.throws(() => decodeIpcnsMsg(withType(0)), ImageError)
    assert.throws(() => decodeIpcnsMsg(encodeIpcnsMsg([one, one])), /each queue once, found queue 1 again/)
    assert.throws(() => decodeIpcnsMsg(encodeIpcnsMsg([{ ...one, mode: 0o1000 }])), /a mode of nine bits/)
    assert.throws(() => decodeIpcnsMsg(encodeIpcnsMsg([{ ...one, id: 2 ** 31 }])), /an id from 0/)
    // 4 more messages than the file holds: queue 2's record is then read as a message.
    const falseCount = msgSample.slice()
    falseCount[0x27] = 8
    assert.throws(() => decodeIpcnsMsg(falseCount), ImageError)
  })

  test('decodeIpcnsMsg does not look at the padding, as CRIU does not', () => {
    const dirty = msgSample.slice()
    dirty[0x35] = 0xff
    assert.deepEqual(decodeIpcnsMsg(dirty), decodeIpcnsMsg(msgSample))
  })
})
