import { equal, ok, rejects } from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { IPC_NOWAIT, IPC_RMID, IPC_SET, IPC_STAT } from '../../src/abi/index.ts'
import { openDaemonNamespace } from '../../src/backends/daemon/index.ts'
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
/** Removals that use up the reserve: fewer than the frames of one turn, so that no accept comes between. */
const QUEUES = 24

/** A daemon on a disk that is nearly full, with a raw client that holds a message of a queue, and queues to be removed. */
async function started(now?: () => number) {
  const disk = new SimulatedDisk(new Random(1))
  disk.capacity = 2 * SEGMENT_BYTES
  const journal = {
    disk: async () => disk.process(),
    segmentBytes: SEGMENT_BYTES,
    reserveBytes: RESERVE_BYTES,
    imageEveryBytes: Number.POSITIVE_INFINITY,
    // A full disk is looked at again whenever it is asked.
    clock: () => Number.MAX_VALUE,
  }
  const served = await ServedNamespace.start({}, now === undefined ? {} : { now }, journal)
  const other = await served.connect()
  const spare: number[] = []
  for (let count = 0; count < QUEUES; count++) spare.push(await other.msgget(0, 0o600))
  const msqid = await other.msgget(0, 0o600)
  await other.msgctl(msqid, IPC_SET, { perm: (await other.msgctl(msqid, IPC_STAT)).perm, qbytes: 2 ** 20 })
  await other.msgsnd(msqid, { mtype: 7, mtext: new Uint8Array(10) }, 0)
  const { client, key } = await RawClient.greeted(served.path)
  client.send({ kind: 'call', number: 1, call: { ...RECEIVE, msqid } })
  equal((await client.next()).kind, 'answer')
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
  const calls: readonly Call[] = [{ name: 'refuse', receive: { session, number: 1 } }, ...removals]
  client.send(...calls.map((call, index) => ({ kind: 'call', number: 2 + index, call }) as const))
  // What is refused is answered first: it has not to become durable.
  const refused: number[] = []
  for (let count = 0; count < calls.length; count++) {
    const end = await client.next()
    if (end.kind === 'failure') refused.push(end.number)
  }
  ok(refused.length > 0 && !refused.includes(2), `the message is shown, and the reserve used up: ${refused}`)
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

/** How many messages of the type that was received are there. */
async function countOf(namespace: IpcNamespace, msqid: number): Promise<number> {
  const queue = (await namespace.checkpoint()).queues.find((each) => each.msqid === msqid)
  return [...(queue?.messages ?? [])].filter(({ mtype }) => mtype === 7).length
}

test('an accept that a full disk refused is made when there is room: the message does not come again', async () => {
  const { disk, served, other, spare, msqid, client, key } = await started()
  await using _ = served
  const namespace = await served.connect()
  const received = namespace.msgrcv(msqid, 100, 7, 0)
  await untilWaiting(other, 1)
  await fill(other, msqid)
  await handOverAndFill(client, key, spare)
  equal((await received).mtext.length, 10)
  equal(await countOf(other, msqid), 1, 'its accept was refused')
  await makeRoom(disk, other, msqid)
  await namespace.close()
  equal(await countOf(other, msqid), 0)
  await other.close()
  await client.cut()
})

test('close says how many messages come again, where the disk stays full for as long as a client waits', async () => {
  const { served, other, spare, msqid, client, key } = await started()
  await using _ = served
  const namespace = await openDaemonNamespace(served.path, { reconnectMs: 0 })
  const received = namespace.msgrcv(msqid, 100, 7, 0)
  await untilWaiting(other, 1)
  await fill(other, msqid)
  await handOverAndFill(client, key, spare)
  equal((await received).mtext.length, 10)
  await rejects(namespace.close(), { code: 'ERR_MSGQ_NO_SPACE', message: /1 messages that were received/ })
  equal(await countOf(other, msqid), 1)
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
  await fill(other, msqid)
  await handOverAndFill(client, key, spare)
  holding.client.send({ kind: 'goodbye' })
  await holding.client.untilClosed()
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
