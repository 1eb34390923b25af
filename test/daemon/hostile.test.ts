import { equal, ok, rejects } from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { IPC_NOWAIT, IPC_SET, IPC_STAT, MSG_COPY } from '../../src/abi/index.ts'
import { SESSION_GRACE_MS, UNREAD_OF_ALL_BYTES_MAX } from '../../src/backends/daemon/server/limits.ts'
import { userOfProcess } from '../../src/backends/daemon/server/peer.ts'
import { openNamespace } from '../../src/open/index.ts'
import { RawClient } from './raw-client.ts'
import { ServeProcess } from './serve-process.ts'
import { ServedNamespace } from './served.ts'

const INDEX = new URL('../../src/index.js', import.meta.url)
/** A program that receives as most do. */
const RECEIVER = `import { openNamespace } from '${INDEX}'
const namespace = await openNamespace(process.argv[1])
await namespace.msgrcv(Number(process.argv[2]), 100, 0, 0)`

const MESSAGE = { mtype: 1, mtext: new Uint8Array(1) }
const text = (mtext: Uint8Array) => Buffer.from(mtext).toString()

test('a message that was on its way to a program that is killed is back on its queue', async () => {
  let now = 0
  await using served = await ServedNamespace.start({}, { now: () => now })
  await using namespace = await served.connect()
  const msqid = await namespace.msgget(7, 0o1600)
  const words = ['--input-type=module', '-e', RECEIVER, `unix:${served.path}`, String(msqid)]
  const program = spawn(process.execPath, words, { stdio: 'ignore' })
  const ended = once(program, 'exit')
  while ((await namespace.waiting()).length === 0) await setImmediate()
  program.kill('SIGSTOP')
  await namespace.msgsnd(msqid, { mtype: 1, mtext: Buffer.from('on its way') }, 0)
  while ((await namespace.waiting()).length > 0) await setImmediate()
  program.kill('SIGKILL')
  await ended
  // The server has seen it go: before that there is nothing whose time could be over.
  while (served.server.connections > 1) await setImmediate()
  now = SESSION_GRACE_MS + 1
  const received = await namespace.msgrcv(msqid, 100, 0, 0, { signal: AbortSignal.timeout(20_000) })
  equal(text(received.mtext), 'on its way')
})

test('a user speaks for no other, though what is asked needs no right to anything', async () => {
  const peer = { pid: process.pid, tid: process.pid, uid: 1000, gid: 1000, groups: [], capabilities: [] }
  await using served = await ServedNamespace.start({}, { peerOf: () => peer })
  await using namespace = await served.connect()
  const anybody = { uid: 1001, gid: 1000, pid: process.pid }
  await rejects(namespace.as(anybody).msgget(0, 0o600), { code: 'EPERM', hint: /not for user 1001/ })
  const msqid = await namespace.as({ uid: 1000 }).msgget(0, 0o600)
  equal((await namespace.msgctl(msqid, IPC_STAT)).perm.cuid, 1000)
})

test('a user speaks for a process of its own, and for none that is another user’s or gone', async () => {
  const own = spawn('setpriv', ['--reuid=1000', '--regid=1000', '--clear-groups', 'sleep', '1000'])
  const peer = { pid: process.pid, tid: process.pid, uid: 1000, gid: 1000, groups: [], capabilities: [] }
  await using served = await ServedNamespace.start({}, { peerOf: () => peer })
  await using namespace = await served.connect()
  const msqid = await namespace.msgget(0, 0o600)
  const { pid = 0 } = own
  const send = (pid: number) => namespace.as({ uid: 1000, gid: 1000, pid }).msgsnd(msqid, MESSAGE, IPC_NOWAIT)
  // It is another user's until it has become its own.
  while (userOfProcess(pid) !== 1000) await setImmediate()
  await send(pid)
  equal((await namespace.msgctl(msqid, IPC_STAT)).lspid, pid)
  await rejects(send(1), { code: 'EPERM', hint: /process 1 is none of user 1000/ })
  const ended = once(own, 'exit')
  own.kill('SIGKILL')
  await ended
  await rejects(send(pid), { code: 'EPERM' })
})

test('calls to a daemon that stands still wait in the client, and are all answered when it goes on', async () => {
  await using serve = await ServeProcess.start(['--durability', 'none'])
  await using namespace = await openNamespace(serve.url)
  const msqid = await namespace.msgget(0, 0o600)
  const sizeBytes = 8_192
  await namespace.setLimits({ msgmnb: 2 ** 25 })
  const { perm } = await namespace.msgctl(msqid, IPC_STAT)
  await namespace.msgctl(msqid, IPC_SET, { perm, qbytes: 2 ** 25 })
  process.kill(serve.pid, 'SIGSTOP')
  // Some ten times what a socket takes before its writer has to wait.
  const sent = Array.from({ length: 500 }, (_, number) =>
    namespace.msgsnd(msqid, { mtype: 1 + number, mtext: new Uint8Array(sizeBytes) }, 0),
  )
  process.kill(serve.pid, 'SIGCONT')
  await Promise.all(sent)
  const types = [...((await namespace.checkpoint()).queues[0]?.messages ?? [])].map(({ mtype }) => Number(mtype))
  equal(types.join(), sent.map((_, number) => 1 + number).join())
})

test('what clients do not read is bounded for all of them together, however many they are', async () => {
  const sizeBytes = 2 ** 20
  await using served = await ServedNamespace.start({ limits: { msgmax: sizeBytes, msgmnb: 2 ** 22 } })
  await using namespace = await served.connect()
  const msqid = await namespace.msgget(0, 0o600)
  await namespace.msgsnd(msqid, { mtype: 1, mtext: new Uint8Array(sizeBytes) }, 0)
  const copy = { name: 'msgrcv', msqid, msgsz: sizeBytes, msgtyp: 0, msgflg: IPC_NOWAIT | MSG_COPY } as const
  const clients = await Promise.all(Array.from({ length: 26 }, () => RawClient.greeted(served.path)))
  for (const { client } of clients) client.socket.pause()
  // Each asks for 25 MiB, less than any one is let go for: 650 together.
  for (const { client } of clients) {
    for (let number = 1; number <= 25; number++) client.send({ kind: 'call', number, call: copy })
  }
  let most = 0
  for (let still = 0, last = -1; still < 50; ) {
    await namespace.nextId()
    still = served.server.unreadBytes === last ? still + 1 : 0
    last = served.server.unreadBytes
    most = Math.max(most, last)
  }
  ok(most > UNREAD_OF_ALL_BYTES_MAX / 2, `they did not read ${most} bytes`)
  ok(most < UNREAD_OF_ALL_BYTES_MAX + 26 * 2 ** 20, `at most ${most} bytes`)
  for (const { client } of clients) await client.cut()
  while (served.server.connections > 1) await setImmediate()
  equal(served.server.unreadBytes, 0)
})
