import { deepEqual, equal, match } from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { MSGQ } from '../cli/child.ts'
import { PrivateNamespace } from '../cli/private-namespace.ts'

const namespace = await PrivateNamespace.open()
const directory = mkdtempSync(join(tmpdir(), 'msgq-commands-'))
const spool = join(directory, 'spool')
const image = join(directory, 'image')
after(async () => {
  rmSync(directory, { recursive: true })
  await namespace[Symbol.asyncDispose]()
})

/** What a command that succeeds prints. */
function prints(...words: readonly string[]): string {
  const { status, stdout, stderr } = namespace.msgq(words)
  equal(stderr, '')
  equal(status, 0)
  return stdout
}

/** What a command that fails says, and its exit status. */
function fails(...words: readonly string[]): string {
  const { status, stdout, stderr } = namespace.msgq(words)
  equal(stdout, '')
  return `${status} ${stderr}`
}

const create = (...words: readonly string[]) => prints('create', ...words).trim()
const payloads = (queue: string) =>
  prints('copy', queue, '--json')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => (JSON.parse(line) as { payload: unknown }).payload)

describe('msgq mv and cp', () => {
  const source = create()
  const target = create('--key', '0x4d51')
  for (const [type, text] of ['2', 'two', '1', 'one', '3', 'three'].flatMap((each, at, all) =>
    at % 2 === 0 ? [[each, all[at + 1] ?? '']] : [],
  )) {
    prints('send', source, '--type', type ?? '', text ?? '')
  }

  test('cp sends copies, and mv moves: both say from where to where', () => {
    const line = `copied 1 message, 3 bytes from queue ${source} of linux: to queue ${target} of linux:\n`
    equal(prints('cp', source, '0x4d51', '--type', '1'), line)
    equal(
      prints('mv', source, target, '--at-most', '2', '--count', '1', '--json', '--spool', spool),
      '{"moved":1,"bytes":3}\n',
    )
    const moved = namespace.run(process.execPath, [
      MSGQ,
      'mv',
      'linux:',
      source,
      'linux:',
      'key:0x4d51',
      '--spool',
      spool,
    ]).stdout
    equal(moved, `moved 2 messages, 8 bytes from queue ${source} of linux: to queue ${target} of linux:\n`)
    deepEqual(payloads(target), ['one', 'one', 'two', 'three'])
    deepEqual(payloads(source), [])
  })

  for (const [words, status, told] of [
    [['mv', '3'], 2, /mv needs more: \[URL\] QUEUE \[URL\] QUEUE/],
    [['mv', 'linux:', '3'], 2, /linux: 3 is one queue, and two are needed\nhint: write SOURCE-URL QUEUE TARGET-URL/],
    [['mv', 'linux:', '3', '4'], 2, /three operands/],
    [['mv', 'linux:', '3', 'linux:', '4'], 2, /--namespace and two URLs exclude each other/],
    [['mv', source, source], 2, /source and target are one queue/],
    [['mv', source, target, '--count', 'many'], 2, /--count many is not a whole number/],
    [['mv', source, target, '--type', '1', '--except', '2'], 2, /exclude each other/],
    [['cp', '31999', target], 1, /EINVAL.*31999\)\nhint: no queue has this id/],
    [['mv', source, '0x999'], 1, /ENOENT/],
  ] as const) {
    test(`msgq ${words.join(' ')} says what is wrong`, () => {
      const said = fails(...words)
      match(said, told)
      equal(said.slice(0, 1), String(status))
    })
  }

  test('mv says where a message is that it took and could not send, and the next mv sends it first', async () => {
    const small = create('--qbytes', '4')
    const from = create()
    prints('send', from, 'abc')
    prints('send', from, 'def')
    const child = namespace.start(['mv', from, small, '--spool', spool])
    let stderr = ''
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk
    })
    while (!prints('stat', from, '--json').includes('"qnum":0,')) equal(child.exitCode, null)
    child.kill('SIGINT')
    const [status] = await once(child, 'close')
    equal(status, 130)
    match(stderr, /^moved 1 message, then it ended\na message of type 1, 3 bytes, from linux: \d+, is on no queue now/)
    equal(prints('receive', small, '--raw'), 'abc')
    const found = /^\{"found":\{"type":1,"bytes":3,"mayBeDoubled":false,"mayBeCut":false,.*\n\{"moved":0,"bytes":0\}\n$/
    match(prints('mv', from, small, '--spool', spool, '--json'), found)
    equal(prints('receive', small, '--raw'), 'def')
  })
})

test('msgq mv without a usable namespace names the choices', () => {
  const { status, stderr } = namespace.run(process.execPath, [MSGQ, 'cp', 'linux:', '3', 'kernel:', '4'])
  equal(status, 2)
  match(stderr, /kernel: is not a namespace; use one of\nmemory:/)
})

describe('msgq restore', () => {
  const keyed = create('--key', '0x5151')
  const plain = create()
  prints('send', keyed, 'hello')
  prints('send', plain, 'hi')
  prints('checkpoint', image)

  const only = ['restore', image, '--only', '0x5151', plain]

  test('restore refuses what stands, and names the choices in its help', () => {
    match(fails(...only), /^1 .*EEXIST.*\nhint: queue \d+ of the image has it, and so has .*; 1 more of its queues/)
    for (const option of ['only', 'replace', 'append', 'as-new', 'dry-run']) {
      match(prints('restore', '--help'), new RegExp(`^ +--${option} `, 'm'))
    }
  })

  test('restore --dry-run says what would happen, fails where the restore would, and changes nothing', () => {
    const before = prints('ls', '--json')
    const { status, stdout, stderr } = namespace.msgq([...only, '--dry-run'])
    equal(status, 1)
    match(stdout, /^would restore 0 queues, .*\nwould fail: EEXIST.*: its id is that of queue/)
    match(stderr, /EEXIST/)
    match(
      prints(...only, '--replace', '--dry-run'),
      new RegExp(
        `^would restore 2 queues, 2 messages, 7 bytes .*\n {2}queue ${keyed}, .*\n.*\nwould remove queue ${keyed},`,
      ),
    )
    match(prints(...only, '--append', '--dry-run'), new RegExp(`^would append 1 message, 5 bytes, to queue ${keyed} `))
    equal(prints('ls', '--json'), before)
  })

  test('restore --append sends to the queues that stand', () => {
    match(
      prints(...only, '--append'),
      new RegExp(`^appended 1 message, 5 bytes, to queue ${keyed} \\(queue ${keyed} of`),
    )
    deepEqual(payloads(keyed), ['hello', 'hello'])
  })

  test('restore --replace removes them', () => {
    match(
      prints(...only, '--replace'),
      new RegExp(`ids ${keyed} and ${plain}\nremoved queue ${keyed}, key 0x00005151, 2 m`),
    )
    deepEqual(payloads(keyed), ['hello'])
  })

  test('restore --as-new prints a table of old and new ids', () => {
    const printed = prints('restore', image, '--only', plain, '--as-new')
    const [, , row = ''] = printed.split('\n')
    const [old, fresh = ''] = row.split(/ +/)
    equal(old, plain)
    deepEqual(payloads(fresh), ['hi'])
    const { restored } = JSON.parse(prints('restore', image, '--only', plain, '--as-new', '--json')) as {
      restored: { from: number; to: number }[]
    }
    equal(restored[0]?.from, Number(plain))
    match(fails('restore', image, '--as-new', '--only', '0x5151'), /^1 .*EEXIST.*key 0x00005151/)
  })

  test('restore says what is wrong with its options', () => {
    match(fails(...only, '--append', '--replace'), /^2 .*--replace and --append exclude each other/)
    match(fails('restore', image, plain), /^2 .*does not know what to do with .*\nhint: .*--only/)
    match(fails('restore', image, '--only', '30000'), /^1 .*EINVAL.*\nhint: the image has no such queue; it has those/)
    match(fails('restore', image, '--only', 'three'), /^2 .*three does not name a queue/)
  })
})
