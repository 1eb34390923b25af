import type { Socket } from 'node:net'
import { BackendError, SyscallError } from '../../../contract/index.ts'
import type { Caller } from '../../../engine/index.ts'
import {
  agreedVersion,
  type CallFrame,
  type ClientFrame,
  decodeClientFrame,
  FRAME_BYTES_MAX,
  FrameReader,
  FrameWriter,
  HELLO_BYTES_MAX,
  type HelloFrame,
  type HistoryFrame,
  MAX_VERSION,
  MIN_VERSION,
  type PastFrame,
  type RequestFrame,
  type ServerFrame,
  type SessionKey,
  WireError,
} from '../../../wire/index.ts'
import { soon } from '../soon.ts'
import { writeNow } from '../write-now.ts'
import type { BusyPoll } from './busy-poll.ts'
import { callerFor } from './callers.ts'
import type { LateAccepts } from './late-accepts.ts'
import {
  FRAME_TIMEOUT_MS,
  FRAMES_A_TURN,
  HELLO_TIMEOUT_MS,
  LATE_MS,
  UNANSWERED_MAX,
  UNFINISHED_BYTES_MAX,
  UNREAD_BYTES_MAX,
  UNREAD_OF_ALL_BYTES_MAX,
  UNREAD_PAUSE_BYTES,
  UNREAD_SHARE_BYTES,
} from './limits.ts'
import { readNow } from './read-now.ts'
import type { Answer, Service } from './service.ts'
import type { Sessions } from './sessions.ts'

/** What the connections of one server share. */
export interface Served {
  readonly service: Service
  readonly sessions: Sessions
  readonly late: LateAccepts
  readonly poll: BusyPoll
  /** Bytes of frames that have begun and are not whole, of all connections. */
  unfinishedBytes: number
  /** Bytes that clients have not read, of those that read slower than they are answered. */
  unreadBytes: number
  now(): number
}

/** A client's connection: its frames become calls, and answers its frames. */
export class Connection {
  readonly peer: Caller
  readonly #socket: Socket
  readonly #served: Served
  readonly #reader = new FrameReader(HELLO_BYTES_MAX)
  readonly #writer = new FrameWriter()
  readonly #since: number
  /** Go on when the client has read what there is, or has gone. */
  #waitingForReads: (() => void)[] = []
  #session: number | undefined
  #greeted = false
  #unanswered = 0
  #unfinishedBytes = 0
  #unfinishedSince = 0
  /** Its part in `Served.unreadBytes`. */
  #countedUnread = 0
  #willFlush = false
  readonly #flushSoon = () => {
    this.#flush()
    this.#served.poll.answered()
  }
  /** Until an answer that is not urgent goes by itself. */
  #late: NodeJS.Timeout | undefined
  readonly #flushLate = () => {
    this.#late = undefined
    this.#flush()
  }
  #willTake = false
  #isOver = false

  constructor(socket: Socket, peer: Caller, served: Served) {
    this.#socket = socket
    this.peer = peer
    this.#served = served
    this.#since = served.now()
    readNow(socket, (piece) => this.#receive(piece))
    socket.on('drain', () => this.#continue())
    // The socket's end says all that its errors say.
    socket.on('error', () => undefined)
    socket.on('close', () => this.#closed())
  }

  /** The session, once one was agreed on. */
  get session(): number | undefined {
    return this.#session
  }

  send(frame: ServerFrame, isUrgent = true): void {
    if (this.#isOver) return
    this.#writer.write(frame)
    if (this.#willFlush) return
    if (!isUrgent) {
      this.#late ??= setTimeout(this.#flushLate, LATE_MS)
      return
    }
    this.#willFlush = true
    soon(this.#flushSoon)
  }

  /** The end of a call, or a part of it. */
  answer(answer: Answer, isUrgent = true): void {
    // One that was asked again under its ticket may be answered twice.
    if (answer.kind !== 'part') this.#unanswered = Math.max(0, this.#unanswered - 1)
    this.send(answer, isUrgent)
  }

  /** As many answers as the client reads; what throws ends the connection, for nobody knows where they stopped. */
  async answerAll(answers: Iterable<Answer> | AsyncIterable<Answer>): Promise<void> {
    try {
      for await (const answer of answers) {
        if (this.#isOver) return
        this.answer(answer)
        if (this.#unreadBytes() >= UNREAD_PAUSE_BYTES) await this.#untilRead()
      }
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      this.end({ kind: 'error', code: 'ERR_MSGQ_UNAVAILABLE', message })
    }
  }

  /** Says why, and ends the connection. */
  end(frame: ServerFrame): void {
    this.send(frame)
    this.#flush()
    this.#isOver = true
    this.#socket.end()
  }

  destroy(): void {
    this.#isOver = true
    this.#socket.destroy()
  }

  /** Lets go of a client that takes too long over its greeting or a frame. */
  checkTime(now: number): void {
    if (!this.#greeted && now - this.#since >= HELLO_TIMEOUT_MS) {
      this.end({ kind: 'error', code: 'ERR_MSGQ_PROTOCOL', message: `no hello in ${HELLO_TIMEOUT_MS} ms` })
    } else if (this.#unfinishedBytes > 0 && now - this.#unfinishedSince >= FRAME_TIMEOUT_MS) {
      this.end({ kind: 'error', code: 'ERR_MSGQ_PROTOCOL', message: `a frame was not whole in ${FRAME_TIMEOUT_MS} ms` })
    }
    // One that has ended may still have to read why, and need not do so.
    if (this.#isOver && now - this.#since >= HELLO_TIMEOUT_MS) this.#socket.destroy()
  }

  #receive(piece: Buffer): void {
    if (this.#isOver) return
    this.#reader.push(piece)
    if (!this.#willTake) this.#takeSome()
  }

  /** Takes frames, and leaves some for the next turn: answers to the first go out while the client's others are done. */
  #takeSome(): void {
    this.#willTake = false
    const reader = this.#reader
    let taken = 0
    try {
      for (let bytes = reader.next(); bytes !== undefined && !this.#isOver; bytes = reader.next()) {
        this.#take(decodeClientFrame(bytes))
        reader.maxBytes = FRAME_BYTES_MAX
        if (++taken < FRAMES_A_TURN) continue
        this.#willTake = true
        setImmediate(() => this.#takeSome())
        break
      }
      this.#countUnfinished(reader.pendingBytes, taken > 0)
    } catch (error) {
      if (!(error instanceof WireError)) throw error
      this.end({ kind: 'error', code: error.code, message: error.message })
    }
  }

  #take(frame: ClientFrame): void {
    const { service, late } = this.#served
    const session = this.#session
    const isAlone = this.#reader.pendingBytes === 0 && !service.hasWaiting
    if (isAlone && session !== undefined && frame.kind === 'call' && frame.call.name === 'acceptAll') {
      return late.add(() => this.#perform(session, frame))
    }
    late.perform()
    if (frame.kind === 'hello') return this.#greet(frame)
    if (session === undefined) return this.#breach('a hello comes first, and is answered before the next frame')
    switch (frame.kind) {
      case 'call':
      case 'request':
      case 'history':
      case 'past':
        return this.#perform(session, frame)
      case 'acknowledge':
        return service.acknowledge(session, frame.number)
      case 'goodbye':
        this.#served.sessions.end(session)
        this.#session = undefined
        this.#isOver = true
        this.#socket.end()
    }
  }

  #greet(hello: HelloFrame): void {
    if (this.#greeted) return this.#breach('a second hello')
    this.#greeted = true
    const version = agreedVersion(hello)
    if (version === undefined) {
      const message = `the server speaks versions ${MIN_VERSION} to ${MAX_VERSION}, the client ${hello.minVersion} to ${hello.maxVersion}`
      return this.end({ kind: 'error', code: 'ERR_MSGQ_PROTOCOL', message })
    }
    void this.#welcome(hello, version)
  }

  async #welcome({ resume }: HelloFrame, version: number): Promise<void> {
    const { service, sessions } = this.#served
    const resumed = resume !== undefined && sessions.resume(this, resume)
    const key = resumed ? resume : await this.#open()
    if (key === undefined) return
    // It may have gone meanwhile.
    if (this.#isOver) return sessions.end(key.session)
    this.#session = key.session
    const capabilities = { ...service.capabilities }
    this.send({ kind: 'welcome', version, key, url: service.url, capabilities, features: [] })
  }

  async #open(): Promise<SessionKey | undefined> {
    try {
      return await this.#served.sessions.open(this)
    } catch (error) {
      if (!(error instanceof BackendError)) throw error
      this.end({ kind: 'error', code: error.code, message: error.message })
      return undefined
    }
  }

  #perform(session: number, frame: CallFrame | RequestFrame | HistoryFrame | PastFrame): void {
    const { number } = frame
    const { service } = this.#served
    const ticket = { session, number }
    if (number < 1 || number >= Number.MAX_SAFE_INTEGER) return this.#breach('a number that is not 1 to 2^53-2')
    this.#unanswered++
    if (this.#unanswered > UNANSWERED_MAX) {
      const message = `a connection has at most ${UNANSWERED_MAX} calls that are not answered`
      return this.answer({ kind: 'failure', number, code: 'ERR_MSGQ_TOO_MANY_WAITS', message })
    }
    try {
      if (frame.kind === 'history' || frame.kind === 'past') return service.lookBack(ticket, this.peer, frame)
      const caller = callerFor(this.peer, frame.as)
      if (frame.kind === 'call') service.call(ticket, caller, frame.call)
      else service.request(ticket, caller, frame.request)
    } catch (error) {
      if (!(error instanceof SyscallError)) throw error
      const details = error.hint === undefined ? {} : { hint: error.hint }
      this.answer({ kind: 'answer', number, code: error.code, details })
    }
  }

  #breach(what: string): void {
    this.end({ kind: 'error', code: 'ERR_MSGQ_PROTOCOL', message: `the protocol has not: ${what}` })
  }

  #flush(): void {
    this.#willFlush = false
    const socket = this.#socket
    if (this.#writer.pendingBytes === 0 || socket.destroyed) return
    if (writeNow(socket, this.#writer.take())) return
    const unread = this.#countUnread(socket.writableLength)
    const isTooMuch =
      unread > UNREAD_BYTES_MAX || (unread > UNREAD_SHARE_BYTES && this.#served.unreadBytes > UNREAD_OF_ALL_BYTES_MAX)
    if (isTooMuch) this.destroy()
    else if (unread > UNREAD_PAUSE_BYTES) socket.pause()
  }

  /** The client has read what there was for it. */
  #continue(): void {
    this.#countUnread(this.#socket.writableLength)
    for (const goOn of this.#waitingForReads.splice(0)) goOn()
    if (this.#socket.isPaused() && this.#unreadBytes() < UNREAD_PAUSE_BYTES) this.#socket.resume()
  }

  #untilRead(): Promise<void> {
    this.#flush()
    return new Promise((resolve) => this.#waitingForReads.push(resolve))
  }

  #unreadBytes(): number {
    return this.#socket.writableLength + this.#writer.pendingBytes
  }

  #countUnread(bytes: number): number {
    this.#served.unreadBytes += bytes - this.#countedUnread
    this.#countedUnread = bytes
    return bytes
  }

  #countUnfinished(bytes: number, isNewFrame: boolean): void {
    const served = this.#served
    if (bytes === 0 && this.#unfinishedBytes === 0) return
    if (isNewFrame || this.#unfinishedBytes === 0) this.#unfinishedSince = served.now()
    served.unfinishedBytes += bytes - this.#unfinishedBytes
    this.#unfinishedBytes = bytes
    if (served.unfinishedBytes <= UNFINISHED_BYTES_MAX) return
    const message = `all clients together have begun frames of ${UNFINISHED_BYTES_MAX} bytes, and ended none`
    this.end({ kind: 'error', code: 'ERR_MSGQ_UNAVAILABLE', message })
  }

  #closed(): void {
    this.#isOver = true
    clearTimeout(this.#late)
    for (const goOn of this.#waitingForReads.splice(0)) goOn()
    this.#countUnread(0)
    this.#served.unfinishedBytes -= this.#unfinishedBytes
    this.#unfinishedBytes = 0
    this.#served.sessions.leave(this, this.#served.now())
  }
}
