import { deepEqual, equal, match } from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, before, beforeEach, describe, test } from 'node:test'
import { MSGQ, msgq } from '../cli/child.ts'
import { PrivateNamespace } from '../cli/private-namespace.ts'
import { Child, endChildren, stateOf, stoppedOf, until, untilAsleep, untilReceiving } from './children.ts'

const folder = mkdtempSync(join(tmpdir(), 'msgq-freeze-'))
after(() => rmSync(folder, { recursive: true }))
const directory = join(folder, 'saved')

describe('msgq checkpoint --freeze, wrongly used', () => {
  const wrong: readonly (readonly [words: readonly string[], message: RegExp])[] = [
    [['--freeze'], /--freeze needs a value\nhint: write --freeze PID/],
    [['--freeze', '--json'], /--freeze needs a value/],
    [['--freeze', 'perl'], /--freeze perl is not a whole number/],
    [['--freeze', '0'], /--freeze 0 is out of range/],
    [['--freeze', '1', '2147483647'], /there is no process 2147483647 to stop/],
    [['--freeze', '1', '--freeze', '2'], /--freeze is given more than once/],
    [['--freeze', '1', '--freeze-users'], /--freeze and --freeze-users exclude each other/],
    [['--freeze-users', '--freeze-namespace'], /--freeze-users and --freeze-namespace exclude each other/],
    [['--freeze-users', '1'], /does not know what to do with "1"\nhint: usage: msgq checkpoint DIR \[--freeze PID/],
    [['--freeze-users=yes'], /--freeze-users takes no value/],
    [['--freeze-namespace'], /memory: is none of the kernel's/],
    [['--freeze', String(process.pid)], /memory: is none of the kernel's/],
  ]
  for (const [words, message] of wrong) {
    test(`checkpoint DIR ${words.join(' ')} says what is wrong, and saves nothing`, () => {
      const { status, stderr, stdout } = msgq(['-n', 'memory:', 'checkpoint', directory, ...words])
      if (words.includes('--json')) match(JSON.parse(stderr).message, message)
      else match(stderr, message)
      deepEqual([status, stdout, existsSync(directory)], [2, '', false])
    })
  }
})

describe('msgq checkpoint of queues in use', () => {
  let kernel: PrivateNamespace
  before(async () => {
    kernel = await PrivateNamespace.open()
  })
  after(() => kernel[Symbol.asyncDispose]())
  afterEach(endChildren)

  /** A program in the namespace. */
  const perl = (script: string, ...words: readonly string[]) =>
    Child.start(
      ...(['nsenter', '--target', String(kernel.pid), '--ipc', '--'] as const),
      ...['perl', '-le', `$| = 1; ${script}; sleep while 1`, ...words],
    )
  const sleeper = () => perl('print "ready"')
  const create = () => kernel.msgq(['create']).stdout.trim()

  test('checkpoint --freeze stops these processes, and tells how long', async () => {
    const [{ pid: one }, { pid: two }] = [await sleeper(), await sleeper()]
    const { status, stdout, stderr } = kernel.msgq(['checkpoint', directory, '--freeze', String(one), String(two)])
    deepEqual([status, stderr], [0, ''])
    match(stdout, /^saved 0 queues, .*\nstopped 2 processes for \d+ ms; all go on\n$/)
    await untilAsleep(one)
    await untilAsleep(two)
  })

  test('checkpoint --freeze-users --json tells whom it stopped, and how many tries it took', async () => {
    const msqid = create()
    const receiver = await perl('print "ready"; msgrcv($ARGV[0], $m, 9, 0, 0)', msqid)
    await untilReceiving(receiver.pid)
    const bystander = await sleeper()
    const { status, stdout, stderr } = kernel.msgq(['checkpoint', directory, '--freeze-users', '--json'])
    equal(stderr, '')
    const { frozen, ...rest } = JSON.parse(stdout)
    deepEqual([status, rest], [0, { directory, queues: 1, messages: 0, bytes: 0, tries: 1 }])
    equal(typeof frozen.stoppedMs, 'number')
    const processes = [{ pid: receiver.pid, name: 'perl' }]
    deepEqual({ ...frozen, stoppedMs: 0 }, { processes, cgroups: [], notStopped: [], stoppedMs: 0 })
    equal(stateOf(bystander.pid), 'S')
    await endChildren()
    kernel.msgq(['rm', msqid])
  })

  test('checkpoint --freeze-namespace stops the shell that called it too, and both go on', async () => {
    const line = `"${process.execPath}" "${MSGQ}" -n linux: checkpoint "${directory}" --freeze-namespace --json`
    const { status, stdout, stderr } = kernel.run('sh', ['-c', `{ ${line}; echo "then $?"; } | cat; echo end`])
    deepEqual([status, stderr], [0, ''])
    const [saved = '', ...more] = stdout.trimEnd().split('\n')
    deepEqual(more, ['then 0', 'end'])
    const names: string[] = JSON.parse(saved).frozen.processes.map(({ name }: { name: string }) => name)
    // Two shells: the one and, for the pipe, another; one cat holds the namespace, the other reads the pipe.
    deepEqual(names.sort(), ['cat', 'cat', 'sh', 'sh'])
  })

  describe('that never stand still', () => {
    let msqid: string
    let busy: Child
    before(async () => {
      kernel.msgq(['limits', '--msgmnb', '1000000'])
      msqid = create()
    })
    // So many that one reading takes longer than anybody who changes the queue all the time is kept from it.
    beforeEach(async () => {
      busy = await perl(
        `my ($id, $n) = ($ARGV[0], 0);
        my $next = sub { msgsnd($id, pack("q L", 1, $n++), 0) or die $! };
        while (msgrcv($id, $m, 4, 0, 04000)) {}
        $next->() for 1 .. 8_000;
        print "ready";
        while (1) { msgrcv($id, $m, 4, 0, 0); $next->() }`,
        msqid,
      )
    })
    after(() => kernel.msgq(['rm', msqid]))

    test('checkpoint names the queue and says what to do, which helps', () => {
      const torn = kernel.msgq(['checkpoint', directory])
      equal(torn.status, 3)
      match(torn.stderr, new RegExp(`ERR_MSGQ_TORN: queue ${msqid} changed during each of 128 tries`))
      match(torn.stderr, /hint: .*--freeze-users/)
      const { status, stdout, stderr } = kernel.msgq(['checkpoint', directory, '--freeze-users', '--json'])
      equal(stderr, '')
      const { messages, frozen } = JSON.parse(stdout)
      equal(status, 0)
      deepEqual(frozen.processes, [{ pid: busy.pid, name: 'perl' }])
      // It may have been stopped between the two calls.
      equal(Math.abs(8_000 - messages) <= 1, true, `${messages} messages`)
      deepEqual(stoppedOf([busy.pid]), [])
    })

    test('checkpoint that nobody is stopped for ends when it is interrupted, and saves nothing', async () => {
      const unsaved = join(folder, 'unsaved')
      const child = kernel.start(['checkpoint', unsaved])
      const ended = once(child, 'exit')
      // Then the command has begun: not to end by itself, for the queue never stands still.
      await until(() => readFileSync(`/proc/${child.pid}/maps`, 'utf8').includes('koffi'))
      child.kill('SIGINT')
      deepEqual([await ended, existsSync(unsaved)], [[130, null], false])
    })

    test('checkpoint that is interrupted lets everybody go on, and saves nothing', async () => {
      const unsaved = join(folder, 'unsaved')
      const child = kernel.start(['checkpoint', unsaved, '--freeze-namespace'])
      const ended = once(child, 'exit')
      await until(() => stateOf(busy.pid) === 'T')
      child.kill('SIGINT')
      deepEqual(await ended, [130, null])
      deepEqual([stoppedOf([busy.pid, kernel.pid]), existsSync(unsaved)], [[], false])
    })
  })
})
