import { serveCopiers } from './copies.ts'
import { show, wakeSenders } from './delivery.ts'
import type { Accept, AcceptAll, Refuse, Ticket } from './entry.ts'
import type { Address } from './messages/index.ts'
import { type HeldMessage, take } from './msg-queue.ts'
import { fail, finish, type Step } from './namespace.ts'

/** Removes a held message: now it is received, by the process that held it. */
export function accept(step: Step, call: Accept): void {
  const held = find(step, call.receive)
  if (held === undefined) return fail(step, step.ticket, 'EINVAL')
  remove(step, held)
  finish(step, step.ticket, 0)
  makeUseOfRoom(step, held)
}

/** Removes the messages that receives of this session held, in their order. */
export function acceptAll(step: Step, { receives }: AcceptAll): void {
  const { session } = step.ticket
  let accepted = 0
  for (const number of receives) {
    const held = find(step, { session, number })
    if (held === undefined) continue
    remove(step, held)
    makeUseOfRoom(step, held)
    accepted++
  }
  finish(step, step.ticket, accepted)
}

/** Shows a held message again, at its place. */
export function refuse(step: Step, call: Refuse): void {
  const held = find(step, call.receive)
  if (held === undefined) return fail(step, step.ticket, 'EINVAL')
  release(step, held)
  finish(step, step.ticket, 0)
}

function remove(step: Step, held: HeldMessage): void {
  step.namespace.held.delete(held.receive)
  take(step, held.queue, addressOf(held), held.caller.pid)
}

function makeUseOfRoom(step: Step, { queue }: HeldMessage): void {
  serveCopiers(step, queue)
  wakeSenders(step, queue)
}

/** Ends a hold: whoever waits for the message gets it as if it were sent now, and so may free room. */
export function release(step: Step, held: HeldMessage): void {
  const { queue, receive } = held
  const address = addressOf(held)
  step.changed = true
  step.namespace.held.delete(receive)
  queue.messages.show(address)
  show(step, queue, address)
  wakeSenders(step, queue)
}

/** The message that a receive holds, if this entry may speak for that receive: session 0 speaks for all. */
function find(step: Step, receive: Ticket): HeldMessage | undefined {
  const { ticket, namespace } = step
  if (ticket.session !== 0 && ticket.session !== receive.session) return undefined
  return namespace.held.get(receive)
}

function addressOf({ queue, sequence }: HeldMessage): Address {
  const address = queue.messages.withSequence(sequence)
  if (address === undefined) throw new Error(`assertion: held message ${sequence} is not on queue ${queue.msqid}`)
  return address
}
