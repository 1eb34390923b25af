import { deepEqual, equal, ok } from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { IPC_CREAT } from '../../src/abi/index.ts'
import { NatsCluster } from './nats-cluster.ts'
import { shapeOf } from './raw-stream.ts'
import { assertAgreed, openReplica, receive, send } from './replicas.ts'

let single: NatsCluster
let three: NatsCluster
before(async () => {
  single = await NatsCluster.start(1)
  three = await NatsCluster.start(3)
})
after(async () => {
  await single[Symbol.asyncDispose]()
  await three[Symbol.asyncDispose]()
})

test('the log is a stream of three copies on a cluster and of one on a single server, and nobody consumes it', async () => {
  for (const [cluster, copies] of [[single, 1] as const, [three, 3] as const]) {
    const url = cluster.url('shape')
    await using one = await openReplica(url)
    await using two = await openReplica(url)
    const queue = await one.namespace.msgget(7, IPC_CREAT | 0o600)
    await send(one.namespace, queue, 'read')
    equal(await receive(two.namespace, queue), 'read')
    const { config, state } = await shapeOf(cluster.servers[0] ?? '', 'MSGQ_shape')
    deepEqual([config.num_replicas, state.consumer_count], [copies, 0])
  }
})

test('a message that is longer than a record of the log comes whole, and in its place', async () => {
  await using one = await openReplica(three.url('long'))
  await using two = await openReplica(three.url('long', 1))
  await one.namespace.setLimits({ msgmax: 2 ** 26, msgmnb: 2 ** 28 })
  const queue = await one.namespace.msgget(7, IPC_CREAT | 0o600)
  const mtext = new Uint8Array(3_500_000).map((_, index) => index % 251)
  const before = one.node.status.sequence
  await Promise.all([
    send(one.namespace, queue, 'before'),
    one.namespace.msgsnd(queue, { mtype: 2, mtext }, 0),
    send(one.namespace, queue, 'after'),
  ])
  ok(one.node.status.sequence >= before + 4, 'it took some records')
  equal(await receive(two.namespace, queue), 'before')
  ok(Buffer.compare((await two.namespace.msgrcv(queue, 2 ** 26, 0, 0)).mtext, mtext) === 0)
  equal(await receive(two.namespace, queue), 'after')
  await assertAgreed([one.node, two.node])
})
