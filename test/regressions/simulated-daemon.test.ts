import { equal, rejects } from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { IPC_NOWAIT } from '../../src/abi/index.ts'
import { openDaemonNamespace } from '../../src/backends/daemon/index.ts'
import { FrameWriter } from '../../src/wire/index.ts'
import { RawClient } from '../daemon/raw-client.ts'
import { ServedNamespace } from '../daemon/served.ts'
import { Random } from '../oracle/random.ts'
import { SimulatedDisk } from '../simulator/disk.ts'

/** What the simulator has found in a daemon and its clients (`npm run sim`), each by the smallest test that failed before. */

test('a message that a client has is accepted after a restart that took longer than the client tried', async () => {
  await using served = await ServedNamespace.start()
  await using client = await openDaemonNamespace(served.path, { reconnectMs: 10 })
  const msqid = await client.msgget(7, 0o1600)
  await client.msgsnd(msqid, { mtype: 1, mtext: Buffer.from('once') }, 0)
  equal(Buffer.from((await client.msgrcv(msqid, 10, 0, 0)).mtext).toString(), 'once')
  // Its accept is written and not read: the daemon is gone before.
  await served.kill()
  await rejects(client.limits(), { code: 'ERR_MSGQ_UNAVAILABLE' })
  await served.start()
  await client.limits()
  await client.close()
  await using other = await served.connect()
  await rejects(other.msgrcv(msqid, 10, 0, IPC_NOWAIT), { code: 'ENOMSG' })
})

test('a close that finds no daemon for an accept ends', async () => {
  await using served = await ServedNamespace.start()
  const client = await openDaemonNamespace(served.path, { reconnectMs: 10 })
  const msqid = await client.msgget(7, 0o1600)
  await client.msgsnd(msqid, { mtype: 1, mtext: Buffer.from('once') }, 0)
  await client.msgrcv(msqid, 10, 0, 0)
  await served.kill()
  await rejects(client.limits(), { code: 'ERR_MSGQ_UNAVAILABLE' })
  await client.close()
})

test('a server that stops while it is greeted is unavailable, and no stranger: clients try again', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'msgq-going-'))
  const path = join(directory, 'socket')
  const server = net.createServer((socket) => {
    const writer = new FrameWriter()
    writer.write({ kind: 'going', message: 'the server stops' })
    socket.end(writer.take())
  })
  try {
    await new Promise<void>((listening) => {
      server.listen(path, listening)
    })
    await rejects(openDaemonNamespace(path), { code: 'ERR_MSGQ_UNAVAILABLE' })
  } finally {
    server.close()
    await rm(directory, { recursive: true })
  }
})

test('history of a past that cannot be read is refused: its client does not come back and ask for ever', async () => {
  const disk = new SimulatedDisk(new Random(1))
  const retain = { ms: 3_600_000, bytes: 1_000_000 }
  const journal = { disk: async () => disk.process(), segmentBytes: 8_192, imageEveryBytes: 10_000, retain }
  await using served = await ServedNamespace.start({}, {}, journal)
  await using client = await served.connect()
  const msqid = await client.msgget(7, 0o1600)
  for (let count = 0; count < 300; count++) {
    await client.msgsnd(msqid, { mtype: 1, mtext: new Uint8Array(100) }, 0)
    await client.msgrcv(msqid, 100, 0, IPC_NOWAIT)
  }
  const [, old = ''] = disk.names.filter((name) => name.startsWith('segment-'))
  disk.damage(old, 5_000)
  const look = async () => {
    for await (const _ of client.history?.({ from: 0 }) ?? []);
  }
  await rejects(look(), { code: 'ERR_MSGQ_UNAVAILABLE' })
  equal((await client.checkpoint()).queues.length, 1)
})

test('a send that was made is told so when it is asked again on a disk that is full by then', async () => {
  const disk = new SimulatedDisk(new Random(1))
  disk.capacity = 2 * 16_384
  const journal = { disk: async () => disk.process(), segmentBytes: 16_384, imageEveryBytes: Number.POSITIVE_INFINITY }
  await using served = await ServedNamespace.start({}, {}, journal)
  await using other = await served.connect()
  const msqid = await other.msgget(7, 0o1600)
  const { client } = await RawClient.greeted(served.path)
  const send = { name: 'msgsnd', msqid, mtype: 1, mtext: new Uint8Array(10), msgflg: 0 } as const
  client.send({ kind: 'call', number: 1, call: send })
  equal((await client.next()).kind, 'answer')
  const fill = async (mtext: Uint8Array) => {
    for (;;) await other.msgsnd(msqid, { mtype: 1, mtext }, IPC_NOWAIT)
  }
  for (const length of [100, 1]) await rejects(fill(new Uint8Array(length)), { code: 'ERR_MSGQ_NO_SPACE' })
  client.send({ kind: 'call', number: 1, call: send })
  equal((await client.next()).kind, 'answer')
  client.socket.destroy()
})
