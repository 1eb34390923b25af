import { deepEqual, equal, ok } from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import { IPC_NOWAIT, IPC_RMID, IPC_STAT, MSG_COPY, MSG_INFO } from '../../src/abi/index.ts'
import type { IpcNamespace } from '../../src/contract/index.ts'
import { type Checkpoint, MessagePacker } from '../../src/engine/index.ts'
import { openNamespace } from '../../src/open/index.ts'
import { RawClient } from '../daemon/raw-client.ts'
import type { MeasuredDaemon } from '../soak/measured-daemon.ts'
import { type Figures, Other, processorSeconds, residentMiB } from './figures.ts'

/** How many of what, in each scene. */
export interface Sizes {
  readonly connections: number
  readonly waits: number
  readonly messages: number
  readonly queues: number
  readonly seconds: number
}

/** Those that connect at once: the kernel keeps so many for a listener. Source: net.core.somaxconn; Node's backlog is 511. */
const AT_ONCE = 250
/** Calls that a client which sends as fast as it can has under way. */
const UNDER_WAY = 256

type Scene = (daemon: MeasuredDaemon, namespace: IpcNamespace, sizes: Sizes) => Promise<string>

/** Each is served while another client makes calls, and waits for them. */
export const SCENES: readonly (readonly [name: (sizes: Sizes) => string, Scene])[] = [
  [({ connections }) => `${connections} connections`, connections],
  [({ waits }) => `${waits} waiting calls on one queue`, waits],
  [({ queues }) => `${queues} queues`, queues],
  [({ messages }) => `a queue of ${messages} messages`, messages],
  [({ seconds }) => `one sends as fast as it can, one reads one a second, ${seconds} s`, fastAndSlow],
]

/** Plays a scene, and measures the daemon and what others wait. */
export async function play(daemon: MeasuredDaemon, scene: string, run: Scene, sizes: Sizes): Promise<Figures> {
  await using namespace = await openNamespace(daemon.url)
  await using beside = await openNamespace(daemon.url)
  const empty = await daemon.taken()
  const before = residentMiB(daemon.pid)
  const usedBefore = processorSeconds(daemon.pid)
  let most = before
  const watch = setInterval(() => {
    most = Math.max(most, residentMiB(daemon.pid))
  }, 50)
  const other = new Other(() => beside.msgctl(0, MSG_INFO))
  let told: string
  try {
    told = await run(daemon, namespace, sizes)
  } finally {
    clearInterval(watch)
  }
  const othersMs = await other.stop()
  const used = Math.round((processorSeconds(daemon.pid) - usedBefore) * 100) / 100
  const left = await daemon.taken()
  const keptMiB = Math.round((left.heapBytes + left.bufferBytes - empty.heapBytes - empty.bufferBytes) / 2 ** 20)
  return {
    scene,
    processorSeconds: used,
    keptMiB,
    residentMiB: { before, most, after: residentMiB(daemon.pid) },
    othersMs,
    told,
  }
}

async function connections(daemon: MeasuredDaemon, _: IpcNamespace, { connections }: Sizes): Promise<string> {
  const clients: RawClient[] = []
  const since = performance.now()
  while (clients.length < connections) {
    const some = Math.min(AT_ONCE, connections - clients.length)
    const greeted = await Promise.all(Array.from({ length: some }, () => RawClient.greeted(daemon.socket)))
    clients.push(...greeted.map(({ client }) => client))
  }
  const connected = performance.now()
  for (const client of clients) client.send({ kind: 'request', number: 1, request: 'nextId' })
  for (const client of clients) deepEqual(await client.next(), { kind: 'answer', number: 1, value: -1 })
  const answered = performance.now()
  const { descriptors } = await daemon.taken()
  ok(descriptors >= connections)
  for (const client of clients) client.send({ kind: 'goodbye' })
  await Promise.all(clients.map((client) => client.untilClosed()))
  return `connected in ${ms(connected - since)}, all answered once in ${ms(answered - connected)}`
}

async function waits(_: MeasuredDaemon, namespace: IpcNamespace, { waits }: Sizes): Promise<string> {
  const msqid = await namespace.msgget(0, 0o600)
  const order: number[] = []
  const received = Array.from({ length: waits }, async (_, number) => {
    const { mtext } = await namespace.msgrcv(msqid, 8, 0, 0)
    order.push(number)
    return Buffer.from(mtext).readUInt32LE()
  })
  while ((await namespace.waiting()).length < waits) await delay(1)
  const since = performance.now()
  for (let number = 0; number < waits; number++) {
    const mtext = Buffer.alloc(4)
    mtext.writeUInt32LE(number)
    await namespace.msgsnd(msqid, { mtype: 1, mtext }, 0)
  }
  deepEqual(await Promise.all(received), [...order.keys()])
  const took = performance.now() - since
  await namespace.msgctl(msqid, IPC_RMID)
  return `each got its message, in the order in which they began to wait, in ${ms(took)}`
}

async function queues(_: MeasuredDaemon, namespace: IpcNamespace, { queues }: Sizes): Promise<string> {
  const since = performance.now()
  const msqids = await Promise.all(Array.from({ length: queues }, () => namespace.msgget(0, 0o600)))
  const mtext = new Uint8Array(100)
  for (let round = 0; round < 10; round++) {
    await Promise.all(msqids.map((msqid) => namespace.msgsnd(msqid, { mtype: 1, mtext }, IPC_NOWAIT)))
  }
  for (let round = 0; round < 10; round++) {
    await Promise.all(msqids.map((msqid) => namespace.msgrcv(msqid, 100, 0, IPC_NOWAIT)))
  }
  await Promise.all(msqids.map((msqid) => namespace.msgctl(msqid, IPC_RMID)))
  return `made, ten messages through each, removed, in ${ms(performance.now() - since)}`
}

async function messages(daemon: MeasuredDaemon, namespace: IpcNamespace, { messages }: Sizes): Promise<string> {
  const since = performance.now()
  const { notRestored, msqids } = await namespace.restore(longQueue(messages))
  equal(notRestored.filter(({ field }) => field === 'messages').length, 0)
  const [msqid = -1] = msqids
  const restored = performance.now()
  equal((await namespace.msgctl(msqid, IPC_STAT)).qnum, messages)
  const mtext = new Uint8Array(8)
  const calls = 2_000
  const used = processorSeconds(daemon.pid)
  for (let call = 0; call < calls; call++) {
    await namespace.msgsnd(msqid, { mtype: 2, mtext }, IPC_NOWAIT)
    await namespace.msgrcv(msqid, 8, call % 2 === 0 ? 0 : 2, IPC_NOWAIT)
    const index = Math.floor((messages / calls) * call)
    await namespace.msgrcv(msqid, 8, index, MSG_COPY | IPC_NOWAIT)
  }
  const each = (((processorSeconds(daemon.pid) - used) * 1e6) / calls / 3).toFixed(0)
  await namespace.msgctl(msqid, IPC_RMID)
  return `restored in ${ms(restored - since)}; then a send, a receive and a copy from anywhere take ${each} µs of the daemon's processor each`
}

async function fastAndSlow(daemon: MeasuredDaemon, namespace: IpcNamespace, { seconds }: Sizes): Promise<string> {
  await using fast = await openNamespace(daemon.url)
  const msqid = await namespace.msgget(0, 0o600)
  let sent = 0
  let isOver = false
  const mtext = new Uint8Array(200)
  const senders = Array.from({ length: UNDER_WAY }, async () => {
    while (!isOver) {
      const isSent = await fast.msgsnd(msqid, { mtype: 1, mtext }, 0).then(
        () => true,
        () => false,
      )
      if (isSent) sent++
    }
  })
  const late: number[] = []
  for (let second = 0; second < seconds; second++) {
    const since = performance.now()
    await namespace.msgrcv(msqid, 200, 0, 0)
    late.push(performance.now() - since)
    await delay(1_000)
  }
  isOver = true
  await namespace.msgctl(msqid, IPC_RMID)
  await Promise.all(senders)
  return `${sent} were taken, ${UNDER_WAY} sends wait; the reader waits ${ms(Math.max(...late))} at most`
}

function longQueue(messages: number): Checkpoint {
  const packer = new MessagePacker()
  const mtext = new Uint8Array(8)
  for (let sequence = 1; sequence <= messages; sequence++) {
    packer.append({ mtype: 1, mtext, sequence, sender: { pid: 1, uid: 0 }, time: 1 })
  }
  const perm = { key: 0, uid: 0, gid: 0, cuid: 0, cgid: 0, mode: 0o600 }
  const queue = { msqid: 0, perm, qbytes: 2 ** 31 - 1, messages: packer.packed() }
  const limits = { msgmax: 8192, msgmnb: 16_384, msgmni: 32_000 }
  return { time: 0, limits, nextId: -1, queues: [queue], waiting: [] }
}

function ms(value: number): string {
  return value < 1_000 ? `${Math.ceil(value)} ms` : `${(value / 1_000).toFixed(1)} s`
}
