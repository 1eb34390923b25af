import { deepEqual, equal } from 'node:assert/strict'
import { test } from 'node:test'
import { IPC_CREAT, IPC_NOWAIT, IPC_STAT, MSG_COPY } from '../../src/abi/index.ts'
import { NatsCluster } from './nats-cluster.ts'
import { openReplica, send, texts, until } from './replicas.ts'

test('stat, copies and checkpoints at one node show what was answered at another, each time', async () => {
  await using cluster = await NatsCluster.start(3)
  await using first = await openReplica(cluster.url('fresh'))
  await using second = await openReplica(cluster.url('fresh', 1))
  const queue = await first.namespace.msgget(7, IPC_CREAT | 0o600)
  for (const [index, text] of texts('message', 30).entries()) {
    await send(first.namespace, queue, text)
    const { namespace } = second
    const [{ qnum }, { mtext }, { queues }] = await Promise.all([
      namespace.msgctl(queue, IPC_STAT),
      namespace.msgrcv(queue, 100, index, MSG_COPY | IPC_NOWAIT),
      namespace.checkpoint(),
    ])
    deepEqual([qnum, Buffer.from(mtext).toString(), queues[0]?.messages.length], [index + 1, text, index + 1])
  }
})

test('reads with consistency=local look at the replica as it is, also where no cluster is', async () => {
  await using cluster = await NatsCluster.start(1)
  const url = cluster.url('local')
  await using fresh = await openReplica(url)
  await using local = await openReplica(`${url}?consistency=local`)
  const queue = await fresh.namespace.msgget(7, IPC_CREAT | 0o600)
  await send(fresh.namespace, queue, 'seen')
  await until(() => local.node.status.sequence === fresh.node.status.sequence, 'the other replica has it')
  await cluster.kill(0)
  let isRead = false
  const reading = fresh.namespace.msgctl(queue, IPC_STAT).then(({ qnum }) => {
    isRead = true
    return qnum
  })
  const { namespace } = local
  equal((await namespace.msgctl(queue, IPC_STAT)).qnum, 1)
  equal(Buffer.from((await namespace.msgrcv(queue, 100, 0, MSG_COPY | IPC_NOWAIT)).mtext).toString(), 'seen')
  equal((await namespace.checkpoint()).queues.length, 1)
  equal((await namespace.limits()).msgmax, 8192)
  equal(isRead, false)
  cluster.startServer(0)
  equal(await reading, 1)
})
