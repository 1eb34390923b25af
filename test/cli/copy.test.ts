import { deepEqual, equal, match } from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { after, before, describe, test } from 'node:test'
import { openEmbeddedNamespace } from '../../src/backends/embedded/index.ts'
import { parseArguments } from '../../src/cli/arguments.ts'
import { copy } from '../../src/cli/commands/copy.ts'
import { Output } from '../../src/cli/output.ts'
import { KERNEL_SKIPPED, PrivateNamespace } from './private-namespace.ts'

/** Types of the messages of a queue, oldest first; each payload tells its index. */
const TYPES = [1, 2, 1, 2, 3, 1, 2]

/** What `msgq copy QUEUE WORDS --json` prints: indexes and payloads. */
type Copied = (...words: readonly string[]) => Promise<string>

/** The same command on queues of this process, which no other could fill. */
async function memoryCopied(msgCopy: 'index' | 'counter'): Promise<Copied> {
  const namespace = openEmbeddedNamespace({ msgCopy })
  const msqid = await namespace.msgget(0, 0o600)
  for (const [index, mtype] of TYPES.entries())
    await namespace.msgsnd(msqid, { mtype, mtext: Buffer.from(`m${index}`) }, 0)
  return async (...words) => {
    const out = new PassThrough()
    const output = new Output(out, new PassThrough(), { isJson: true, environment: {} })
    await copy.run(parseArguments(copy, [String(msqid), ...words]), {
      output,
      stdin: process.stdin,
      environment: {},
      commands: [],
      interrupted: new AbortController().signal,
      openNamespace: async () => namespace,
    })
    return shown(Buffer.concat(await out.end().toArray()).toString())
  }
}

function shown(lines: string): string {
  const copied = lines
    .trim()
    .split('\n')
    .filter((line) => line !== '')
  return copied
    .map((line) => JSON.parse(line))
    .map(({ index, payload }) => `${index}:${payload}`)
    .join(' ')
}

describe('msgq copy', { skip: KERNEL_SKIPPED }, () => {
  let kernel: PrivateNamespace
  before(async () => {
    kernel = await PrivateNamespace.open()
    equal(kernel.msgq(['create']).stdout, '0\n')
    const lines = TYPES.map((type, index) => JSON.stringify({ type, payload: `m${index}` })).join('\n')
    equal(kernel.msgq(['send', '0', '--ndjson'], { input: lines }).status, 0)
  })
  after(() => kernel[Symbol.asyncDispose]())

  const ofKernel: Copied = async (...words) => shown(kernel.msgq(['copy', '0', '--json', ...words]).stdout)

  for (const [words, expected] of [
    [[], '0:m0 1:m1 2:m2 3:m3 4:m4 5:m5 6:m6'],
    [['3'], '3:m3'],
    [['--range', '2..4'], '2:m2 3:m3 4:m4'],
    [['--range', '2-4'], '2:m2 3:m3 4:m4'],
    [['--range', '5..'], '5:m5 6:m6'],
    [['--range', '..1'], '0:m0 1:m1'],
    [['--range', '6..100'], '6:m6'],
    [['--range', '7..8'], ''],
    [['--type', '1'], '0:m0 2:m2 5:m5'],
    [['--except', '1'], '1:m1 3:m3 4:m4 6:m6'],
    [['--at-most', '2', '--range', '3..'], '3:m3 5:m5 6:m6'],
    [['--type', '9'], ''],
  ] as const) {
    test(`copy ${words.join(' ')} shows the messages that are meant, with their own indexes, wherever they are`, async () => {
      equal(await ofKernel(...words), expected)
      equal(await (await memoryCopied('index'))(...words), expected)
      equal(await (await memoryCopied('counter'))(...words), expected)
    })
  }

  test('copy leaves the queue as it is', async () => {
    const before = kernel.msgq(['stat', '0', '--json']).stdout
    await ofKernel()
    await ofKernel('--range', '1..2')
    equal(kernel.msgq(['stat', '0', '--json']).stdout, before)
  })

  test('copy has its heading over nothing too, and ends with 0', () => {
    const { status, stdout } = kernel.msgq(['copy', '0', '--range', '20..'])
    equal(stdout, 'index    type   bytes  payload\n')
    equal(status, 0)
  })

  test('copy is what someone who wants to peek is told of, whatever they call it', () => {
    for (const word of ['peek', 'browse', 'view', 'cat', 'PEEK']) {
      match(kernel.msgq([word, '0']).stderr, /\nhint: did you mean `msgq copy`\?\n$/)
    }
  })

  test('copy of a message that is longer than msgmax says so, and what to do', () => {
    equal(kernel.msgq(['send', '0', 'longer than that']).status, 0)
    equal(kernel.msgq(['limits', '--msgmax', '10']).status, 0)
    for (const words of [
      ['copy', '0', '7'],
      ['copy', '0', '--range', '7..'],
    ]) {
      const { status, stderr } = kernel.msgq(words)
      match(
        stderr,
        /^msgq: EINVAL: .*\nhint: msgmax is 10, and the message at index 7 is longer: raise msgmax to copy it\n$/,
      )
      equal(status, 1)
    }
  })

  for (const [words, told] of [
    [['1', '--range', '2..3'], /INDEX and --range exclude each other/],
    [['--range', '3..2'], /--range 3\.\.2 ends before it begins\nhint: write 0\.\.9 for the oldest ten/],
    [['--range', '..'], /--range \.\. is not a range/],
    [['--range', 'a..b'], /--range a\.\.b is not a range/],
    [['--range', '5'], /--range 5 is not a range/],
    [['--range', '1..99999999999999999999'], /out of range\nhint: it goes from 0 to/],
  ] as const) {
    test(`copy ${words.join(' ')} is a usage error`, () => {
      const { status, stdout, stderr } = kernel.msgq(['copy', '0', ...words])
      match(stderr, told)
      deepEqual([stdout, status], ['', 2])
    })
  }
})
