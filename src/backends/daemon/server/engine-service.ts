import { BackendError, type Capabilities } from '../../../contract/index.ts'
import type { Call, Caller, Completion, Engine, Ticket } from '../../../engine/index.ts'
import { type CheckpointPart, checkpointParts, type RequestName, waitingParts } from '../../../wire/index.ts'
import type { Disk, JournalError } from '../journal/index.ts'
import { JournalledEngine, type JournalledOptions } from '../journalled-engine.ts'
import type { Answer, AnswerSink, Service } from './service.ts'

/** What the server itself asks has a ticket of its own: session 0, whose answers nobody waits for. */
const OWN_SESSION = 0
/** The numbers of a session's tickets that are none of its client's. */
const OPENING = 0
const ACKNOWLEDGING = Number.MAX_SAFE_INTEGER

const SERVER: Caller = { pid: 0, tid: 0, uid: 0, gid: 0, groups: [], capabilities: [] }

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
      restores: 'everything',
    }
  }

  /** Brings back the namespace of a journal, or begins one. @throws as `JournalledEngine.open`. */
  static async open(disk: Disk, options: EngineServiceOptions): Promise<EngineService> {
    let service: EngineService | undefined
    const opening = new Map<number, () => void>()
    const onCompletions = (completions: readonly Completion[]) => {
      if (service !== undefined) service.#tell(completions)
    }
    service = new EngineService(await JournalledEngine.open(disk, { ...options, onCompletions }), opening, options)
    return service
  }

  get earlierSessions(): Iterable<number> {
    return this.#engine.namespace.sessions.keys()
  }

  get secret(): Uint8Array {
    return this.#journalled.id
  }

  /** Resolves when the disk has failed, which is final: nothing more is answered. */
  get failed(): Promise<JournalError> {
    return this.#journalled.failed
  }

  get waitingCalls(): number {
    return this.#engine.namespace.waiting.size
  }

  get heldMessages(): number {
    return this.#engine.namespace.held.size
  }

  /** Number of the last record of the journal, and of the last that is durable. */
  get records(): { readonly last: number; readonly durable: number } {
    return this.#journalled.records
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
    const { session, number } = ticket
    const answer = this.#read(number, caller, request)
    this.#journalled.afterAll(() => {
      if (Symbol.iterator in answer) this.sink?.answerInParts(session, answer)
      else this.sink?.answer(session, answer)
    })
  }

  acknowledge(session: number, number: number): void {
    // Its ticket is none of the client's, and its answer is not waited for.
    this.#apply({ session, number: ACKNOWLEDGING }, SERVER, { name: 'acknowledgeSession', number })
  }

  interruptAll(session: number): void {
    for (const { ticket } of [...this.#engine.namespace.waiting.values()]) {
      if (ticket.session === session) this.#applyOwn({ name: 'interrupt', call: ticket })
    }
  }

  expire(session: number): void {
    this.#applyOwn({ name: 'expireSession', session })
  }

  /** Lets go of the journal: see `JournalledEngine.close`. */
  close(options?: { readonly image?: boolean }): Promise<void> {
    return this.#journalled.close(options)
  }

  get #engine(): Engine {
    return this.#journalled.engine
  }

  #read(number: number, caller: Caller, request: RequestName): Answer | IterableIterator<Answer> {
    const engine = this.#engine
    switch (request) {
      case 'limits':
        return { kind: 'answer', number, value: { ...engine.limits } }
      case 'nextId':
        return { kind: 'answer', number, value: engine.nextId }
      case 'waiting':
        return inParts(number, waitingParts(engine.waiting()))
      case 'checkpoint': {
        const checkpoint = engine.checkpoint(caller, this.#now())
        if (!('code' in checkpoint)) return inParts(number, checkpointParts(checkpoint))
        const { code, ...details } = checkpoint
        return { kind: 'answer', number, code, details }
      }
    }
  }

  #apply(ticket: Ticket, caller: Caller, call: Call): boolean {
    return this.#journalled.apply({ ticket, now: this.#now(), caller, call })
  }

  #applyOwn(call: Call): void {
    this.#apply({ session: OWN_SESSION, number: ++this.#ownNumber }, SERVER, call)
  }

  #tell(completions: readonly Completion[]): void {
    for (const { ticket, ...outcome } of completions) {
      const { session, number } = ticket
      if (session === OWN_SESSION) continue
      if (number === OPENING) {
        this.#opening.get(session)?.()
        this.#opening.delete(session)
      } else if (number !== ACKNOWLEDGING) {
        this.sink?.answer(session, { kind: 'answer', number, ...outcome })
      }
    }
  }

  #fail({ session, number }: Ticket, code: string, message: string): void {
    this.sink?.answer(session, { kind: 'failure', number, code, message })
  }
}

/** Calls that the server alone makes: of sessions, and for other sessions. */
function isServersOwn({ name }: Call): boolean {
  return name === 'openSession' || name === 'acknowledgeSession' || name === 'expireSession'
}

function* inParts(number: number, parts: Iterable<CheckpointPart>): Generator<Answer> {
  for (const part of parts) yield { kind: 'part', number, part }
  yield { kind: 'answer', number, value: 0 }
}
