import { deepEqual, equal } from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { IPC_NOWAIT, IPC_STAT } from '../../src/abi/index.ts'
import type { Call } from '../../src/engine/index.ts'
import { RawClient } from './raw-client.ts'
import { ServedNamespace } from './served.ts'

const MESSAGE = { mtype: 1, mtext: new Uint8Array(10) }

/** A client that holds the only message of a queue, and has not accepted it. */
async function holding(served: ServedNamespace, msqid: number): Promise<RawClient> {
  const { client } = await RawClient.greeted(served.path)
  const receive: Call = { name: 'msgrcv', msqid, msgsz: 10, msgtyp: 0, msgflg: IPC_NOWAIT, hold: true }
  client.send({ kind: 'call', number: 1, call: receive })
  equal((await client.next()).kind, 'answer')
  return client
}

const ACCEPT = { kind: 'call', number: 2, call: { name: 'acceptAll', receives: [1] } } as const

test('an accept that came alone is done before whatever comes later, from whomever', async () => {
  await using served = await ServedNamespace.start()
  await using namespace = await served.connect()
  const msqid = await namespace.msgget(0, 0o600)
  for (let times = 0; times < 50; times++) {
    await namespace.msgsnd(msqid, MESSAGE, IPC_NOWAIT)
    const client = await holding(served, msqid)
    const written = new Promise((resolve) => client.socket.once('drain', resolve))
    client.send(ACCEPT)
    if (client.socket.writableNeedDrain) await written
    equal((await namespace.msgctl(msqid, IPC_STAT)).qnum, 0)
    await client.cut()
  }
})

test('an accept after which its client says nothing is done and answered', async () => {
  await using served = await ServedNamespace.start()
  await using namespace = await served.connect()
  const msqid = await namespace.msgget(0, 0o600)
  await namespace.msgsnd(msqid, MESSAGE, IPC_NOWAIT)
  const client = await holding(served, msqid)
  client.send(ACCEPT)
  deepEqual(await client.next(), { kind: 'answer', number: 2, value: 1 })
  await client.cut()
})

test('an accept that its client wrote before it died is done', async () => {
  await using served = await ServedNamespace.start()
  await using namespace = await served.connect()
  const msqid = await namespace.msgget(0, 0o600)
  await namespace.msgsnd(msqid, MESSAGE, IPC_NOWAIT)
  const client = await holding(served, msqid)
  client.send(ACCEPT)
  client.socket.end()
  await client.untilClosed()
  while (served.server.connections > 1) await setImmediate()
  equal((await namespace.msgctl(msqid, IPC_STAT)).qnum, 0)
})

test('an accept makes room for a sender that waits', async () => {
  await using served = await ServedNamespace.start({ limits: { msgmnb: 10 } })
  await using namespace = await served.connect()
  const msqid = await namespace.msgget(0, 0o600)
  await namespace.msgsnd(msqid, MESSAGE, IPC_NOWAIT)
  const client = await holding(served, msqid)
  const waits = namespace.msgsnd(msqid, MESSAGE, 0)
  while ((await namespace.waiting()).length === 0) await setImmediate()
  client.send(ACCEPT)
  await waits
  await client.cut()
})
