import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { BinaryReader, BinaryWriter } from '@bufbuild/protobuf/wire'
import fc from 'fast-check'
import { decodeIpcnsMsg, encodeIpcnsMsg, type IpcnsQueue } from './index.ts'

const uint = fc.integer({ min: 0, max: 0xffff_ffff })

/** One queue with one message, as another protobuf library writes it. */
function asPeer(queue: IpcnsQueue): Uint8Array {
  const { key, uid, gid, cuid, cgid, mode, id, qbytes, messages } = queue
  const desc = new BinaryWriter()
  for (const [index, value] of [key, uid, gid, cuid, cgid, mode, id].entries()) desc.tag(index + 1, 0).uint32(value)
  const entry = new BinaryWriter()
    .tag(1, 2)
    .bytes(desc.finish())
    .tag(2, 0)
    .uint32(qbytes)
    .tag(3, 0)
    .uint32(messages.length)
    .finish()
  const parts: Uint8Array[] = [u32(0x54564319), u32(0x55453737), u32(entry.length), entry]
  for (const { mtype, mtext } of messages) {
    const header = new BinaryWriter().tag(1, 0).uint64(mtype.toString()).tag(2, 0).uint32(mtext.length).finish()
    parts.push(u32(header.length), header, mtext, new Uint8Array((8 - (mtext.length % 8)) % 8))
  }
  return Uint8Array.from(parts.flatMap((part) => [...part]))
}

function u32(value: number): Uint8Array {
  return new BinaryWriter().fixed32(value).finish()
}

describe('against @bufbuild/protobuf', () => {
  test('encodeIpcnsMsg and decodeIpcnsMsg agree with it on arbitrary queues, byte for byte', () => {
    const message = fc.record(
      {
        mtype: fc.bigInt({ min: 1n, max: 2n ** 63n - 1n }).map((value) => (value < 2n ** 53n ? Number(value) : value)),
        mtext: fc.uint8Array({ maxLength: 300 }),
      },
      { noNullPrototype: true },
    )
    const queue: fc.Arbitrary<IpcnsQueue> = fc.record(
      {
        key: uint,
        uid: uint,
        gid: uint,
        cuid: uint,
        cgid: uint,
        qbytes: uint,
        mode: fc.nat(0o777),
        id: fc.nat(0x7fff_ffff),
        messages: fc.array(message, { maxLength: 5 }),
      },
      { noNullPrototype: true },
    )
    fc.assert(
      fc.property(queue, (one) => {
        assert.deepEqual(encodeIpcnsMsg([one]), asPeer(one))
        assert.deepEqual(decodeIpcnsMsg(asPeer(one)), [one])
        assert.equal(new BinaryReader(encodeIpcnsMsg([one])).fixed32(), 0x54564319)
      }),
    )
  })
})
