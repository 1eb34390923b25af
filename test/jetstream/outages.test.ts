import { strict as assert } from 'node:assert'
import { mock, test } from 'node:test'
import { setImmediate, setTimeout } from 'node:timers/promises'
import { IPC_CREAT, IPC_NOWAIT } from '../../src/abi/index.ts'
import { NatsLog, streamOf } from '../../src/backends/jetstream/nats-log.ts'
import { readNatsUrl } from '../../src/backends/jetstream/nats-url.ts'
import { NatsCluster } from './nats-cluster.ts'
import { openReplica, receive, send, until } from './replicas.ts'

const GIVE_UP_MS = 1_000
const DAY_MS = 86_400_000
/** Less than a client needs to leave a server that does not answer. */
const OUTAGE_MS = 900
/** Each is asked of any of three servers: one of so many is sent to the one that is lost. */
const READINGS = 40

/** Fails with a code, at about the named time. */
async function gives(up: Promise<unknown>, code: string): Promise<void> {
  const since = performance.now()
  await assert.rejects(up, { code })
  const took = performance.now() - since
  assert.ok(took > GIVE_UP_MS / 2 && took < 3 * GIVE_UP_MS, `it took ${took} ms`)
}

test('calls in an outage end after the named time: in doubt where they may be in the log, unavailable where not', async () => {
  await using cluster = await NatsCluster.start(1)
  await using replica = await openReplica(cluster.url('outage'), { giveUpMs: GIVE_UP_MS })
  const { namespace } = replica
  const queue = await namespace.msgget(7, IPC_CREAT | 0o600)
  const waiting = receive(namespace, queue)
  await namespace.msgctl(queue, 2)
  await cluster.stop(0)
  const doubtful = gives(send(namespace, queue, 'doubtful'), 'ERR_MSGQ_IN_DOUBT')
  await setImmediate()
  await setImmediate()
  await Promise.all([
    doubtful,
    gives(send(namespace, queue, 'never'), 'ERR_MSGQ_UNAVAILABLE'),
    gives(namespace.msgctl(queue, 2), 'ERR_MSGQ_UNAVAILABLE'),
    gives(receive(namespace, queue), 'ERR_MSGQ_UNAVAILABLE'),
  ])
  cluster.goOn(0)
  // It was in the log after all, and the receive that waited has gone on by itself.
  assert.equal(await waiting, 'doubtful')
  await send(namespace, queue, 'after')
  assert.equal(await receive(namespace, queue), 'after')
  await assert.rejects(namespace.msgrcv(queue, 100, 0, IPC_NOWAIT), { code: 'ENOMSG' })
})

test('a receive that was given up and finds its message after all gives it back', async () => {
  await using cluster = await NatsCluster.start(1)
  await using replica = await openReplica(cluster.url('given'), { giveUpMs: GIVE_UP_MS })
  const { namespace } = replica
  const queue = await namespace.msgget(7, IPC_CREAT | 0o600)
  await send(namespace, queue, 'wanted')
  await cluster.stop(0)
  await gives(namespace.msgrcv(queue, 100, 0, 0), 'ERR_MSGQ_UNAVAILABLE')
  cluster.goOn(0)
  assert.equal(await receive(namespace, queue), 'wanted')
})

test('a server that is killed and comes back has all that was answered, and nodes go on by themselves', async () => {
  await using cluster = await NatsCluster.start(1)
  await using replica = await openReplica(cluster.url('killed'))
  const { namespace } = replica
  const queue = await namespace.msgget(7, IPC_CREAT | 0o600)
  await send(namespace, queue, 'before')
  await cluster.kill(0)
  const during = send(namespace, queue, 'during')
  cluster.startServer(0)
  await during
  assert.equal(await receive(namespace, queue), 'before')
  assert.equal(await receive(namespace, queue), 'during')
})

test('readings after an outage are answered while a server is lost, and leave no subscription behind', async () => {
  await using cluster = await NatsCluster.start(3)
  await using first = await openReplica(cluster.url('read', 0))
  await send(first.namespace, await first.namespace.msgget(7, IPC_CREAT | 0o600), 'a record')
  const log = await NatsLog.open(readNatsUrl(cluster.url('read', 0)))
  const servers = [0, 1, 2]
  try {
    await until(() => everyServerReads(cluster, 'read'), 'every server reads for others')
    // Who reads is told neither that they are stopped nor that they go on: a reading takes as long as that.
    await Promise.all(servers.map((server) => cluster.stop(server)))
    const reading = log.read(1)
    await setTimeout(OUTAGE_MS)
    for (const server of servers) cluster.goOn(server)
    assert.ok((await reading).length > 0)
    const subscriptions = await subscriptionsOf(cluster)
    await cluster.stop(2)
    for (let readings = 0; readings < READINGS; readings++) assert.ok((await log.read(1)).length > 0)
    assert.ok((await subscriptionsOf(cluster)) < subscriptions + READINGS / 2)
  } finally {
    cluster.goOn(2)
    await log.close()
  }
})

/** In the first two seconds of a stream its leader alone does. */
async function everyServerReads({ monitors }: NatsCluster, name: string): Promise<boolean> {
  const subject = `$JS.API.DIRECT.GET.${streamOf(name)}`
  const doing = monitors.map(async (monitor) => {
    const answer = await fetch(`${monitor}/subsz?subs=1&test=${encodeURIComponent(subject)}`)
    const { subscriptions_list: found } = (await answer.json()) as {
      readonly subscriptions_list: readonly { readonly subject: string }[]
    }
    return found.some((each) => each.subject === subject)
  })
  return (await Promise.all(doing)).every(Boolean)
}

/** How many there are at the server that is read by way of. */
async function subscriptionsOf({ monitors }: NatsCluster): Promise<number> {
  const connections = (await (await fetch(`${monitors[0]}/connz`)).json()) as {
    readonly connections: readonly { readonly subscriptions: number }[]
  }
  return connections.connections.reduce((sum, { subscriptions }) => sum + subscriptions, 0)
}

test('a namespace where nobody listens, or on a server that is too old or has no JetStream, is ERR_MSGQ_UNAVAILABLE', async () => {
  await assert.rejects(openReplica('nats://127.0.0.1:1/none'), {
    code: 'ERR_MSGQ_UNAVAILABLE',
    message: /no NATS server lets us in at 127\.0\.0\.1:1/,
  })
})

test('a node whose clock is put back comes back over a lost connection as soon as ever', async () => {
  await using cluster = await NatsCluster.start(1)
  await using replica = await openReplica(cluster.url('clock'))
  const { namespace } = replica
  const queue = await namespace.msgget(7, IPC_CREAT | 0o600)
  const now = Date.now
  const clock = mock.method(Date, 'now', () => now() - DAY_MS)
  try {
    await cluster.kill(0)
    cluster.startServer(0)
    await send(namespace, queue, 'sent after all')
    assert.equal(await receive(namespace, queue), 'sent after all')
  } finally {
    clock.mock.restore()
  }
})
