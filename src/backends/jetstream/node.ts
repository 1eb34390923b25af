import { randomInt } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import { BackendError } from '../../contract/index.ts'
import {
  type Applied,
  type Call,
  type Caller,
  type Completion,
  Engine,
  type Entry,
  type NamespaceOptions,
  saveState,
  type Ticket,
} from '../../engine/index.ts'
import { encodeEntry, encodeState } from '../../wire/index.ts'
import { GIVE_UP_MS, Proposer } from './proposer.ts'
import { BEGIN, EXPIRE, encodeRecord } from './record.ts'
import { Replica } from './replica.ts'
import type { LogRecord, ReplicatedLog } from './replicated-log.ts'

/** Session numbers are drawn from so many: two nodes do not draw the same. */
const SESSIONS = 2 ** 48 - 1
/** A node that has nothing to say says so, so often; the log is looked at as often, should an announcement be lost. */
const HEARTBEAT_MS = 5_000
const LOOK_MS = 500
/** After so many heartbeats of ours without one of a session it ends: outages, in which ours do not pass, do not count. */
const HEARTBEATS_MISSED = 4
const RETRY_MS = 50
/** A record that was announced may come to the server that we read from a little later. */
const LOOK_AGAIN_MS = 2
const LOOKS_AGAIN_MAX = 5
/** Answers are forgotten after so many: each costs memory on every replica. */
const ACKNOWLEDGE_EVERY = 64
const ACKNOWLEDGING = Number.MAX_SAFE_INTEGER

const NOBODY: Caller = { pid: 0, tid: 0, uid: 0, gid: 0, groups: [], capabilities: [] }

/** One machine's part in a namespace: a replica, its session, and the calls of its programs. */
export class Node {
  readonly #log: ReplicatedLog
  readonly #replica: Replica
  readonly #proposer: Proposer
  readonly #session: number
  /** Records that we wrote: they need not be read. */
  readonly #own = new Map<number, Uint8Array>()
  readonly #ends = new Map<number, Ends>()
  /** Hear of each record that was applied, before anybody hears of what it ended. */
  readonly listeners: Set<() => void> = new Set()
  readonly #missed = new Map<number, { last: number; heartbeats: number }>()
  readonly #timers: NodeJS.Timeout[] = []
  #told: (() => void)[] = []
  #lastTicket = 0
  #accepting = 0
  #acknowledged = 0
  #following: Promise<void> | undefined
  #grown = false
  #failure: BackendError | undefined
  #isClosing = false

  private constructor(log: ReplicatedLog) {
    this.#log = log
    this.#session = randomInt(1, SESSIONS)
    this.#replica = new Replica({
      before: (session, number, index) => session === this.#session && this.#proposer.reached(number, index),
      applied: (entry, applied) => this.#applied(entry, applied),
      ended: (session) => session === this.#session && this.#fail(expired()),
    })
    this.#proposer = new Proposer(log, this.#session, (record) => this.#stored(record))
  }

  /** Joins the namespace of a log, or begins it. @throws {BackendError} `ERR_MSGQ_UNAVAILABLE` the log does not answer. */
  static async open(log: ReplicatedLog, options: NamespaceOptions): Promise<Node> {
    const node = new Node(log)
    log.onGrowth(() => node.#follow())
    await node.#begin(options)
    await node.#submitOwn({ name: 'openSession' })
    node.#timers.push(
      setInterval(() => node.#follow(), LOOK_MS),
      setInterval(() => node.#beat(), HEARTBEAT_MS),
    )
    return node
  }

  /** The replica as it is: it may be behind. */
  get engine(): Engine {
    const { engine } = this.#replica
    if (engine === undefined) throw new Error('assertion: a node that is open has an engine')
    return engine
  }

  /** What two replicas that have applied the same log have in common. */
  get position(): { readonly sequence: number; readonly hash: string; readonly skipped: number } {
    const { sequence, skipped } = this.#replica
    return { sequence, skipped, hash: this.#replica.hash() }
  }

  assertOpen(): void {
    if (this.#failure !== undefined) throw this.#failure
  }

  /** Applies what is in the log until now. */
  async catchUp(): Promise<void> {
    await this.read(() => undefined)
  }

  /**
   * Makes a call through the log.
   *
   * @param ended Hears of its end at once, before anything after it is applied.
   * @param isPatient It is not given up, however long an outage takes.
   * @returns Its ticket. @throws {RangeError} a number that an entry does not carry.
   */
  submit(caller: Caller, call: Call, ends: Ends): Ticket {
    this.assertOpen()
    const number = this.#lastTicket + 1
    const ticket = { session: this.#session, number }
    const entry = encodeEntry({ ticket, now: Date.now(), caller, call })
    this.#lastTicket = number
    this.#ends.set(number, ends)
    const { isPatient = false, failed } = ends
    this.#proposer.propose({ entry, isPatient, reached: () => undefined, failed })
    return ticket
  }

  /** Looks at the replica once it has applied all that was in the log when it was asked: what is read is not stale. */
  read<Value>(look: (engine: Engine) => Value): Promise<Value> {
    return new Promise((resolve, reject) => {
      this.assertOpen()
      let isBehindAccepts = false
      const reached = () => {
        // Who received before this is accepting now: what it took is to be gone, as it is where a call is one step.
        if (this.#accepting > 0 && !isBehindAccepts) {
          isBehindAccepts = true
          return this.#proposer.propose({ isPatient: false, reached, failed: reject })
        }
        try {
          resolve(look(this.engine))
        } catch (error) {
          reject(error)
        }
      }
      this.#proposer.propose({ isPatient: false, reached, failed: reject })
    })
  }

  /** Accepts a message that has come. It is not given up: until its end is known the message is nobody else's. */
  accept(caller: Caller, receive: Ticket): Promise<Completion> {
    return new Promise((resolve, failed) => {
      this.#accepting++
      const ended = (completion: Completion) => {
        this.#accepting--
        this.afterwards(() => resolve(completion))
      }
      this.submit(caller, { name: 'accept', receive }, { ended, failed, isPatient: true })
    })
  }

  /** Has something done after those who keep waiting calls have seen the record that is being applied. */
  afterwards(tell: () => void): void {
    this.#told.push(tell)
  }

  /** Ends the session, which shows again what it holds, and lets go of the log. */
  async close(): Promise<void> {
    if (this.#isClosing) return
    this.#isClosing = true
    for (const timer of this.#timers) clearInterval(timer)
    if (this.#failure === undefined) {
      // What was proposed before is applied first; and where nobody answers, others end the session.
      await Promise.race([this.catchUp().then(() => this.#expire(this.#session)), patience()]).catch(() => undefined)
    }
    this.#fail(new BackendError('ERR_MSGQ_CLOSED', 'this namespace was closed: open it again'))
    await this.#following
    await this.#log.close()
  }

  async #begin(options: NamespaceOptions): Promise<void> {
    const since = performance.now()
    for (;;) {
      try {
        await this.#readAll()
        if (this.#replica.engine !== undefined) return
        const body = Buffer.concat([...encodeState(saveState(new Engine(options)))])
        const begin = encodeRecord({ kind: BEGIN, goesOn: false, session: this.#session, number: 0, body })
        await this.#log.append(begin, 'begin')
      } catch (error) {
        if (error instanceof BackendError) throw error
        if (performance.now() - since > GIVE_UP_MS) {
          throw new BackendError('ERR_MSGQ_UNAVAILABLE', 'the log of this namespace does not answer', { cause: error })
        }
        await setTimeout(RETRY_MS)
      }
    }
  }

  #submitOwn(call: Call): Promise<Completion> {
    return new Promise((ended, failed) => this.submit(NOBODY, call, { ended, failed }))
  }

  #stored({ sequence, bytes }: LogRecord): void {
    if (sequence > this.#replica.sequence) this.#own.set(sequence, bytes)
    this.#log.announce()
    if (this.#following === undefined && this.#applyOwn()) return
    this.#follow()
  }

  /** Applies what we wrote where nothing of others is before it. @returns Whether that was all. */
  #applyOwn(): boolean {
    for (;;) {
      const sequence = this.#replica.sequence + 1
      const bytes = this.#own.get(sequence)
      if (bytes === undefined) return this.#own.size === 0
      this.#own.delete(sequence)
      this.#apply({ sequence, bytes })
      if (this.#failure !== undefined) return true
    }
  }

  #follow(): void {
    this.#grown = true
    this.#following ??= this.#followAll().finally(() => {
      this.#following = undefined
    })
  }

  async #followAll(): Promise<void> {
    while (this.#grown && this.#failure === undefined) {
      this.#grown = false
      try {
        for (let looks = 0; looks < LOOKS_AGAIN_MAX; looks++) {
          const before = this.#replica.sequence
          await this.#readAll()
          const isBehind = this.#own.size > 0
          if (!isBehind && this.#replica.sequence > before) break
          await setTimeout(LOOK_AGAIN_MS)
        }
        if (this.#own.size > 0) this.#grown = true
      } catch (error) {
        if (error instanceof BackendError) return this.#fail(error)
        await setTimeout(RETRY_MS)
        this.#grown = true
      }
    }
  }

  async #readAll(): Promise<void> {
    while (this.#failure === undefined) {
      this.#applyOwn()
      const records = await this.#log.read(this.#replica.sequence + 1)
      if (records.length === 0) return
      for (const record of records) {
        if (record.sequence <= this.#replica.sequence) continue
        if (record.sequence !== this.#replica.sequence + 1) throw missing(this.#replica.sequence + 1, record.sequence)
        this.#own.delete(record.sequence)
        this.#apply(record)
        if (this.#failure !== undefined) return
      }
    }
  }

  #apply(record: LogRecord): void {
    try {
      this.#replica.apply(record)
    } catch (error) {
      return this.#fail(error as BackendError)
    }
    for (const hear of this.listeners) hear()
    const told = this.#told
    this.#told = []
    for (const tell of told) tell()
  }

  #applied(_entry: Entry, { completions }: Applied): void {
    for (const completion of completions) {
      const { session, number } = completion.ticket
      if (session !== this.#session) continue
      this.#ends.get(number)?.ended(completion)
      this.#ends.delete(number)
    }
    this.#acknowledge()
  }

  /** Records are applied in order and none twice, so that no ticket of ours is ever repeated: its answer need not be kept. */
  #acknowledge(): void {
    const number = this.#lastTicket
    if (this.#failure !== undefined || number - this.#acknowledged < ACKNOWLEDGE_EVERY) return
    this.#acknowledged = number
    const entry = encodeEntry({
      ticket: { session: this.#session, number: ACKNOWLEDGING },
      now: 0,
      caller: NOBODY,
      call: { name: 'acknowledgeSession', number },
    })
    this.#proposer.propose({ entry, isPatient: true, reached: () => undefined, failed: () => undefined })
  }

  /** Says that we are there; whoever has not said so for long is not. */
  #beat(): void {
    if (this.#failure !== undefined) return
    void this.read(() => {
      for (const [session, { last }] of this.#replica.sessions) {
        const known = this.#missed.get(session)
        if (session === this.#session) continue
        if (known === undefined || known.last !== last) this.#missed.set(session, { last, heartbeats: 0 })
        else if (++known.heartbeats >= HEARTBEATS_MISSED) void this.#expire(session).catch(() => undefined)
      }
      for (const session of this.#missed.keys()) if (!this.#replica.sessions.has(session)) this.#missed.delete(session)
    }).catch(() => undefined)
  }

  async #expire(session: number): Promise<void> {
    const last = this.#replica.sessions.get(session)?.last
    if (last === undefined) return
    const record = encodeRecord({ kind: EXPIRE, goesOn: false, session, number: last, body: new Uint8Array() })
    const sequence = await this.#log.append(record, `expire.${session}.${last}`)
    this.#stored({ sequence, bytes: record })
  }

  #fail(error: BackendError): void {
    if (this.#failure !== undefined) return
    this.#failure = error
    for (const timer of this.#timers) clearInterval(timer)
    this.#proposer.close(error)
    for (const { failed } of this.#ends.values()) failed(error)
    this.#ends.clear()
    for (const hear of this.listeners) hear()
    for (const tell of this.#told.splice(0)) tell()
  }
}

/** Who hears of the end of a call. */
export interface Ends {
  readonly ended: (completion: Completion) => void
  readonly failed: (error: BackendError) => void
  readonly isPatient?: boolean
}

async function patience(): Promise<void> {
  await setTimeout(2_000, undefined, { ref: false })
}

function expired(): BackendError {
  const message = 'this node was silent for so long that the others have ended its session: open the namespace again'
  return new BackendError('ERR_MSGQ_IN_DOUBT', message)
}

function missing(wanted: number, found: number): BackendError {
  return new BackendError('ERR_MSGQ_UNAVAILABLE', `the log begins at ${found}, and this replica needs ${wanted}`)
}
