import { deepEqual, equal, rejects } from 'node:assert/strict'
import { createWriteStream } from 'node:fs'
import { PassThrough } from 'node:stream'
import { describe, test } from 'node:test'
import { ClosedPipe } from './errors.ts'
import { Output, toJson } from './output.ts'

/** A terminal, as far as a stream can tell. */
const terminal = () => Object.assign(new PassThrough(), { isTTY: true })

const output = (out: PassThrough, environment: NodeJS.ProcessEnv = {}) =>
  new Output(out, new PassThrough(), { isJson: false, environment })

describe('Output', () => {
  test('has colours on a terminal alone, and none with NO_COLOR or TERM=dumb', () => {
    equal(output(terminal()).style.bold('id'), '\x1b[1mid\x1b[22m')
    equal(output(new PassThrough()).style.bold('id'), 'id')
    equal(output(terminal(), { NO_COLOR: '1' }).style.red('id'), 'id')
    equal(output(terminal(), { NO_COLOR: '' }).style.red('id'), '\x1b[31mid\x1b[39m')
    equal(output(terminal(), { TERM: 'dumb' }).style.dim('id'), 'id')
  })

  test('writes lines and bytes as they are, in order', async () => {
    const out = new PassThrough()
    const written = output(out)
    await written.lines('one', 'two')
    await written.bytes(Uint8Array.of(0, 255))
    await written.json({ type: 2n ** 63n - 1n, qnum: 3 })
    const expected = Buffer.concat([
      Buffer.from('one\ntwo\n'),
      Buffer.of(0, 255),
      Buffer.from('{"type":"9223372036854775807","qnum":3}\n'),
    ])
    // Node 26 reads a chunk at a time.
    deepEqual(Buffer.concat(await out.end().toArray()), expected)
  })

  test('tells a reader that has gone from a disk that is full', async () => {
    const gone = new PassThrough()
    gone._write = (_chunk, _encoding, done) => done(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }))
    await rejects(output(gone).lines('x'), ClosedPipe)
    const full = createWriteStream('/dev/full')
    const error: unknown = await new Output(full, new PassThrough(), { isJson: false, environment: {} })
      .lines('x')
      .catch((reason) => reason)
    equal((error as NodeJS.ErrnoException).code, process.platform === 'linux' ? 'ENOSPC' : 'ENOENT')
  })

  test('lets a note go to a standard error that nobody reads', async () => {
    const gone = new PassThrough()
    gone._write = (_chunk, _encoding, done) => done(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }))
    await new Output(new PassThrough(), gone, { isJson: false, environment: {} }).note('x')
  })
})

describe('toJson', () => {
  test('writes a number where that is exact, digits in a string beyond', () => {
    equal(toJson([1, 9007199254740993n]), '[1,"9007199254740993"]')
  })
})
