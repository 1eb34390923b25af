import { randomInt } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import { BackendError } from '../../contract/index.ts'
import type { Call, Caller, Completion, Engine, NamespaceOptions, Ticket } from '../../engine/index.ts'
import { beginLog } from './begin-log.ts'
import { Follower, type Following } from './follower.ts'
import { type ImagedNode, Imaging } from './imaging.ts'
import type { NodeOptions, NodeStatus } from './node-options.ts'
import { ACKNOWLEDGING, failForged, NOBODYS, OwnCalls } from './own-calls.ts'
import { AskedCall, type Ends, type ProposedCall } from './pack.ts'
import { Proposer } from './proposer.ts'
import { EXPIRE, encodeRecord, type LogMessage } from './record.ts'
import { Replica } from './replica.ts'
import type { LogRecord, ReplicatedLog } from './replicated-log.ts'
import { Silence } from './silence.ts'

/** Session numbers are drawn from so many: two nodes do not draw the same. */
const SESSIONS = 2 ** 48 - 1
/** A node that has nothing to say says so, so often; the log is looked at as often, should an announcement be lost. */
const HEARTBEAT_MS = 5_000
const LOOK_MS = 500
/**
 * Answers are forgotten after so many: each costs memory on every replica. Where more are on their way it is done more
 * seldom, since to forget some all are looked at; but before there are so many that no more are taken (SESSION_ANSWERS_MAX).
 */
const ACKNOWLEDGE_EVERY_LEAST = 64
const ACKNOWLEDGE_EVERY_MOST = 16_384

const NOBODY: Caller = { pid: 0, tid: 0, uid: 0, gid: 0, groups: [], capabilities: [] }

/** One machine's part in a namespace: a replica, its session, and the calls of its programs. */
export class Node {
  readonly #log: ReplicatedLog
  readonly #replica: Replica
  readonly #follower: Follower
  readonly #imaging: Imaging
  readonly #options: NodeOptions
  #proposer: Proposer
  #session: number
  #calls: OwnCalls
  /** Hear of each record that was applied, before anybody hears of what it ended. */
  readonly listeners: Set<() => void> = new Set()
  readonly #silence = new Silence()
  readonly #timers: NodeJS.Timeout[] = []
  #lastTicket = 0
  /** A record of our session has been applied. */
  #hasBegun = false
  #accepting = 0
  #acknowledged = 0
  #failure: BackendError | undefined
  #isBeating = false
  #hasFailed: (error: BackendError) => void = () => undefined
  /** Resolves when this node has stopped by itself. */
  readonly failed: Promise<BackendError> = new Promise((resolve) => {
    this.#hasFailed = resolve
  })
  #isClosing = false

  private constructor(log: ReplicatedLog, options: NodeOptions) {
    this.#log = log
    this.#options = options
    this.#session = randomInt(1, SESSIONS)
    this.#replica = new Replica({
      own: (last, body, engine) => this.#own(last, body, engine),
      applied: ({ completions }) => {
        for (const completion of completions) {
          if (completion.ticket.session === this.#session) this.#calls.ended(completion)
        }
      },
      ended: (session) => this.#sessionEnded(session),
      checkPoint: () => this.#imaging.checkPoint(),
      checked: (message) => this.#imaging.checked(message),
      imaged: (message) => this.#imaging.imaged(message),
    })
    this.#follower = new Follower(log, this.#following())
    this.#imaging = new Imaging(log, this.#replica, this.#imaged(), options)
    this.#proposer = this.#newProposer()
    this.#calls = this.#newCalls()
  }

  /** Joins the namespace of a log, or begins it. @throws {BackendError} `ERR_MSGQ_UNAVAILABLE` the log does not answer. */
  static async open(log: ReplicatedLog, options: NamespaceOptions & NodeOptions): Promise<Node> {
    const node = new Node(log, options)
    log.onGrowth((sequence) => node.#follower.grown(sequence))
    await beginLog(log, node.#replica, node.#imaging, node.#follower, { session: node.#session, ...options })
    await node.#openSession().catch(notJoined)
    const { heartbeatMs = HEARTBEAT_MS } = options
    node.#timers.push(
      setInterval(() => node.#follower.look(), LOOK_MS),
      setInterval(() => void node.#beat(), heartbeatMs),
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

  /** How far this node is: see `NodeStatus`. */
  get status(): NodeStatus {
    const { sequence, skipped, sessions } = this.#replica
    return { session: this.#session, sequence, skipped, sessions: [...sessions.keys()], ...this.#imaging.points }
  }

  /** Changes when the others have ended it. */
  get session(): number {
    return this.#session
  }

  get isOpen(): boolean {
    return this.#failure === undefined
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
   * @param ends Hears of its end at once, before anything after it is applied.
   * @param isPatient It is not given up, however long an outage takes.
   * @throws {RangeError} a number that an entry does not carry.
   */
  submit(caller: Caller, call: Call, ends: Ends, isPatient = false): void {
    this.propose(new AskedCall(caller, call, ends), isPatient)
  }

  /** The same of a call that hears of its end itself. */
  propose(item: ProposedCall, isPatient = false): void {
    this.assertOpen()
    item.number = this.#lastTicket + 1
    item.now = Date.now()
    item.isPatient = isPatient
    this.#proposer.call(item)
    this.#lastTicket++
  }

  /** Calls that have not ended, with what hears of their end. */
  *unended(): Generator<readonly [Ticket, Ends]> {
    const session = this.#session
    for (const [number, ends] of this.#calls.waiting()) yield [{ session, number }, ends]
    for (const item of this.#proposer.pending()) {
      if (item.look === undefined) yield [{ session, number: item.number }, item]
    }
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
          return this.#proposer.look({ reached, failed: reject })
        }
        try {
          resolve(look(this.engine))
        } catch (error) {
          reject(error)
        }
      }
      this.#proposer.look({ reached, failed: reject })
    })
  }

  /** Accepts a message that has come. It is not given up: until its end is known the message is nobody else's. */
  accept(caller: Caller, receive: Ticket): Promise<Completion> {
    return new Promise((resolve, failed) => {
      this.#accepting++
      const ended = (completion: Completion) => {
        this.#accepting--
        resolve(completion)
      }
      const lost = (error: BackendError) => {
        this.#accepting--
        failed(error)
      }
      this.submit(caller, { name: 'accept', receive }, { ended, failed: lost }, true)
    })
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
    await this.#follower.idle
    await this.#imaging.close()
    await this.#log.close()
  }

  /** No answer is kept of it: where it is not known the session is there, or it is not. */
  async #openSession(): Promise<void> {
    const session = this.#session
    try {
      await new Promise((ended, failed) => this.submit(NOBODY, { name: 'openSession' }, { ended, failed }))
    } catch (error) {
      if (!this.isOpen || (session === this.#session && !this.engine.namespace.sessions.has(session))) throw error
    }
  }

  #following(): Following {
    const replica = this.#replica
    const isOver = () => this.#failure !== undefined
    return {
      get sequence() {
        return replica.sequence
      },
      get isOver() {
        return isOver()
      },
      apply: (record) => this.#apply(record),
      fallenBehind: () => this.#fallenBehind(),
      failed: (error) => this.#fail(error),
    }
  }

  #imaged(): ImagedNode {
    const session = () => this.#session
    return {
      get session() {
        return session()
      },
      stored: (record) => this.#follower.stored(record),
      failed: (error) => this.#fail(error),
    }
  }

  /** The log was trimmed before we had read it: an image brings what it said. */
  async #fallenBehind(): Promise<boolean> {
    if (!(await this.#imaging.load())) return false
    const progress = this.#replica.sessions.get(this.#session)
    if (progress === undefined) {
      // Otherwise it has yet to begin.
      if (this.#hasBegun || this.#replica.hasEnded(this.#session)) this.#renew()
      return true
    }
    this.#calls.recall(this.#session, this.#proposer.takeUpTo(progress.last), this.engine)
    this.#tellAll()
    return true
  }

  /** Goes on under another session: the others have ended ours, and with it all that it held. */
  #renew(): void {
    const proposer = this.#proposer
    const calls = this.#calls
    this.#session = randomInt(1, SESSIONS)
    this.#hasBegun = false
    this.#proposer = this.#newProposer()
    this.#calls = this.#newCalls()
    void this.#openSession().catch(() => undefined)
    proposer.close(expired())
    calls.fail(expired())
  }

  #newProposer(): Proposer {
    return new Proposer(this.#log, this.#session, (record) => this.#follower.stored(record), this.#options.giveUpMs)
  }

  #newCalls(): OwnCalls {
    return new OwnCalls((item, isPatient) => {
      if (this.isOpen) this.propose(item, isPatient)
    })
  }

  #sessionEnded(session: number): void {
    this.#imaging.ended(session)
    if (session === this.#session && !this.#isClosing) this.#renew()
  }

  #apply(record: LogRecord): void {
    try {
      this.#replica.apply(record)
    } catch (error) {
      return this.#fail(error as BackendError)
    }
    this.#tellAll()
  }

  #tellAll(): void {
    for (const hear of this.listeners) hear()
  }

  /**
   * Applies a batch that this node has proposed, as it was proposed.
   *
   * @returns How many entries it has; `undefined`, where it is none of ours: it has to be decoded.
   */
  #own({ session, number }: LogMessage, body: Uint8Array, engine: Engine): number | undefined {
    if (session !== this.#session) return undefined
    const pack = this.#proposer.take(number)
    if (pack === undefined) return undefined
    this.#hasBegun = true
    if (!pack.isBody(body)) return void failForged(pack.items)
    const entries = this.#calls.apply(pack, engine)
    this.#acknowledge()
    return entries
  }

  /** What is applied here need not be kept: no ticket of ours is ever repeated, and an answer is asked for by who fell behind. */
  #acknowledge(): void {
    const number = this.#calls.last
    const every = Math.min(Math.max(ACKNOWLEDGE_EVERY_LEAST, this.#lastTicket - number), ACKNOWLEDGE_EVERY_MOST)
    if (this.#failure !== undefined || number - this.#acknowledged < every) return
    this.#acknowledged = number
    const acknowledging = new AskedCall(NOBODY, { name: 'acknowledgeSession', number }, NOBODYS)
    acknowledging.number = ACKNOWLEDGING
    this.#proposer.callAhead(acknowledging)
  }

  /** Says that we are there; whoever has not said so for long is not. Those of an outage are not made up for. */
  async #beat(): Promise<void> {
    if (this.#failure !== undefined || this.#isBeating) return
    this.#isBeating = true
    try {
      const silent = await this.read(() => this.#silence.heard(this.#replica.sessions, this.#session))
      await Promise.all(silent.map((session) => this.#expire(session)))
    } catch {
      // In an outage nobody is silent; the next heartbeat tries again.
    } finally {
      this.#isBeating = false
    }
  }

  async #expire(session: number): Promise<void> {
    const last = this.#replica.sessions.get(session)?.last
    if (last === undefined) return
    const record = encodeRecord({ kind: EXPIRE, goesOn: false, session, number: last, body: new Uint8Array() })
    const sequence = await this.#log.append(record, `expire.${session}.${last}`)
    this.#follower.stored({ sequence, bytes: record })
  }

  #fail(error: BackendError): void {
    if (this.#failure !== undefined) return
    this.#failure = error
    for (const timer of this.#timers) clearInterval(timer)
    this.#proposer.close(error)
    this.#calls.fail(error)
    for (const hear of this.listeners) hear()
    if (!this.#isClosing) this.#hasFailed(error)
  }
}

async function patience(): Promise<void> {
  await setTimeout(2_000, undefined, { ref: false })
}

function expired(): BackendError {
  const message = 'this node was silent for so long that the others have ended its session: the call may have been made'
  return new BackendError('ERR_MSGQ_IN_DOUBT', message)
}

/** An opening is never in doubt: where its session is there after all, nobody uses it, and it ends by itself. */
function notJoined(error: unknown): never {
  if (!(error instanceof BackendError) || error.code !== 'ERR_MSGQ_IN_DOUBT') throw error
  const message = 'the cluster answers, and takes nothing at present: open the namespace again later'
  throw new BackendError('ERR_MSGQ_UNAVAILABLE', message, { cause: error })
}
