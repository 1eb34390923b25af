import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Driven, ipcSet, msgrcv, msgsnd, ROOT, USER } from '../../test/engine/driven.ts'
import { IPCMNI } from '../abi/index.ts'
import { type Bounds, brokenInvariants, type Caller, MESSAGE_BYTES } from './index.ts'
import type { MsgQueue } from './msg-queue.ts'
import { type Namespace, ticketKey } from './namespace.ts'
import type { TicketTable } from './ticket-table.ts'

/**
 * Queue 0 has a message and one that session 1 holds; on queue 1, which is full, a send, a receive of another type and
 * two copies wait.
 */
function whole(): { readonly namespace: Namespace; readonly first: MsgQueue; readonly second: MsgQueue } {
  const driven = new Driven({ msgCopy: 'counter' })
  driven.queue(7)
  driven.queue(0, 4)
  driven.call({ name: 'openSession' }, { session: 1 })
  driven.call(msgsnd(0, 1, 'held'))
  driven.call(msgsnd(0, 2, 'there'))
  driven.call(msgrcv(0, 1, { hold: true }), { session: 1 })
  driven.call(msgsnd(1, 3, 'full'))
  driven.call(msgsnd(1, 3, 'waits'))
  driven.call(msgrcv(1, 4))
  driven.call(msgrcv(1, 4, { msgflg: 0o40000 }))
  driven.call({ name: 'copyAfter', msqid: 1, sequence: 1, msgsz: 9, msgtyp: 3, msgflg: 0 })
  const { namespace } = driven.engine
  const [first, second] = [...namespace.identifiers.queues()]
  assert.ok(first && second)
  return { namespace, first, second }
}

type Parts = ReturnType<typeof whole>

/** Changes of a state, and what is said to be broken then, whatever else is. */
const BROKEN: readonly (readonly [what: string, breaks: (parts: Parts) => void])[] = [
  ['inUse counts the queues', ({ namespace }) => namespace.identifiers.inUse++],
  [
    'a namespace holds at most IPCMNI queues',
    ({ namespace }) => {
      namespace.identifiers.inUse = IPCMNI + 1
    },
  ],
  ['maxIndex is the highest', ({ namespace }) => namespace.identifiers.maxIndex++],
  ['messageCount is the sum of qnum', ({ namespace }) => namespace.messageCount++],
  ['byteCount is the sum of cbytes', ({ namespace }) => namespace.byteCount++],
  ['answerBytes is what sessions remember', ({ namespace }) => namespace.answerBytes++],
  ['sendingBytes is what waits to be sent', ({ namespace }) => namespace.sendingBytes++],
  ['stagedBytes is what restores bring', ({ namespace }) => namespace.stagedBytes++],
  [
    'messages take no more than the pool has',
    ({ namespace }) => {
      bound(namespace, { poolBytes: MESSAGES_BYTES - 1 })
    },
  ],
  [
    'no more calls wait than may',
    ({ namespace }) => {
      bound(namespace, { waitingCalls: namespace.waiting.size - 1 })
    },
  ],
  [
    'queue 0: each message is found by its index',
    ({ first }) => {
      const { messages } = first
      const [head] = messages
      Object.assign(messages, { at: () => head })
    },
  ],
  ['queue 5: found by its identifier', ({ first }) => Object.assign(first, { msqid: 5 })],
  ['queue 0: found by its key', ({ first }) => Object.assign(first, { key: 8 })],
  [
    'queue 0: the mode has nine bits',
    ({ first }) => {
      first.mode = 0o1600
    },
  ],
  ['queue 0: qnum counts the messages, held ones included', ({ first }) => first.qnum--],
  ['queue 0: cbytes is the sum of their lengths', ({ first }) => first.cbytes--],
  [
    'queue 0: the copy counter is an unsigned int',
    ({ first }) => {
      first.copyCounter = -1
    },
  ],
  [
    'queue 0: the copy counter is an unsigned int',
    ({ first }) => {
      first.copyCounter = 2 ** 32
    },
  ],
  ['queue 0: types are positive', ({ first }) => append(first, 0, 9)],
  ['queue 0: sequence numbers rise along the queue', ({ first }) => append(first, 1, 2)],
  [
    'queue 0: lastSequence is not behind',
    ({ first }) => {
      first.lastSequence = 1
    },
  ],
  ['queue 0: a hidden message is held by a receive', ({ namespace }) => empty(namespace.held)],
  ['queue 1: no receiver waits for a message that is there', ({ second }) => append(second, 4, 9)],
  [
    'queue 1: no sender waits for room that is there',
    ({ second }) => {
      second.qbytes = 100
    },
  ],
  ['a held message is hidden on a queue that is there', ({ namespace, first }) => namespace.identifiers.remove(first)],
  ['a held message is hidden on a queue that is there', ({ first }) => show(first)],
  [
    'a held message is hidden on a queue that is there',
    ({ first }) => {
      const address = first.messages.withSequence(1)
      if (address !== undefined) first.messages.remove(address)
    },
  ],
  ['every waiting call is on the list of one queue', ({ second }) => second.senders.pop()],
  [
    'a listed call is found by its ticket',
    ({ namespace, second }) => {
      const [sender] = second.senders
      assert.ok(sender)
      namespace.waiting.set(ticketKey(sender.ticket), { ...sender })
    },
  ],
  ['who waits or holds has a session', ({ namespace }) => namespace.sessions.delete(1)],
  [
    'who waits or holds has a session',
    ({ second }) => {
      const [sender] = second.senders
      assert.ok(sender)
      second.senders = [{ ...sender, ticket: { session: 9, number: 1 } }]
    },
  ],
]

/** What all messages of a whole state take but those that session 1 was answered: three on queues, one that waits. */
const MESSAGES_BYTES = 4 * MESSAGE_BYTES + 'heldtherefullwaits'.length

function bound(namespace: Namespace, bounds: Partial<Bounds>): void {
  namespace.bounds = { ...namespace.bounds, ...bounds }
}

function append(queue: MsgQueue, mtype: number, sequence: number): void {
  queue.messages.append({ mtype, mtext: new Uint8Array(0) }, sequence, { pid: 1, uid: 0 }, 0)
}

function show(queue: MsgQueue): void {
  const address = queue.messages.withSequence(1)
  if (address !== undefined) queue.messages.show(address)
}

function empty<T extends object>(table: TicketTable<T>): void {
  table.deleteUpTo(Number.MAX_SAFE_INTEGER)
}

test('brokenInvariants finds nothing in a state that is whole, with all that it may have', () => {
  const { namespace, first } = whole()
  assert.deepEqual(brokenInvariants(namespace), [])
  first.copyCounter = 2 ** 32 - 1
  // All that may be: what a session was answered and has not acknowledged may go beyond.
  assert.ok(namespace.answerBytes > 0)
  bound(namespace, { poolBytes: MESSAGES_BYTES, waitingCalls: namespace.waiting.size })
  assert.deepEqual(brokenInvariants(namespace), [])
  assert.deepEqual(brokenInvariants(new Driven().engine.namespace), [])
})

test('brokenInvariants says of each invariant that it does not hold', () => {
  for (const [what, breaks] of BROKEN) {
    const parts = whole()
    breaks(parts)
    assert.ok(
      brokenInvariants(parts.namespace).includes(what),
      `${what}: ${brokenInvariants(parts.namespace).join('; ')}`,
    )
  }
})

test('brokenInvariants finds copies that wait for what is there, and readers that may not read', () => {
  const copies = whole()
  append(copies.second, 3, 9)
  const told = brokenInvariants(copies.namespace).filter((what) => /cop/.test(what))
  assert.ok(told.length > 0, 'the copy after a sequence number')
  const counter = whole()
  append(counter.second, 4, 9)
  assert.ok(
    brokenInvariants(counter.namespace).filter((what) => /cop/.test(what)).length > 0,
    'the copy at the counter',
  )

  const driven = new Driven()
  driven.queue()
  driven.call(msgrcv(0, 1), { caller: USER })
  driven.call({ name: 'copyAfter', msqid: 0, sequence: 0, msgsz: 9, msgtyp: 0, msgflg: 0 }, { caller: USER })
  const [queue] = [...driven.engine.namespace.identifiers.queues()]
  assert.ok(queue)
  queue.mode = 0o600
  const readers = brokenInvariants(driven.engine.namespace)
  assert.equal(readers.filter((what) => /read/.test(what)).length, 2, readers.join())
})

test('setLimits and setNextId are changes that a journal must have', () => {
  const driven = new Driven()
  const isChange = (caller: Caller) => [
    driven.engine.apply({ ticket: { session: 0, number: 1 }, now: 0, caller, call: { name: 'setLimits', limits: {} } })
      .changed,
    driven.engine.apply({ ticket: { session: 0, number: 2 }, now: 0, caller, call: { name: 'setNextId', nextId: 3 } })
      .changed,
  ]
  assert.deepEqual(isChange(ROOT), [true, true])
  assert.deepEqual(isChange({ ...USER, capabilities: [] }), [false, false])
  assert.deepEqual(driven.call(ipcSet(0, {})), ['1 EINVAL'])
})
