import { deepEqual, equal, match } from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, test } from 'node:test'
import { openNamespace } from '../../src/index.ts'
import { MSGQ, msgq, runProgram } from '../cli/child.ts'
import { KERNEL_SKIPPED } from '../cli/private-namespace.ts'
import { ServeProcess } from '../daemon/serve-process.ts'
import { supervisorOf } from './supervisor-of.ts'

const MESSAGES = 100_000
const NOBODY = ['--reuid=65534', '--regid=65534', '--clear-groups']

/** Sends numbers; half-way it says so, and waits for a line. */
const SENDER = `
  $| = 1;
  my $id = msgget(0x5201, 01600) // die "msgget: $!";
  for my $number (1 .. ${MESSAGES}) {
    if ($number == ${MESSAGES / 2} + 1) { print "half\\n"; <STDIN> }
    msgsnd($id, pack('l! a*', 1, $number), 0) or die "msgsnd: $!";
  }
  print "sent\\n";
`
/** Receives as many, each of which must be the next. */
const RECEIVER = `
import sys, sysv_ipc
queue = sysv_ipc.MessageQueue(0x5201, sysv_ipc.IPC_CREAT, 0o600)
for number in range(1, ${MESSAGES} + 1):
    if number == ${MESSAGES / 2} + 1:
        print('half', flush=True)
        sys.stdin.readline()
    text, _ = queue.receive()
    if int(text) != number:
        sys.exit('%s instead of %d' % (text, number))
print('received', queue.current_messages, flush=True)
`
const WAIT = `
  $| = 1;
  my $id = msgget(0x5202, 01600) // die "msgget: $!";
  print "waiting\\n";
  my $message;
  print msgrcv($id, $message, 100, 0, 0) ? unpack('x8 a*', $message) : "msgrcv: $!", "\\n";
`

/** A program under `msgq run`, and its lines. */
class Program {
  readonly child: ChildProcess
  readonly #lines: AsyncIterator<string>

  constructor(namespace: string, words: readonly string[]) {
    this.child = spawn(process.execPath, [MSGQ, 'run', '--namespace', namespace, '--', ...words], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    if (this.child.stdout === null) throw new Error('assertion: a pipe')
    this.#lines = createInterface({ input: this.child.stdout })[Symbol.asyncIterator]()
  }

  async line(): Promise<string> {
    const { value, done } = await this.#lines.next()
    return done ? 'it has ended' : value
  }

  goOn(): void {
    this.child.stdin?.write('\n')
  }
}

/** Until so many calls wait. */
async function untilWaiting(serve: ServeProcess, count: number): Promise<void> {
  await using namespace = await openNamespace(serve.url)
  while ((await namespace.waiting()).length !== count) await new Promise(setImmediate)
}

describe("msgq run over a daemon's namespace", { skip: KERNEL_SKIPPED }, () => {
  test('two programs exchange 100,000 messages, and the daemon is killed between: none is lost', async () => {
    await using serve = await ServeProcess.start(['--durability', 'none'])
    const sender = new Program(serve.url, ['perl', '-e', SENDER])
    const receiver = new Program(serve.url, ['/usr/bin/python3', '-c', RECEIVER])
    deepEqual([await sender.line(), await receiver.line()], ['half', 'half'])
    await serve.stop('SIGKILL')
    await serve.start(['--durability', 'none'])
    sender.goOn()
    receiver.goOn()
    deepEqual([await sender.line(), await receiver.line()], ['sent', 'received 0'])
  })

  test('a wait goes on while the daemon is killed and started again', async () => {
    await using serve = await ServeProcess.start()
    const program = new Program(serve.url, ['perl', '-e', WAIT])
    equal(await program.line(), 'waiting')
    await untilWaiting(serve, 1)
    await serve.stop('SIGKILL')
    await serve.start()
    await untilWaiting(serve, 1)
    equal(msgq(['--namespace', serve.url, 'send', '0x5202', 'after the restart']).status, 0)
    equal(await program.line(), 'after the restart')
  })

  test('a program that is killed while it waits takes no message', async () => {
    await using serve = await ServeProcess.start()
    const program = new Program(serve.url, ['perl', '-e', WAIT])
    equal(await program.line(), 'waiting')
    await untilWaiting(serve, 1)
    program.child.kill('SIGKILL')
    await once(program.child, 'exit')
    await untilWaiting(serve, 0)
    equal(msgq(['--namespace', serve.url, 'send', '0x5202', 'for the next one']).status, 0)
    equal(msgq(['--namespace', serve.url, 'receive', '0x5202', '--raw', '--nowait']).stdout, 'for the next one')
  })

  test('a supervisor that is killed leaves the namespace as it was, and its program with ENOSYS', async () => {
    await using serve = await ServeProcess.start()
    const program = new Program(serve.url, ['perl', '-e', WAIT])
    equal(await program.line(), 'waiting')
    await untilWaiting(serve, 1)
    process.kill(supervisorOf(program.child.pid ?? 0), 'SIGKILL')
    equal(await program.line(), 'msgrcv: Function not implemented')
    await untilWaiting(serve, 0)
    equal(msgq(['--namespace', serve.url, 'send', '0x5202', 'for the next one']).status, 0)
    equal(msgq(['--namespace', serve.url, 'receive', '0x5202', '--raw', '--nowait']).stdout, 'for the next one')
  })

  test('checkpoint and restore go on while programs run in it', async () => {
    await using serve = await ServeProcess.start()
    const image = join(serve.directory, 'image')
    const program = new Program(serve.url, ['perl', '-e', WAIT])
    equal(await program.line(), 'waiting')
    await untilWaiting(serve, 1)
    equal(msgq(['--namespace', serve.url, 'create', '--key', '0x5203']).status, 0)
    equal(msgq(['--namespace', serve.url, 'send', '0x5203', 'kept']).status, 0)
    equal(msgq(['--namespace', serve.url, 'checkpoint', image]).status, 0)
    equal(msgq(['--namespace', serve.url, 'rm', '0x5203']).status, 0)
    equal(msgq(['--namespace', serve.url, 'restore', image, '--only', '0x5203']).status, 0)
    equal(msgq(['--namespace', serve.url, 'receive', '0x5203', '--raw', '--nowait']).stdout, 'kept')
    equal(msgq(['--namespace', serve.url, 'send', '0x5202', 'still waited for']).status, 0)
    equal(await program.line(), 'still waited for')
  })

  test("the caller is the program: another user's has that user's rights", async () => {
    await using serve = await ServeProcess.start(['--mode', '666'])
    equal(msgq(['--namespace', serve.url, 'create', '--key', '0x5204', '--mode', '600']).status, 0)
    const script = 'perl -e \'defined(msgget(0x5204, 0600)) or print "$!\\n"; msgget(0x5205, 01600)\''
    const { stdout, stderr } = runProgram('setpriv', [
      ...[...NOBODY, process.execPath, MSGQ, 'run', '--namespace', serve.url, '--', 'sh', '-c', script],
    ])
    equal(stdout, 'Permission denied\n', stderr)
    const listed = msgq(['--namespace', serve.url, 'ls'])
    match(listed.stdout, /0x00005205 +\d+ +nobody/, listed.stderr)
    // One that root starts, and that gives its rights up, has them no more either.
    const dropped = msgq(['run', '--namespace', serve.url, '--', 'setpriv', ...NOBODY, 'sh', '-c', script])
    equal(dropped.stdout, 'Permission denied\n', dropped.stderr)
  })
})
