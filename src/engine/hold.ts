import { serveCopiers } from './copies.ts'
import { show, wakeSenders } from './delivery.ts'
import type { Accept, Refuse, Ticket } from './entry.ts'
import { type HeldMessage, receive } from './msg-queue.ts'
import { fail, finish, type Step, ticketKey } from './namespace.ts'

/** Removes a held message: now it is received, by the process that held it. */
export function accept(step: Step, call: Accept): void {
  const held = find(step, call.receive)
  if (held === undefined) return fail(step, step.ticket, 'EINVAL')
  const { queue, queued, caller } = held
  step.namespace.held.delete(ticketKey(call.receive))
  receive(step, queue, queued, caller.pid)
  finish(step, step.ticket, 0)
  serveCopiers(step, queue)
  wakeSenders(step, queue)
}

/** Shows a held message again, at its place. */
export function refuse(step: Step, call: Refuse): void {
  const held = find(step, call.receive)
  if (held === undefined) return fail(step, step.ticket, 'EINVAL')
  release(step, held)
  finish(step, step.ticket, 0)
}

/** Ends a hold: whoever waits for the message gets it as if it were sent now, and so may free room. */
export function release(step: Step, { queue, queued, receive }: HeldMessage): void {
  step.changed = true
  step.namespace.held.delete(ticketKey(receive))
  queued.holder = undefined
  show(step, queue, queued)
  wakeSenders(step, queue)
}

/** The message that a receive holds, if this entry may speak for that receive: session 0 speaks for all. */
function find(step: Step, receive: Ticket): HeldMessage | undefined {
  const { ticket, namespace } = step
  if (ticket.session !== 0 && ticket.session !== receive.session) return undefined
  return namespace.held.get(ticketKey(receive))
}
