import { abortSignal, BackendError, syscallError } from '../../contract/index.ts'
import {
  type Call,
  type Caller,
  type Code,
  type Completion,
  type CopyAfter,
  DEFAULT_BOUNDS,
  MESSAGE_BYTES,
  type Message,
  type Msgrcv,
  type Msgsnd,
  pooledBytes,
  type Ticket,
  type WaitingCall,
} from '../../engine/index.ts'
import type { ValueOf } from '../../host/index.ts'
import type { Node } from './node.ts'
import { ProposedCall } from './pack.ts'
import type { Waiter, Waiters } from './waiters.ts'

/** One caller's use of a node: its calls become values, promises and errors, and end with it. */
export class NodeSession {
  readonly node: Node
  readonly caller: Caller
  readonly #waiters: Waiters
  readonly #mine = new Set<Waiter>()
  readonly #held = new Set<Ticket>()
  #isClosed = false

  constructor(node: Node, waiters: Waiters, caller: Caller) {
    this.node = node
    this.caller = caller
    this.#waiters = waiters
  }

  get waiters(): Waiters {
    return this.#waiters
  }

  assertOpen(): void {
    if (this.#isClosed) throw new BackendError('ERR_MSGQ_CLOSED', 'this namespace was closed: open it again')
    this.node.assertOpen()
  }

  /** Makes a call that never waits, through the log. */
  perform<C extends Call>(call: C, onValue?: (ticket: Ticket) => void): Promise<ValueOf<C>> {
    return new Promise((resolve, reject) => {
      this.assertOpen()
      const ended = (completion: Completion) => {
        if ('value' in completion) onValue?.(completion.ticket)
        this.settle(completion, call, resolve, reject)
      }
      this.node.submit(this.caller, call, { ended, failed: reject })
    })
  }

  /** Makes a call that changes nothing and does not wait: it is looked up where its place in the log is. */
  async look<C extends Call>(call: C): Promise<ValueOf<C>> {
    this.assertOpen()
    return this.node.read(() => this.#now(call))
  }

  /** Makes such a call on the replica as it is. */
  async lookNow<C extends Call>(call: C): Promise<ValueOf<C>> {
    this.assertOpen()
    return this.#now(call)
  }

  #now<C extends Call>(call: C): ValueOf<C> {
    const entry = { ticket: { session: 0, number: 0 }, now: 0, caller: this.caller, call }
    const completion = this.node.engine.apply(entry).completions[0]
    if (completion === undefined) throw new Error(`assertion: ${call.name} waits where nothing may wait`)
    if ('value' in completion) return completion.value as ValueOf<C>
    throw this.#error(completion.code, call)
  }

  /** Makes a call that may wait: it waits here, and is attempted when the replica shows that it can succeed. */
  performOrWait<C extends Msgrcv | CopyAfter>(
    call: C,
    signal: AbortSignal | undefined,
    onValue?: (ticket: Ticket) => void,
  ): Promise<ValueOf<C>> {
    return new Promise((resolve, reject) => {
      abortSignal(signal)
      this.assertOpen()
      const abort = () => this.#waiters.abort(waiter)
      const over = () => {
        signal?.removeEventListener('abort', abort)
        this.#mine.delete(waiter)
      }
      const waiter: Waiter = this.#waiters.add({
        call,
        caller: this.caller,
        ended: (completion) => {
          over()
          if ('value' in completion) onValue?.(completion.ticket)
          this.settle(completion, call, resolve, reject)
        },
        failed: (error) => {
          over()
          reject(error)
        },
        aborted: () => {
          over()
          reject(this.#isClosed ? closedWhileWaiting(call) : signal?.reason)
        },
      })
      this.#mine.add(waiter)
      signal?.addEventListener('abort', abort, { once: true })
      this.#waiters.attempt(waiter)
    })
  }

  /** Sends. Where there is no room it waits in the log, until room, an abort, or the end of this session. */
  send(call: Msgsnd, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      abortSignal(signal)
      this.assertOpen()
      // What is in the log is applied, whatever it takes: a node asks before it proposes.
      const { namespace } = this.node.engine
      if (pooledBytes(namespace) + call.mtext.length + MESSAGE_BYTES > DEFAULT_BOUNDS.poolBytes) {
        return reject(this.#error('ENOMEM', call))
      }
      new Sending(this, call, signal, resolve, reject).submit()
    })
  }

  /** Receives: the message is held until it is here, and given out once it is accepted. */
  async receive(call: Msgrcv, signal: AbortSignal | undefined): Promise<Message> {
    for (;;) {
      let accepting: Promise<Completion> | undefined
      const message = await this.performOrWait({ ...call, hold: true }, signal, (ticket) => {
        accepting = this.node.accept(this.caller, ticket)
      })
      const accepted = await accepting
      // Removed with its queue, before it was received: the next attempt says so.
      if (accepted !== undefined && 'value' in accepted) return message
    }
  }

  /** Makes a receive that holds; the ticket names it to `endHold`. */
  async hold(call: Msgrcv, signal: AbortSignal | undefined): Promise<{ ticket: Ticket; message: Message }> {
    let ticket: Ticket | undefined
    const message = await this.performOrWait(call, signal, (held) => {
      ticket = held
      this.#held.add(held)
    })
    if (ticket === undefined) throw new Error('assertion: a message that came has a ticket')
    return { ticket, message }
  }

  async endHold(name: 'accept' | 'refuse', receive: Ticket): Promise<void> {
    this.#held.delete(receive)
    await this.perform({ name, receive })
  }

  /** Begins something that goes on under its own ticket. */
  async begin(call: Call): Promise<Ticket> {
    let begun: Ticket | undefined
    await this.perform(call, (ticket) => {
      begun = ticket
    })
    if (begun === undefined) throw new Error('assertion: what has begun has a ticket')
    return begun
  }

  waiting(): WaitingCall[] {
    return this.#waiters.list()
  }

  /** Ends the waiting calls of this caller, and shows what it held again. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    for (const waiter of [...this.#mine]) this.#waiters.abort(waiter)
    for (const [ticket, ends] of [...this.node.unended()]) {
      if (ends instanceof Sending && ends.session === this) this.interrupt(ticket)
    }
    for (const receive of this.#held) this.#tell({ name: 'refuse', receive })
  }

  /** Has a call that waits in the log end in EINTR. */
  interrupt(call: Ticket): void {
    this.#tell({ name: 'interrupt', call })
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  #tell(call: Call): void {
    const nobody = { ended: () => undefined, failed: () => undefined }
    try {
      this.node.submit(this.caller, call, nobody)
    } catch (error) {
      if (!(error instanceof BackendError)) throw error
    }
  }

  settle<C extends Call>(
    completion: Completion,
    call: C,
    resolve: (value: ValueOf<C>) => void,
    reject: (error: unknown) => void,
  ): void {
    if ('value' in completion) resolve(ownOf(completion.value as ValueOf<C>))
    else reject(this.#error(completion.code, call))
  }

  #error(code: Code, call: Call): Error {
    switch (code) {
      case 'ERR_MSGQ_SESSION_EXPIRED':
      case 'ERR_MSGQ_SESSION_FULL':
      case 'ERR_MSGQ_TICKET_ACKNOWLEDGED':
        return new BackendError('ERR_MSGQ_IN_DOUBT', `whether ${call.name} was done is not known: ${code}`)
      default:
        return syscallError(code, call, {
          limits: this.node.engine.limits,
          ...(code === 'EPERM' && call.name === 'msgctl' && { ownsQueue: this.#owns(call.msqid) }),
        })
    }
  }

  #owns(msqid: number): boolean {
    const { uid, capabilities } = this.caller
    if (capabilities.includes('CAP_SYS_ADMIN')) return true
    const queue = this.node.engine.namespace.identifiers.find(msqid)
    return queue !== undefined && (queue.uid === uid || queue.cuid === uid)
  }
}

/** The state may remember the answer, and the bytes that are given out are their receiver's to change. */
function ownOf<Value>(value: Value): Value {
  if (typeof value !== 'object' || value === null || !('mtext' in value)) return value
  return { ...value, mtext: (value.mtext as Uint8Array).slice() }
}

function closedWhileWaiting(call: Call): BackendError {
  return new BackendError('ERR_MSGQ_CLOSED', `the namespace was closed while ${call.name} waited; it did not happen`)
}

/** A send that is under way. */
class Sending extends ProposedCall {
  readonly session: NodeSession
  readonly #signal: AbortSignal | undefined
  readonly #resolve: () => void
  readonly #reject: (error: unknown) => void
  #abort: (() => void) | undefined

  constructor(
    session: NodeSession,
    call: Msgsnd,
    signal: AbortSignal | undefined,
    resolve: () => void,
    reject: (error: unknown) => void,
  ) {
    super(session.caller, call)
    this.session = session
    this.#signal = signal
    this.#resolve = resolve
    this.#reject = reject
  }

  submit(): void {
    const { node } = this.session
    node.propose(this)
    if (this.#signal === undefined) return
    const session = node.session
    this.#abort = () => this.session.interrupt({ session, number: this.number })
    this.#signal.addEventListener('abort', this.#abort, { once: true })
  }

  ended(completion: Completion): void {
    this.#over()
    if ('value' in completion) this.#resolve()
    else if (completion.code === 'EINTR') this.#interrupted()
    else this.session.settle(completion, this.call, this.#resolve, this.#reject)
  }

  failed(error: BackendError): void {
    this.#over()
    this.#reject(error)
  }

  #interrupted(): void {
    if (this.session.isClosed) return this.#reject(closedWhileWaiting(this.call))
    if (this.#signal?.aborted) return this.#reject(this.#signal.reason)
    // The others have ended the session in which it waited: it waits anew in the next one, which the node has in a moment.
    queueMicrotask(() => this.#again())
  }

  #again(): void {
    try {
      this.submit()
    } catch (error) {
      this.#reject(error)
    }
  }

  #over(): void {
    if (this.#abort !== undefined) this.#signal?.removeEventListener('abort', this.#abort)
  }
}
