import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { IPC_CREAT } from '../../src/abi/index.ts'
import type { ClusterStatus } from '../../src/backends/jetstream/index.ts'
import { openNamespace } from '../../src/open/index.ts'
import { ServeProcess } from '../daemon/serve-process.ts'
import { NatsCluster } from '../jetstream/nats-cluster.ts'
import { NodeProcess } from '../jetstream/node-process.ts'
import { assertAgreed, openReplica, receive, send, spoil, texts, until } from '../jetstream/replicas.ts'
import { MSGQ } from './child.ts'

let one: NatsCluster
let three: NatsCluster
before(async () => {
  one = await NatsCluster.start(1, { syncs: 'sometimes' })
  three = await NatsCluster.start(3)
})
after(async () => {
  await one[Symbol.asyncDispose]()
  await three[Symbol.asyncDispose]()
})

/** Listens, and accepts nothing: once its queue is full the kernel drops who greets it, as a network that swallows packets does. */
const SWALLOWS = `require('net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, function () {
  require('fs').writeSync(1, String(this.address().port))
  process.kill(process.pid, 'SIGSTOP')
})`

interface Ended {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs `msgq` while nodes of this process go on. */
function msgq(...words: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(process.execPath, [MSGQ, ...words], { timeout: 60_000 }, (error, stdout, stderr) => {
      resolve({ status: typeof error?.code === 'number' ? error.code : 0, stdout, stderr })
    })
  })
}

describe('msgq cluster status', () => {
  test('ends when it has said that nobody answers, and not when TCP gives up', async () => {
    const swallowing = spawn(process.execPath, ['-e', SWALLOWS], { stdio: ['ignore', 'pipe', 'inherit'] })
    const [said] = (await once(swallowing.stdout, 'data')) as [Buffer]
    const port = Number(said)
    const fillers = Array.from({ length: 8 }, () => connect(port, '127.0.0.1').on('error', () => undefined))
    try {
      const { status, stderr } = await msgq('cluster', 'status', `nats://127.0.0.1:${port}/x`)
      match(stderr, /ERR_MSGQ_UNAVAILABLE: no NATS server lets us in/)
      equal(status, 3)
      // TCP has not given up what was begun before.
      ok(fillers.some(({ connecting }) => connecting))
    } finally {
      for (const filler of fillers) filler.destroy()
      swallowing.kill('SIGKILL')
    }
  })

  test('shows servers, leader, nodes with their lag, the last image, and opens nothing', async () => {
    const url = three.url('status')
    await using first = await openReplica(url, { checkEvery: 40, imageEveryBytes: 1, trimMarginRecords: 1 })
    await using _ = await NodeProcess.open(three.url('status', 1))
    const queue = await first.namespace.msgget(7, IPC_CREAT | 0o600)
    await until(async () => {
      await send(first.namespace, queue, ...texts('m', 10))
      for (let count = 0; count < 10; count++) await receive(first.namespace, queue)
      return first.node.status.imaged > 1
    }, 'an image')
    await until(async () => {
      const { log } = JSON.parse((await msgq('cluster', 'status', url, '--json')).stdout) as ClusterStatus
      return log.first > 1
    }, 'a log that was trimmed')
    const { status, stdout, stderr } = await msgq('cluster', 'status', three.url('status', 2), '--json')
    equal(stderr, '')
    equal(status, 0)
    const seen = JSON.parse(stdout) as ClusterStatus
    equal(seen.name, 'status')
    equal(seen.replicas, 3)
    ok(seen.leader !== undefined && seen.servers.some(({ name, isLeader }) => isLeader && name === seen.leader))
    deepEqual(seen.servers.map(({ name }) => name).sort(), ['n0', 'n1', 'n2'])
    equal(seen.nodes.length, 2)
    ok(seen.nodes.some(({ pid }) => pid === process.pid))
    for (const { lag, clockMs } of seen.nodes) ok(lag < 10 && Math.abs(clockMs) < 1_000)
    deepEqual(seen.silent, [])
    ok(seen.image !== undefined && seen.image.sequence >= seen.log.first - 1)
    equal(first.node.status.sessions.length, 2)
    const { stdout: text } = await msgq('cluster', 'status', url)
    match(text, /^namespace +status$/m)
    match(text, /^image +of record \d+, .* ago\)$/m)
    match(text, /^n\d +leader +0$/m)
    match(text, new RegExp(`^\\S+ +${process.pid} +\\d+ +\\d+ +\\d+ +[+-]?\\d+ ms$`, 'm'))
  })

  test('counts nodes that do not answer', async () => {
    const url = one.url('silent')
    await using first = await openReplica(url)
    await using silent = await NodeProcess.open(url)
    silent.signal('SIGSTOP')
    const { stdout } = await msgq('cluster', 'status', url, '--json')
    equal((JSON.parse(stdout) as ClusterStatus).silent.length, 1)
    match((await msgq('cluster', 'status', url)).stdout, /^1 more node of those that are open do not answer$/m)
    match((await msgq('doctor', url)).stdout, /^limited +nodes +1 node answer, 1 more do not/m)
    silent.signal('SIGCONT')
    ok(first.node.isOpen)
  })

  test('ends with 3 where there is no such namespace, and makes none; with 2 for what is no URL', async () => {
    const nowhere = await msgq('cluster', 'status', one.url('nowhere'))
    equal(nowhere.status, 3)
    match(nowhere.stderr, /ERR_MSGQ_UNAVAILABLE: there is no namespace nowhere/)
    equal((await msgq('cluster', 'status', one.url('nowhere'))).status, 3)
    equal((await msgq('cluster', 'status', 'nats://host')).status, 2)
    equal((await msgq('cluster', 'state', one.url('nowhere'))).status, 2)
  })
})

describe('msgq doctor nats://', () => {
  test('finds nothing missing on three servers that flush, and on one says what it may cost', async () => {
    await using _ = await openReplica(three.url('checked'))
    const well = await msgq('doctor', three.url('checked'), '--monitor', three.monitors.join(','), '--json')
    equal(well.status, 0)
    const { usable, findings } = JSON.parse(well.stdout) as { usable: boolean; findings: { status: string }[] }
    equal(usable, true)
    deepEqual(
      findings.filter(({ status }) => status !== 'ok'),
      [],
    )
    const unasked = await msgq('doctor', three.url('checked'))
    match(unasked.stdout, /^limited +sync_interval +not known/m)
    await using __ = await openReplica(one.url('checked'))
    const { status, stdout } = await msgq('doctor', one.url('checked'), '--monitor', one.monitors.join(','))
    equal(status, 0)
    match(stdout, /^limited +replicas +1 server keeps the log/m)
    match(stdout, /^limited +sync_interval +not `always` on n0/m)
    match(stdout, /the namespace can be used; 2 things limited/)
  })

  test('ends with 1 where none is there, and with 2 for what is no such namespace', async () => {
    const gone = await msgq('doctor', 'nats://127.0.0.1:1/none')
    equal(gone.status, 1)
    match(gone.stdout, /^missing +cluster +no NATS server/m)
    equal((await msgq('doctor', 'linux:')).status, 2)
    equal((await msgq('doctor', '--monitor', 'http://127.0.0.1:1')).status, 2)
  })
})

describe('msgq conformance nats://', () => {
  test('runs cases in namespaces of their own, and leaves none behind', async () => {
    const { status, stdout, stderr } = await msgq('conformance', one.url('mine'), '--only', 'ipc_excl')
    match(stderr, /cases to run, each in a new namespace/)
    match(stdout, /^nats:\/\/\S+\/mine \d+ passed, 0 failed/)
    equal(status, 0)
    equal((await msgq('cluster', 'status', one.url('mine'))).status, 3)
  })
})

describe('msgq serve --namespace nats://', () => {
  test('ends with 3 and says why when its replica differs from most', async () => {
    const often = { checkEvery: 30, imageEveryBytes: 1, trimMarginRecords: 1 }
    await using first = await openReplica(one.url('odd'), often)
    await using second = await openReplica(one.url('odd'), often)
    const queue = await first.namespace.msgget(7, IPC_CREAT | 0o600)
    await using serve = await ServeProcess.start(['--namespace', one.url('odd')], {}, [])
    await assertAgreed([first.node, second.node])
    // Two of three are right, whatever they have.
    spoil(first)
    spoil(second)
    let status: number | null | undefined
    void serve.ended.then((ended) => {
      status = ended
    })
    await until(async () => {
      await send(first.namespace, queue, 'a message')
      await receive(second.namespace, queue)
      return status !== undefined
    }, 'it has ended')
    equal(status, 3)
    match(serve.stderr, /ERR_MSGQ_DIVERGED: replicas differ after record \d+/)
    ok(first.node.isOpen && second.node.isOpen)
  })

  test('makes the daemon a replica: programs of two machines share queues through their sockets', async () => {
    await using left = await ServeProcess.start(['--namespace', one.url('lent')], {}, [])
    await using right = await ServeProcess.start(['--of', one.url('lent')], {}, [])
    await using leftPrograms = await openNamespace(left.url)
    await using rightPrograms = await openNamespace(right.url)
    const queue = await leftPrograms.msgget(7, IPC_CREAT | 0o600)
    equal(await rightPrograms.msgget(7, 0), queue)
    const waiting = receive(rightPrograms, queue)
    await send(leftPrograms, queue, 'hello')
    equal(await waiting, 'hello')
    // A program that ends with a message that it has not accepted gives it back.
    await send(leftPrograms, queue, 'kept')
    await rightPrograms.msgrcv(queue, 100, 0, 0, { hold: true })
    await rightPrograms.close()
    equal(await receive(leftPrograms, queue), 'kept')
  })
})
