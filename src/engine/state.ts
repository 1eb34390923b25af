import { MSG_COPY } from '../abi/index.ts'
import { Answers } from './answers.ts'
import { answerBytesOf } from './bounds.ts'
import {
  type CheckpointHeader,
  type CheckpointMessage,
  type CheckpointQueue,
  type IdentifierCursor,
  queueFields,
} from './checkpoint.ts'
import { Engine } from './engine.ts'
import type { Caller, Completion, Limits, Message, Ticket, WaitingCall } from './entry.ts'
import { link, type MsgQueue, newQueue } from './msg-queue.ts'
import { type Namespace, type NamespaceOptions, ticketKey } from './namespace.ts'
import { addStaged, bytesOf, stage } from './restore.ts'
import { convertMode } from './search.ts'
import { sendingBytesOf, type Waiter, waitersOf } from './waiters.ts'

/** Bytes of messages in one part, about: a part is written, sent and read as one piece. */
const PART_BYTES = 262_144
/** What a message costs beside its payload, about: a million empty ones are no small part. */
const MESSAGE_OVERHEAD_BYTES = 64

/** One queue of a state: nothing is left out, as an image may. */
export type StateQueue = Required<Omit<CheckpointQueue, 'messages'>> & { readonly messages: readonly Message[] }

/**
 * A piece of an engine's whole state. Unlike a checkpoint, which brings queues elsewhere, the parts together bring
 * everything back: who waits in which order, what is held by whom, what sessions were answered, unfinished restores.
 */
export type StatePart =
  | {
      readonly part: 'namespace'
      readonly options: Required<Pick<NamespaceOptions, 'msgCopy' | 'checkpointRestore' | 'ownerUid'>>
      /** The time of the last entry that changed something, milliseconds. */
      readonly now: number
      readonly limits: Limits
      readonly nextId: number
      readonly identifiers: IdentifierCursor
    }
  /** A queue that a part before brought goes on with the messages of this one. */
  | { readonly part: 'queue'; readonly queue: StateQueue }
  | { readonly part: 'session'; readonly session: number; readonly acknowledged: number }
  /** An answer that its session may still ask for again. */
  | { readonly part: 'answer'; readonly completion: Completion }
  /** The next call on its queue's list; `order` is its place among all that wait, from 0. */
  | { readonly part: 'waiting'; readonly call: WaitingCall; readonly order: number }
  | {
      readonly part: 'held'
      readonly receive: Ticket
      readonly caller: Caller
      readonly msqid: number
      readonly sequence: number
    }
  | { readonly part: 'restore'; readonly ticket: Ticket; readonly header: CheckpointHeader }
  /** What an unfinished restore has brought; a queue goes on as above. */
  | { readonly part: 'staged'; readonly restore: Ticket; readonly queue: CheckpointQueue }

/**
 * The engine's whole state at this moment, part by part. Entries may be applied before the last part is asked for:
 * messages are shared with their queue until it changes. The same state always gives the same parts.
 */
export function saveState({ namespace }: Engine): Iterable<StatePart> {
  const { identifiers, limits, now, msgCopy, checkpointRestore, ownerUid } = namespace
  const { nextIndex, lastIndex, sequence, nextId } = identifiers
  const cursor = { nextIndex, lastIndex, sequence }
  const options = { msgCopy, checkpointRestore, ownerUid }
  const queues = Array.from(identifiers.queues(), (queue) => ({
    fields: queueFields(queue),
    messages: queue.messages.share(queue.cbytes),
  }))
  const small: StatePart[] = []
  addSessions(small, namespace)
  addWaiting(small, namespace)
  addHeld(small, namespace)
  const restores = [...namespace.restores.values()].map(({ ticket, header, queues }) => ({
    ticket,
    header,
    queues: [...queues.values()].map(({ queue, messages }) => ({ queue, messages: messages.packed() })),
  }))
  return (function* (): Generator<StatePart> {
    yield { part: 'namespace', options, now, limits, nextId, identifiers: cursor }
    for (const { fields, messages } of queues) {
      // A queue's own messages tell all.
      for (const piece of inPieces(messages as Iterable<Message>)) {
        yield { part: 'queue', queue: { ...fields, messages: piece } }
      }
    }
    for (const part of small) yield part
    for (const { ticket, header, queues } of restores) {
      yield { part: 'restore', ticket, header }
      for (const { queue, messages } of queues) {
        for (const piece of inPieces(messages)) {
          yield { part: 'staged', restore: ticket, queue: { ...queue, messages: piece } }
        }
      }
    }
  })()
}

/**
 * The engine that `saveState` took these parts from: given the same entries, both give the same completions. It is
 * without bounds, whatever that one had.
 *
 * @param parts All of them, in order. Their bytes are the engine's from now on.
 */
export function loadState(parts: Iterable<StatePart>): Engine {
  const loader = new StateLoader()
  for (const part of parts) loader.add(part)
  return loader.finish()
}

/** `loadState` for parts that come one by one. Parts that no `saveState` gave fail an assertion. */
export class StateLoader {
  #engine: Engine | undefined
  readonly #waiting: { readonly order: number; readonly waiter: Waiter }[] = []

  add(part: StatePart): void {
    if (part.part === 'namespace') {
      this.#engine = newEngine(part)
      return
    }
    const { namespace } = this.#loading()
    switch (part.part) {
      case 'queue':
        return addQueue(namespace, part.queue)
      case 'session':
        namespace.sessions.set(part.session, { acknowledged: part.acknowledged, answers: new Answers(part.session) })
        return
      case 'answer': {
        const { ticket } = part.completion
        there(namespace.sessions.get(ticket.session), 'the session of an answer').answers.set(part.completion)
        namespace.answerBytes += answerBytesOf(part.completion)
        return
      }
      case 'waiting':
        this.#waiting.push({ order: part.order, waiter: enqueue(namespace, part.call) })
        return
      case 'held': {
        const { receive, caller, msqid, sequence } = part
        const queue = there(namespace.identifiers.find(msqid), 'the queue of a held message')
        queue.messages.hide(there(queue.messages.withSequence(sequence), 'a held message'), receive)
        namespace.held.set(receive, { queue, sequence, receive, caller })
        return
      }
      case 'restore':
        namespace.restores.set(ticketKey(part.ticket), {
          ticket: part.ticket,
          header: part.header,
          queues: new Map(),
          stagedBytes: 0,
        })
        return
      case 'staged': {
        const restore = there(namespace.restores.get(ticketKey(part.restore)), 'the restore of a queue')
        stage(restore, part.queue)
        addStaged(namespace, restore, bytesOf(part.queue.messages))
        return
      }
    }
  }

  finish(): Engine {
    const engine = this.#loading()
    for (const { waiter } of this.#waiting.sort((a, b) => a.order - b.order)) {
      engine.namespace.waiting.set(ticketKey(waiter.ticket), waiter)
      engine.namespace.sendingBytes += sendingBytesOf(waiter)
    }
    return engine
  }

  #loading(): Engine {
    return there(this.#engine, 'the first part, the namespace,')
  }
}

/** Of answers there are hundreds a session: they are added one by one, with nothing made beside each. */
function addSessions(parts: StatePart[], { sessions }: Namespace): void {
  for (const [session, { acknowledged, answers }] of sessions) {
    parts.push({ part: 'session', session, acknowledged })
    for (const completion of answers.values()) parts.push({ part: 'answer', completion })
  }
}

function addHeld(parts: StatePart[], { held }: Namespace): void {
  for (const { receive, caller, queue, sequence } of held.values()) {
    parts.push({ part: 'held', receive, caller, msqid: queue.msqid, sequence })
  }
}

/** At least one piece. */
function* inPieces<M extends CheckpointMessage>(messages: Iterable<M>): Generator<readonly M[]> {
  let piece: M[] = []
  let sizeBytes = 0
  for (const message of messages) {
    if (sizeBytes > 0 && sizeBytes + message.mtext.length > PART_BYTES) {
      yield piece
      piece = []
      sizeBytes = 0
    }
    piece.push(message)
    sizeBytes += message.mtext.length + MESSAGE_OVERHEAD_BYTES
  }
  yield piece
}

/** A session's end goes through all waiting calls in one order, a queue serves its own in another: both are kept. */
function addWaiting(parts: StatePart[], { waiting, identifiers }: Namespace): void {
  const order = new Map(Array.from(waiting.values(), (each, index) => [each, index]))
  for (const queue of identifiers.queues()) {
    for (const each of waitersOf(queue)) {
      const { ticket, caller, call } = each
      const place = there(order.get(each), `waiting call ${ticketKey(ticket)}`)
      parts.push({ part: 'waiting', call: { ticket, msqid: queue.msqid, caller, call }, order: place })
    }
  }
}

function newEngine({ options, limits, now, nextId, identifiers }: Extract<StatePart, { part: 'namespace' }>): Engine {
  // What is replayed was let in when it was made: bounds are set by whoever goes on with the engine.
  const engine = new Engine({ ...options, limits })
  engine.namespace.now = now
  Object.assign(engine.namespace.identifiers, identifiers, { nextId })
  return engine
}

function addQueue(namespace: Namespace, state: StateQueue): void {
  const { identifiers } = namespace
  let queue = identifiers.find(state.msqid)
  if (queue === undefined) {
    queue = emptyQueue(state, namespace.limits)
    identifiers.add(queue)
  }
  for (const message of state.messages) {
    link(namespace, queue, message, message.sequence, message.sender, message.time)
  }
}

function emptyQueue({ perm, messages: _, ...fields }: StateQueue, limits: Limits): MsgQueue {
  const { key, uid, gid, mode } = perm
  const creator = { uid: perm.cuid, gid: perm.cgid }
  // Made as every queue is made, so that all have one shape and the engine stays fast.
  return Object.assign(newQueue(fields.msqid, key, mode, creator, limits, 0), fields, { uid, gid })
}

/** Puts a waiting call at the tail of its queue's list. */
function enqueue({ identifiers }: Namespace, { ticket, msqid, caller, call }: WaitingCall): Waiter {
  const queue = there(identifiers.find(msqid), 'the queue of a waiting call')
  if (call.name === 'msgsnd') {
    const sender = { kind: 'senders', ticket, caller, queue, call } as const
    queue.senders.push(sender)
    return sender
  }
  const selector = convertMode(call.msgtyp, call.msgflg)
  if (call.name === 'msgrcv' && !(call.msgflg & MSG_COPY)) {
    const receiver = { kind: 'receivers', ticket, caller, queue, call, selector } as const
    queue.receivers.push(receiver)
    return receiver
  }
  const copier = { kind: 'copiers', ticket, caller, queue, call, selector } as const
  queue.copiers.push(copier)
  return copier
}

function there<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`assertion: ${what} is not in the state`)
  return value
}
