import type { Socket } from 'node:net'
import { BackendError } from '../../../contract/index.ts'
import type { Call, Ticket } from '../../../engine/index.ts'
import {
  type CallFrame,
  decodeServerFrame,
  type FrameReader,
  FrameWriter,
  type ServerFrame,
  type WelcomeFrame,
  WireError,
} from '../../../wire/index.ts'
import { soon } from '../soon.ts'
import { writeNow } from '../write-now.ts'
import { type Asked, type Asker, inDoubt, type Parts, type Pending } from './asking.ts'
import { CallWindow } from './call-window.ts'
import type { End } from './end.ts'
import { type Greeted, greet } from './greet.ts'
import { canBeMadeLater, type Owed, OwedCalls } from './owed-calls.ts'

export interface LinkOptions {
  /** How long to try to come back when the connection is lost, milliseconds. */
  readonly reconnectMs?: number
}

/** Asks for something whose end it does not wait for. */
const FORGOTTEN: Asker = { isRepeatable: true, isOwed: true, ended: () => undefined, failed: () => undefined }

/** How long a client tries to come back: as long as a restart and its replay may take. The server waits longer for it. */
const RECONNECT_MS = 30_000
/** Between two tries, which take ever longer. */
const RETRY_MS = 20
const RETRY_MS_MAX = 1000
/** Answers, and their bytes, after which the server may forget them: it keeps them for a client that asks again. */
const ACKNOWLEDGE_ANSWERS = 256
const ACKNOWLEDGE_BYTES = 2 ** 20
/**
 * Answers are forgotten up to the oldest call that waits. After so many later ones it is made anew, at the end of its
 * line: a quarter of what a session may leave unforgotten. Source: engine/sessions.ts, SESSION_ANSWERS_MAX.
 */
const RENEW_AFTER = 16_384

/**
 * A client's way to a server, and the session that outlives a connection: calls that were not answered are asked again
 * on the next one, under their tickets.
 */
export class Link {
  readonly path: string
  readonly #reconnectMs: number
  #welcome: WelcomeFrame
  #socket: Socket | undefined
  #reader: FrameReader
  #writer = new FrameWriter()
  /** By ticket number, which rises. */
  readonly #pending = new CallWindow<Pending>()
  #lastNumber = 0
  #acknowledged = 0
  #answersSince = 0
  #bytesSince = 0
  /**
   * The receives whose messages are here: accepted with the next flush, all by one call. One that could not be made stays
   * here when others are given up: the session may be there still, and would show again what a program has.
   */
  #received: number[] = []
  readonly #owed: OwedCalls
  #willFlush = false
  readonly #flushSoon = () => this.#flush()
  #retry: NodeJS.Timeout | undefined
  /** Until when to try to come back; once that has passed, a new call tries once. */
  #retryUntil = 0
  #isClosing = false
  #isClosed = false
  #whenIdle: (() => void) | undefined

  private constructor(path: string, reconnectMs: number, greeted: Greeted) {
    this.path = path
    this.#reconnectMs = reconnectMs
    this.#owed = new OwedCalls(reconnectMs, (owed) => this.#askAgain(owed))
    this.#welcome = greeted.welcome
    this.#reader = greeted.reader
    this.#use(greeted)
  }

  /** @throws {BackendError} `ERR_MSGQ_UNAVAILABLE` nobody answers there; `ERR_MSGQ_PROTOCOL` what answers is no such server. */
  static async connect(path: string, { reconnectMs = RECONNECT_MS }: LinkOptions = {}): Promise<Link> {
    return new Link(path, reconnectMs, await greet(path))
  }

  /** What the server said of itself, last. */
  get welcome(): WelcomeFrame {
    return this.#welcome
  }

  /** Makes a call. @returns Its number. @throws {RangeError} it is longer than a frame, or has a number that none carries. */
  call(call: Call, asker: Asker): number {
    const number = this.#lastNumber + 1
    const { as } = asker
    const frame: CallFrame = as === undefined ? { kind: 'call', number, call } : { kind: 'call', number, call, as }
    this.#ask({ frame, isSent: false, asker })
    return number
  }

  /** The ticket of a call that waits, or was answered just now: where the session was lost, it was made anew in this one. */
  ticketOf(number: number): Ticket {
    return { session: this.#welcome.key.session, number }
  }

  /** The calls of an owner that were not answered. */
  unansweredOf(owner: object): Ticket[] {
    const own = this.#pending.entries().filter(([, { asker }]) => asker.owner === owner)
    return own.map(([number]) => this.ticketOf(number))
  }

  /** Accepts what a receive held, before whoever waits for the message goes on. */
  accept({ number }: Ticket): void {
    this.#received.push(number)
    this.#scheduleFlush()
  }

  /** Asks what is no call. */
  request(asked: Asked, parts?: Parts): Promise<End> {
    return new Promise((ended, failed) => {
      const frame = { ...asked, number: this.#lastNumber + 1 }
      const asker = { isRepeatable: true, ended, failed }
      this.#ask({ frame, isSent: false, asker, ...(parts !== undefined && { parts }) })
    })
  }

  /**
   * Waits for the answers to all calls, and ends the session. Interrupt what waits before.
   *
   * @throws {BackendError} `ERR_MSGQ_NO_SPACE` the server had no room for some accepts, for as long as a client tries to come
   *   back: those messages are shown again. All is closed.
   */
  async close(): Promise<void> {
    this.#isClosing = true
    this.#owed.close()
    if (this.#received.length > 0) this.#scheduleFlush()
    while (this.#pending.size > 0 || this.#received.length > 0 || this.#owed.areWaiting) {
      await new Promise<void>((resolve) => {
        this.#whenIdle = resolve
      })
    }
    this.#isClosed = true
    clearTimeout(this.#retry)
    await this.#sayGoodbye()
    const { unaccepted } = this.#owed
    if (unaccepted === 0) return
    const message = `the server's disk stayed full: ${unaccepted} messages that were received are shown again`
    throw new BackendError('ERR_MSGQ_NO_SPACE', message)
  }

  async #sayGoodbye(): Promise<void> {
    const socket = this.#socket
    if (socket === undefined) return
    const closed = new Promise((resolve) => socket.once('close', resolve))
    this.#writer.write({ kind: 'goodbye' })
    this.#flush()
    socket.ref()
    socket.end()
    await closed
  }

  #ask(pending: Pending): void {
    if (this.#isClosed) throw new BackendError('ERR_MSGQ_CLOSED', 'this namespace was closed: open it again')
    // A frame that cannot be written throws, and leaves nothing.
    if (this.#socket !== undefined) this.#write(pending)
    this.#lastNumber = pending.frame.number
    this.#pending.add(pending.frame.number, pending)
    if (this.#pending.size > 1) return
    this.#socket?.ref()
    this.#retry?.ref()
    if (this.#socket === undefined && this.#retry === undefined) this.#comeBack(0)
  }

  #write(pending: Pending): void {
    this.#writer.write(pending.frame)
    pending.isSent = true
    this.#scheduleFlush()
  }

  /** Before whoever awaits an answer goes on: what that one does next, an end of the process too, comes after. */
  #scheduleFlush(): void {
    if (this.#willFlush) return
    this.#willFlush = true
    soon(this.#flushSoon)
  }

  #flush(): void {
    this.#willFlush = false
    if (this.#received.length > 0) {
      const receives = this.#received
      this.#received = []
      this.call({ name: 'acceptAll', receives }, FORGOTTEN)
      this.#willFlush = false
    }
    const socket = this.#socket
    // What a server does not read waits here.
    if (socket === undefined || socket.writableNeedDrain || this.#writer.pendingBytes === 0) return
    writeNow(socket, this.#writer.take())
  }

  #use({ socket, hear, reader }: Greeted): void {
    this.#socket = socket
    this.#reader = reader
    this.#writer = new FrameWriter()
    hear((piece) => this.#receive(piece))
    socket.on('drain', () => this.#flush())
    socket.on('error', () => undefined)
    socket.on('close', () => this.#lost())
    if (this.#pending.size === 0) socket.unref()
    this.#takeAll()
  }

  #receive(piece: Uint8Array): void {
    this.#reader.push(piece)
    this.#bytesSince += piece.length
    this.#takeAll()
    const isMuch = this.#answersSince >= ACKNOWLEDGE_ANSWERS || this.#bytesSince >= ACKNOWLEDGE_BYTES
    if (isMuch) this.#acknowledge()
  }

  #takeAll(): void {
    try {
      for (let bytes = this.#reader.next(); bytes !== undefined; bytes = this.#reader.next()) {
        this.#take(decodeServerFrame(bytes))
      }
    } catch (error) {
      // What this server says cannot be read any further; another connection may do better.
      if (!(error instanceof WireError)) throw error
      this.#socket?.destroy()
    }
  }

  #take(frame: ServerFrame): void {
    switch (frame.kind) {
      case 'answer':
      case 'failure':
        return this.#end(frame)
      case 'part':
        return this.#pending.get(frame.number)?.parts?.add(frame.part)
      case 'welcome':
      case 'error':
      case 'going':
        // The connection ends, and another one is tried.
        return
    }
  }

  #end(end: End): void {
    const pending = this.#pending.get(end.number)
    if (pending === undefined) return
    this.#pending.delete(end.number)
    this.#answersSince++
    const { asker, frame } = pending
    if (asker.isOwed === true && frame.kind === 'call') {
      if (canBeMadeLater(end)) this.#owed.add({ call: frame.call, asker })
      else this.#owed.made()
    }
    asker.ended(end)
    this.#checkIdle()
  }

  #askAgain(owed: readonly Owed[]): void {
    for (const { call, asker } of owed) {
      if (call.name === 'acceptAll') this.#received.push(...call.receives)
      else this.call(this.#ofThisSession(call), asker)
    }
    if (this.#received.length > 0) this.#scheduleFlush()
  }

  #checkIdle(): void {
    if (this.#pending.size > 0) return
    this.#socket?.unref()
    this.#retry?.unref()
    this.#whenIdle?.()
  }

  /** The server may forget all answers up to the oldest call that has none. */
  #acknowledge(): void {
    this.#answersSince = 0
    this.#bytesSince = 0
    const oldest = this.#pending.oldest ?? this.#lastNumber + 1
    if (oldest - 1 > this.#acknowledged && this.#socket !== undefined) {
      this.#acknowledged = oldest - 1
      this.#writer.write({ kind: 'acknowledge', number: this.#acknowledged })
      this.#scheduleFlush()
    }
    if (this.#lastNumber - oldest >= RENEW_AFTER) this.#renew(this.#lastNumber - RENEW_AFTER / 2)
  }

  /** Ends the calls that have waited for very long: whoever asked did not ask for an EINTR, and so asks again. */
  #renew(before: number): void {
    for (const [number, { frame }] of this.#pending.entries()) {
      if (number > before) return
      if (frame.kind === 'call') this.call({ name: 'interrupt', call: this.ticketOf(number) }, FORGOTTEN)
    }
  }

  #lost(): void {
    this.#socket = undefined
    if (this.#isClosed) return
    this.#retryUntil = performance.now() + this.#reconnectMs
    this.#comeBack(0)
  }

  #comeBack(afterMs: number): void {
    this.#retry = setTimeout(() => void this.#tryAgain(afterMs), afterMs)
    if (this.#pending.size === 0) this.#retry.unref()
  }

  async #tryAgain(waitedMs: number): Promise<void> {
    try {
      const greeted = await greet(this.path, this.#welcome.key)
      this.#retry = undefined
      if (this.#isClosed) greeted.socket.destroy()
      else this.#resume(greeted)
    } catch (error) {
      if (this.#isClosed) return
      const isFinal = !(error instanceof BackendError) || error.code !== 'ERR_MSGQ_UNAVAILABLE'
      if (!isFinal && performance.now() < this.#retryUntil) {
        return this.#comeBack(Math.min(Math.max(RETRY_MS, waitedMs * 2), RETRY_MS_MAX))
      }
      this.#retry = undefined
      this.#failAll(error)
    }
  }

  #resume(greeted: Greeted): void {
    const { session } = greeted.welcome.key
    const isSame = session === this.#welcome.key.session
    this.#welcome = greeted.welcome
    this.#use(greeted)
    if (!isSame) this.#acknowledged = 0
    for (const [number, pending] of this.#pending.entries()) {
      if (!isSame && pending.isSent && !pending.asker.isRepeatable) {
        this.#pending.delete(number)
        pending.asker.failed(inDoubt(pending, 'the server no longer knows this client'))
        continue
      }
      const { frame } = pending
      if (!isSame && frame.kind === 'call') pending.frame = { ...frame, call: this.#ofThisSession(frame.call) }
      pending.parts?.restart()
      this.#write(pending)
    }
    if (this.#received.length > 0) this.#scheduleFlush()
    this.#checkIdle()
  }

  /** An interrupt of a call that is made anew in another session is of that one. */
  #ofThisSession(call: Call): Call {
    if (call.name !== 'interrupt') return call
    return { name: 'interrupt', call: this.ticketOf(call.call.number) }
  }

  #failAll(cause: unknown): void {
    const reason = cause instanceof Error ? cause.message.replace(/^ERR_\w+: /, '') : String(cause)
    for (const [number, pending] of this.#pending.entries()) {
      this.#pending.delete(number)
      const { frame, asker } = pending
      if (frame.kind === 'call' && frame.call.name === 'acceptAll') this.#received.push(...frame.call.receives)
      if (pending.isSent && !asker.isRepeatable) asker.failed(inDoubt(pending, reason))
      else asker.failed(new BackendError('ERR_MSGQ_UNAVAILABLE', reason, { cause }))
    }
    // Nobody is there to accept it, and nobody here comes back.
    if (this.#isClosing) {
      this.#received = []
      this.#owed.drop()
    }
    this.#checkIdle()
  }
}
