import { MSGMAX, MSGMNB, MSGMNI } from '../abi/index.ts'
import { type Bounds, UNBOUNDED } from './bounds.ts'
import type { Agree, Code, Completion, Entry, Limits, Ticket, Value } from './entry.ts'
import { Identifiers } from './identifiers.ts'
import type { HeldMessage } from './msg-queue.ts'
import type { StagedRestore } from './restore.ts'
import type { Session } from './sessions.ts'
import { TicketTable } from './ticket-table.ts'
import type { Waiter } from './waiters.ts'

/** The limits of a new IPC namespace. */
export const DEFAULT_LIMITS: Limits = { msgmax: MSGMAX, msgmnb: MSGMNB, msgmni: MSGMNI }

/** What a namespace is made with. */
export interface NamespaceOptions {
  /** Default: the kernel's, 8192, 16384 and 32000. */
  readonly limits?: Partial<Limits>
  /** What MSG_COPY means: the message at an index, as Linux has it (default), or at the queue's copy counter, as proposed in 2012. */
  readonly msgCopy?: 'index' | 'counter'
  /** `false`: MSG_COPY, copies after a sequence number, msg_next_id, checkpoint and restore are ENOSYS, as in a kernel built without CONFIG_CHECKPOINT_RESTORE. */
  readonly checkpointRestore?: boolean
  /** The user that counts as the namespace's root and may set its limits. Default 0. */
  readonly ownerUid?: number
  /** What it may take of memory. Default: whatever there is; an embedded namespace and a daemon give it DEFAULT_BOUNDS. */
  readonly bounds?: Partial<Bounds>
}

/** One IPC namespace's message queues: the whole state. Source: include/linux/ipc_namespace.h. */
export interface Namespace {
  readonly msgCopy: 'index' | 'counter'
  readonly checkpointRestore: boolean
  readonly ownerUid: number
  limits: Limits
  /** Of whoever holds this namespace, and no part of its state. */
  bounds: Bounds
  /** The time of the last entry that changed something, milliseconds. */
  now: number
  /** Messages and payload bytes on all queues. */
  messageCount: number
  byteCount: number
  /** What waiting sends, restores under way and unacknowledged answers take: see `Bounds`. */
  sendingBytes: number
  stagedBytes: number
  answerBytes: number
  readonly identifiers: Identifiers
  /** By the ticket of the receive that holds. */
  readonly held: TicketTable<HeldMessage>
  /** Waiting calls by the ticket of their call, in the order in which they began, and restores by that of their begin: see `ticketKey`. */
  readonly waiting: Map<string, Waiter>
  readonly restores: Map<string, StagedRestore>
  readonly sessions: Map<number, Session>
}

export function newNamespace(options: NamespaceOptions): Namespace {
  return {
    msgCopy: options.msgCopy ?? 'index',
    checkpointRestore: options.checkpointRestore ?? true,
    ownerUid: options.ownerUid ?? 0,
    limits: { ...DEFAULT_LIMITS, ...options.limits },
    bounds: { ...UNBOUNDED, ...options.bounds },
    now: 0,
    messageCount: 0,
    byteCount: 0,
    sendingBytes: 0,
    stagedBytes: 0,
    answerBytes: 0,
    identifiers: new Identifiers(),
    waiting: new Map(),
    held: new TicketTable(),
    restores: new Map(),
    sessions: new Map(),
  }
}

/** One entry while it is applied. */
export interface Step extends Entry {
  readonly namespace: Namespace
  readonly agree: Agree | undefined
  completions: Completion[]
  changed: boolean
}

/** Ends a call with its result. */
export function finish(step: Step, ticket: Ticket, value: Value): void {
  complete(step, { ticket, value })
}

/** Ends a call with an error. */
export function fail(step: Step, ticket: Ticket, code: Code): void {
  complete(step, { ticket, code })
}

/** Whether a send or a receive may happen, with this answer; else it has ended, and changed nothing. */
export function isAgreed(step: Step, answer: Value): boolean {
  if (step.agree === undefined || step.agree(answer)) return true
  fail(step, step.ticket, 'EINTR')
  return false
}

/** What a step has before a call ended: never added to, for `complete` puts an array of the step's own in its place. */
export const NO_COMPLETIONS: Completion[] = []

/** Most entries end one call: an array made for one costs less than one that grows. */
export function complete(step: Step, completion: Completion): void {
  if (step.completions.length === 0) step.completions = [completion]
  else step.completions.push(completion)
}

export function ticketKey(ticket: Ticket): string {
  return `${ticket.session}:${ticket.number}`
}
