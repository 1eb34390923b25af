import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { bytes, emptyCheckpoint, goldenCheckpoint } from '../../test/golden/checkpoints.ts'
import { ImageError } from './errors.ts'
import { MessageColumns } from './message-columns.ts'
import { beginMsgqFile, readMsgqFile } from './msgq-file.ts'
import { sha256 } from './seal.ts'

const INT_MAX = 2 ** 31 - 1
const SAFE = Number.MAX_SAFE_INTEGER
const HASH = 'ab'.repeat(32)

const HEADER = {
  format: 'msgq image',
  version: 1,
  time: 5,
  nextId: -1,
  identifiers: { nextIndex: 1, lastIndex: -1, sequence: 2 },
  files: { 'ipcns-var-1.img': { bytes: 9, sha256: HASH } },
  queues: 1,
  waiting: 2,
}
const LINES = ['{"queue":{"a":1}}', '{"waiting":{"b":2}}', '{"waiting":{"c":3}}']

/** A file of a header and these lines, with a hash that fits, or another end. */
async function fileOf(header: object, lines: readonly string[] = LINES, end?: string): Promise<Uint8Array> {
  const text = [JSON.stringify(header), ...lines].map((line) => `${line}\n`).join('')
  return bytes(text + (end ?? `{"sha256":"${await sha256(bytes(text))}"}\n`))
}

async function refusal(file: Uint8Array): Promise<{ offset: number | undefined; words: string }> {
  const error = await readMsgqFile('ours', file).then(
    () => assert.fail('it was taken'),
    (error: unknown) => error,
  )
  assert.ok(error instanceof ImageError, `${error}`)
  assert.equal(error.file, 'ours')
  return { offset: error.offset, words: error.message.replace(/.*: expected /, '') }
}

test('beginMsgqFile writes what readMsgqFile reads: head, seals, queues and the calls that waited', async () => {
  const { waiting } = goldenCheckpoint()
  const perm = { key: 1, uid: 2, gid: 3, cuid: 4, cgid: 5, mode: 0o600 }
  const queue = { msqid: 6, perm, qbytes: 7, messages: [] }
  const checkpoint = { ...emptyCheckpoint(), identifiers: HEADER.identifiers, queues: [queue], waiting }
  const seals = new Map([['f', { sizeBytes: 9, sha256: HASH }]])
  const file = await beginMsgqFile('ours', checkpoint, [new MessageColumns(queue)])(seals)
  const read = await readMsgqFile('ours', file)
  assert.deepEqual([read.files, read.time, read.nextId, read.identifiers], [seals, 1, -1, HEADER.identifiers])
  const [line] = read.queues
  assert.deepEqual(
    [read.queues.length, line?.integer('msqid', 0, 9), line?.object('messages').has('count')],
    [1, 6, true],
  )
  assert.deepEqual(
    read.waiting.map((call) => call.object('call').string('name', /^/)),
    waiting.map(({ call }) => call.name),
  )
})

describe('readMsgqFile', () => {
  test('readMsgqFile reads the head, and the lines of queues and waiting calls each where it stands', async () => {
    const { queues, waiting, ...head } = await readMsgqFile('ours', await fileOf(HEADER))
    assert.deepEqual(head, {
      time: 5,
      nextId: -1,
      identifiers: { nextIndex: 1, lastIndex: -1, sequence: 2 },
      files: new Map([['ipcns-var-1.img', { sizeBytes: 9, sha256: HASH }]]),
    })
    assert.deepEqual(
      [queues, waiting].map((lines) => lines.map((line) => line.names().join())),
      [['a'], ['b', 'c']],
    )
    const [first] = waiting
    const offset = JSON.stringify(HEADER).length + 1 + '{"queue":{"a":1}}\n'.length
    assert.equal(first?.member('b', 'another').offset, offset)
    assert.match(first?.member('b', 'another').message ?? '', /waiting\.waiting\.b to be another, found 2$/)
    const { identifiers: _, ...without } = HEADER
    assert.equal('identifiers' in (await readMsgqFile('ours', await fileOf(without))), false)
  })

  test('readMsgqFile takes each number to its ends, and refuses what lies beyond by its name, at the head', async () => {
    const cursor = HEADER.identifiers
    const ranges: readonly (readonly [name: string, least: number, most: number, put: (value: unknown) => object])[] = [
      ['header.time', 0, SAFE, (time) => ({ time })],
      ['header.nextId', -1, INT_MAX, (nextId) => ({ nextId })],
      ['header.identifiers.nextIndex', 0, 32_768, (nextIndex) => ({ identifiers: { ...cursor, nextIndex } })],
      ['header.identifiers.lastIndex', -1, 32_767, (lastIndex) => ({ identifiers: { ...cursor, lastIndex } })],
      ['header.identifiers.sequence', 0, 65_534, (sequence) => ({ identifiers: { ...cursor, sequence } })],
      ['header.files.f.bytes', 0, SAFE, (size) => ({ files: { f: { bytes: size, sha256: HASH } } })],
    ]
    for (const [name, least, most, put] of ranges) {
      for (const value of [least, most]) await readMsgqFile('ours', await fileOf({ ...HEADER, ...put(value) }))
      for (const value of [least - 1, most + 1, `${least}`, undefined, 0.5]) {
        const { offset, words } = await refusal(await fileOf({ ...HEADER, ...put(value) }))
        assert.equal(offset, 0)
        assert.match(words, new RegExp(`^${name.replaceAll('.', '\\.')} to be `), `${value}`)
      }
    }
    for (const [change, name] of [
      [{ queues: -1, waiting: 4 }, 'queues'],
      [{ queues: 32_769 }, 'queues'],
      [{ waiting: -1 }, 'waiting'],
      [{ version: 0 }, 'version'],
      [{ format: 'msgq images' }, 'format'],
      [{ format: 'a msgq image' }, 'format'],
      [{ identifiers: 5 }, 'identifiers'],
      [{ files: [] }, 'files'],
      [{ files: { f: 5 } }, 'files.f'],
      ...[HASH.slice(1), `${HASH}a`, HASH.toUpperCase(), 5].map((sha256) => {
        return [{ files: { f: { bytes: 1, sha256 } } }, 'files.f.sha256'] as const
      }),
    ] as const) {
      const { words } = await refusal(await fileOf({ ...HEADER, ...change }))
      assert.ok(words.startsWith(`header.${name} to be `), words)
    }
  })

  test('readMsgqFile says whose file it is instead, and that a newer msgq wrote it', async () => {
    const foreign = await refusal(await fileOf({ jobs: 1, more: 2 }))
    assert.deepEqual(foreign, { offset: 0, words: 'a header of a msgq image, found "jobs, more"' })
    const newer = await refusal(await fileOf({ ...HEADER, version: 2 }))
    const words = 'format version 1 or older: a newer msgq wrote this image, found version 2'
    assert.deepEqual(newer, { offset: 0, words })
    for (const text of ['', '\n', '[]\n', 'x\n']) assert.equal((await refusal(bytes(text))).offset, 0)
  })

  test('readMsgqFile wants as many lines as the head says, each of its kind', async () => {
    for (const lines of [LINES.slice(1), [...LINES, '{"waiting":{}}']]) {
      const { offset, words } = await refusal(await fileOf(HEADER, lines))
      assert.equal(offset, 0)
      assert.equal(words, `1 lines of queues and 2 of waiting calls, found "${lines.length} lines"`)
    }
    const at = JSON.stringify(HEADER).length + 1
    const swapped = await refusal(await fileOf(HEADER, [...LINES].reverse()))
    assert.deepEqual(swapped, { offset: at, words: 'queue.queue to be an object, found nothing' })
    const noJson = await refusal(await fileOf(HEADER, [...LINES.slice(0, 2), 'no JSON']))
    assert.deepEqual(noJson, { offset: at + LINES.slice(0, 2).join('\n').length + 1, words: 'a line of JSON' })
    const other = await refusal(await fileOf(HEADER, [...LINES.slice(0, 2), '{"queue":{}}']))
    assert.match(other.words, /^waiting\.waiting to be an object, found nothing$/)
  })

  test('readMsgqFile wants a last line that ends, with the hash of those before it', async () => {
    const whole = await fileOf(HEADER)
    const ends = whole.length - '{"sha256":""}\n'.length - HASH.length
    const cut = whole.slice(0, -1)
    assert.deepEqual(await refusal(cut), { offset: cut.length, words: 'a last line that ends, found the end' })
    const wrong = await refusal(await fileOf(HEADER, LINES, `{"sha256":"${HASH}"}\n`))
    assert.equal(wrong.offset, ends)
    assert.match(wrong.words, new RegExp(`^the lines before to have the SHA-256 ${HASH}, found "[0-9a-f]{59}`))
    const none = await refusal(await fileOf(HEADER, LINES, '{"end":true}\n'))
    assert.deepEqual(none, { offset: ends, words: 'a last line with the SHA-256 of the others, found "another line"' })
    const short = await refusal(await fileOf(HEADER, LINES, '{"sha256":"ab"}\n'))
    assert.equal(short.offset, ends)
    assert.match(short.words, /^end\.sha256 to be /)
    const noObject = await refusal(await fileOf(HEADER, LINES, '5\n'))
    assert.deepEqual(noObject, { offset: ends, words: 'end to be an object, found 5' })
  })
})
