import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { once } from 'node:events'
import net from 'node:net'
import { test } from 'node:test'
import { IPC_NOWAIT, IPC_SET, IPC_STAT } from '../../src/abi/index.ts'
import { FRAME_TIMEOUT_MS, HELLO_TIMEOUT_MS, UNANSWERED_MAX } from '../../src/backends/daemon/server/limits.ts'
import type { ServerFrame } from '../../src/wire/index.ts'
import { RawClient } from './raw-client.ts'
import { ServedNamespace } from './served.ts'

/** As many as one process, which has both ends of each, may have descriptors for. */
const CONNECTIONS_MAX = 1024

function isError(frame: ServerFrame, code: string): void {
  ok(frame.kind === 'error', JSON.stringify(frame))
  equal(frame.code, code)
}

test('what is no frame ends its connection alone, with a reason', async () => {
  await using served = await ServedNamespace.start()
  await using namespace = await served.connect()
  for (const noise of ['GET / HTTP/1.1\r\n\r\n', '\u0000\u0000\u0000\u0000', '\u0001\u0000\u0000\u0000\u0002']) {
    const client = await RawClient.connect(served.path)
    client.socket.write(noise, 'latin1')
    isError(await client.next(), 'ERR_MSGQ_WIRE')
    await client.untilClosed()
  }
  const client = await RawClient.connect(served.path)
  client.send({ kind: 'request', number: 1, request: 'limits' })
  isError(await client.next(), 'ERR_MSGQ_PROTOCOL')
  equal(await namespace.nextId(), -1)
})

test('versions that the server does not speak are refused, and it says which it does', async () => {
  await using served = await ServedNamespace.start()
  const client = await RawClient.connect(served.path)
  client.send({ kind: 'hello', minVersion: 1000, maxVersion: 1001, features: [] })
  const frame = await client.next()
  isError(frame, 'ERR_MSGQ_PROTOCOL')
  match('message' in frame ? frame.message : '', /1000 to 1001/)
})

test('a client that takes too long over its hello, or over a frame, is let go', async () => {
  let now = 0
  await using served = await ServedNamespace.start({}, { now: () => now })
  const silent = await RawClient.connect(served.path)
  const { client: slow } = await RawClient.greeted(served.path)
  slow.socket.write(Uint8Array.of(200, 0, 0, 0, 2))
  // It is not closed for its hello, which it has said.
  now = HELLO_TIMEOUT_MS
  isError(await silent.next(), 'ERR_MSGQ_PROTOCOL')
  await using namespace = await served.connect()
  equal(await namespace.nextId(), -1)
  now += FRAME_TIMEOUT_MS
  isError(await slow.next(), 'ERR_MSGQ_PROTOCOL')
  await slow.untilClosed()
})

test('one connection too many is refused with a reason, and one that ends makes room', async () => {
  await using served = await ServedNamespace.start({}, { connectionsMax: CONNECTIONS_MAX })
  const sockets: net.Socket[] = []
  for (let count = 0; count < CONNECTIONS_MAX; count++) {
    const socket = net.connect(served.path)
    sockets.push(socket)
    await once(socket, 'connect')
  }
  while (served.server.connections < CONNECTIONS_MAX) await new Promise(setImmediate)
  const extra = await RawClient.connect(served.path)
  isError(await extra.next(), 'ERR_MSGQ_UNAVAILABLE')
  for (const socket of sockets) socket.destroy()
  while (served.server.connections > 0) await new Promise(setImmediate)
  await using namespace = await served.connect()
  equal(await namespace.nextId(), -1)
})

test('a connection has a limit on calls that wait, and goes on below it', async () => {
  await using served = await ServedNamespace.start()
  const { client } = await RawClient.greeted(served.path)
  client.send({ kind: 'call', number: 1, call: { name: 'msgget', key: 7, msgflg: 0o1600 } })
  const made = await client.next()
  const msqid = 'value' in made ? Number(made.value) : -1
  const call = { name: 'msgrcv', msqid, msgsz: 10, msgtyp: 0, msgflg: 0, hold: true } as const
  for (let number = 2; number < UNANSWERED_MAX + 3; number++) client.send({ kind: 'call', number, call })
  const refused = await client.next()
  ok(refused.kind === 'failure')
  deepEqual([refused.number, refused.code], [UNANSWERED_MAX + 2, 'ERR_MSGQ_TOO_MANY_WAITS'])
  await client.cut()
})

test('a client that never reads is let go, and others are served meanwhile', async () => {
  await using served = await ServedNamespace.start({ limits: { msgmax: 2 ** 20, msgmnb: 2 ** 22 } })
  await using namespace = await served.connect()
  const msqid = await namespace.msgget(0, 0o600)
  await namespace.msgsnd(msqid, { mtype: 1, mtext: new Uint8Array(2 ** 20) }, 0)
  const { client } = await RawClient.greeted(served.path)
  client.socket.pause()
  const copy = { name: 'msgrcv', msqid, msgsz: 2 ** 20, msgtyp: 0, msgflg: IPC_NOWAIT | 0o40000 } as const
  const asked = 1000
  for (let number = 1; number <= asked; number++) client.send({ kind: 'call', number, call: copy })
  const before = process.memoryUsage().rss
  for (let round = 0; round < 200; round++) {
    equal((await namespace.msgctl(msqid, IPC_STAT)).qnum, 1)
  }
  ok(process.memoryUsage().rss - before < 512 * 2 ** 20, 'memory stays bounded')
  await client.cut()
})

test('IPC_SET of a queue is refused to a peer that speaks for a user that it is not', async () => {
  const peer = { pid: process.pid, tid: process.pid, uid: 1000, gid: 1000, groups: [50], capabilities: [] }
  await using served = await ServedNamespace.start({}, { peerOf: () => peer })
  await using namespace = await served.connect()
  const msqid = await namespace.msgget(0, 0o600)
  const { perm, qbytes } = await namespace.msgctl(msqid, IPC_STAT)
  deepEqual([perm.uid, perm.gid], [1000, 1000])
  const refusals = [
    { uid: 0 },
    { uid: 1000, gid: 0 },
    { uid: 1000, groups: [51] },
    { uid: 1000, capabilities: ['CAP_SYS_ADMIN' as const] },
    // This process is not user 1000's.
    { uid: 1000, pid: process.ppid },
  ]
  for (const as of refusals) {
    const call = namespace.as(as).msgctl(msqid, IPC_SET, { perm, qbytes })
    await call.then(
      () => ok(false, JSON.stringify(as)),
      (error: NodeJS.ErrnoException) => equal(error.code, 'EPERM'),
    )
  }
  await namespace.as({ uid: 1000, gid: 50, groups: [50, 1000] }).msgctl(msqid, IPC_SET, { perm, qbytes })
})
