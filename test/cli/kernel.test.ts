import { deepEqual, equal, match } from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, beforeEach, describe, test } from 'node:test'
import { MSGQ, msgq } from './child.ts'
import { KERNEL_SKIPPED, PrivateNamespace } from './private-namespace.ts'

const LONGEST_TYPE = '9223372036854775807'
const EVERY_BYTE = Uint8Array.from({ length: 256 }, (_, byte) => byte)

describe('msgq --namespace linux:', { skip: KERNEL_SKIPPED }, () => {
  let kernel: PrivateNamespace
  let directory: string

  const run = (...words: string[]) => kernel.msgq(words)
  /** What a command prints that must succeed. */
  const out = (...words: string[]) => {
    const { status, stdout, stderr } = run(...words)
    equal(stderr, '', words.join(' '))
    equal(status, 0, words.join(' '))
    return stdout.trimEnd()
  }
  const stat = (queue: string) => JSON.parse(out('stat', queue, '--json'))

  before(async () => {
    kernel = await PrivateNamespace.open()
    directory = mkdtempSync(join(tmpdir(), 'msgq-cli-'))
  })
  after(async () => {
    await kernel[Symbol.asyncDispose]()
    rmSync(directory, { recursive: true })
  })
  beforeEach(() => {
    const ids = JSON.parse(out('ls', '--json')).map(({ msqid }: { msqid: number }) => String(msqid))
    if (ids.length > 0) equal(run('rm', ...ids).status, 0)
  })

  test('ls prints the words of ipcs, then depth against limit', () => {
    const id = out('create', '--key', '0x4d5347', '--mode', '640', '--qbytes', '100')
    out('send', id, 'x'.repeat(25))
    const [headings = '', line = '', ...rest] = out('ls').split('\n')
    deepEqual(headings.split(/ +/), ['key', 'msqid', 'owner', 'perms', 'used-bytes', 'messages', 'qbytes', 'full'])
    const { stdout } = kernel.run('ipcs', ['-q'])
    const words =
      stdout
        .split('\n')
        .find((each) => each.startsWith('0x'))
        ?.trim()
        .split(/ +/) ?? []
    deepEqual(line.split(/ +/), [...words, '100', '25%'])
    equal(words[1], id)
    deepEqual(rest, [])
  })

  test('stat prints the kernel’s fields, as real numbers with --json, by id and by key', () => {
    const id = out('create', '--key', '0xffffffff', '--mode', '600')
    out('send', id, 'hello')
    const found = stat(id)
    deepEqual(stat('0xffffffff'), found)
    deepEqual(stat('key:4294967295'), found)
    deepEqual(Object.keys(found), [
      ...['msqid', 'key', 'uid', 'gid', 'cuid', 'cgid', 'mode', 'seq'],
      ...['stime', 'rtime', 'ctime', 'cbytes', 'qnum', 'qbytes', 'lspid', 'lrpid'],
    ])
    deepEqual(
      Object.values(found).filter((value) => typeof value !== 'number'),
      [],
    )
    deepEqual([found.key, found.mode, found.qnum, found.cbytes, found.qbytes], [-1, 0o600, 1, 5, 16384])
    const shown = out('stat', id)
    match(shown, /^mode +0600 rw-------$/m)
    match(shown, /^qnum +1$/m)
    match(shown, /^rtime +never$/m)
    match(shown, new RegExp(`^lspid +${found.lspid}$`, 'm'))
  })

  test('create refuses a key in use, and leaves no queue when its qbytes are refused', () => {
    out('create', '--key', '0x77')
    const again = run('create', '--key', '0x77')
    equal(again.status, 1)
    match(again.stderr, /^msgq: EEXIST: .*\nhint: .*msgq stat 0x00000077/)

    // Above msgmnb needs CAP_SYS_RESOURCE, which root may lack too.
    const dropped = kernel.run('setpriv', [
      '--bounding-set=-sys_resource',
      ...[process.execPath, MSGQ],
      ...['-n', 'linux:', 'create', '--qbytes', '16385'],
    ])
    equal(dropped.status, 1, dropped.stderr)
    match(dropped.stderr, /^msgq: EPERM: .*\nhint: .*CAP_SYS_RESOURCE/)
    equal(JSON.parse(out('ls', '--json')).length, 1)
  })

  test('rm removes all or, when one is not there, none', () => {
    const one = out('create')
    const two = out('create', '--key', '0x78')
    const wrong = run('rm', one, two, '0x79')
    equal(wrong.status, 1)
    match(wrong.stderr, /ENOENT/)
    match(run('rm', one, '0x78', '2147483647').stderr, /EINVAL: .*\(queue 2147483647\)\nhint: no queue has id/)
    equal(JSON.parse(out('ls', '--json')).length, 2)
    const { status, stdout, stderr } = run('rm', one, '0x78', two)
    equal(status, 0)
    equal(stdout, '')
    equal(stderr, `removed queue ${one} (0 messages, 0 bytes)\nremoved queue ${two} (0 messages, 0 bytes)\n`)
    equal(out('ls', '--json'), '[]')
  })

  test('send takes an argument or standard input, byte for byte, and receive --raw gives the same bytes back', () => {
    const id = out('create')
    equal(out('send', id, 'grüße', '--type', '0x10', '--json'), `{"msqid":${id},"type":16,"bytes":7}`)
    equal(kernel.msgq(['send', id, '--type', LONGEST_TYPE], { input: EVERY_BYTE }).status, 0)
    equal(kernel.msgq(['send', id], { input: '' }).status, 0)
    equal(run('send', id, '--', '-5').status, 0)

    const lines = out('copy', id, '--json')
      .split('\n')
      .map((line) => JSON.parse(line))
    deepEqual(lines[0], { index: 0, type: 16, bytes: 7, encoding: 'utf-8', payload: 'grüße' })
    deepEqual(lines[1], {
      index: 1,
      type: LONGEST_TYPE,
      bytes: 256,
      encoding: 'base64',
      payload: Buffer.from(EVERY_BYTE).toString('base64'),
    })
    deepEqual(lines[2], { index: 2, type: 1, bytes: 0, encoding: 'utf-8', payload: '' })

    deepEqual([...kernel.msgq(['receive', id, '--type', LONGEST_TYPE, '--raw']).stdoutBytes], [...EVERY_BYTE])
    equal(run('receive', id, '--count', '3', '--raw').stdout, 'grüße-5')
    equal(stat(id).qnum, 0)
  })

  test('send refuses what is longer than msgmax without reading it all, and a full queue with --nowait or in time', () => {
    const id = out('create', '--qbytes', '4')
    const long = kernel.msgq(['send', id], { input: Buffer.alloc(100_000) })
    equal(long.status, 1)
    match(long.stderr, /^msgq: EINVAL: .*\nhint: msgmax is 8192: standard input is longer$/m)
    out('send', id, 'four')
    const full = run('send', id, 'x', '--nowait')
    equal(full.status, 1)
    match(full.stderr, /^msgq: EAGAIN: .*\nhint: the queue is full/)
    const late = run('send', id, 'x', '--timeout', '0.05')
    equal(late.status, 124)
    match(late.stderr, /^msgq: there was no room within 0.05 s$/m)
    equal(stat(id).qnum, 1)
  })

  test('receive selects by --type, --except and --at-most, and prints text, JSON or a hex dump', () => {
    const id = out('create')
    for (const [type, text] of [
      ['5', 'five'],
      ['3', '{"n":12345678901234567890}'],
      ['9', '\u001b[31mred'],
    ]) {
      out('send', id, text ?? '', '--type', type ?? '')
    }
    equal(
      out('receive', id, '--except', '5', '--json'),
      '{"type":3,"bytes":26,"encoding":"json","payload":{"n":12345678901234567890}}',
    )
    match(
      out('receive', id, '--type', '9'),
      /^ +type +bytes {2}payload\n +9 +8 {2}00000000 {2}1b 5b 33 31 6d 72 65 64 +\|\.\[31mred\|$/,
    )
    match(out('receive', id, '--at-most', '5'), /\n +5 +4 {2}five$/)
    const none = run('receive', id, '--nowait')
    equal(none.status, 1)
    match(none.stderr, /^msgq: ENOMSG: .*\nhint: .*--nowait/)
  })

  test('receive --timeout ends with 124 and takes nothing that comes later', () => {
    const id = out('create')
    const { status, stdout, stderr } = run('receive', id, '--timeout', '0.05')
    equal(status, 124)
    equal(stdout, '')
    equal(stderr, 'msgq: no message came within 0.05 s\n')
    equal(JSON.parse(run('receive', id, '--timeout', '0', '--json').stderr).code, 'ERR_MSGQ_TIMEOUT')
    out('send', id, 'later')
    equal(stat(id).qnum, 1)
  })

  for (const [signal, expected] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    test(`receive --follow ends on ${signal} with ${expected}, and what comes later stays queued`, async () => {
      const id = out('create')
      const child = kernel.start(['receive', id, '--follow', '--raw'])
      out('send', id, 'first')
      equal(String((await once(child.stdout, 'data'))[0]), 'first')
      child.kill(signal)
      deepEqual(await once(child, 'exit'), [expected, null])
      out('send', id, 'second')
      equal(stat(id).qnum, 1)
    })
  }

  test('receive --follow ends with 0 when the queue is removed', async () => {
    const id = out('create')
    const child = kernel.start(['receive', id, '--follow', '--raw'])
    out('send', id, 'first')
    await once(child.stdout, 'data')
    equal(run('rm', id).status, 0)
    deepEqual(await once(child, 'exit'), [0, null])
  })

  test('receive --count takes that many and no more; a closed pipe ends with 0, and tells what it lost', async () => {
    const id = out('create')
    for (let number = 0; number < 6; number++) out('send', id, `message ${number}`)
    equal(out('receive', id, '--count', '2', '--json').split('\n').length, 2)
    equal(stat(id).qnum, 4)

    const child = kernel.start(['copy', id])
    child.stdout.destroy()
    let told = ''
    child.stderr.on('data', (chunk) => {
      told += chunk
    })
    deepEqual(await once(child, 'close'), [0, null])
    equal(told, '')

    const receiver = kernel.start(['receive', id])
    receiver.stdout.destroy()
    receiver.stderr.on('data', (chunk) => {
      told += chunk
    })
    deepEqual(await once(receiver, 'close'), [0, null])
    equal(told, 'msgq: nobody read the last message (type 1, 9 bytes): it was taken and is lost\n')
    equal(stat(id).qnum, 3)
  })

  test('copy takes none: one by INDEX, all without it, by type with the index that they really have', () => {
    const id = out('create')
    for (const type of ['1', '2', '1', '2']) out('send', id, `of type ${type}`, '--type', type)
    const before = stat(id)
    match(out('copy', id, '2'), /^index +type +bytes +payload\n +2 +1 +9 +of type 1$/)
    equal(out('copy', id).split('\n').length, 5)
    const indexes = out('copy', id, '--except', '1', '--json')
      .split('\n')
      .map((line) => JSON.parse(line).index)
    deepEqual(indexes, [1, 3])
    equal(run('copy', id, '1', '--raw').stdout, 'of type 2')
    const past = run('copy', id, '4')
    equal(past.status, 1)
    match(past.stderr, /^msgq: ENOMSG: .*\nhint: the queue has 4 messages, and the oldest has index 0/)
    deepEqual(stat(id), before)
  })

  test('checkpoint saves and removes nothing; restore brings the same ids back, and refuses a second time', () => {
    out('create')
    const id = out('create', '--key', '0x4d5347', '--mode', '640')
    out('send', id, 'hello', '--type', LONGEST_TYPE)
    out('send', id, '')
    const before = out('ls')
    const image = join(directory, 'image')
    equal(out('checkpoint', image), `saved 2 queues, 2 messages, 5 bytes in ${image}; the queues are untouched`)
    equal(readdirSync(image).length, 3)
    equal(out('ls'), before)

    const inTheWay = run('restore', image)
    equal(inTheWay.status, 1)
    match(inTheWay.stderr, /^msgq: EEXIST: /)
    equal(out('ls'), before)

    const ids = JSON.parse(out('ls', '--json')).map(({ msqid }: { msqid: number }) => String(msqid))
    equal(run('rm', ...ids).status, 0)
    const [first, ...lost] = out('restore', image).split('\n')
    equal(first, `restored 2 queues, 2 messages, 5 bytes from ${image}: ids ${ids.join(' and ')}`)
    equal(lost[0], 'not restored')
    match(
      lost.slice(1).join('\n'),
      /^ {2}stime, lspid: the kernel sets it itself|^ {2}ctime: the kernel sets it itself/m,
    )
    equal(out('ls'), before)
    equal(out('receive', id, '--json'), `{"type":"${LONGEST_TYPE}","bytes":5,"encoding":"utf-8","payload":"hello"}`)
  })

  test('limits prints those of the kernel, and what is in use', () => {
    const id = out('create')
    out('send', id, 'four')
    const { stdout } = kernel.run('cat', [
      '/proc/sys/kernel/msgmax',
      '/proc/sys/kernel/msgmnb',
      '/proc/sys/kernel/msgmni',
    ])
    const [msgmax, msgmnb, msgmni] = stdout.trim().split('\n').map(Number)
    const shown = JSON.parse(out('limits', '--json'))
    deepEqual(shown, { msgmax, msgmnb, msgmni, next_id: shown.next_id, queues: 1, messages: 1, bytes: 4 })
  })

  test('linux:?pid=N reaches the queues of another IPC namespace', { skip: notRoot() }, () => {
    const id = out('create', '--key', '0x5150')
    const { stdout } = msgq(['-n', `linux:?pid=${kernel.pid}`, 'ls', '--json'])
    deepEqual(
      JSON.parse(stdout).map(({ msqid }: { msqid: number }) => String(msqid)),
      [id],
    )
  })
})

function notRoot(): string | false {
  return process.geteuid?.() === 0 ? false : 'entering another namespace needs CAP_SYS_ADMIN'
}
