import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { LONG_MAX, type Long } from '../abi/index.ts'
import { ByteWriter } from './byte-writer.ts'
import { ImageError } from './errors.ts'
import { encodeIpcnsMsg, type IpcnsQueue, paddingOf } from './ipcns-msg.ts'
import { decodeIpcnsMsg, type IpcnsEntry, IpcnsMsgDecoder } from './ipcns-msg-decoder.ts'
import { writeMessage, writeUint32, writeUint64 } from './protobuf.ts'

const UINT_MAX = 2 ** 32 - 1

const hex = (bytes: Uint8Array | readonly number[]) => Buffer.from(bytes).toString('hex')

/** A message as a visitor was told of it: with others at once, or alone. */
interface Told {
  readonly how: 'plain' | 'alone'
  readonly mtype: Long
  /** In hexadecimal. */
  readonly mtext: string
}

/** Reads a file that comes in pieces: how long each is, the last one again and again. */
function read(file: Uint8Array, ...pieceBytes: readonly number[]): { queues: IpcnsEntry[]; messages: Told[] } {
  const queues: IpcnsEntry[] = []
  const messages: Told[] = []
  const decoder = new IpcnsMsgDecoder('a-file', {
    queue: (entry) => queues.push(entry),
    message: ({ mtype, mtext }) => messages.push({ how: 'alone', mtype, mtext: hex(mtext) }),
    plain({ source, types, starts, sizes }, count) {
      assert.ok(count > 0, 'nobody is told of nothing')
      for (let index = 0; index < count; index++) {
        const mtext = new Uint8Array(source.buffer, source.byteOffset + (starts[index] ?? 0), sizes[index])
        messages.push({ how: 'plain', mtype: types[index] ?? 0, mtext: hex(mtext) })
      }
    },
    end: () => ({ queues, messages }),
  })
  for (let start = 0, piece = 0; start < file.length; piece++) {
    const length = pieceBytes[Math.min(piece, pieceBytes.length - 1)] ?? file.length
    const bytes = file.slice(start, start + length)
    decoder.feed(bytes)
    bytes.fill(0xff)
    start += length
  }
  return decoder.end()
}

const QUEUE: IpcnsQueue = {
  ...{ key: 1, uid: 2, gid: 3, cuid: 4, cgid: 5, mode: 0o600, id: 6, qbytes: 7 },
  messages: [],
}

const payload = (sizeBytes: number, seed = 0) => Uint8Array.from({ length: sizeBytes }, (_, index) => index + seed)

/** Types at every length of their varint, and payloads up to and over the border of a short record. */
const TYPES: readonly Long[] = [
  ...[1, 0x7f, 0x80, 0x3fff, 0x4000, 0x1f_ffff, 0x20_0000, 0xfff_ffff],
  ...[0x1000_0000, 2 ** 53 - 1, 2n ** 60n, LONG_MAX],
]
const SIZES = [0, 1, 6, 7, 8, 9, 127, 128, 300]
const PLAIN_BELOW = 2 ** 28

describe('IpcnsMsgDecoder', () => {
  const messages = TYPES.flatMap((mtype, index) => SIZES.map((size) => ({ mtype, mtext: payload(size, index) })))
  const file = encodeIpcnsMsg([
    { ...QUEUE, messages },
    { ...QUEUE, id: 7 },
    { ...QUEUE, id: 8, messages: messages.slice(0, 3) },
  ])

  test('IpcnsMsgDecoder tells the same of a file in pieces of any length', () => {
    const wanted = [...messages, ...messages.slice(0, 3)].map(({ mtype, mtext }) => ({ mtype, mtext: hex(mtext) }))
    for (const pieceBytes of [1, 2, 3, 5, 8, 13, 100, 1_000, file.length]) {
      const found = read(file, pieceBytes)
      const told = found.messages.map(({ mtype, mtext }) => ({ mtype, mtext }))
      assert.deepEqual(told, wanted, `pieces of ${pieceBytes} bytes`)
      assert.deepEqual(
        found.queues.map(({ id, qnum }) => [id, qnum]),
        [
          [6, messages.length],
          [7, 0],
          [8, 3],
        ],
      )
    }
  })

  test('IpcnsMsgDecoder tells at once of all messages that are wholly there, but for types from 2^28 on', () => {
    const { messages: told } = read(file, file.length)
    for (const { how, mtype } of told) assert.equal(how, mtype < PLAIN_BELOW ? 'plain' : 'alone', `${mtype}`)
    const many = Array.from({ length: 2_500 }, (_, index) => ({ mtype: index + 1, mtext: payload(1, index) }))
    const found = read(encodeIpcnsMsg([{ ...QUEUE, messages: many }]), 100_000).messages
    assert.deepEqual(
      found,
      many.map(({ mtype, mtext }) => ({ how: 'plain', mtype, mtext: hex(mtext) })),
    )
  })

  test('decodeIpcnsMsg gives each queue its messages, however they were read', () => {
    assert.deepEqual(
      decodeIpcnsMsg(file).map((queue) => [...queue.messages]),
      [messages, [], messages.slice(0, 3)],
    )
  })

  test('IpcnsMsgDecoder needs fourteen bytes from a message on to tell of it with others', () => {
    const two = encodeIpcnsMsg([{ ...QUEUE, messages: [1, 2].map((mtype) => ({ mtype, mtext: payload(0) })) }])
    const first = two.length - 16
    const hows = (...pieceBytes: readonly number[]) => read(two, ...pieceBytes).messages.map(({ how }) => how)
    assert.deepEqual(hows(first + 13, 3), ['alone', 'alone'])
    assert.deepEqual(hows(first + 14, 2), ['plain', 'alone'])
    assert.deepEqual(hows(two.length), ['plain', 'alone'])
  })
})

/** A file of one queue of one message, of these bytes: a header, and what follows it. */
function fileOf(header: readonly number[], content: readonly number[] = []): Uint8Array {
  const writer = new ByteWriter('a-file')
  writer.bytes(encodeIpcnsMsg([{ ...QUEUE, messages: [{ mtype: 1, mtext: payload(0) }] }]).slice(0, -8))
  writer.uint32(header.length)
  writer.bytes(Uint8Array.from(header))
  writer.bytes(Uint8Array.from(content))
  writer.zeros(paddingOf(content.length))
  return writer.written()
}

/** Of a message whose header begins at this byte. */
const HEADER_AT = fileOf([]).length

function written(write: (writer: ByteWriter) => void): number[] {
  const writer = new ByteWriter('a-file')
  write(writer)
  return [...writer.written()]
}

function refusal(file: Uint8Array, ...pieceBytes: readonly number[]): { offset: number | undefined; expected: string } {
  try {
    if (pieceBytes.length > 0) read(file, ...pieceBytes)
    else decodeIpcnsMsg(file, 'a-file')
  } catch (error) {
    assert.ok(error instanceof ImageError, `${error}`)
    assert.equal(error.file, 'a-file')
    return { offset: error.offset, expected: error.expected }
  }
  throw new Error('it was not refused')
}

describe('decodeIpcnsMsg of headers as no writer puts them', () => {
  /** With nothing behind, and with so much that the message is wholly there. */
  const PAYLOADS = [[], [1, 2, 3, 4, 5, 6, 7]]

  test('decodeIpcnsMsg reads long forms of numbers, another order, and fields twice', () => {
    for (const content of PAYLOADS) {
      const size = content.length
      for (const header of [
        [0x08, 0x83, 0x00, 0x10, size],
        [0x08, 3, 0x10, 0x80 | size, 0x00],
        [0x08, 0x83, 0x80, 0x80, 0x00, 0x10, size],
        [0x10, size, 0x08, 3],
        [0x08, 9, 0x08, 3, 0x10, size],
        [0x08, 3, 0x10, 9, 0x10, size],
      ]) {
        const { messages } = read(fileOf(header, content), 10_000)
        assert.deepEqual(messages, [{ how: 'alone', mtype: 3, mtext: hex(content) }], `${header}`)
      }
      const most = [0x10, size, ...written((writer) => writeUint64(writer, 1, LONG_MAX))]
      assert.equal(read(fileOf(most, content), 10_000).messages[0]?.mtype, LONG_MAX)
    }
  })

  test('decodeIpcnsMsg refuses a header without its type or its size, and a type of 0, where the header begins', () => {
    for (const content of PAYLOADS) {
      const size = content.length
      for (const [header, expected] of [
        [[0x18, 3, 0x10, size], 'ipc_msg with its mtype'],
        [[0x08, 3, 0x18, size], 'ipc_msg with its msize'],
        [[0x10, size], 'ipc_msg with its mtype'],
        [[0x08, 3], 'ipc_msg with its msize'],
        [[], 'ipc_msg with its mtype'],
        [[0x08, 0, 0x10, size], 'an mtype from 1 to 2^63-1'],
        [[0x08, ...Array(9).fill(0x80), 1, 0x10, size], 'an mtype from 1 to 2^63-1'],
      ] as const) {
        assert.deepEqual(refusal(fileOf(header, content)), { offset: HEADER_AT, expected }, `${header}`)
      }
    }
  })

  test('decodeIpcnsMsg refuses a size of more than 32 bits, and one beyond the end of the file', () => {
    const tooWide = fileOf([0x08, 1, ...written((writer) => writeUint64(writer, 2, UINT_MAX + 1))])
    assert.deepEqual(refusal(tooWide), { offset: HEADER_AT + 2, expected: 'ipc_msg.msize of at most 32 bits' })
    const most = written((writer) => writeUint32(writer, 2, UINT_MAX))
    const beyond = { offset: HEADER_AT + 2 + most.length, expected: `${UINT_MAX} bytes` }
    assert.deepEqual(refusal(fileOf([0x08, 1, ...most])), beyond)
    assert.deepEqual(refusal(fileOf([0x08, 1, 0x10, 9], [1, 2, 3])), { offset: HEADER_AT + 4, expected: '9 bytes' })
    // Wholly there but for its last byte of padding.
    const cut = fileOf([0x08, 1, 0x10, 9], [...payload(9)]).slice(0, -1)
    assert.deepEqual(refusal(cut), { offset: HEADER_AT + 4 + 9, expected: '7 bytes' })
  })

  test('decodeIpcnsMsg says the same of a header that ends too early, whatever follows it and however the file is cut', () => {
    for (const [header, offset, expected] of [
      [[], 0, 'ipc_msg with its mtype'],
      [[0x08], 1, 'one more byte'],
      [[0x08, 0x83], 2, 'one more byte'],
      [[0x08, 3], 0, 'ipc_msg with its msize'],
      [[0x08, 3, 0x10], 3, 'one more byte'],
      [[0x08, 3, 0x10, 0x83], 4, 'one more byte'],
      // A type of five bytes, of which the fifth is as the tag of a size.
      [[0x08, 0x80, 0x80, 0x80, 0x81, 0x10, 7], 6, 'a field of ipc_msg'],
    ] as const) {
      // What the header wants to go on with, and it is short, longer than its shortest form, or longer than any number.
      for (const content of [[1], [0x10, 1], [3, 0x10, 1], [0x10, 0x80], [0], [0x08, 3, 0x10, 1], []]) {
        const file = fileOf(header, [...content, ...Array(16).fill(0x80)])
        for (const pieceBytes of [file.length, 1, HEADER_AT + header.length]) {
          const what = `${header} and ${content} in pieces of ${pieceBytes}`
          assert.deepEqual(refusal(file, pieceBytes), { offset: HEADER_AT + offset, expected }, what)
        }
      }
    }
  })

  test('decodeIpcnsMsg refuses a file that ends within a header, where the header begins', () => {
    const whole = fileOf([0x08, 0x80, 0x01, 0x10, 0])
    for (let length = HEADER_AT; length < whole.length; length++) {
      assert.deepEqual(refusal(whole.slice(0, length)), { offset: HEADER_AT, expected: '5 bytes' }, `${length}`)
    }
  })
})

/** A file of one queue, of the fields that are told: the first seven are its desc's. */
function queueFile(desc: readonly (number | undefined)[], entry: readonly (number | undefined)[] = [8, 0]): Uint8Array {
  const fields = written((writer) => {
    for (const [index, value] of desc.entries()) writeUint32(writer, index + 1, value)
  })
  const record = written((writer) => {
    if (desc.length > 0) writeMessage(writer, 1, Uint8Array.from(fields))
    for (const [index, value] of entry.entries()) writeUint32(writer, index + 2, value)
  })
  const writer = new ByteWriter('a-file')
  writer.bytes(encodeIpcnsMsg([]))
  writer.uint32(record.length)
  writer.bytes(Uint8Array.from(record))
  return writer.written()
}

describe('decodeIpcnsMsg of queues', () => {
  const DESC = [1, 2, 3, 4, 5, 0o600, 6]

  test('decodeIpcnsMsg names the field that a queue lacks', () => {
    assert.equal(decodeIpcnsMsg(queueFile(DESC))[0]?.id, 6)
    for (const [index, name] of ['key', 'uid', 'gid', 'cuid', 'cgid', 'mode', 'id'].entries()) {
      const without = DESC.map((value, at) => (at === index ? undefined : value))
      assert.equal(refusal(queueFile(without)).expected, `ipc_desc_entry with its ${name}`)
    }
    assert.equal(refusal(queueFile([])).expected, 'ipc_msg_entry with its desc')
    assert.equal(refusal(queueFile(DESC, [undefined, 0])).expected, 'ipc_msg_entry with its qbytes')
    assert.equal(refusal(queueFile(DESC, [8])).expected, 'ipc_msg_entry with its qnum')
  })

  test('decodeIpcnsMsg takes every id that an int holds and every mode of nine bits, and says what else it found', () => {
    const [most] = decodeIpcnsMsg(queueFile([UINT_MAX, 2, 3, 4, 5, 0o777, 2 ** 31 - 1]))
    assert.deepEqual([most?.key, most?.mode, most?.id], [UINT_MAX, 0o777, 2 ** 31 - 1])
    assert.throws(() => decodeIpcnsMsg(queueFile([1, 2, 3, 4, 5, 0o600, 2 ** 31])), /found 2147483648$/)
    assert.throws(() => decodeIpcnsMsg(queueFile([1, 2, 3, 4, 5, 0o1000, 6])), /found 0o1000$/)
  })

  test('decodeIpcnsMsg takes no more messages than a queue says that it has, however they are read', () => {
    const [alone, ...plain] = [PLAIN_BELOW, 2, 3, 4, 5].map((mtype) => ({ mtype, mtext: payload(1) }))
    assert.ok(alone !== undefined)
    for (const messages of [[alone, ...plain], plain, [...plain, alone], [alone, alone, alone]]) {
      const [file, empty] = [encodeIpcnsMsg([{ ...QUEUE, messages }]), encodeIpcnsMsg([QUEUE]).length]
      const two = encodeIpcnsMsg([{ ...QUEUE, messages: messages.slice(0, 2) }]).length
      assert.equal(file[empty - 1], messages.length, 'qnum ends the entry')
      file[empty - 1] = 2
      // The third one is taken for a queue: `1 mtype` for its desc.
      assert.deepEqual(refusal(file), { offset: two + 4, expected: 'ipc_msg_entry.desc, a message' })
    }
  })

  test('decodeIpcnsMsg says what it misses where a file ends too early, and its own name for a file without one', () => {
    assert.deepEqual(refusal(encodeIpcnsMsg([QUEUE, QUEUE])), {
      offset: queueFile(DESC).length,
      expected: 'each queue once',
    })
    const magic = { offset: 4, expected: 'the magic number of IPCNS_MSG, 4 bytes' }
    assert.deepEqual(refusal(encodeIpcnsMsg([]).slice(0, 7)), magic)
    const whole = queueFile(DESC, [8, 1])
    const ending = (length: number) => () => decodeIpcnsMsg(whole.slice(0, length))
    assert.throws(ending(9), { file: 'ipcns-msg.img', offset: 8, expected: 'the length of an ipc_msg_entry, 4 bytes' })
    const offset = whole.length
    assert.throws(ending(offset), { file: 'ipcns-msg.img', offset, expected: 'the length of an ipc_msg, 4 bytes' })
  })

  test('decodeIpcnsMsg keeps the fields of a newer CRIU, and tells of none where there are none', () => {
    const [newer] = decodeIpcnsMsg(fileOf([0x08, 1, 0x10, 0, 0x18, 7]))
    assert.deepEqual([...(newer?.messages ?? [])], [{ mtype: 1, mtext: payload(0), unknown: Uint8Array.of(0x18, 7) }])
    const [alone] = decodeIpcnsMsg(fileOf([0x08, 1, 0x10, 0]))
    assert.deepEqual([...(alone?.messages ?? [])], [{ mtype: 1, mtext: payload(0) }])
  })
})
