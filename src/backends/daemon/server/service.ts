import type { Capabilities } from '../../../contract/index.ts'
import type { Call, Caller, Ticket } from '../../../engine/index.ts'
import type { HistoryFrame, PastFrame, RequestName, ServerFrame } from '../../../wire/index.ts'

/** What ends a call or a request, or is a part of the end. */
export type Answer = Extract<ServerFrame, { readonly number: number }>

/** Hears the answers to the calls of sessions, in the order in which they are given. */
export interface AnswerSink {
  /** @param isUrgent `false`: nobody waits for it, and it may go with the next one. Default true. */
  answer(session: number, answer: Answer, isUrgent?: boolean): void
  /** Parts, and the answer that ends them: the next is taken when the client has read enough of those before. */
  answerAll(session: number, answers: Iterable<Answer> | AsyncIterable<Answer>): void
}

/** What a server serves: calls of sessions go in, answers come out, in any order. */
export interface Service {
  readonly url: string
  readonly capabilities: Capabilities
  /** What the secrets of sessions are computed from: the same as long as sessions last, and known to nobody else. */
  readonly secret: Uint8Array
  /** Who is told of answers. */
  sink: AnswerSink | undefined
  /** Sessions that were opened before this process was: their clients may come back. */
  readonly earlierSessions: Iterable<number>
  /** Whether somebody may wait for what an accept does: for room, for instance. */
  readonly hasWaiting: boolean
  /** Opens a session; resolves when it would be there after a crash. @throws {BackendError} `ERR_MSGQ_NO_SPACE` the disk is full. */
  open(session: number, caller: Caller): Promise<void>
  /** Makes a call, or answers one that was made before under the same ticket. Its number is 1 to 2^53-2. */
  call(ticket: Ticket, caller: Caller, call: Call): void
  request(ticket: Ticket, caller: Caller, request: RequestName): void
  /** Tells of the past. */
  lookBack(ticket: Ticket, caller: Caller, frame: HistoryFrame | PastFrame): void
  /** All answers up to this number have come: they may be forgotten. */
  acknowledge(session: number, number: number): void
  /** Ends the calls of a session that wait, as the kernel does for a dead process. @returns `false`: not all; the disk is too full. */
  interruptAll(session: number): boolean
  /** Ends a session: what it held is shown again. @returns `false`: it goes on; the disk is too full. */
  expire(session: number): boolean
}
