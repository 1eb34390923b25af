import { deepEqual, doesNotMatch, equal, match, ok, rejects } from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, renameSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { IPC_SET, IPC_STAT } from '../../src/abi/index.ts'
import { openDaemonNamespace } from '../../src/backends/daemon/index.ts'
import { openNamespace } from '../../src/open/index.ts'
import { MSGQ, msgq, runProgram } from '../cli/child.ts'
import { ServeProcess } from './serve-process.ts'

/** A user and a group that have nothing to do with the tests. */
const STRANGER = ['--reuid=12345', '--regid=23456', '--clear-groups']

test('msgq serve says that it serves when it can be asked, and not where it cannot', async () => {
  await using serve = await ServeProcess.start()
  while (!serve.stderr.endsWith('\n')) await setImmediate()
  equal(serve.stderr, `serving ${serve.url}, with a journal in ${serve.state}\n`)
  await using namespace = await openNamespace(serve.url)
  equal(await namespace.nextId(), -1)
  const again = msgq(['serve', '--socket', serve.socket, '--state', join(serve.directory, 'other')])
  equal(again.status, 3)
  doesNotMatch(again.stderr, /serving/)
})

test('msgq serve outlives its programs and itself, killed or stopped', async () => {
  await using serve = await ServeProcess.start()
  equal(statSync(serve.socket).mode & 0o777, 0o600)
  equal(statSync(serve.state).mode & 0o777, 0o700)
  const on = (...words: string[]) => msgq(['--namespace', serve.url, ...words])
  equal(on('create', '--key', '0x4d5347').status, 0)
  equal(on('send', '0x4d5347', 'one').status, 0)
  equal(await serve.stop('SIGKILL'), null)
  await serve.start()
  equal(on('send', '0x4d5347', 'two').status, 0)
  equal(await serve.stop(), 0)
  deepEqual(
    serve.log.slice(-2).map(({ msg }) => msg),
    ['stopping', 'stopped'],
  )
  await serve.start()
  equal(on('receive', '0x4d5347', '--count', '2', '--raw', '--nowait').stdout, 'onetwo')
})

test('msgq serve refuses a socket, and a journal, that another daemon has', async () => {
  await using serve = await ServeProcess.start()
  const again = msgq(['serve', '--socket', serve.socket, '--state', join(serve.directory, 'other')])
  equal(again.status, 3)
  match(again.stderr, /another process listens on .*socket: stop it, or give another path/)
  const same = msgq(['serve', '--socket', join(serve.directory, 'second'), '--state', serve.state])
  equal(same.status, 3)
  match(same.stderr, new RegExp(`ERR_MSGQ_JOURNAL_LOCKED.*process ${serve.pid}`))
  const busy = msgq(['serve', '--socket', MSGQ, '--state', join(serve.directory, 'third')])
  equal(busy.status, 3)
  match(busy.stderr, /is there and is no socket/)
  const nowhere = msgq(['serve', '--socket', '/nowhere/at/all', '--state', join(serve.directory, 'fourth')])
  equal(nowhere.status, 3)
  const long = msgq([
    'serve',
    '--socket',
    join(serve.directory, 'a'.repeat(107)),
    '--state',
    join(serve.directory, 'fifth'),
  ])
  equal(long.status, 3)
  match(long.stderr, /a socket's path has at most 107 bytes, not \d+: give a shorter one/)
  match(nowhere.stderr, /there is no directory \/nowhere\/at: make it, or give another path/)
  equal(msgq(['--namespace', serve.url, 'ls']).status, 0)
})

test('msgq serve --of serves a namespace of another kind, which ends with it', async () => {
  await using serve = await ServeProcess.start(['--of', 'memory:'], {}, [])
  await using namespace = await openNamespace(serve.url)
  equal((await namespace.msgget(0x1, 0o1600)) >= 0, true)
  const received = namespace.msgrcv(0, 10, 0, 0)
  await namespace.msgsnd(0, { mtype: 1, mtext: new Uint8Array(3) }, 0)
  equal((await received).mtext.length, 3)
  const past = msgq(['--namespace', serve.url, 'log'])
  equal(past.status, 3)
  match(past.stderr, /ERR_MSGQ_UNSUPPORTED/)
  equal(await serve.stop(), 0)
})

test('msgq serve says what is wrong with its options, and begins nothing', () => {
  const refusals: readonly (readonly [words: string[], says: RegExp])[] = [
    [['--durability', 'maybe'], /--durability maybe is not known.*\n.*fsync, interval, none/],
    [['--interval', '1'], /--interval is of no use without --durability interval/],
    [['--retain', '24h'], /--retain 24h is not a time and a size.*\n.*24h,1GiB/],
    [['--group', 'no-such-group'], /there is no group no-such-group/],
    [['--mode', '999'], /--mode 999 is not a mode/],
    [['--http', '65536'], /--http 65536 is out of range/],
    [['--of', 'memory:', '--retain', '1h,1MiB'], /--of and --retain exclude each other/],
    [['--of', 'kafka:'], /kafka: is not a namespace/],
    [['somewhere'], /serve does not know what to do with "somewhere"/],
  ]
  for (const [words, says] of refusals) {
    const { status, stderr } = msgq(['serve', ...words])
    equal(status, 2, stderr)
    match(stderr, says)
  }
})

test('a socket of mode 0600 keeps other users out; behind one of 0666 modes of queues do', async () => {
  await using serve = await ServeProcess.start()
  const stranger = (...words: string[]) =>
    runProgram('setpriv', [...STRANGER, process.execPath, MSGQ, '--namespace', serve.url, ...words])
  const kept = stranger('ls')
  equal(kept.status, 3)
  match(kept.stderr, /may not be used by this user/)
  await serve.stop()
  await serve.start(['--mode', '666'])
  await using own = await openNamespace(serve.url)
  const secret = await own.msgget(1, 0o1600)
  await own.msgsnd(secret, { mtype: 1, mtext: new Uint8Array(1) }, 0)
  for (const words of [
    ['receive', String(secret), '--nowait'],
    ['copy', String(secret)],
    ['send', String(secret), 'x'],
  ]) {
    const { status, stderr } = stranger(...words)
    equal(status, 1, stderr)
    match(stderr, /EACCES/)
  }
  const removal = stranger('rm', String(secret))
  equal(removal.status, 1)
  match(removal.stderr, /EPERM/)
  equal(stranger('create', '--key', '2').status, 0)
  const [queue] = (await own.checkpoint()).queues.filter(({ perm }) => perm.key === 2)
  deepEqual([queue?.perm.uid, queue?.perm.gid, queue?.perm.cuid], [12_345, 23_456, 12_345])
  equal(stranger('receive', '0x2', '--nowait').status, 1)
  equal(stranger('limits', '--msgmax', '1').status, 1)
})

test('msgq serve ends with 3 when its disk fails, having answered only what the next start has', async () => {
  await using serve = await ServeProcess.start()
  const namespace = await openDaemonNamespace(serve.socket, { reconnectMs: 0 })
  const msqid = await namespace.msgget(1, 0o1600)
  await namespace.setLimits({ msgmax: 2 ** 20, msgmnb: 2 ** 28 })
  const { perm } = await namespace.msgctl(msqid, IPC_STAT)
  await namespace.msgctl(msqid, IPC_SET, { perm, qbytes: 2 ** 28 })
  let answered = 0
  const send = async () => {
    await namespace.msgsnd(msqid, { mtype: 1, mtext: new Uint8Array(2 ** 20) }, 0)
    answered++
  }
  await send()
  // Its open files are there still, of which one is made ahead; there is no place for another one.
  while (!hasSpare(serve.state)) await setImmediate()
  const elsewhere = join(serve.directory, 'elsewhere')
  renameSync(serve.state, elsewhere)
  const goesOn = async () => {
    for (;;) await send()
  }
  await rejects(goesOn(), { code: 'ERR_MSGQ_IN_DOUBT' })
  equal(await serve.ended, 3)
  match(serve.stderr, /ERR_MSGQ_JOURNAL_FAILED: .*state: the disk did not take what was appended \(ENOENT/)
  renameSync(elsewhere, serve.state)
  await serve.start()
  await using again = await openNamespace(serve.url)
  const { qnum } = await again.msgctl(msqid, IPC_STAT)
  ok(qnum >= answered, `${answered} were answered, ${qnum} are there`)
  await namespace.close()
})

/** Whether a journal has the segment that is written into and the next one, and makes none. */
function hasSpare(state: string): boolean {
  const segments = readdirSync(state).filter((name) => name.startsWith('segment-'))
  return segments.length === 2 && segments.every((name) => !name.endsWith('.new'))
}

test('msgq serve answers /healthz and /metrics on a port of this machine', async () => {
  await using serve = await ServeProcess.start(['--http', '0'])
  const http = serve.log.find(({ msg }) => msg === 'ready')?.http
  equal(http?.address, '127.0.0.1')
  const at = (path: string, method = 'GET') => fetch(`http://127.0.0.1:${http.port}${path}`, { method })
  equal(await (await at('/healthz')).text(), 'ok\n')
  await using namespace = await openNamespace(serve.url)
  const msqid = await namespace.msgget(0x4d5347, 0o1600)
  await namespace.msgsnd(msqid, { mtype: 1, mtext: new Uint8Array(5) }, 0)
  const metrics = await (await at('/metrics')).text()
  match(metrics, new RegExp(`^msgq_queue_bytes\\{id="${msqid}",key="0x004d5347"\\} 5$`, 'm'))
  // The monitor's own connection, and this one.
  match(metrics, /^msgq_daemon_connections 2$/m)
  match(metrics, /^process_cpu_seconds_total /m)
  equal((await at('/')).status, 404)
  equal((await at('/metrics', 'POST')).status, 405)
  equal(await serve.stop(), 0)
  await rejects(at('/healthz'))
})

test('msgq serve --idle-exit stops once nobody was connected for that long', async () => {
  await using serve = await ServeProcess.start(['--idle-exit', '0.3'])
  const namespace = await openNamespace(serve.url)
  await namespace.msgget(0x1, 0o1600)
  await namespace.close()
  equal(await serve.ended, 0)
  equal(serve.log.at(-2)?.reason, 'nobody is connected')
})

test('msgq serve tells systemd when it is ready, and takes the socket that systemd made', async () => {
  await using serve = await ServeProcess.start()
  await serve.stop()
  // What systemd does, by a program that we did not write: a socket that listens as descriptor 3, and one to be told on.
  const activate = `
import os, socket, sys
told = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); told.bind(sys.argv[1] + '/notify')
listening = socket.socket(socket.AF_UNIX); listening.bind(sys.argv[2]); listening.listen()
pid = os.fork()
if pid == 0:
    fd = listening.fileno()
    if fd == 3: os.set_inheritable(3, True)
    else: os.dup2(fd, 3)
    os.environ.update(NOTIFY_SOCKET=sys.argv[1] + '/notify', LISTEN_FDS='1', LISTEN_PID=str(os.getpid()))
    os.execvp(sys.argv[3], sys.argv[3:])
print(told.recv(100).decode(), pid, flush=True)
print(told.recv(100).decode(), flush=True)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
`
  const words = [serve.directory, serve.socket, process.execPath, MSGQ, 'serve', '--socket', serve.socket]
  const child = spawn('python3', ['-c', activate, ...words, '--state', serve.state], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'exit')
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const [ready, pid] = await until(lines, /^(READY=1) (\d+)$/)
  equal(ready, 'READY=1')
  const namespace = await openNamespace(serve.url)
  equal(await namespace.nextId(), -1)
  await namespace.close()
  process.kill(Number(pid), 'SIGTERM')
  await until(lines, /^(STOPPING=1)$/)
  deepEqual(await ended, [0, null])
})

/** What a line has that looks like this; others are the daemon's own. */
async function until(lines: AsyncIterator<string>, wanted: RegExp): Promise<string[]> {
  for (;;) {
    const { done, value } = await lines.next()
    ok(done !== true, `the program ended without ${wanted}`)
    const found = wanted.exec(value)
    if (found !== null) return found.slice(1)
  }
}
