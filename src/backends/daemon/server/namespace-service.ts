import { randomBytes } from 'node:crypto'
import { IPC_RMID, IPC_SET, MSG_COPY } from '../../../abi/index.ts'
import {
  BackendError,
  type Capabilities,
  type HeldMessage,
  type IpcNamespace,
  SyscallError,
} from '../../../contract/index.ts'
import type { Call, Caller, Code, Ticket } from '../../../engine/index.ts'
import {
  type AnswerValue,
  CheckpointBuilder,
  checkpointParts,
  type RequestName,
  waitingParts,
} from '../../../wire/index.ts'
import { inParts } from './answers.ts'
import type { Answer, AnswerSink, Service } from './service.ts'

/** Answers that a session may leave unacknowledged, as in an engine. */
const ANSWERS_MAX = 65_536

/** Why a call was ended: its client asked for that, or has gone. */
const INTERRUPTED = new Error('interrupted')

/** What is kept of a client while it, or this process, lives. */
class ClientState {
  acknowledged = 0
  /** The ends of calls that may have changed something. */
  readonly answers = new Map<number, Answer>()
  readonly underWay = new Map<number, AbortController>()
  readonly held = new Map<number, HeldMessage>()
  /** What restores have brought so far, by the number of their begin. */
  readonly restores = new Map<number, CheckpointBuilder>()
}

/** A namespace of any kind behind a socket: its sessions end with this process. */
export class NamespaceService implements Service {
  readonly url: string
  readonly capabilities: Capabilities
  readonly secret: Uint8Array = randomBytes(32)
  readonly earlierSessions: readonly number[] = []
  /** Others than the clients of this socket may wait, and nothing tells. */
  readonly hasWaiting = true
  sink: AnswerSink | undefined
  readonly #namespace: IpcNamespace
  readonly #clients = new Map<number, ClientState>()
  readonly #references = new Map<string, IpcNamespace>()

  constructor(namespace: IpcNamespace) {
    this.#namespace = namespace
    this.url = namespace.url
    // A message goes over the socket: nothing is answered at once, and the past is asked where it is.
    this.capabilities = { ...namespace.capabilities, sync: 'none', history: false }
  }

  async open(session: number): Promise<void> {
    this.#clients.set(session, new ClientState())
  }

  call(ticket: Ticket, caller: Caller, call: Call): void {
    const { session, number } = ticket
    const client = this.#clients.get(session)
    if (client === undefined) return this.#tell(ticket, { code: 'ERR_MSGQ_SESSION_EXPIRED' })
    const answered = client.answers.get(number)
    if (answered !== undefined) return this.sink?.answer(session, answered)
    if (client.underWay.has(number)) return
    if (number <= client.acknowledged) return this.#tell(ticket, { code: 'ERR_MSGQ_TICKET_ACKNOWLEDGED' })
    if (client.answers.size >= ANSWERS_MAX) return this.#tell(ticket, { code: 'ERR_MSGQ_SESSION_FULL' })
    void this.#run(ticket, client, caller, call)
  }

  request({ session, number }: Ticket, caller: Caller, request: RequestName): void {
    this.sink?.answerAll(session, this.#read(number, caller, request))
  }

  lookBack({ session, number }: Ticket): void {
    const message = `${this.url} is served as it is: its past, if it keeps one, is asked there`
    this.sink?.answer(session, { kind: 'failure', number, code: 'ERR_MSGQ_UNSUPPORTED', message })
  }

  acknowledge(session: number, number: number): void {
    const client = this.#clients.get(session)
    if (client === undefined || number <= client.acknowledged) return
    client.acknowledged = number
    for (const answered of client.answers.keys()) if (answered <= number) client.answers.delete(answered)
  }

  interruptAll(session: number): boolean {
    for (const controller of this.#clients.get(session)?.underWay.values() ?? []) controller.abort(INTERRUPTED)
    return true
  }

  expire(session: number): boolean {
    this.interruptAll(session)
    for (const held of this.#clients.get(session)?.held.values() ?? []) void held.refuse().catch(() => undefined)
    this.#clients.delete(session)
    return true
  }

  /** Lets go of the namespace. */
  async close(): Promise<void> {
    for (const session of [...this.#clients.keys()]) this.expire(session)
    await this.#namespace.close()
  }

  async #run(ticket: Ticket, client: ClientState, caller: Caller, call: Call): Promise<void> {
    const { number, session } = ticket
    const controller = new AbortController()
    client.underWay.set(number, controller)
    let answer: Answer
    try {
      const value = await this.#perform(client, ticket, this.#as(caller), call, controller.signal)
      answer = { kind: 'answer', number, value }
    } catch (error) {
      answer = refusal(number, error)
    }
    client.underWay.delete(number)
    if (!isReading(call)) client.answers.set(number, answer)
    this.sink?.answer(session, answer)
  }

  async #perform(
    client: ClientState,
    { session, number }: Ticket,
    namespace: IpcNamespace,
    call: Call,
    signal: AbortSignal,
  ): Promise<AnswerValue> {
    switch (call.name) {
      case 'msgget':
        return namespace.msgget(call.key, call.msgflg)
      case 'msgsnd':
        // It waits, and what it was read from is used again.
        await namespace.msgsnd(call.msqid, { mtype: call.mtype, mtext: call.mtext.slice() }, call.msgflg, { signal })
        return 0
      case 'msgrcv': {
        const { msqid, msgsz, msgtyp, msgflg, hold = false } = call
        if (!hold || !this.capabilities.held) return namespace.msgrcv(msqid, msgsz, msgtyp, msgflg, { signal })
        const { accept, refuse, ...message } = await namespace.msgrcv(msqid, msgsz, msgtyp, msgflg, { hold, signal })
        client.held.set(number, { ...message, accept, refuse })
        return message
      }
      case 'msgctl':
        return (await namespace.msgctl(call.msqid, call.cmd, call.settings)) ?? 0
      case 'copyAfter':
        return namespace.copyAfter(call.msqid, call.sequence, call.msgsz, call.msgtyp, call.msgflg, { signal })
      case 'interrupt': {
        const waiting = call.call.session === session ? client.underWay.get(call.call.number) : undefined
        waiting?.abort(INTERRUPTED)
        return waiting === undefined ? 0 : 1
      }
      case 'accept':
      case 'refuse': {
        const held = call.receive.session === session ? client.held.get(call.receive.number) : undefined
        if (held === undefined) throw new SyscallError('EINVAL', call.name)
        await endHold(client, call.receive.number, held[call.name])
        return 0
      }
      case 'acceptAll':
        return acceptAll(client, call.receives)
      case 'setLimits':
        await namespace.setLimits(call.limits)
        return 0
      case 'setNextId':
        await namespace.setNextId(call.nextId)
        return 0
      case 'setCopyCounter':
        await namespace.setCopyCounter(call.msqid, call.copyCounter)
        return 0
      case 'restoreBegin': {
        const builder = new CheckpointBuilder()
        builder.add({ part: 'header', header: call.header })
        client.restores.set(number, builder)
        return 0
      }
      case 'restoreChunk':
        restoreOf(client, call.restore.number).add({ part: 'queues', queues: call.queues })
        return 0
      case 'restoreCommit': {
        const checkpoint = restoreOf(client, call.restore.number).finish()
        client.restores.delete(call.restore.number)
        if (checkpoint === undefined) throw new SyscallError('EINVAL', call.name)
        return namespace.restore(checkpoint)
      }
      case 'openSession':
      case 'acknowledgeSession':
      case 'expireSession':
        throw new BackendError('ERR_MSGQ_UNSUPPORTED', `${call.name} is not for clients to call`)
    }
  }

  async *#read(number: number, caller: Caller, request: RequestName): AsyncGenerator<Answer> {
    try {
      const namespace = this.#as(caller)
      switch (request) {
        case 'limits':
          return yield { kind: 'answer', number, value: await namespace.limits() }
        case 'nextId':
          return yield { kind: 'answer', number, value: await namespace.nextId() }
        case 'waiting':
          return yield* inParts(number, waitingParts(await namespace.waiting()))
        case 'checkpoint':
          return yield* inParts(number, checkpointParts(await namespace.checkpoint()))
      }
    } catch (error) {
      yield refusal(number, error)
    }
  }

  /** The namespace for a caller. @throws {SyscallError} `EPERM` it cannot be spoken to for another user. */
  #as(caller: Caller): IpcNamespace {
    if (!this.#namespace.capabilities.as) {
      const own = process.geteuid?.()
      if (caller.uid === own) return this.#namespace
      throw new SyscallError('EPERM', 'as', { hint: `${this.url} is served to user ${own} alone` })
    }
    const name = JSON.stringify(caller)
    const known = this.#references.get(name) ?? this.#namespace.as(caller)
    this.#references.set(name, known)
    return known
  }

  #tell({ session, number }: Ticket, { code }: { readonly code: Code }): void {
    this.sink?.answer(session, { kind: 'answer', number, code })
  }
}

async function acceptAll(client: ClientState, receives: readonly number[]): Promise<number> {
  let accepted = 0
  for (const number of receives) {
    const held = client.held.get(number)
    if (held === undefined) continue
    try {
      await endHold(client, number, held.accept)
      accepted++
    } catch (error) {
      // Its queue was removed meanwhile.
      if (!(error instanceof SyscallError)) throw error
    }
  }
  return accepted
}

/** Accepts or refuses. What could not be asked is held still: its client asks again. */
async function endHold(client: ClientState, number: number, end: () => Promise<void>): Promise<void> {
  try {
    await end()
  } catch (error) {
    if (error instanceof SyscallError) client.held.delete(number)
    throw error
  }
  client.held.delete(number)
}

function restoreOf(client: ClientState, number: number): CheckpointBuilder {
  const builder = client.restores.get(number)
  if (builder === undefined) throw new SyscallError('EINVAL', 'restore')
  return builder
}

function refusal(number: number, error: unknown): Answer {
  if (error === INTERRUPTED) return { kind: 'answer', number, code: 'EINTR' }
  if (error instanceof SyscallError) {
    const { code, msqid, key, hint } = error
    const details = {
      ...(msqid !== undefined && { msqid }),
      ...(key !== undefined && { key }),
      ...(hint !== undefined && { hint }),
    }
    return { kind: 'answer', number, code, details }
  }
  if (error instanceof BackendError) return { kind: 'failure', number, code: error.code, message: error.message }
  const message = error instanceof Error ? error.message : String(error)
  return { kind: 'failure', number, code: 'ERR_MSGQ_PROTOCOL', message }
}

/** Whether a call can as well be made again: its answer need not be kept. */
function isReading(call: Call): boolean {
  if (call.name === 'msgctl') return call.cmd !== IPC_RMID && call.cmd !== IPC_SET
  return call.name === 'msgrcv' && (call.msgflg & MSG_COPY) !== 0
}
