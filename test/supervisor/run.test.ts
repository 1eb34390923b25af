import { deepEqual, equal, match } from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, describe, test } from 'node:test'
import { writeImage } from '../../src/image/index.ts'
import { openNamespace } from '../../src/index.ts'
import { MSGQ, msgq, runProgram } from '../cli/child.ts'
import { KERNEL_SKIPPED, PrivateNamespace } from '../cli/private-namespace.ts'
import { without } from '../cli/seccomp.ts'
import { READS_LINE, Terminal } from '../cli/terminal.ts'
import { sameBothWays } from './both-ways.ts'
import { commandLine, supervisorOf } from './supervisor-of.ts'

const EPERM = 1
const EINVAL = 22
const RUN_ECHO = [process.execPath, MSGQ, 'run', '--', 'echo', 'started']
const NOBODY = ['--reuid=65534', '--regid=65534', '--clear-groups']
/** What a process has from its parent, and its children from it. */
const INHERITED = `
  ls /proc/self/fd
  grep -E 'Sig(Blk|Ign|Cgt)|NoNewPrivs|Umask' /proc/self/status
  ulimit -n; ulimit -s; umask; pwd
  cat <&3
`
/** Waits for a message, and says how that ended. */
const WAIT = `
  $| = 1;
  my $id = msgget(0x5101, 01600) // die "msgget: $!";
  print "waiting\\n";
  my $message;
  print msgrcv($id, $message, 100, 0, 0) ? unpack('x8 a*', $message) : "msgrcv: $!", "\\n";
  print defined(msgget(0x5102, 01600)) ? 'made' : "msgget: $!", "\\n";
`

const run = (...words: string[]) => msgq(['run', '--', ...words])

describe('msgq run', { skip: KERNEL_SKIPPED }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'msgq-run-'))
  before(() => chmodSync(directory, 0o755))
  after(() => rmSync(directory, { recursive: true }))

  test("exits with the program's status, and ends by its signal", () => {
    equal(run('sh', '-c', 'exit 7').status, 7)
    equal(run('sh', '-c', 'kill -TERM $$').status, null)
    equal(runProgram('sh', ['-c', `${process.execPath} ${MSGQ} run -- sh -c 'kill -9 $$'; echo $?`]).stdout, '137\n')
  })

  test('is the program: the same process, without a child of ours', async () => {
    const child = spawn(process.execPath, [MSGQ, 'run', '--', 'sh', '-c', 'echo $$; cat /proc/$$/task/$$/children'])
    let shown = ''
    child.stdout.on('data', (chunk) => {
      shown += chunk
    })
    await once(child, 'close')
    // The child is cat.
    match(shown, new RegExp(`^${child.pid}\\n\\d+ ?$`))
  })

  test('hands on standard input, output and error, byte for byte', () => {
    const input = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))
    const { stdoutBytes, stderr } = msgq(['run', '--', 'sh', '-c', 'cat; echo all >&2'], { input })
    deepEqual([stdoutBytes, stderr], [input, 'all\n'])
  })

  test('hands on descriptors, signals, limits and the rest of what a process inherits', async () => {
    const file = join(directory, 'third')
    writeFileSync(file, 'the third\n')
    // Open files have a soft limit of their own, which Node would raise.
    const given = `ulimit -Sn 512; exec 3<${file}; "$@"; exit`
    const native = runProgram('bash', ['-c', given, 'bash', 'sh', '-c', INHERITED])
    const ours = runProgram('bash', ['-c', given, 'bash', process.execPath, MSGQ, 'run', '--', 'sh', '-c', INHERITED])
    equal(ours.stdout, native.stdout)
    match(ours.stdout, /512\n(.*\n)*the third\n$/)
    const pipes = "yes | head -n 1; sh -c 'kill -PIPE $$'; echo $?"
    equal((await sameBothWays('sh', ['-c', pipes])).split('\n')[1], '141')
  })

  test('leaves job control to the terminal: stopped, in the foreground again, interrupted', async () => {
    await using kernel = await PrivateNamespace.open()
    await using terminal = new Terminal(kernel, 'bash --norc -i')
    await terminal.until(READS_LINE)
    terminal.type(`${process.execPath} ${MSGQ} run -- sh -c 'echo be""gun; exec cat'\n`)
    await terminal.until(/begun/)
    // Answered by cat, which is bash's own child by then: another that has yet to stop would still take a line.
    terminal.type('there?\n')
    await terminal.until(/there\?\r\nthere\?/)
    terminal.type('\x1a')
    await terminal.until(/Stopped/)
    await terminal.until(READS_LINE)
    terminal.type('fg\n')
    // The shell reads what is typed before it has given the terminal away.
    await terminal.until(/fg\r\n.*exec cat'\r\n/s)
    terminal.type('hello\n')
    await terminal.until(/hello\r\nhello/)
    terminal.type('\x03')
    await terminal.until(READS_LINE)
    terminal.type('echo status $?\n')
    await terminal.until(/status 130/)
    terminal.type('exit\n')
  })

  test('a supervisor that is killed leaves its programs with ENOSYS, and they go on', async () => {
    const child = spawn(process.execPath, [MSGQ, 'run', '--', 'perl', '-e', WAIT], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
    equal((await lines.next()).value, 'waiting')
    process.kill(supervisorOf(child.pid ?? 0), 'SIGKILL')
    equal((await lines.next()).value, 'msgrcv: Function not implemented')
    equal((await lines.next()).value, 'msgget: Function not implemented')
  })

  test('the supervisor ends with the last program, not with the first', async () => {
    const script = "perl -e 'msgget(0x5101, 01600)'; { read line; ipcs -q; } <&3 & echo $!"
    const words = [MSGQ, 'run', '--', 'sh', '-c', script]
    const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit', 'pipe'] })
    await once(child, 'exit')
    const supervisor = supervisorOf(child.pid ?? 0)
    let shown = ''
    child.stdout?.on('data', (chunk) => {
      shown += chunk
    })
    child.stdio[3]?.on('error', () => undefined)
    ;(child.stdio[3] as NodeJS.WritableStream).write('go on\n')
    await once(child, 'close')
    match(shown, /0x00005101/)
    while (commandLine(String(supervisor)).startsWith('msgq run')) await new Promise(setImmediate)
  })

  test('--restore starts the program on the queues of an image', async () => {
    const image = join(directory, 'image')
    await using namespace = await openNamespace('memory:')
    const id = await namespace.msgget(0x5101, 0o1600)
    await namespace.msgsnd(id, { mtype: 3, mtext: Buffer.from('from an image') }, 0)
    await writeImage(image, await namespace.checkpoint())
    const { stdout, stderr } = msgq(['run', '--restore', image, '--', 'perl', '-e', WAIT])
    equal(stdout, 'waiting\nfrom an image\nmade\n', stderr)
    const refused = msgq(['run', '--restore', join(directory, 'no-image'), '--', 'true'])
    equal(refused.status, 3)
    match(refused.stderr, /no-image/)
  })

  test("--daemon runs it over your own daemon's queues, which other commands see", () => {
    const environment = { XDG_RUNTIME_DIR: directory, XDG_STATE_HOME: join(directory, 'state') }
    const make = ['run', '--daemon', '--', 'perl', '-e', 'defined(msgget(0x5101, 01600)) or die']
    const { status, stderr } = msgq(make, { environment })
    equal(status, 0)
    match(stderr, /^started a daemon/)
    match(msgq(['ls'], { environment }).stdout, /^0x00005101 /m)
    const both = msgq(['run', '--daemon', '--namespace', 'linux:', '--', 'true'], { environment })
    equal(both.status, 2)
    const [, daemon] = /^process (\d+)/.exec(readFileSync(join(directory, 'state', 'msgq', 'lock'), 'utf8')) ?? []
    process.kill(Number(daemon), 'SIGKILL')
  })

  test('a program that is not there is 127, one that may not be executed 126', () => {
    const file = join(directory, 'not-executable')
    writeFileSync(file, '#!/bin/sh\n')
    const nowhere = run('no-such-program')
    deepEqual([nowhere.status, nowhere.stdout], [127, ''])
    match(nowhere.stderr, /there is no program no-such-program\nhint: is it in PATH\?/)
    const forbidden = run(file)
    equal(forbidden.status, 126)
    match(forbidden.stderr, /may not be executed\nhint: see its mode/)
    const folder = run(directory)
    equal(folder.status, 126)
    match(folder.stderr, /is no file that could be executed/)
    const unseparated = msgq(['run', 'ls', '-d', '/'])
    equal(unseparated.status, 2)
    match(unseparated.stderr, /no option -d\nhint: is it the program's\? Write msgq run -- PROGRAM/)
    deepEqual(JSON.parse(msgq(['run', '--json', '--', 'no-such-program']).stderr), {
      code: 'ERR_MSGQ_PROGRAM',
      message: 'there is no program no-such-program',
      hint: 'is it in PATH?',
      exitCode: 127,
    })
    equal(msgq(['run']).status, 2)
    const elsewhere = msgq(['run', '--namespace', 'unix:/nowhere', '--', 'true'])
    equal(elsewhere.status, 3)
    match(elsewhere.stderr, /\/nowhere/)
  })

  test('under another supervisor, or in a sandbox that refuses msgctl, it says so before the program starts', () => {
    const nested = run(process.execPath, MSGQ, 'run', '--', 'echo', 'started')
    deepEqual([nested.status, nested.stdout], [126, ''])
    match(nested.stderr, /another supervisor/)
    const [program, words] = without({ call: 'msgctl', errno: EPERM }, RUN_ECHO)
    const refused = runProgram(program, words)
    deepEqual([refused.status, refused.stdout], [126, ''])
    match(refused.stderr, /sandbox around msgq \(EPERM\), which outranks it/)
  })

  test('on a kernel before 5.19, or one that lets nobody read memory, it says so before the program starts', () => {
    // A kernel that does not know a flag says EINVAL.
    const old = runProgram(...without({ call: 'seccomp', errno: EINVAL }, RUN_ECHO))
    deepEqual([old.status, old.stdout], [126, ''])
    match(old.stderr, /signals leave alone \(EINVAL\)\nhint: It takes Linux 5\.19 or later/)
    const blind = runProgram(...without({ call: 'process_vm_readv', errno: EPERM }, RUN_ECHO))
    deepEqual([blind.status, blind.stdout], [126, ''])
    match(blind.stderr, /memory of programs cannot be read \(EPERM\)/)
  })

  test('a user without rights runs programs, but no set-uid ones', () => {
    const program = join(directory, 'set-uid')
    copyFileSync('/bin/true', program)
    const as = (...words: string[]) => runProgram('setpriv', [...NOBODY, process.execPath, MSGQ, 'run', '--', ...words])
    chmodSync(program, 0o4755)
    const refused = as(program)
    equal(refused.status, 126)
    match(refused.stderr, /set-uid/)
    const shown = as('sh', '-c', "perl -e 'msgget(0x5101, 01640)'; ipcs -q | tail -n 2; id -u")
    match(shown.stdout, /^0x00005101 0 +nobody +640 /)
    match(shown.stdout, /\n65534\n$/)
    equal(shown.stderr, '')
  })

  test('what a program writes to /proc/sys/kernel/msgmax is EACCES: there is no honest answer', () => {
    const { stdout, stderr } = run('sh', '-c', 'echo 1 > /proc/sys/kernel/msgmax; cat /proc/sys/kernel/msgmax')
    equal(stdout, '8192\n')
    match(stderr, /Permission denied/)
  })
})
