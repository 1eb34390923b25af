import { Answers } from './answers.ts'
import { answerBytesOf } from './bounds.ts'
import type { AcknowledgeSession, ExpireSession, Interrupt, SessionCode, Ticket } from './entry.ts'
import { release } from './hold.ts'
import { complete, fail, finish, type Namespace, type Step, ticketKey } from './namespace.ts'
import { unstage } from './restore.ts'
import { expunge, unwait } from './waiters.ts'

/** Answers that one session may leave unacknowledged, so that a client that never acknowledges cannot fill the memory. */
export const SESSION_ANSWERS_MAX = 65_536

/** What is remembered of a client, so that a repeated ticket is answered once. */
export interface Session {
  /** Tickets up to this one are answered and forgotten. */
  acknowledged: number
  /** Ends of calls that changed something, by their tickets. */
  readonly answers: Answers
}

/**
 * Whether a ticket needs no work any more: it was answered before (the same answer is given again), it is waiting, or
 * its session cannot answer for it.
 */
export function isSettled(step: Step): boolean {
  const { ticket, namespace, call } = step
  if (ticket.session === 0 || call.name === 'openSession') return false
  const session = namespace.sessions.get(ticket.session)
  if (session === undefined) return refused(step, 'ERR_MSGQ_SESSION_EXPIRED')
  const answer = session.answers.get(ticket)
  if (answer !== undefined) {
    complete(step, answer)
    return true
  }
  if (namespace.waiting.size > 0 && namespace.waiting.has(ticketKey(ticket))) return true
  if (call.name === 'acknowledgeSession') return false
  if (ticket.number <= session.acknowledged) return refused(step, 'ERR_MSGQ_TICKET_ACKNOWLEDGED')
  if (session.answers.size >= SESSION_ANSWERS_MAX) return refused(step, 'ERR_MSGQ_SESSION_FULL')
  return false
}

function refused(step: Step, code: SessionCode): true {
  fail(step, step.ticket, code)
  return true
}

/** Whether a call was made: its answer is remembered, or it waits. To make it again changes nothing. */
export function wasMade({ sessions, waiting }: Namespace, ticket: Ticket): boolean {
  return sessions.get(ticket.session)?.answers.get(ticket) !== undefined || waiting.has(ticketKey(ticket))
}

/** Keeps the answers of an entry that changed something; what changed nothing can as well be asked again. */
export function remember({ namespace, completions, call }: Step): void {
  if (call.name === 'openSession' || call.name === 'acknowledgeSession') return
  for (const completion of completions) {
    const session = namespace.sessions.get(completion.ticket.session)
    if (session === undefined) continue
    session.answers.set(completion)
    namespace.answerBytes += answerBytesOf(completion)
  }
}

export function openSession(step: Step): void {
  const { ticket, namespace } = step
  if (ticket.session === 0) return fail(step, ticket, 'EINVAL')
  if (!namespace.sessions.has(ticket.session)) {
    step.changed = true
    namespace.sessions.set(ticket.session, { acknowledged: 0, answers: new Answers(ticket.session) })
  }
  finish(step, ticket, 0)
}

export function acknowledgeSession(step: Step, call: AcknowledgeSession): void {
  const { ticket, namespace } = step
  const session = namespace.sessions.get(ticket.session)
  if (session === undefined) return fail(step, ticket, 'EINVAL')
  if (call.number > session.acknowledged) {
    step.changed = true
    session.acknowledged = call.number
    session.answers.deleteUpTo(call.number, (answer) => {
      namespace.answerBytes -= answerBytesOf(answer)
    })
  }
  finish(step, ticket, 0)
}

/** Ends whatever a session left behind. Its receivers go first, so that its held messages do not go to them. */
export function expireSession(step: Step, { session }: ExpireSession): void {
  const { ticket, namespace } = step
  const ended = namespace.sessions.get(session)
  if (ended === undefined) return fail(step, ticket, 'EINVAL')
  if (ticket.session !== 0 && ticket.session !== session) return fail(step, ticket, 'EPERM')
  step.changed = true
  namespace.sessions.delete(session)
  for (const answer of ended.answers.others()) namespace.answerBytes -= answerBytesOf(answer)
  const ofSession = (ticket: Ticket) => ticket.session === session
  expunge(
    step,
    [...namespace.waiting.values()].filter((waiter) => ofSession(waiter.ticket)),
    'EINTR',
  )
  for (const held of [...namespace.held.values()]) if (ofSession(held.receive)) release(step, held)
  for (const restore of [...namespace.restores.values()]) if (ofSession(restore.ticket)) unstage(namespace, restore)
  finish(step, ticket, 0)
}

/** Ends a waiting call as a signal does. Whichever entry is ordered first wins: an ended call is left alone. */
export function interrupt(step: Step, call: Interrupt): void {
  const { ticket, namespace } = step
  const waiter = mayInterrupt(ticket, call.call) ? waiterOf(namespace, call.call) : undefined
  if (waiter === undefined) return finish(step, ticket, 0)
  step.changed = true
  unwait(namespace, waiter)
  fail(step, waiter.ticket, 'EINTR')
  finish(step, ticket, 1)
}

function waiterOf(namespace: Namespace, ticket: Ticket) {
  return namespace.waiting.get(ticketKey(ticket))
}

function mayInterrupt(ticket: Ticket, call: Ticket): boolean {
  return ticket.session === 0 || ticket.session === call.session
}
