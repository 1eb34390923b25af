import { ok } from 'node:assert/strict'
import { test } from 'node:test'
import { IPC_CREAT } from '../../src/abi/index.ts'
import { NatsCluster } from './nats-cluster.ts'
import { openReplica } from './replicas.ts'

const SENDERS = 256
const MESSAGE = { mtype: 1, mtext: new Uint8Array(1_000) }
/** A node looks for records that were never announced twice a second: so long, that it has done so some times. */
const LOAD_MS = 2_000

interface Connections {
  readonly connections: readonly { readonly name?: string; readonly in_bytes: number; readonly out_bytes: number }[]
}

test('a node does not read its own records back, however long it writes', async () => {
  await using cluster = await NatsCluster.start(1)
  await using replica = await openReplica(cluster.url('own'))
  const { namespace } = replica
  await namespace.setLimits({ msgmnb: 2 ** 31 - 1 })
  const queue = await namespace.msgget(7, IPC_CREAT | 0o600)
  const until = performance.now() + LOAD_MS
  const sender = async () => {
    while (performance.now() < until) await namespace.msgsnd(queue, MESSAGE, 0)
  }
  await Promise.all(Array.from({ length: SENDERS }, sender))
  const { connections } = (await (await fetch(`${cluster.monitors[0]}/connz`)).json()) as Connections
  const node = connections.find(({ name }) => name === 'msgq')
  ok(node !== undefined && node.in_bytes > 1_000_000, JSON.stringify(connections))
  ok(node.out_bytes < node.in_bytes / 4, `wrote ${node.in_bytes} bytes, and read ${node.out_bytes}`)
})
