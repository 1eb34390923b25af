import { deepEqual, equal, notEqual, ok, rejects } from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { IPC_NOWAIT, IPC_RMID, IPC_SET, IPC_STAT } from '../../src/abi/index.ts'
import { openDaemonNamespace } from '../../src/backends/daemon/index.ts'
import { SESSION_GRACE_MS } from '../../src/backends/daemon/server/limits.ts'
import type { IpcNamespace } from '../../src/contract/index.ts'
import type { Call } from '../../src/engine/index.ts'
import { Random } from '../oracle/random.ts'
import { SimulatedDisk } from '../simulator/disk.ts'
import { RawClient } from './raw-client.ts'
import { ServedNamespace } from './served.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const text = (mtext: Uint8Array) => new TextDecoder().decode(mtext)

function send(msqid: number, words: string): Call {
  return { name: 'msgsnd', msqid, mtype: 1, mtext: bytes(words), msgflg: IPC_NOWAIT }
}

async function untilWaiting(namespace: IpcNamespace, count: number): Promise<void> {
  while ((await namespace.waiting()).length !== count) await setImmediate()
}

test('a call that is asked again on another connection is answered once', async () => {
  await using served = await ServedNamespace.start()
  await using namespace = await served.connect()
  const msqid = await namespace.msgget(0, 0o600)
  const { client, key } = await RawClient.greeted(served.path)
  client.send({ kind: 'call', number: 1, call: send(msqid, 'a') })
  deepEqual(await client.next(), { kind: 'answer', number: 1, value: 0 })
  await client.cut()
  const back = await RawClient.greeted(served.path, key)
  deepEqual(back.key, key)
  back.client.send({ kind: 'call', number: 1, call: send(msqid, 'a') })
  deepEqual(await back.client.next(), { kind: 'answer', number: 1, value: 0 })
  equal((await namespace.msgctl(msqid, IPC_STAT)).qnum, 1)
  await back.client.cut()
})

test('a session outlives the daemon: what it held is asked for again, and accepted', async () => {
  await using served = await ServedNamespace.start()
  const { client, key } = await RawClient.greeted(served.path)
  client.send({ kind: 'call', number: 1, call: { name: 'msgget', key: 7, msgflg: 0o1600 } })
  const made = await client.next()
  const msqid = 'value' in made ? Number(made.value) : -1
  const receive: Call = { name: 'msgrcv', msqid, msgsz: 10, msgtyp: 0, msgflg: IPC_NOWAIT, hold: true }
  client.send({ kind: 'call', number: 2, call: send(msqid, 'a') }, { kind: 'call', number: 3, call: receive })
  equal((await client.next()).kind, 'answer')
  equal((await client.next()).kind, 'answer')
  await served.kill()
  await served.start()
  const back = await RawClient.greeted(served.path, key)
  back.client.send({ kind: 'call', number: 3, call: receive })
  const answer = await back.client.next()
  ok('value' in answer && typeof answer.value === 'object' && 'mtext' in answer.value)
  equal(text(answer.value.mtext), 'a')
  back.client.send({ kind: 'call', number: 4, call: { name: 'accept', receive: { session: key.session, number: 3 } } })
  deepEqual(await back.client.next(), { kind: 'answer', number: 4, value: 0 })
  await using namespace = await served.connect()
  equal((await namespace.msgctl(msqid, IPC_STAT)).qnum, 0)
  await back.client.cut()
})

test('a client that vanishes waits no more, and what it held is shown again once its session has expired', async () => {
  let now = 0
  await using served = await ServedNamespace.start({}, { now: () => now })
  await using namespace = await served.connect()
  const msqid = await namespace.msgget(0, 0o600)
  await namespace.msgsnd(msqid, { mtype: 1, mtext: bytes('held') }, 0)
  const { client, key } = await RawClient.greeted(served.path)
  const receive = { name: 'msgrcv', msqid, msgsz: 10, msgflg: 0, hold: true } as const
  client.send({ kind: 'call', number: 1, call: { ...receive, msgtyp: 1 } })
  client.send({ kind: 'call', number: 2, call: { ...receive, msgtyp: 2 } })
  equal((await client.next()).kind, 'answer')
  await untilWaiting(namespace, 1)
  await client.cut()
  await untilWaiting(namespace, 0)
  await rejects(namespace.msgrcv(msqid, 10, 0, IPC_NOWAIT), { code: 'ENOMSG' })
  now = SESSION_GRACE_MS + 1
  equal(text((await namespace.msgrcv(msqid, 10, 0, 0)).mtext), 'held')
  const late = await RawClient.greeted(served.path, key)
  notEqual(late.key.session, key.session)
  await late.client.cut()
})

test('a session is gone on with by nobody who lacks its secret', async () => {
  await using served = await ServedNamespace.start()
  const { client, key } = await RawClient.greeted(served.path)
  const secret = Uint8Array.from(key.secret, (byte) => byte ^ 1)
  const thief = await RawClient.greeted(served.path, { session: key.session, secret })
  notEqual(thief.key.session, key.session)
  client.send({ kind: 'request', number: 1, request: 'nextId' })
  deepEqual(await client.next(), { kind: 'answer', number: 1, value: -1 })
  await client.cut()
  await thief.client.cut()
})

test('calls that wait go on waiting over a restart of the daemon', async () => {
  await using served = await ServedNamespace.start()
  await using namespace = await served.connect()
  const msqid = await namespace.msgget(0, 0o600)
  const received = namespace.msgrcv(msqid, 10, 0, 0)
  await untilWaiting(namespace, 1)
  await served.kill()
  const sent = namespace.msgsnd(msqid, { mtype: 1, mtext: bytes('after') }, 0)
  await served.start()
  await sent
  equal(text((await received).mtext), 'after')
  equal((await namespace.msgctl(msqid, IPC_STAT)).qnum, 0)
})

test('a call that may have been made is in doubt where the server forgot its client; what can do no harm is asked again', async () => {
  await using served = await ServedNamespace.start()
  const namespace = await served.connect()
  const msqid = await namespace.msgget(0, 0o600)
  const { perm } = await namespace.msgctl(msqid, IPC_STAT)
  await namespace.msgctl(msqid, IPC_SET, { perm, qbytes: 0 })
  const sent = namespace.msgsnd(msqid, { mtype: 1, mtext: bytes('a') }, 0)
  const received = namespace.msgrcv(msqid, 10, 0, 0)
  await untilWaiting(namespace, 2)
  await served.kill()
  for (const name of ['segment-0000000001', 'segment-0000000002']) {
    await rm(join(served.directory, name), { force: true })
  }
  await served.start()
  await rejects(sent, { code: 'ERR_MSGQ_IN_DOUBT' })
  // The new namespace has no such queue, and says so to the receive that it is asked again.
  await rejects(received, { code: 'EINVAL' })
  await namespace.close()
})

test('a call that is made anew in another session is aborted there, and what it holds is accepted there', async () => {
  // Two namespaces, each with one queue of the same id: the daemon is started on the one, and then on the other.
  const disks = [new SimulatedDisk(new Random(1)), new SimulatedDisk(new Random(2))]
  await using served = await ServedNamespace.start({}, {}, { disk: async () => (disks[0] as SimulatedDisk).process() })
  const maker = await served.connect()
  const msqid = await maker.msgget(7, 0o1600)
  await maker.close()
  await served.kill()
  disks.reverse()
  await served.start()
  await using namespace = await served.connect()
  equal(await namespace.msgget(7, 0o1600), msqid)
  const aborted = new AbortController()
  const received = namespace.msgrcv(msqid, 10, 1, 0, { signal: aborted.signal })
  const holding = namespace.msgrcv(msqid, 10, 2, 0, { hold: true })
  await untilWaiting(namespace, 2)
  await served.kill()
  disks.reverse()
  await served.start()
  await untilWaiting(namespace, 2)
  aborted.abort(new Error('enough'))
  await rejects(received, { message: 'enough' })
  await namespace.msgsnd(msqid, { mtype: 2, mtext: bytes('a') }, 0)
  const held = await holding
  await held.accept()
  equal((await namespace.msgctl(msqid, IPC_STAT)).qnum, 0)
})

test('a daemon that does not come back is told of: what was not made can be tried again', async () => {
  await using served = await ServedNamespace.start()
  const namespace = await openDaemonNamespace(served.path, { reconnectMs: 0 })
  const msqid = await namespace.msgget(0, 0o600)
  const received = namespace.msgrcv(msqid, 10, 0, 0)
  await untilWaiting(namespace, 1)
  const told = rejects(received, { code: 'ERR_MSGQ_UNAVAILABLE' })
  await served.kill()
  await told
  await rejects(namespace.msgctl(msqid, IPC_RMID), { code: 'ERR_MSGQ_UNAVAILABLE' })
  await served.start()
  equal((await namespace.msgctl(msqid, IPC_STAT)).qnum, 0)
  await namespace.close()
})

test('close accepts what was received, and refuses what is held', async () => {
  await using served = await ServedNamespace.start()
  await using namespace = await served.connect()
  const msqid = await namespace.msgget(0, 0o600)
  for (const word of ['a', 'b', 'c']) await namespace.msgsnd(msqid, { mtype: 1, mtext: bytes(word) }, 0)
  const other = await served.connect()
  equal(text((await other.msgrcv(msqid, 10, 0, 0)).mtext), 'a')
  equal(text((await other.msgrcv(msqid, 10, 0, 0, { hold: true })).mtext), 'b')
  await other.close()
  equal((await namespace.msgctl(msqid, IPC_STAT)).qnum, 2)
  equal(text((await namespace.msgrcv(msqid, 10, 0, IPC_NOWAIT)).mtext), 'b')
})
