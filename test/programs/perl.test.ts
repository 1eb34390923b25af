import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { KERNEL_SKIPPED, PrivateNamespace } from '../cli/private-namespace.ts'

/** Sends what this list says, in order: `type payload-in-hexadecimal`. */
const SEND = `
  my ($id, @messages) = @ARGV;
  for (@messages) {
    my ($type, $hex) = split / /, $_, -1;
    msgsnd($id, pack('q a*', $type, pack('H*', $hex)), 04000) or die "msgsnd: $!";
  }
`
/** Receives all that is there, oldest first, and prints it as SEND takes it. */
const RECEIVE = `
  my ($id) = @ARGV;
  my $message;
  while (msgrcv($id, $message, 65536, 0, 04000)) {
    my ($type, $payload) = unpack('q a*', $message);
    print "$type ", unpack('H*', $payload), "\\n";
  }
  die "msgrcv: $!" unless $!{ENOMSG};
`

const EVERY_BYTE = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))

/** What a real queue may hold: types that no number is exact for, nothing at all, every byte, all that fits. */
const MESSAGES: readonly (readonly [type: string, payload: Buffer])[] = [
  ['1', Buffer.from('hello from perl')],
  ['9007199254740993', Buffer.from('beyond 2^53')],
  ['2', Buffer.alloc(0)],
  ['9223372036854775807', EVERY_BYTE],
  ['1', Buffer.from('{"order":1001,"n":12345678901234567890}')],
  ['4294967297', Buffer.from('grüße\n')],
  ['7', Buffer.alloc(8192, 'x')],
  ['1', Buffer.alloc(0)],
]
const IN_HEX = MESSAGES.map(([type, payload]) => `${type} ${payload.toString('hex')}`)

/** A program that is missing here; in CI that is a failure, so there the test runs. */
function skipReason(): string | false {
  const { CI } = process.env
  if (CI) return false
  if (KERNEL_SKIPPED !== false) return KERNEL_SKIPPED
  if (spawnSync('perl', ['-v']).status !== 0) return 'there is no perl (Debian package perl)'
  return spawnSync('ipcmk', ['--version']).status === 0 ? false : 'there is no ipcmk (Debian package util-linux)'
}

describe('a queue of ipcmk that perl fills', { skip: skipReason() }, () => {
  let kernel: PrivateNamespace
  let directory: string
  let id: string

  /** Runs a program that must succeed. */
  const run = (program: string, ...words: string[]) => {
    const { status, stdout, stderr } = kernel.run(program, words)
    equal(stderr, '', program)
    equal(status, 0, program)
    return stdout
  }
  const msgq = (...words: string[]) => {
    const { status, stdout, stderr } = kernel.msgq(words)
    equal(status, 0, stderr)
    return stdout
  }
  const ipcs = () => run('ipcs', '-q')

  before(async () => {
    kernel = await PrivateNamespace.open()
    directory = mkdtempSync(join(tmpdir(), 'msgq-perl-'))
    // Removed queues before it, so that its id is not simply 0.
    for (let made = 0; made < 3; made++) run('ipcrm', '-q', /\d+/.exec(run('ipcmk', '-Q'))?.[0] ?? '')
    id = /^Message queue id: (\d+)$/m.exec(run('ipcmk', '-Q', '-p', '0640'))?.[1] ?? ''
    run('perl', '-e', SEND, id, ...IN_HEX)
  })
  after(async () => {
    await kernel[Symbol.asyncDispose]()
    rmSync(directory, { recursive: true })
  })

  test('is listed, copied and checkpointed by msgq, and its line of ipcs is the same', () => {
    const before = ipcs()
    const bytes = MESSAGES.reduce((sum, [, payload]) => sum + payload.length, 0)
    match(before, new RegExp(`^0x\\w{8} ${id} +\\S+ +640 +${bytes} +${MESSAGES.length}`, 'm'))

    const [queue, ...others] = JSON.parse(msgq('ls', '--json'))
    deepEqual(others, [])
    deepEqual([queue.msqid, queue.mode, queue.qnum, queue.cbytes], [Number(id), 0o640, MESSAGES.length, bytes])

    const copied = msgq('copy', id, '--json').trimEnd().split('\n')
    copied.forEach((line, index) => {
      const [type, payload] = MESSAGES[index] ?? []
      const shown = JSON.parse(line)
      deepEqual([String(shown.type), shown.bytes, shown.index], [type, payload?.length, index])
    })
    equal(copied.length, MESSAGES.length)
    for (const [index, [, payload]] of MESSAGES.entries()) {
      const { stdoutBytes } = kernel.msgq(['copy', id, String(index), '--raw'])
      ok(stdoutBytes.equals(payload), `message ${index}`)
    }

    match(
      msgq('checkpoint', directory),
      new RegExp(`^saved 1 queue, ${MESSAGES.length} messages, ${bytes} bytes \\(.* KiB\\) in `),
    )
    equal(ipcs(), before)
  })

  test('is removed, restored with the same id, and perl reads every message in order', () => {
    const before = ipcs()
    run('ipcrm', '-q', id)
    ok(!ipcs().includes('640'), 'the queue is gone')
    match(msgq('restore', directory), new RegExp(`^restored 1 queue, ${MESSAGES.length} messages, .*: id ${id}$`, 'm'))
    equal(ipcs(), before)
    deepEqual(run('perl', '-MErrno', '-e', RECEIVE, id).split('\n').slice(0, -1), IN_HEX)
    match(ipcs(), new RegExp(`^0x\\w{8} ${id} +\\S+ +640 +0 +0`, 'm'))
  })
})
