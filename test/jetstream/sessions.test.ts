import { strict as assert } from 'node:assert'
import { after, before, test } from 'node:test'
import { IPC_CREAT, IPC_NOWAIT } from '../../src/abi/index.ts'
import { NatsLog } from '../../src/backends/jetstream/nats-log.ts'
import { readNatsUrl } from '../../src/backends/jetstream/nats-url.ts'
import { BATCH, decodeRecord, EXPIRE, encodeRecord } from '../../src/backends/jetstream/record.ts'
import type { LogRecord } from '../../src/backends/jetstream/replicated-log.ts'
import { NatsCluster } from './nats-cluster.ts'
import { NodeProcess } from './node-process.ts'
import { type Opened, openReplica, receive, send, texts, until } from './replicas.ts'

/** A node that is silent for four of these is ended. */
const SOON = { heartbeatMs: 100 }

let cluster: NatsCluster
before(async () => {
  cluster = await NatsCluster.start(1)
})
after(() => cluster[Symbol.asyncDispose]())

async function opened(name: string): Promise<Opened & { readonly queue: number; readonly url: string }> {
  const url = cluster.url(name)
  const replica = await openReplica(url, SOON)
  return { ...replica, url, queue: await replica.namespace.msgget(7, IPC_CREAT | 0o600) }
}

async function untilAlone({ node }: Opened): Promise<void> {
  await until(() => node.status.sessions.length === 1, 'the other session has ended')
}

test('a node that dies with a held receive gives the message back at its place', async () => {
  await using first = await opened('held')
  const { namespace, queue, url } = first
  await send(namespace, queue, ...texts('message', 4))
  await using dying = await NodeProcess.open(url, SOON)
  assert.equal((await dying.do('receive', queue)).result, 'message-0')
  assert.equal((await dying.do('hold', queue)).result, 'message-1')
  assert.equal((await dying.do('hold', queue)).result, 'message-2')
  assert.equal((await dying.do('accept')).code, undefined)
  await dying.kill()
  await untilAlone(first)
  assert.equal(await receive(namespace, queue), 'message-2')
  assert.equal(await receive(namespace, queue), 'message-3')
  await assert.rejects(namespace.msgrcv(queue, 100, 0, IPC_NOWAIT), { code: 'ENOMSG' })
})

test('a message that a dead node held goes to who waits for it elsewhere', async () => {
  await using first = await opened('waited')
  const { namespace, queue, url } = first
  await send(namespace, queue, 'wanted')
  await using dying = await NodeProcess.open(url, SOON)
  assert.equal((await dying.do('hold', queue)).result, 'wanted')
  const waiting = receive(namespace, queue)
  await dying.kill()
  assert.equal(await waiting, 'wanted')
})

test('waiting calls of a node that dies take nothing', async () => {
  await using first = await opened('waiting')
  const { namespace, queue, url } = first
  await using dying = await NodeProcess.open(url, SOON)
  for (let count = 0; count < 5; count++) dying.tell('receive', queue)
  // Its answer comes behind those that found that they have to wait.
  await dying.do('send', queue, 'x')
  assert.equal((await dying.answer('receive')).result, 'x')
  await dying.kill()
  await send(namespace, queue, ...texts('message', 5))
  for (const text of texts('message', 5)) assert.equal(await receive(namespace, queue), text)
  await untilAlone(first)
})

test('a node that was silent for so long that it was ended goes on in a session of its own, its receives wait on', async () => {
  await using first = await opened('silent')
  const { namespace, queue, url } = first
  await send(namespace, queue, 'held')
  await using silent = await NodeProcess.open(url, SOON)
  assert.equal((await silent.do('hold', queue)).result, 'held')
  silent.tell('receive', queue)
  await silent.do('position')
  silent.signal('SIGSTOP')
  await untilAlone(first)
  assert.equal(await receive(namespace, queue), 'held')
  silent.signal('SIGCONT')
  await until(() => first.node.status.sessions.length === 2, 'it has another session')
  assert.equal((await silent.do('accept')).code, 'EINVAL')
  await send(namespace, queue, 'wanted')
  assert.equal((await silent.answer('receive')).result, 'wanted')
  assert.equal((await silent.do('send', queue, 'answer')).code, undefined)
  assert.equal(await receive(namespace, queue), 'answer')
})

test('a sender that waits for room in a node that was ended sends once, when there is room', async () => {
  await using first = await opened('full')
  const { namespace, queue, url } = first
  await namespace.msgsnd(queue, { mtype: 1, mtext: Buffer.alloc(8192) }, 0)
  await namespace.msgsnd(queue, { mtype: 1, mtext: Buffer.alloc(8192) }, 0)
  await using silent = await NodeProcess.open(url, SOON)
  silent.tell('send', queue, 'late')
  await until(async () => (await namespace.waiting()).length === 1, 'it waits')
  silent.signal('SIGSTOP')
  await untilAlone(first)
  assert.equal((await namespace.waiting()).length, 0)
  silent.signal('SIGCONT')
  await until(async () => (await namespace.waiting()).length === 1, 'it waits again')
  for (let count = 0; count < 2; count++) await namespace.msgrcv(queue, 8192, 0, 0)
  assert.equal((await silent.answer('send')).code, undefined)
  assert.equal(await receive(namespace, queue), 'late')
  await assert.rejects(namespace.msgrcv(queue, 100, 0, IPC_NOWAIT), { code: 'ENOMSG' })
})

test('a sender that waits anew sends what it was given, whatever became of those bytes meanwhile', async () => {
  await using first = await opened('reused')
  const { namespace, queue, url, node } = first
  await namespace.msgsnd(queue, { mtype: 1, mtext: Buffer.alloc(8192) }, 0)
  await namespace.msgsnd(queue, { mtype: 1, mtext: Buffer.alloc(8192) }, 0)
  const mtext = Buffer.from('given')
  const sending = namespace.msgsnd(queue, { mtype: 1, mtext }, 0)
  await until(async () => (await namespace.waiting()).length === 1, 'it waits')
  mtext.fill('x')
  const { session } = node
  const log = await NatsLog.open(readNatsUrl(url))
  try {
    // As another node would that has not heard of this one for long.
    await until(async () => {
      const number = lastOf(session, await log.read(1))
      await log.append(
        encodeRecord({ kind: EXPIRE, goesOn: false, session, number, body: new Uint8Array() }),
        `${number}`,
      )
      return node.session !== session
    }, 'its session has ended')
  } finally {
    await log.close()
  }
  await until(async () => (await namespace.waiting()).length === 1, 'it waits again')
  for (let count = 0; count < 2; count++) await namespace.msgrcv(queue, 8192, 0, 0)
  await sending
  assert.equal(await receive(namespace, queue), 'given')
})

/** The number of the last record of a session. */
function lastOf(session: number, records: readonly LogRecord[]): number {
  const own = records.map(({ bytes }) => decodeRecord(bytes)).filter((message) => message?.session === session)
  return Math.max(...own.map((message) => (message?.kind === BATCH ? message.number : 0)))
}
