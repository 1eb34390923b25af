import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, test } from 'node:test'
import { bytes } from '../../test/golden/checkpoints.ts'
import { type Image, ImageError, LINUX_VARIABLES, NdjsonDecoder } from './index.ts'
import { variableMembers } from './variables-json.ts'

const INT_MAX = 2 ** 31 - 1
const UINT_MAX = 2 ** 32 - 1
const SAFE = Number.MAX_SAFE_INTEGER

type Json = Readonly<Record<string, unknown>>

const { msg_ctlmax, msg_ctlmnb, msg_ctlmni, msg_next_id, ...members } = variableMembers(LINUX_VARIABLES)
const VARIABLES = { ...members, shm_ctlmax: 1, shm_ctlall: 1, sem_ctls: [1, 2, 3, 4] }
const HEADER: Json = {
  ...{ format: 'msgq ndjson', version: 1, number: 3, time: 5, limits: { msgmax: 1, msgmnb: 2, msgmni: 3 } },
  ...{ nextId: -1, variables: VARIABLES, queues: 1, waiting: 0 },
}
const QUEUE: Json = { msqid: 7, key: 1, uid: 2, gid: 3, cuid: 4, cgid: 5, mode: 0o600, qbytes: 8, messages: 1 }
const MESSAGE: Json = { type: 9, encoding: 'utf-8', payload: 'text' }
const END: Json = { end: true }

/** The lines of a file, some of them changed. */
function linesOf(change: { header?: Json; queue?: Json; message?: Json; end?: Json } = {}): object[] {
  return [
    { ...HEADER, ...change.header },
    { queue: { ...QUEUE, ...change.queue } },
    { ...MESSAGE, ...change.message },
    change.end ?? END,
  ]
}

const text = (lines: readonly object[]) => lines.map((line) => `${JSON.stringify(line)}\n`).join('')

function read(file: string): Image {
  const decoder = new NdjsonDecoder('a-file')
  decoder.feed(bytes(file))
  return decoder.end()
}

/** Where a file is refused, as the number of the line from 0, and what was expected and found there. */
function refusal(lines: readonly object[], file = text(lines)): { line: number; words: string } {
  try {
    read(file)
  } catch (error) {
    assert.ok(error instanceof ImageError, `${error}`)
    assert.equal(error.file, 'a-file')
    const before = file.slice(0, error.offset).split('\n')
    assert.equal(before.at(-1), '', 'it names the begin of a line')
    return { line: before.length - 1, words: error.message.replace(/.*: expected /, '') }
  }
  return assert.fail(`it was taken: ${file}`)
}

describe('NdjsonDecoder of one line', () => {
  const LINE = { header: 0, queue: 1, message: 2 }
  const PATH = { header: 'line', queue: 'line.queue', message: 'line' }
  const ids = ['uid', 'gid', 'cuid', 'cgid']

  /** Each number with its ends; those that may be absent are told apart. */
  const ranges: readonly (readonly [where: keyof typeof LINE, name: string, least: number, most: number])[] = [
    ['header', 'number', 0, UINT_MAX],
    ['header', 'time', 0, SAFE],
    ['header', 'nextId', -1, INT_MAX],
    ['queue', 'msqid', 0, INT_MAX],
    ['queue', 'key', -INT_MAX - 1, INT_MAX],
    ...ids.map((name) => ['queue', name, 0, UINT_MAX] as const),
    ['queue', 'mode', 0, 0o777],
    ['queue', 'qbytes', 0, 2 ** 64],
  ]
  const optional: typeof ranges = [
    ...['stime', 'rtime', 'ctime', 'lastSequence'].map((name) => ['queue', name, 0, SAFE] as const),
    ...['lspid', 'lrpid'].map((name) => ['queue', name, 0, INT_MAX] as const),
    ['queue', 'copyCounter', 0, UINT_MAX],
    ['message', 'sequence', 1, SAFE],
    ['message', 'time', 0, SAFE],
  ]

  test('NdjsonDecoder takes each number to its ends, and refuses what lies beyond by its name and its line', () => {
    for (const [where, name, least, most] of [...ranges, ...optional]) {
      for (const value of [least, most]) read(text(linesOf({ [where]: { [name]: value } })))
      const above = most === 2 ** 64 ? 2 ** 65 : most + 1
      for (const value of [least - 1, above, 0.5, `${least}`, null]) {
        const { line, words } = refusal(linesOf({ [where]: { [name]: value } }))
        assert.equal(line, LINE[where], `${name} ${value}`)
        assert.ok(words.startsWith(`${PATH[where]}.${name} to be a whole number from ${least} to`), words)
      }
    }
    for (const [where, name] of ranges) refusal(linesOf({ [where]: { [name]: undefined } }))
    for (const name of ['msgmax', 'msgmnb', 'msgmni']) {
      const limits = (value: unknown) =>
        linesOf({ header: { limits: { msgmax: 1, msgmnb: 1, msgmni: 1, [name]: value } } })
      for (const value of [0, INT_MAX]) read(text(limits(value)))
      for (const value of [-1, INT_MAX + 1, '1', undefined]) {
        assert.match(refusal(limits(value)).words, new RegExp(`^line\\.limits\\.${name} to be `))
      }
    }
    for (const [name, most] of [
      ['pid', INT_MAX],
      ['uid', UINT_MAX],
    ] as const) {
      const sender = (value: unknown) => linesOf({ message: { sender: { pid: 1, uid: 1, [name]: value } } })
      for (const value of [0, most]) read(text(sender(value)))
      for (const value of [-1, most + 1, '1', undefined]) {
        assert.match(refusal(sender(value)).words, new RegExp(`^line\\.sender\\.${name} to be `))
      }
    }
  })

  test('NdjsonDecoder keeps what a line tells, and nothing of what it does not', () => {
    const { checkpoint, missing, namespaceNumber } = read(text(linesOf()))
    assert.deepEqual([missing, namespaceNumber], [[], 3])
    const queue = { msqid: 7, perm: { key: 1, uid: 2, gid: 3, cuid: 4, cgid: 5, mode: 0o600 }, qbytes: 8 }
    const limits = { msgmax: 1, msgmnb: 2, msgmni: 3 }
    const { queues, ...head } = checkpoint
    assert.deepEqual(head, { time: 5, limits, nextId: -1, waiting: [] })
    const [only] = queues
    assert.deepEqual(
      { ...only, messages: [...(only?.messages ?? [])] },
      {
        ...queue,
        messages: [{ mtype: 9, mtext: bytes('text') }],
      },
    )
    const told = { stime: 1, rtime: 2, ctime: 3, lspid: 4, lrpid: 5, copyCounter: 6, lastSequence: 70 }
    const identifiers = { nextIndex: 1, lastIndex: 2, sequence: 3 }
    const message = { sequence: 60, sender: { pid: 1, uid: 2 }, time: 50 }
    const whole = read(text(linesOf({ header: { identifiers }, queue: told, message }))).checkpoint
    assert.deepEqual(whole.identifiers, identifiers)
    assert.deepEqual(
      { ...whole.queues[0], messages: [...(whole.queues[0]?.messages ?? [])] },
      {
        ...{ ...queue, ...told },
        messages: [{ mtype: 9, mtext: bytes('text'), ...message }],
      },
    )
  })

  test('NdjsonDecoder refuses a member that it does not know, wherever it is', () => {
    for (const [change, line, words] of [
      [{ header: { other: 1 } }, 0, 'no member of line but format'],
      [{ queue: { other: 1 } }, 1, 'no member of line.queue but msqid'],
      [{ message: { other: 1 } }, 2, 'no member of line but type'],
      [{ message: { sender: { pid: 1, uid: 2, gid: 3 } } }, 2, 'no member of line.sender but pid, uid'],
      [{ end: { end: true, other: 1 } }, 3, 'no member of line but end'],
      [{ end: { sha256: 'ab', other: 1 } }, 3, 'no member of line but sha256'],
      [{ end: { waiting: {}, other: 1 } }, 3, 'no member of line but waiting'],
      [{ end: { queue: {}, other: 1 } }, 3, 'no member of line but queue'],
    ] as const) {
      const found = refusal(linesOf(change))
      assert.deepEqual([found.line, found.words.slice(0, words.length)], [line, words])
    }
  })

  test('NdjsonDecoder reads payloads of both encodings, and types to the ends of a long', () => {
    const mtext = (message: Json) => [...(read(text(linesOf({ message }))).checkpoint.queues[0]?.messages ?? [])][0]
    assert.deepEqual(mtext({ payload: 'é' })?.mtext, bytes('é'))
    assert.deepEqual(mtext({ payload: '' })?.mtext, bytes(''))
    assert.deepEqual(mtext({ encoding: 'base64', payload: 'AP8K' })?.mtext, Uint8Array.of(0, 255, 10))
    assert.equal(mtext({ type: '9223372036854775807' })?.mtype, 2n ** 63n - 1n)
    assert.equal(mtext({ type: 1 })?.mtype, 1)
    for (const [message, name] of [
      [{ encoding: 'base64', payload: 'AP8' }, 'payload'],
      [{ payload: 5 }, 'payload'],
      [{ encoding: 'utf-16' }, 'encoding'],
      [{ encoding: 'xutf-8' }, 'encoding'],
      [{ encoding: 'utf-8x' }, 'encoding'],
      [{ encoding: 'base64x', payload: '' }, 'encoding'],
      [{ type: 0 }, 'type'],
      [{ type: -1 }, 'type'],
      [{ type: '9223372036854775808' }, 'type'],
      [{ sender: 5 }, 'sender'],
    ] as const) {
      const { line, words } = refusal(linesOf({ message }))
      assert.deepEqual([line, words.split(' ')[0]], [2, `line.${name}`])
    }
  })
})

describe('NdjsonDecoder of a whole file', () => {
  test('NdjsonDecoder says whose file it is instead, and that a newer msgq wrote it', () => {
    assert.deepEqual(refusal([{ jobs: 1 }]), { line: 0, words: 'a header of msgq ndjson, found ["jobs"]' })
    for (const format of ['msgq ndjsons', 'a msgq ndjson', 5]) {
      assert.match(refusal(linesOf({ header: { format } })).words, /^line\.format to be /)
    }
    const newer = refusal(linesOf({ header: { version: 2 } }))
    assert.deepEqual(newer, { line: 0, words: 'format version 1 or older: a newer msgq wrote it, found 2' })
    assert.match(refusal(linesOf({ header: { version: 0 } })).words, /^line\.version to be /)
  })

  test('NdjsonDecoder wants as many queues, messages and waiting calls as it was told, and each queue once', () => {
    const [header = {}, queue = {}, message = {}, end = {}] = linesOf()
    const cases: readonly (readonly [lines: readonly object[], line: number, words: string])[] = [
      [
        [header, message, end],
        1,
        'no more messages than the 0 of the queue before, found ["type","encoding","payload"]',
      ],
      [[header, queue, message, message, end], 3, 'no more messages than the 1 of the queue before, found ["type"'],
      [[header, queue, end], 2, '1 messages before it, found 0'],
      [[header, queue, queue, end], 2, '1 messages before it, found 0'],
      [[header, queue, message, queue, message, end], 3, 'each queue once, found 7'],
      [[header, end], 1, '1 queues and 0 waiting calls before it, found "0 and 0"'],
      [[{ ...HEADER, waiting: 1 }, queue, message, end], 3, '1 queues and 1 waiting calls before it, found "1 and 0"'],
      [[header, queue, message, { end: false }], 3, 'line.end to be true, found false'],
      [[header, queue, message, { end: 1 }], 3, 'line.end to be true or false, found 1'],
      [[header, queue, message, { waiting: 5 }], 3, 'line.waiting to be an object, found 5'],
      [[header, { queue: 5 }], 1, 'line.queue to be an object, found 5'],
      [[header, queue, message, end, end], 4, 'the end of the file'],
    ]
    for (const [lines, line, words] of cases) {
      const found = refusal(lines)
      assert.deepEqual([found.line, found.words.slice(0, words.length)], [line, words])
    }
  })

  test('NdjsonDecoder wants sequence numbers that rise within a queue, and a lastSequence that is none of them below', () => {
    const queue = (change: Json = {}) => ({ queue: { ...QUEUE, messages: 2, ...change } })
    const numbered = (sequence: number) => ({ ...MESSAGE, sequence })
    const lines = (first: number, second: number, change: Json = {}) => {
      return [HEADER, queue(change), numbered(first), numbered(second), END]
    }
    read(text(lines(1, 2, { lastSequence: 2 })))
    read(text([HEADER, queue(), numbered(3), MESSAGE, END]))
    const three = { queue: { ...QUEUE, messages: 3 } }
    read(text([HEADER, three, numbered(3), MESSAGE, numbered(4), END]))
    assert.equal(refusal([HEADER, three, numbered(3), MESSAGE, numbered(3), END]).line, 4)
    assert.equal(refusal([HEADER, queue({ lastSequence: 2 }), numbered(3), MESSAGE, END]).line, 4)
    for (const [first, second] of [
      [2, 2],
      [2, 1],
    ] as const) {
      const { line, words } = refusal(lines(first, second))
      assert.deepEqual([line, words.slice(0, 18)], [3, 'sequence must rise'])
    }
    const below = refusal(lines(1, 2, { lastSequence: 1 }))
    const words = 'the lastSequence of the queue before it to be at least 2, found 1'
    assert.deepEqual(below, { line: 4, words })
    const other = { queue: { ...QUEUE, msqid: 8 } }
    const two = read(text([{ ...HEADER, queues: 2 }, queue({ messages: 1 }), numbered(9), other, numbered(2), END]))
    assert.equal(two.checkpoint.queues.length, 2, 'each queue counts for itself')
  })

  test('NdjsonDecoder finds the ends of lines in whatever pieces they come', () => {
    const lines = [...linesOf({ header: { queues: 2 }, message: { payload: 'x'.repeat(200) } }).slice(0, 3)]
    const file = bytes(text([...lines, { queue: { ...QUEUE, msqid: 8, messages: 0 } }, END]))
    for (const pieceBytes of [1, 2, 7, 50, 130, 300, file.length]) {
      const decoder = new NdjsonDecoder('a-file')
      for (let start = 0; start < file.length; start += pieceBytes) {
        const piece = file.slice(start, start + pieceBytes)
        decoder.feed(piece)
        piece.fill(0x0a)
      }
      assert.equal(decoder.end().checkpoint.queues.length, 2, `pieces of ${pieceBytes} bytes`)
    }
  })

  test('NdjsonDecoder takes the hash of the lines before, and no other', () => {
    const lines = text(linesOf().slice(0, -1))
    const hash = createHash('sha256').update(lines).digest('hex')
    assert.equal(read(`${lines}${JSON.stringify({ sha256: hash })}\n`).checkpoint.queues.length, 1)
    const wrong = refusal(linesOf({ end: { sha256: 'ab'.repeat(32) } }))
    assert.equal(wrong.line, 3)
    assert.ok(
      wrong.words.startsWith(`the lines before to have the SHA-256 ${'ab'.repeat(32)}, found "${hash.slice(0, 59)}`),
    )
    assert.match(refusal(linesOf({ end: { sha256: 'ab' } })).words, /^line\.sha256 to be /)
  })

  test('NdjsonDecoder wants a last line that ends, and nothing behind it', () => {
    const whole = text(linesOf())
    for (const [file, offset] of [
      ['', 0],
      [whole.slice(0, -1), whole.length - 1],
      [`${whole} `, whole.length + 1],
      [text(linesOf().slice(0, -1)), whole.length - '{"end":true}\n'.length],
    ] as const) {
      assert.throws(() => read(file), { name: 'ImageError', offset, expected: 'a last line that ends' }, file)
    }
  })
})
