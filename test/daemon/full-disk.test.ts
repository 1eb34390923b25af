import { equal, ok, rejects } from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { IPC_NOWAIT, IPC_RMID, IPC_SET, IPC_STAT } from '../../src/abi/index.ts'
import { lendNamespace, openDaemonNamespace } from '../../src/backends/daemon/index.ts'
import { BackendError, type IpcNamespace } from '../../src/contract/index.ts'
import type { Call } from '../../src/engine/index.ts'
import type { SessionKey } from '../../src/wire/index.ts'
import { Random } from '../oracle/random.ts'
import { SimulatedDisk } from '../simulator/disk.ts'
import { RawClient } from './raw-client.ts'
import { ServedNamespace } from './served.ts'

const SEGMENT_BYTES = 16_384
/** Some ten records of what frees space. */
const RESERVE_BYTES = 512
/** Removals that use up the reserve, and accepts what they leave: fewer than the frames of one turn, so that nothing comes between. */
const QUEUES = 20
const ACCEPTS = 6

/** A daemon on a disk that is nearly full, with a raw client that holds a message of a queue, and queues to be removed. */
async function started(now?: () => number) {
  const disk = new SimulatedDisk(new Random(1))
  disk.capacity = 2 * SEGMENT_BYTES
  const journal = {
    disk: async () => disk.process(),
    segmentBytes: SEGMENT_BYTES,
    reserveBytes: RESERVE_BYTES,
    imageEveryBytes: Number.POSITIVE_INFINITY,
  }
  const served = await ServedNamespace.start({}, now === undefined ? {} : { now }, journal)
  const other = await served.connect()
  const spare: number[] = []
  for (let count = 0; count < QUEUES; count++) spare.push(await other.msgget(0, 0o600))
  const msqid = await other.msgget(0, 0o600)
  await other.msgctl(msqid, IPC_SET, { perm: (await other.msgctl(msqid, IPC_STAT)).perm, qbytes: 2 ** 20 })
  const { client, key } = await RawClient.greeted(served.path)
  for (let number = 1; number <= 1 + ACCEPTS; number++) {
    await other.msgsnd(msqid, { mtype: 7, mtext: new Uint8Array(10) }, 0)
    client.send({ kind: 'call', number, call: { ...RECEIVE, msqid } })
    equal((await client.next()).kind, 'answer')
  }
  return { disk, served, other, spare, msqid, client, key }
}

const RECEIVE = { name: 'msgrcv', msgsz: 100, msgtyp: 7, msgflg: IPC_NOWAIT, hold: true } as const

/** Sends until the disk takes no more. */
async function fill(namespace: IpcNamespace, msqid: number): Promise<void> {
  for (;;) {
    try {
      await namespace.msgsnd(msqid, { mtype: 1, mtext: new Uint8Array(100) }, IPC_NOWAIT)
    } catch (error) {
      if (error instanceof BackendError && error.code === 'ERR_MSGQ_NO_SPACE') return
      throw error
    }
  }
}

/** One turn of the server: the message that a raw client held goes to whoever waits for it, and then there is no reserve. */
async function handOverAndFill(client: RawClient, { session }: SessionKey, spare: readonly number[]): Promise<void> {
  const removals = spare.map((msqid): Call => ({ name: 'msgctl', msqid, cmd: IPC_RMID }))
  const accepts = Array.from({ length: ACCEPTS }, (_, index): Call => ({ name: 'acceptAll', receives: [2 + index] }))
  const calls: readonly Call[] = [{ name: 'refuse', receive: { session, number: 1 } }, ...removals, ...accepts]
  const first = 2 + ACCEPTS
  client.send(...calls.map((call, index) => ({ kind: 'call', number: first + index, call }) as const))
  // What is refused is answered first: it has not to become durable.
  const refused: number[] = []
  for (let count = 0; count < calls.length; count++) {
    const end = await client.next()
    if (end.kind === 'failure') refused.push(end.number)
  }
  const last = first + calls.length - 1
  ok(refused.includes(last) && !refused.includes(first), `the message is shown, and no accept finds room: ${refused}`)
}

/** Gives the disk room, and waits until the daemon has seen it. */
async function makeRoom(disk: SimulatedDisk, other: IpcNamespace, msqid: number): Promise<void> {
  disk.capacity += 8 * SEGMENT_BYTES
  for (;;) {
    try {
      return await other.msgsnd(msqid, { mtype: 1, mtext: new Uint8Array(1) }, IPC_NOWAIT)
    } catch (error) {
      if (!(error instanceof BackendError)) throw error
    }
  }
}

async function untilWaiting(namespace: IpcNamespace, count: number): Promise<void> {
  while ((await namespace.waiting()).length !== count) await setImmediate()
}

/** Whether the message that was received is there, the first that was sent. */
async function isThere(namespace: IpcNamespace, msqid: number): Promise<boolean> {
  const queue = (await namespace.checkpoint()).queues.find((each) => each.msqid === msqid)
  const [first] = queue?.messages ?? []
  return first?.sequence === 1
}

/** Has it so many calls behind it that an accept of its is no shorter than one of a raw client's. */
async function withLongNumbers(namespace: IpcNamespace): Promise<IpcNamespace> {
  for (let count = 0; count < 130; count++) await namespace.limits()
  return namespace
}

/** Has a client wait, fills the disk, and hands the client what a raw one held: there is no room left for its accept. */
async function receiveOnFullDisk(
  { other, spare, msqid, client, key }: Awaited<ReturnType<typeof started>>,
  namespace: IpcNamespace,
): Promise<void> {
  const received = namespace.msgrcv(msqid, 100, 7, 0)
  await untilWaiting(other, 1)
  await fill(other, msqid)
  await handOverAndFill(client, key, spare)
  equal((await received).mtext.length, 10)
}

test('an accept that a full disk refused is made when there is room: the message does not come again', async () => {
  const found = await started()
  const { disk, served, other, msqid, client } = found
  await using _ = served
  const namespace = await withLongNumbers(await served.connect())
  await receiveOnFullDisk(found, namespace)
  equal(await isThere(other, msqid), true, 'its accept was refused')
  await makeRoom(disk, other, msqid)
  await namespace.close()
  equal(await isThere(other, msqid), false)
  await other.close()
  await client.cut()
})

test('an accept is made in time behind a namespace that is lent, too', async () => {
  const found = await started()
  const { disk, served, other, msqid, client } = found
  await using _ = served
  const path = join(served.directory, 'lent')
  const daemon = await lendNamespace(await served.connect(), { path })
  const namespace = await openDaemonNamespace(path)
  await receiveOnFullDisk(found, namespace)
  equal(await isThere(other, msqid), true, 'its accept was refused')
  await makeRoom(disk, other, msqid)
  await namespace.close()
  equal(await isThere(other, msqid), false)
  await daemon.close()
  await other.close()
  await client.cut()
})

test('close says how many messages come again, where the disk stays full for as long as a client waits', async () => {
  const found = await started()
  const { served, other, msqid, client } = found
  await using _ = served
  const namespace = await withLongNumbers(await openDaemonNamespace(served.path, { reconnectMs: 0 }))
  await receiveOnFullDisk(found, namespace)
  await rejects(namespace.close(), { code: 'ERR_MSGQ_NO_SPACE', message: /1 messages that were received/ })
  equal(await isThere(other, msqid), true)
  await other.close()
  await client.cut()
})

test('an abort that a full disk refused ends the wait when there is room', async () => {
  const { disk, served, other, spare, msqid, client, key } = await started()
  await using _ = served
  await using namespace = await served.connect()
  const aborted = new AbortController()
  const received = namespace.msgrcv(msqid, 100, 8, 0, { signal: aborted.signal })
  await untilWaiting(other, 1)
  await fill(other, msqid)
  await handOverAndFill(client, key, spare)
  aborted.abort(new Error('enough'))
  await namespace.limits()
  equal((await other.waiting()).length, 1, 'the interrupt was refused')
  await makeRoom(disk, other, msqid)
  await rejects(received, { message: 'enough' })
  await other.close()
  await client.cut()
})

test('a client that vanished, or said goodbye, on a full disk is let go of when there is room', async () => {
  // Nobody has been away for long: this is not how they are let go of.
  const { disk, served, other, spare, msqid, client, key } = await started(() => 0)
  await using _ = served
  const leaving = await RawClient.greeted(served.path)
  leaving.client.send({ kind: 'call', number: 1, call: { ...RECEIVE, msqid, msgtyp: 9, msgflg: 0 } })
  await untilWaiting(other, 1)
  await other.msgsnd(msqid, { mtype: 7, mtext: new Uint8Array(10) }, 0)
  const holding = await RawClient.greeted(served.path)
  holding.client.send({ kind: 'call', number: 1, call: { ...RECEIVE, msqid } })
  equal((await holding.client.next()).kind, 'answer')
  const bystander = await RawClient.greeted(served.path)
  await fill(other, msqid)
  await handOverAndFill(client, key, spare)
  // The end of a session takes less room than a removal: the first may still find some.
  for (const { client } of [bystander, holding]) {
    client.send({ kind: 'goodbye' })
    await client.untilClosed()
  }
  await leaving.client.cut()
  while (served.server.connections > 2) await setImmediate()
  equal((await other.waiting()).length, 1, 'its call waits still')
  await makeRoom(disk, other, msqid)
  await untilWaiting(other, 0)
  await other.msgrcv(msqid, 100, 7, 0)
  // The one whose holder said goodbye.
  await other.msgrcv(msqid, 100, 7, 0)
  await other.close()
  await client.cut()
})
