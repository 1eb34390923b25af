import { deepEqual, equal, ok } from 'node:assert/strict'
import { setTimeout } from 'node:timers/promises'
import { IPC_NOWAIT } from '../../src/abi/index.ts'
import { clusterStatus } from '../../src/backends/jetstream/index.ts'
import { NatsLog } from '../../src/backends/jetstream/nats-log.ts'
import { readNatsUrl } from '../../src/backends/jetstream/nats-url.ts'
import { Random } from '../oracle/random.ts'
import { violations } from './history.ts'
import { KEYS, LoadHistory, LoadProcess, TYPES } from './load.ts'
import { Machines } from './machines.ts'
import { NatsCluster } from './nats-cluster.ts'
import { assertAgreed, openReplica } from './replicas.ts'

const SERVERS = 3
const NODES = 3
/** Between two faults the load is let be for so long, up to three times this. */
const QUIET_MS = 500
/** What is wanted: the service is back so long after the servers take what NATS's own client sends, or could have elected a leader. */
const BACK_MS = 1_000
/** Where something may be late all the same, because others need the machine: so much. */
const LATE_MS = 9_000
/** The least that an election of NATS was seen to take; a node whose own server was stopped needs part of it to see that. */
const ELECTION_MS = 4_500
/** And some times as long as an answer takes on this machine anyhow: it may have much else to do. */
const ANSWERS_OF_SLOWNESS = 3
/** An election of NATS, and a namespace that is read again by a server which was killed. */
const OUTAGE_MS_MAX = 60_000

export const FAULTS = ['leader killed', 'server stopped', 'server cut off', 'all killed', 'node killed'] as const
export type Fault = (typeof FAULTS)[number]

export interface FaultReport {
  readonly faults: Readonly<Record<string, number>>
  readonly operations: number
  readonly acknowledged: number
  /** Milliseconds from each fault until the cluster took records again, and until nodes answered. */
  readonly outagesMs: readonly (readonly [fault: string, cluster: number, nodes: number])[]
  /** How often calls ended in which error. */
  readonly codes: Readonly<Record<string, number>>
  /** Messages that a node had in hand when it died, and that nobody received afterwards. */
  readonly gone: number
}

/**
 * Breaks a cluster under load, again and again; rejects where a message was lost or doubled, order broken, a replica unlike,
 * or the service was not back in time.
 *
 * @param latesMost After so many of the faults it may be late, if not by much.
 */
export async function runFaults(
  seed: number,
  faults: readonly Fault[],
  latesMost: number,
  onFault?: (fault: Fault, number: number) => void,
): Promise<FaultReport> {
  using machines = Machines.start(SERVERS)
  await using cluster = await NatsCluster.start(SERVERS, {
    hosts: machines.hosts,
    before: (index) => machines.on(index),
  })
  await using run = new FaultRun(seed, cluster, machines, latesMost)
  await run.start()
  for (const [index, fault] of faults.entries()) {
    onFault?.(fault, index + 1)
    await run.fault(fault)
  }
  // What is disposed of is used until then.
  return await run.finish()
}

class FaultRun implements AsyncDisposable {
  readonly #random: Random
  readonly #latesMost: number
  readonly #cluster: NatsCluster
  readonly #machines: Machines
  readonly #history = new LoadHistory()
  readonly #outages: (readonly [string, number, number])[] = []
  readonly #faults = new Map<string, number>()
  readonly #lates: string[] = []
  #nodes: LoadProcess[] = []
  readonly #logs: NatsLog[] = []
  #started = 0
  #usualMs = 0

  constructor(seed: number, cluster: NatsCluster, machines: Machines, latesMost: number) {
    this.#latesMost = latesMost
    this.#random = new Random(seed)
    this.#cluster = cluster
    this.#machines = machines
  }

  async start(): Promise<void> {
    for (let count = 0; count < NODES; count++) await this.#startNode()
    for (let first = 0; first < SERVERS; first++) this.#logs.push(await NatsLog.open(readNatsUrl(this.#url(first))))
    await this.#quiet()
  }

  async fault(fault: Fault): Promise<void> {
    this.#faults.set(fault, (this.#faults.get(fault) ?? 0) + 1)
    const leader = await this.#leader()
    const some = this.#random.chance(50) ? leader : this.#random.below(SERVERS)
    const lastsMs = this.#random.between(300, 6_000)
    const since = now()
    switch (fault) {
      case 'leader killed':
        await this.#cluster.kill(leader)
        break
      case 'server stopped':
        await this.#cluster.stop(some)
        break
      case 'server cut off':
        this.#machines.cut(some)
        break
      case 'all killed':
        await Promise.all(Array.from({ length: SERVERS }, (_, index) => this.#cluster.kill(index)))
        for (let index = 0; index < SERVERS; index++) this.#cluster.startServer(index)
        break
      case 'node killed':
        await this.#replaceNode()
        break
    }
    await this.#back(fault, since)
    const passed = now() - since
    if (passed < lastsMs) await setTimeout(lastsMs - passed)
    if (fault === 'leader killed') this.#cluster.startServer(leader)
    if (fault === 'server stopped') this.#cluster.goOn(some)
    if (fault === 'server cut off') this.#machines.join(some)
    await this.#wholeAgain()
    await this.#quiet()
  }

  async finish(): Promise<FaultReport> {
    const { queues, acknowledged, codes, mayBeGone } = this.#history
    await Promise.all(this.#nodes.splice(0).map((node) => node.end()))
    await using one = await openReplica(this.#cluster.url('faults', 0))
    await using two = await openReplica(this.#cluster.url('faults', 1))
    await using three = await openReplica(this.#cluster.url('faults', 2))
    const nodes = [one.node, two.node, three.node]
    await this.#untilSessionsEnd(one)
    await assertAgreed(nodes)
    await this.#drain(one)
    await assertAgreed(nodes)
    let gone = 0
    for (const [queue, values] of acknowledged) {
      const received = new Set(queues.get(queue)?.flatMap(({ kind, value }) => (kind === 'receive' && value) || []))
      const lost = [...values].filter((value) => !received.has(value))
      gone += lost.length
      const unexplained = lost.filter((value) => !mayBeGone.has(value))
      ok(unexplained.length <= this.#history.doubtfulReceives, `lost on ${queue}: ${unexplained.join(', ')}`)
    }
    for (const [queue, history] of queues) deepEqual(violations(history), [], `queue ${queue}`)
    return {
      faults: Object.fromEntries(this.#faults),
      operations: [...queues.values()].reduce((sum, { length }) => sum + length, 0),
      acknowledged: [...acknowledged.values()].reduce((sum, { size }) => sum + size, 0),
      outagesMs: this.#outages,
      codes: Object.fromEntries(codes),
      gone,
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#nodes.map((node) => node.kill()))
    await Promise.all(this.#logs.map((log) => log.close()))
  }

  async #startNode(): Promise<void> {
    const name = `n${++this.#started}`
    const node = new LoadProcess(this.#url(this.#started), name, this.#random.next(), this.#history)
    await node.opened
    this.#nodes.push(node)
  }

  /** By way of one server: it tells of the others, and nodes go on to them. */
  #url(first: number): string {
    return this.#cluster.url('faults', first % SERVERS)
  }

  async #replaceNode(): Promise<void> {
    const [dying] = this.#nodes.splice(this.#random.below(this.#nodes.length), 1)
    await dying?.kill()
    await this.#startNode()
  }

  /** Waits until the cluster takes records, and until every node has been answered, no later than is allowed. */
  async #back(fault: Fault, since: number): Promise<void> {
    const taken = await this.#clusterTakes()
    let isLate = true
    const answered = Promise.all(this.#nodes.map((node) => node.answers(taken))).then(() => {
      isLate = false
    })
    const timeout = setTimeout(OUTAGE_MS_MAX, undefined, { ref: false })
    await Promise.race([answered, timeout])
    ok(!isLate, `${fault}: nodes were not answered within ${OUTAGE_MS_MAX} ms of the cluster's return`)
    const nodes = now()
    this.#outages.push([fault, Math.round(taken - since), Math.round(nodes - since)])
    const late = Math.round(nodes - since)
    const cluster = Math.round(taken - since)
    const allowed = Math.round(Math.max(cluster, ELECTION_MS) + BACK_MS + ANSWERS_OF_SLOWNESS * this.#usualMs)
    if (late <= allowed) return
    this.#lates.push(`${fault}: the cluster was back after ${cluster} ms, nodes after ${late}, not ${allowed}`)
    ok(this.#lates.length <= this.#latesMost && late <= allowed + LATE_MS, this.#lates.join('; '))
  }

  /**
   * When the cluster has taken a record of NATS's own client from each of three, of which each had another server. The
   * records are none of ours, and every replica skips them.
   */
  async #clusterTakes(): Promise<number> {
    const taken = this.#logs.map(async (log, index) => {
      const since = now()
      const id = `probe.${index}.${since}`
      for (;;) {
        try {
          await log.append(Buffer.from('probe'), id)
          return now()
        } catch (error) {
          if (now() - since > OUTAGE_MS_MAX) throw error
          await setTimeout(50)
        }
      }
    })
    return Math.max(...(await Promise.all(taken)))
  }

  async #leader(): Promise<number> {
    for (;;) {
      const { leader } = await clusterStatus(this.#cluster.urlOfAll('faults'))
      if (leader !== undefined) return Number(leader.slice(1))
      await setTimeout(100)
    }
  }

  /** All servers have all of the log: the next fault is one fault alone. */
  async #wholeAgain(): Promise<void> {
    const since = now()
    for (;;) {
      const status = await clusterStatus(this.#cluster.urlOfAll('faults')).catch(String)
      if (typeof status === 'object') {
        const { leader, servers } = status
        if (leader !== undefined && servers.every(({ isCurrent, isOffline }) => isCurrent && !isOffline)) return
      }
      if (now() - since > OUTAGE_MS_MAX) {
        const seen = JSON.stringify(typeof status === 'object' ? status.servers : status)
        const said = Array.from({ length: SERVERS }, (_, index) => this.#cluster.lastWords(index))
        throw new Error(`the servers do not come together again: ${seen}\n${said.join('\n\n')}`)
      }
      await setTimeout(100)
    }
  }

  /** Lets the load be, and sees how long an answer takes at the most when nothing is broken. */
  async #quiet(): Promise<void> {
    this.#usualMs = 0
    for (let looks = 0; looks < 3; looks++) {
      const since = now()
      await Promise.all(this.#nodes.map((node) => node.answers(since)))
      this.#usualMs = Math.max(this.#usualMs, now() - since)
    }
    await setTimeout(this.#random.between(QUIET_MS, 3 * QUIET_MS))
  }

  /** What dead nodes held stands at its place again. */
  async #untilSessionsEnd({ node }: Awaited<ReturnType<typeof openReplica>>): Promise<void> {
    const since = now()
    while (node.status.sessions.length > SERVERS) {
      ok(now() - since < OUTAGE_MS_MAX, 'sessions of nodes that died do not end')
      await setTimeout(100)
    }
  }

  async #drain({ namespace }: Awaited<ReturnType<typeof openReplica>>): Promise<void> {
    for (const [index, key] of KEYS.entries()) {
      const msqid = await namespace.msgget(key, 0)
      for (let type = index === 0 ? 0 : 1; type <= (index === 0 ? 0 : TYPES); type++) {
        const queue = type === 0 ? 'any' : `type ${type}`
        for (;;) {
          const invoked = now()
          const message = await namespace.msgrcv(msqid, 100, type, IPC_NOWAIT).catch((error: { code?: string }) => {
            equal(error.code, 'ENOMSG')
          })
          if (message === undefined) break
          const value = Buffer.from(message.mtext).toString()
          this.#history.add(queue, { kind: 'receive', value, invoked, returned: now() })
        }
      }
    }
  }
}

function now(): number {
  return Number(process.hrtime.bigint()) / 1e6
}
