import { ALL_CAPABILITIES } from '../../../abi/index.ts'
import { BackendError, type Capabilities } from '../../../contract/index.ts'
import {
  type Call,
  type Caller,
  Chronicle,
  type Completion,
  type Engine,
  type Entry,
  pooledBytes,
  type Ticket,
} from '../../../engine/index.ts'
import {
  checkpointParts,
  type HistoryFrame,
  type PastFrame,
  type RequestName,
  waitingParts,
} from '../../../wire/index.ts'
import type { Disk, JournalError } from '../journal/index.ts'
import { JournalledEngine, type JournalledOptions } from '../journalled-engine.ts'
import { inParts } from './answers.ts'
import { LOOKS_BACK_MAX } from './limits.ts'
import type { Answer, AnswerSink, Service } from './service.ts'

/** What the server itself asks has a ticket of its own: session 0, whose answers nobody waits for. */
const OWN_SESSION = 0
/** The numbers of a session's tickets that are none of its client's. */
const OPENING = 0
const ACKNOWLEDGING = Number.MAX_SAFE_INTEGER

const SERVER: Caller = { pid: 0, tid: 0, uid: 0, gid: 0, groups: [], capabilities: [] }

/** Who may read every queue of the past. */
const ROOT: Caller = { ...SERVER, capabilities: ALL_CAPABILITIES }
const OWNER_ALONE = { hint: 'the past is for the owner of the namespace, and root' }

export interface EngineServiceOptions extends Omit<JournalledOptions, 'onCompletions'> {
  readonly url: string
  /** Milliseconds since 1970. Default `Date.now`. */
  readonly now?: () => number
}

/** A durable namespace: its calls are entries of a journalled engine. */
export class EngineService implements Service {
  readonly url: string
  readonly capabilities: Capabilities
  sink: AnswerSink | undefined
  readonly #journalled: JournalledEngine
  readonly #now: () => number
  readonly #opening: Map<number, () => void>
  #ownNumber = 0
  #looksBack = 0
  #lookingBack: Promise<void> = Promise.resolve()

  private constructor(journalled: JournalledEngine, opening: Map<number, () => void>, options: EngineServiceOptions) {
    this.#journalled = journalled
    this.#opening = opening
    this.#now = options.now ?? Date.now
    this.url = options.url
    const { msgCopy, checkpointRestore } = this.#engine.namespace
    this.capabilities = {
      copy: checkpointRestore ? msgCopy : 'none',
      cursors: checkpointRestore,
      held: true,
      waiting: true,
      senders: true,
      sync: 'none',
      as: true,
      history: true,
      restores: 'everything',
    }
  }

  /** Brings back the namespace of a journal, or begins one. @throws as `JournalledEngine.open`. */
  static async open(disk: Disk, options: EngineServiceOptions): Promise<EngineService> {
    let service: EngineService | undefined
    const opening = new Map<number, () => void>()
    const onCompletions = (completions: readonly Completion[], entry: Entry) => {
      if (service !== undefined) service.#tell(completions, entry)
    }
    service = new EngineService(await JournalledEngine.open(disk, { ...options, onCompletions }), opening, options)
    return service
  }

  get earlierSessions(): Iterable<number> {
    return this.#engine.namespace.sessions.keys()
  }

  get hasWaiting(): boolean {
    return this.#engine.namespace.waiting.size > 0
  }

  get secret(): Uint8Array {
    return this.#journalled.id
  }

  /** Resolves when the disk has failed, which is final: nothing more is answered. */
  get failed(): Promise<JournalError> {
    return this.#journalled.failed
  }

  /** Numbers for monitors, by name. */
  measures(): Readonly<Record<string, number>> {
    const { namespace } = this.#engine
    const { waiting, held, sessions } = namespace
    const { last, durable } = this.#journalled.records
    return {
      waitingCalls: waiting.size,
      heldMessages: held.size,
      sessions: sessions.size,
      pooledBytes: pooledBytes(namespace),
      records: last,
      durable,
    }
  }

  open(session: number, caller: Caller): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#opening.set(session, resolve)
      if (this.#apply({ session, number: OPENING }, caller, { name: 'openSession' })) return
      this.#opening.delete(session)
      reject(new BackendError('ERR_MSGQ_NO_SPACE', 'the disk is so full that no session can be opened'))
    })
  }

  call(ticket: Ticket, caller: Caller, call: Call): void {
    if (isServersOwn(call)) return this.#fail(ticket, 'ERR_MSGQ_UNSUPPORTED', `${call.name} is not for clients to call`)
    if ('restore' in call && call.restore.session !== ticket.session) {
      return this.#fail(ticket, 'ERR_MSGQ_UNSUPPORTED', 'a restore is of the session that began it')
    }
    if (this.#apply(ticket, caller, call)) return
    const message = `the disk is full: ${call.name} was not done; receives and removals are, and make room`
    this.#fail(ticket, 'ERR_MSGQ_NO_SPACE', message)
  }

  request(ticket: Ticket, caller: Caller, request: RequestName): void {
    const answers = this.#read(ticket.number, caller, request)
    this.#journalled.afterAll(() => this.sink?.answerAll(ticket.session, answers))
  }

  lookBack(ticket: Ticket, caller: Caller, frame: HistoryFrame | PastFrame): void {
    const { session, number } = ticket
    const isAllowed = caller.uid === 0 || caller.uid === process.geteuid?.()
    if (!isAllowed) return this.sink?.answer(session, { kind: 'answer', number, code: 'EACCES', details: OWNER_ALONE })
    if (this.#looksBack >= LOOKS_BACK_MAX) {
      return this.#fail(ticket, 'ERR_MSGQ_TOO_MANY_WAITS', `at most ${LOOKS_BACK_MAX} looks back wait for each other`)
    }
    const looking = frame.kind === 'past' ? this.#past(number, frame.time) : this.#history(frame)
    const answers = this.#inTurn(number, looking)
    this.#journalled.afterAll(() => this.sink?.answerAll(session, answers))
  }

  acknowledge(session: number, number: number): void {
    // Its ticket is none of the client's, and its answer is not waited for.
    this.#apply({ session, number: ACKNOWLEDGING }, SERVER, { name: 'acknowledgeSession', number })
  }

  interruptAll(session: number): boolean {
    const waiting = [...this.#engine.namespace.waiting.values()].filter(({ ticket }) => ticket.session === session)
    return waiting.every(({ ticket }) => this.#applyOwn({ name: 'interrupt', call: ticket }))
  }

  expire(session: number): boolean {
    return this.#applyOwn({ name: 'expireSession', session })
  }

  /** Lets go of the journal: see `JournalledEngine.close`. */
  close(options?: { readonly image?: boolean }): Promise<void> {
    return this.#journalled.close(options)
  }

  get #engine(): Engine {
    return this.#journalled.engine
  }

  #read(number: number, caller: Caller, request: RequestName): Iterable<Answer> {
    const engine = this.#engine
    switch (request) {
      case 'limits':
        return [{ kind: 'answer', number, value: { ...engine.limits } }]
      case 'nextId':
        return [{ kind: 'answer', number, value: engine.nextId }]
      case 'waiting':
        return inParts(number, waitingParts(engine.waiting()))
      case 'checkpoint': {
        const checkpoint = engine.checkpoint(caller, this.#now())
        if (!('code' in checkpoint)) return inParts(number, checkpointParts(checkpoint))
        const { code, ...details } = checkpoint
        return [{ kind: 'answer', number, code, details }]
      }
    }
  }

  /** One after the other. A past that cannot be read is told: if the connection ended, its client would ask for ever. */
  async *#inTurn(number: number, answers: AsyncGenerator<Answer>): AsyncGenerator<Answer> {
    this.#looksBack++
    const before = this.#lookingBack
    let isOver = (): void => undefined
    this.#lookingBack = new Promise((resolve) => {
      isOver = resolve
    })
    try {
      await before
      yield* answers
    } catch (error) {
      yield unavailable(number, error instanceof Error ? error.message : String(error))
    } finally {
      this.#looksBack--
      isOver()
    }
  }

  /** How it was at an instant. */
  async *#past(number: number, time: number): AsyncGenerator<Answer> {
    if (time > this.#now()) return yield unavailable(number, 'that instant has not come')
    using past = await this.#journalled.past(time)
    if (past === undefined) return yield unavailable(number, `the journal holds nothing before ${this.#oldest()}`)
    const checkpoint = past.engine.checkpoint(ROOT, time)
    if ('code' in checkpoint) return yield { kind: 'answer', number, code: checkpoint.code }
    yield* inParts(number, checkpointParts(checkpoint))
  }

  /** What happened: the entries are applied once more, beside the engine that serves, and tell what they do. */
  async *#history({ number, from, to, msqid, pid }: HistoryFrame): AsyncGenerator<Answer> {
    using past = (await this.#journalled.past(from - 1)) ?? (await this.#journalled.past())
    if (past === undefined) return yield { kind: 'answer', number, value: 0 }
    const chronicle = new Chronicle(past.engine)
    for await (const entries of past.entries) {
      const all = entries.flatMap((entry) => chronicle.apply(entry))
      const events = all.filter(
        (event) =>
          event.time >= from &&
          event.time <= to &&
          (msqid === undefined || event.msqid === msqid) &&
          (pid === undefined || event.pid === pid),
      )
      if (events.length > 0) yield { kind: 'part', number, part: { part: 'history', events } }
      if ((all.at(-1)?.time ?? 0) > to) break
    }
    yield { kind: 'answer', number, value: 0 }
  }

  #oldest(): string {
    return new Date(this.#journalled.oldestInstant ?? this.#now()).toISOString()
  }

  #apply(ticket: Ticket, caller: Caller, call: Call): boolean {
    return this.#journalled.apply({ ticket, now: this.#now(), caller, call })
  }

  #applyOwn(call: Call): boolean {
    return this.#apply({ session: OWN_SESSION, number: ++this.#ownNumber }, SERVER, call)
  }

  #tell(completions: readonly Completion[], entry: Entry): void {
    for (const completion of completions) {
      const { ticket } = completion
      const { session, number } = ticket
      if (session === OWN_SESSION) continue
      if (number === OPENING) {
        this.#opening.get(session)?.()
        this.#opening.delete(session)
      } else if (number !== ACKNOWLEDGING) {
        const answer: Answer =
          'value' in completion
            ? { kind: 'answer', number, value: completion.value }
            : { kind: 'answer', number, code: completion.code }
        // Nobody waits for the answer to an accept: its client goes on.
        const isUrgent = entry.call.name !== 'acceptAll' || ticket !== entry.ticket
        this.sink?.answer(session, answer, isUrgent)
      }
    }
  }

  #fail({ session, number }: Ticket, code: string, message: string): void {
    this.sink?.answer(session, { kind: 'failure', number, code, message })
  }
}

function unavailable(number: number, message: string): Answer {
  return { kind: 'failure', number, code: 'ERR_MSGQ_UNAVAILABLE', message }
}

/** Calls that the server alone makes: of sessions, and for other sessions. */
function isServersOwn({ name }: Call): boolean {
  return name === 'openSession' || name === 'acknowledgeSession' || name === 'expireSession'
}
