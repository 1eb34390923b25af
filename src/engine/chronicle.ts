import { IPC_RMID, IPC_SET, type Long, MSG_COPY } from '../abi/index.ts'
import type { Engine } from './engine.ts'
import type { Call, Caller, Entry, Ticket, Value } from './entry.ts'
import { type Namespace, ticketKey } from './namespace.ts'

/** Something that happened to a queue. */
export interface HistoryEvent {
  readonly event: 'created' | 'sent' | 'received' | 'changed' | 'removed' | 'restored'
  /** Milliseconds since 1970. */
  readonly time: number
  readonly msqid: number
  readonly key: number
  /** Who did it. */
  readonly pid: number
  readonly uid: number
  /** Of a message that was sent or received: its type, its length, and its number on the queue, from 1. */
  readonly mtype?: Long
  readonly sizeBytes?: number
  readonly sequence?: number
}

/** What is known of an event before its entry is applied. */
type Told = Omit<HistoryEvent, 'time' | 'pid' | 'uid'> & { readonly caller: Caller }

/** Tells what entries did, by applying them: what a call came to is in no entry. */
export class Chronicle {
  readonly engine: Engine
  /** The calls that wait, which another entry will end. */
  readonly #waiting = new Map<string, { readonly caller: Caller; readonly call: Call }>()

  /** @param engine In the state before the first entry. */
  constructor(engine: Engine) {
    this.engine = engine
    for (const { ticket, caller, call } of engine.waiting()) this.#waiting.set(ticketKey(ticket), { caller, call })
  }

  /** Applies an entry. @returns What it did, in order. */
  apply(entry: Entry): HistoryEvent[] {
    const { namespace } = this.engine
    const { ticket, call, caller } = entry
    const before = beforehand(namespace, entry)
    const { completions, changed } = this.engine.apply(entry)
    // Nothing happened: a ticket that came again is answered as before.
    if (!changed) return []
    const told: Told[] = []
    for (const completion of completions) {
      const key = ticketKey(completion.ticket)
      const isOwn = key === ticketKey(ticket)
      const made = isOwn ? { caller, call } : this.#waiting.get(key)
      this.#waiting.delete(key)
      if (made === undefined || !('value' in completion)) continue
      if (isOwn) told.push(...before)
      const event = eventOf(namespace, made.call, completion.value)
      if (event !== undefined) told.push({ ...event, caller: made.caller })
    }
    if (namespace.waiting.has(ticketKey(ticket))) this.#waiting.set(ticketKey(ticket), { caller, call })
    return inOrder(numbered(namespace, told)).map(({ caller: { pid, uid }, ...rest }) => ({
      ...rest,
      time: namespace.now,
      pid,
      uid,
    }))
  }
}

/** What can only be told before the entry is applied: of what it removes, and of what it restores. */
function beforehand(namespace: Namespace, { ticket, call, caller }: Entry): Told[] {
  switch (call.name) {
    case 'accept':
      return received(namespace, [call.receive])
    case 'acceptAll':
      return received(
        namespace,
        [...new Set(call.receives)].map((number) => ({ session: ticket.session, number })),
      )
    case 'msgctl': {
      const queue = call.cmd === IPC_RMID ? namespace.identifiers.find(call.msqid) : undefined
      return queue === undefined ? [] : [{ event: 'removed', msqid: queue.msqid, key: queue.key, caller }]
    }
    case 'restoreCommit': {
      const staged = namespace.restores.get(ticketKey(call.restore))
      const queues = [...(staged?.queues.values() ?? [])].map(({ queue }) => queue)
      return queues.map(({ msqid, perm }) => ({ event: 'restored', msqid, key: perm.key, caller }))
    }
    default:
      return []
  }
}

/** What receives hold, and are about to accept. */
function received(namespace: Namespace, receives: readonly Ticket[]): Told[] {
  return receives.flatMap((receive) => {
    const held = namespace.held.get(receive)
    if (held === undefined) return []
    const { queue, sequence, caller } = held
    const address = queue.messages.withSequence(sequence)
    if (address === undefined) return []
    const [mtype, sizeBytes] = [queue.messages.typeOf(address), queue.messages.sizeOf(address)]
    return [{ event: 'received', msqid: queue.msqid, key: queue.key, caller, mtype, sizeBytes, sequence }]
  })
}

function eventOf(namespace: Namespace, call: Call, value: Value): Omit<Told, 'caller'> | undefined {
  switch (call.name) {
    case 'msgget':
      // One that finds its queue changes nothing.
      return { event: 'created', ...named(namespace, Number(value)) }
    case 'msgsnd':
      return { event: 'sent', ...named(namespace, call.msqid), mtype: call.mtype, sizeBytes: call.mtext.length }
    case 'msgrcv': {
      if (call.hold || call.msgflg & MSG_COPY || typeof value !== 'object' || !('mtext' in value)) return undefined
      const { mtype, mtext, sequence } = value
      return { event: 'received', ...named(namespace, call.msqid), mtype, sizeBytes: mtext.length, sequence }
    }
    case 'msgctl':
      return call.cmd === IPC_SET ? { event: 'changed', ...named(namespace, call.msqid) } : undefined
    default:
      return undefined
  }
}

function named(namespace: Namespace, msqid: number): { readonly msqid: number; readonly key: number } {
  return { msqid, key: namespace.identifiers.find(msqid)?.key ?? 0 }
}

/** Sends are numbered as they went: the last one of a queue has the queue's last number. */
function numbered(namespace: Namespace, told: readonly Told[]): Told[] {
  const next = new Map<number, number>()
  return told
    .toReversed()
    .map((each) => {
      if (each.event !== 'sent') return each
      const sequence = next.get(each.msqid) ?? namespace.identifiers.find(each.msqid)?.lastSequence ?? 0
      next.set(each.msqid, sequence - 1)
      return { ...each, sequence }
    })
    .reverse()
}

/** The kernel wakes a receiver before the call returns that sent to it: what is received was sent before. */
function inOrder(told: readonly Told[]): Told[] {
  const nameOf = ({ msqid, sequence }: Told) => `${msqid}:${sequence}`
  const sent = new Map(told.filter(({ event }) => event === 'sent').map((each) => [nameOf(each), each]))
  const ordered = new Set<Told>()
  for (const each of told) {
    const before = each.event === 'received' ? sent.get(nameOf(each)) : undefined
    if (before !== undefined) ordered.add(before)
    ordered.add(each)
  }
  return [...ordered]
}
