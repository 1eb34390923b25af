import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { CODECS } from '../../test/wire/codecs.ts'
import { fuzz, fuzzNoise } from '../../test/wire/fuzz.ts'
import { LONG_MAX } from '../abi/index.ts'
import type { Entry } from '../engine/index.ts'
import { ByteWriter } from './byte-writer.ts'
import {
  decodeCompletion,
  decodeEntry,
  ENTRY_BYTES_MAX,
  encodeCaller,
  encodeCompletion,
  encodeEntry,
  MESSAGE_BYTES_MAX,
  WireError,
  writeEntry,
} from './index.ts'

for (const codec of CODECS) {
  describe(`the bytes of a value: ${codec.name}`, () => {
    test('decode gives back every value that encode was given', () => {
      fc.assert(
        fc.property(codec.arbitrary, (value) => {
          assert.deepEqual(codec.decode(codec.encode(value)), value)
        }),
        { numRuns: 2_000 },
      )
    })

    test('decode fails at every cut, and with a byte too many', () => {
      fc.assert(
        fc.property(codec.arbitrary, (value) => {
          const bytes = codec.encode(value)
          for (let length = 0; length < bytes.length; length++) {
            assert.throws(() => codec.decode(bytes.slice(0, length)), WireError, `cut to ${length}`)
          }
          assert.throws(() => codec.decode(Uint8Array.of(...bytes, 0)), WireError)
        }),
        { numRuns: 100 },
      )
    })

    test('decode refuses mutated bytes with a WireError, or reads another value of which they are the only form', () => {
      assert.ok(fuzz(codec, { numRuns: 3_000 }) > 0)
      fuzzNoise(codec, { numRuns: 1_000 })
    })
  })
}

const entry: Entry = {
  ticket: { session: 1, number: 2 },
  now: 3,
  caller: { pid: 1, tid: 1, uid: 0, gid: 0, groups: [], capabilities: [] },
  call: { name: 'msgsnd', msqid: 0, mtype: 1, mtext: Uint8Array.of(1, 2, 3), msgflg: 0 },
}

describe('encodeEntry and decodeEntry', () => {
  test('decodeEntry reads from a Buffer, and what it gives is a Uint8Array', () => {
    assert.deepEqual(decodeEntry(Buffer.from(encodeEntry(entry))), entry)
    const value = { mtype: LONG_MAX, mtext: Uint8Array.of(1), sequence: 1, sender: { pid: 1, uid: 1 }, time: 1 }
    const completion = { ticket: entry.ticket, value }
    assert.deepEqual(decodeCompletion(Buffer.from(encodeCompletion(completion))), completion)
  })

  test('decodeCompletion copies the payload: the bytes that it was read from may change', () => {
    const value = { mtype: 1, mtext: Uint8Array.of(1, 2), sequence: 1, sender: { pid: 1, uid: 1 }, time: 1 }
    for (const bytes of [encodeCompletion({ ticket: entry.ticket, value }).slice(), Buffer.alloc(99)]) {
      const record = encodeCompletion({ ticket: entry.ticket, value })
      bytes.set(record)
      const read = decodeCompletion(bytes.subarray(0, record.length))
      bytes.fill(0)
      assert.deepEqual(read, { ticket: entry.ticket, value })
    }
  })

  test('encodeEntry leaves the records before it as they are, whatever becomes of the next', () => {
    const first = encodeEntry(entry)
    const copy = first.slice()
    assert.throws(() => encodeEntry({ ...entry, now: 0.5 }), RangeError)
    const second = encodeEntry({ ...entry, now: 4 })
    for (let turn = 0; turn < 2_000; turn++) encodeEntry(entry)
    assert.deepEqual(first, copy)
    assert.deepEqual(decodeEntry(second), { ...entry, now: 4 })
  })

  test('encodeEntry refuses what the format does not carry, and never writes another number in its stead', () => {
    const refused: Partial<Entry>[] = [
      { now: -1 },
      { now: 2 ** 53 },
      { now: Number.NaN },
      { ticket: { session: 1.5, number: 1 } },
      { caller: { ...entry.caller, uid: 2 ** 32 } },
      { caller: { ...entry.caller, pid: -1 } },
      { caller: { ...entry.caller, tid: 2 ** 31 } },
      { call: { name: 'msgget', key: 2 ** 31, msgflg: 0 } },
      { call: { name: 'setNextId', nextId: Number.POSITIVE_INFINITY } },
      { call: { name: 'msgsnd', msqid: 0, mtype: 2n ** 63n, mtext: new Uint8Array(), msgflg: 0 } },
      {
        call: {
          name: 'msgctl',
          msqid: 0,
          cmd: 1,
          settings: { perm: { uid: 0, gid: 0, mode: 0 }, qbytes: 2 ** 64 + 4096 },
        },
      },
    ]
    for (const wrong of refused) assert.throws(() => encodeEntry({ ...entry, ...wrong }), RangeError)
  })

  test('decodeCompletion and decodeEntry refuse a second form of a number, and one that is out of range', () => {
    const completion = (...number: number[]) => decodeCompletion(Uint8Array.of(0, 0, 1, ...number))
    assert.deepEqual(completion(0xc1, 1), { ticket: { session: 0, number: 0 }, value: -65 })
    const safe = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]
    assert.deepEqual(completion(0xbf, ...safe.slice(1), 0x1f), {
      ticket: { session: 0, number: 0 },
      value: Number.MAX_SAFE_INTEGER,
    })
    for (const second of [
      [0x40],
      [0x80, 0],
      [0xc0, 0],
      [0x81, 0x80, 0],
      [0xbf, ...safe.slice(1), 0x20],
      [...safe, 0xff, 1],
    ]) {
      assert.throws(() => completion(...second), { name: 'WireError' }, String(second))
    }
    const session = (...number: number[]) => decodeCompletion(Uint8Array.of(...number, 0, 1, 0)).ticket.session
    assert.equal(session(...safe, 0x0f), Number.MAX_SAFE_INTEGER)
    for (const second of [
      [0x80, 0],
      [0x81, 0],
      [...safe, 0x10],
      [...safe, 0x80, 1],
    ]) {
      assert.throws(() => session(...second), { name: 'WireError', offset: 0 }, String(second))
    }
  })

  test('encodeEntry and decodeEntry refuse a message that is too long, whatever its bytes', () => {
    const mtext = new Uint8Array(MESSAGE_BYTES_MAX + 1)
    const call = { name: 'msgsnd', msqid: 0, mtype: 1, mtext, msgflg: 0 } as const
    assert.throws(() => encodeEntry({ ...entry, call }), RangeError)
    const longest = encodeEntry({ ...entry, call: { ...call, mtext: mtext.subarray(1) } })
    assert.ok(longest.length < ENTRY_BYTES_MAX)
    const { call: read } = decodeEntry(longest)
    assert.ok(read.name === 'msgsnd' && read.mtext.length === MESSAGE_BYTES_MAX)
    const start = longest.length - MESSAGE_BYTES_MAX - 4
    assert.deepEqual([...longest.subarray(start, start + 4)], [0x80, 0x80, 0x80, 0x20])
    longest[start] = 0x81
    assert.throws(() => decodeEntry(longest), {
      offset: start,
      expected: `a message of at most ${MESSAGE_BYTES_MAX} bytes`,
    })
  })

  test('decodeEntry says where the bytes are wrong, and what belongs there', () => {
    const bytes = encodeEntry(entry)
    // session, number, now, pid, tid, uid, gid, no groups, no capabilities, the call
    assert.throws(() => decodeEntry(bytes.with(9, 99)), {
      name: 'WireError',
      code: 'ERR_MSGQ_WIRE',
      offset: 9,
      message: 'ERR_MSGQ_WIRE: byte 9: expected the number of a call, not 99',
    })
    assert.throws(() => decodeEntry(bytes.with(8, 0x10)), { offset: 8, expected: 'no unknown flag' })
    // 128 promised groups, of which there is room for none.
    assert.throws(() => decodeEntry(bytes.with(7, 0x7f)), { offset: 7, expected: 'room for 127 items' })
  })
})

test('writeEntry writes the bytes of encodeCaller in place of the caller', () => {
  const other = { ...entry.caller, pid: 7, uid: 1_000, groups: [1, 2] }
  const writer = new ByteWriter()
  writeEntry(writer, entry, encodeCaller(other))
  assert.deepEqual(writer.take(), encodeEntry({ ...entry, caller: other }))
})
