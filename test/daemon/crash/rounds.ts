import { deepEqual, equal, ok } from 'node:assert/strict'
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Checkpoint } from '../../../src/engine/index.ts'
import { Random, seedOf } from '../../oracle/random.ts'
import { connect } from './connect.ts'
import type { Order, Received, Told } from './load.ts'

/** What it says at its end is of a disk that was made to fail. */
const DAEMON = 'daemon-main.js'
const QUEUES = 4
const CLIENTS = 3
/** After so many crashes the clients pause, and everything is counted. */
const ROUNDS_A_COUNT = 5
const LOAD_MS_MAX = 150
/** Starts in a row whose disk fails: one in some fails. */
const TRIES_MAX = 20

export interface CrashReport {
  readonly rounds: number
  /** Times that the daemon ended by itself, because its disk had failed. */
  readonly failedDisks: number
  readonly acknowledged: number
  readonly received: number
  readonly refused: number
}

/** Kills a daemon under load, again and again; rejects where a message was lost, doubled, invented or out of order. */
export async function runCrashes(
  seed: number,
  rounds: number,
  onRound?: (round: number) => void,
): Promise<CrashReport> {
  const directory = await mkdtemp(join(tmpdir(), 'msgq-crash-'))
  await using run = new CrashRun(directory, seed)
  await run.start()
  for (let round = 1; round <= rounds; round++) {
    await run.round(round % ROUNDS_A_COUNT === 0 || round === rounds)
    onRound?.(round)
  }
  return run.report(rounds)
}

class CrashRun implements AsyncDisposable {
  readonly #directory: string
  readonly #seed: number
  readonly #random: Random
  readonly #account = new Account()
  readonly #clients: ChildProcess[] = []
  #daemon: ChildProcess | undefined
  #starts = 0
  #failedDisks = 0
  #queues: number[] = []

  constructor(directory: string, seed: number) {
    this.#directory = directory
    this.#seed = seed
    this.#random = new Random(seed)
  }

  get #socket(): string {
    return join(this.#directory, 'socket')
  }

  async start(): Promise<void> {
    await this.#startDaemon()
    await using namespace = await connect(this.#socket)
    for (let count = 0; count < QUEUES; count++) this.#queues.push(await namespace.msgget(0, 0o600))
    for (let count = 0; count < CLIENTS; count++) {
      const words = [this.#socket, `client${count}`, String(seedOf(this.#seed, 1000 + count))]
      this.#clients.push(await startProcess('client-main.js', words))
    }
  }

  /** Load, a crash in the middle of it, and the daemon again; then, from time to time, a count. */
  async round(isCounting: boolean): Promise<void> {
    for (const client of this.#clients) tell(client, { order: 'go', queues: this.#queues })
    await delay(this.#random.below(LOAD_MS_MAX))
    await this.#crash()
    await this.#startDaemon()
    for (const client of this.#clients) await this.#pause(client)
    if (!isCounting) return
    const live = await this.#checkpoint()
    this.#account.check(live)
    // Nothing happens any more: what is replayed must be what was there.
    await this.#crash()
    await this.#startDaemon()
    deepEqual(lasting(await this.#checkpoint()), lasting(live))
  }

  report(rounds: number): CrashReport {
    const { acknowledged, received, notSent } = this.#account
    const counts = { acknowledged: acknowledged.size, received: received.size, refused: notSent.size }
    return { rounds, failedDisks: this.#failedDisks, ...counts }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of [...this.#clients, this.#daemon]) {
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) continue
      child.kill('SIGKILL')
      await once(child, 'exit')
    }
    await rm(this.#directory, { recursive: true })
  }

  /** A start may find that the disk fails: the next one tries again, as a service manager does. */
  async #startDaemon(): Promise<void> {
    for (let tries = 1; ; tries++) {
      const words = [this.#directory, String(seedOf(this.#seed, ++this.#starts))]
      try {
        this.#daemon = await startProcess(DAEMON, words)
        this.#daemon.once('exit', (status) => this.#ended(status))
        return
      } catch (cause) {
        this.#failedDisks++
        if (tries === TRIES_MAX) throw new Error(`none of ${TRIES_MAX} starts succeeds`, { cause })
      }
    }
  }

  /** One that ends by itself has a disk that failed, and is started again. */
  #ended(status: number | null): void {
    if (status === null) return
    this.#failedDisks++
    this.#daemon = undefined
    void this.#startDaemon()
  }

  async #crash(): Promise<void> {
    while (this.#daemon === undefined) await delay(1)
    const daemon = this.#daemon
    daemon.removeAllListeners('exit')
    if (daemon.exitCode !== null) return
    const ended = once(daemon, 'exit')
    daemon.kill('SIGKILL')
    await ended
  }

  async #pause(client: ChildProcess): Promise<void> {
    const answer = once(client, 'message')
    tell(client, { order: 'pause' })
    const [told] = (await answer) as [Told]
    this.#account.add(told)
  }

  async #checkpoint(): Promise<Checkpoint> {
    await using namespace = await connect(this.#socket)
    return await namespace.checkpoint()
  }
}

/** What all clients said that they did. */
class Account {
  readonly acknowledged = new Set<string>()
  readonly notSent = new Set<string>()
  readonly received = new Map<string, Received>()

  add({ acknowledged, notSent, received, faults }: Told): void {
    deepEqual(faults, [])
    for (const text of acknowledged) this.acknowledged.add(text)
    for (const text of notSent) this.notSent.add(text)
    for (const each of received) {
      ok(!this.received.has(each.text), `${each.text} was received twice`)
      this.received.set(each.text, each)
    }
  }

  /** Every message that was acknowledged is there or was received, once; no other is. */
  check({ queues }: Checkpoint): void {
    const there = new Map<string, Received>()
    for (const { msqid, messages } of queues) {
      const last = new Map<unknown, number>()
      for (const { mtype, mtext, sequence = 0 } of messages) {
        const text = Buffer.from(mtext).toString().trim()
        ok(!there.has(text) && !this.received.has(text), `${text} is there twice, or was received`)
        ok(sequence > (last.get(mtype) ?? 0), `${text} is out of order`)
        last.set(mtype, sequence)
        there.set(text, { queue: msqid, type: Number(mtype), sequence, text })
      }
    }
    for (const text of this.acknowledged) ok(there.has(text) || this.received.has(text), `${text} is lost`)
    for (const text of [...there.keys(), ...this.received.keys()]) {
      ok(this.acknowledged.has(text), `${text} was never acknowledged${this.notSent.has(text) ? ', but refused' : ''}`)
    }
    checkOrder([...there.values(), ...this.received.values()])
  }
}

/** Every message has a number of its own on its queue, and those of one sender are numbered as it sent them. */
function checkOrder(messages: readonly Received[]): void {
  equal(new Set(messages.map(({ queue, sequence }) => `${queue}:${sequence}`)).size, messages.length)
  const last = new Map<string, readonly [sent: number, text: string]>()
  for (const { queue, text } of messages.toSorted((one, other) => one.sequence - other.sequence)) {
    const [sender = '', number] = text.split(':')
    const sent = Number(number)
    const [before, beforeText] = last.get(`${sender} ${queue}`) ?? [0, '']
    ok(sent > before, `${text} came after ${beforeText}`)
    last.set(`${sender} ${queue}`, [sent, text])
  }
}

/** What a restart must keep. */
function lasting({ queues, limits, nextId, identifiers }: Checkpoint): unknown {
  return { queues: queues.map((queue) => ({ ...queue, messages: [...queue.messages] })), limits, nextId, identifiers }
}

async function startProcess(file: string, words: readonly string[]): Promise<ChildProcess> {
  const child = fork(join(import.meta.dirname, file), words, {
    stdio: ['ignore', 'ignore', file === DAEMON ? 'ignore' : 'inherit', 'ipc'],
  })
  const ready = once(child, 'message')
  const ended = once(child, 'exit').then(([status]) => Promise.reject(new Error(`${file} ended with ${status}`)))
  ended.catch(() => undefined)
  await Promise.race([ready, ended])
  return child
}

function tell(client: ChildProcess, order: Order): void {
  client.send(order)
}
