import fc from 'fast-check'
import { ALL_CAPABILITIES, IPC_SET, LONG_MAX, LONG_MIN } from '../../src/abi/index.ts'
import type {
  Call,
  Caller,
  CheckpointHeader,
  CheckpointQueue,
  Engine,
  Entry,
  NamespaceOptions,
} from '../../src/engine/index.ts'

/** Random entries of all kinds, with sessions, holds, waits and copies; few names, so that they meet. */
export const root: Caller = { pid: 10, tid: 11, uid: 0, gid: 0, groups: [], capabilities: ALL_CAPABILITIES }
const user: Caller = { pid: 20, tid: 21, uid: 1000, gid: 1000, groups: [7], capabilities: [] }

const msqid = fc.constantFrom(0, 0, 0, 1, 1, 2, 32768)
const msgflg = fc.integer({ min: 0, max: 15 }).map((bits) => bits << 11)
const msgtyp = fc.constantFrom(0, 1, 2, 3, -1, -2, -3, LONG_MIN, LONG_MAX)
const ticket = fc.record(
  { session: fc.constantFrom(1, 2), number: fc.integer({ min: 3, max: 150 }) },
  // Completions have it, and deepEqual compares prototypes.
  { noNullPrototype: true },
)

const header: fc.Arbitrary<CheckpointHeader> = fc.record(
  {
    time: fc.nat(5000),
    limits: fc.record({ msgmax: fc.constant(12), msgmnb: fc.constant(40), msgmni: fc.constantFrom(1, 4) }),
    nextId: fc.constantFrom(-1, 3),
    identifiers: fc.record({ nextIndex: fc.nat(4), lastIndex: fc.constantFrom(-1, 2), sequence: fc.nat(3) }),
  },
  { requiredKeys: ['time', 'limits', 'nextId'] },
)

const queue: fc.Arbitrary<CheckpointQueue> = fc.record(
  {
    msqid: fc.constantFrom(2, 3, 32771, 4),
    perm: fc.record({
      key: fc.constantFrom(0, 0, 3, 4),
      uid: fc.constantFrom(0, 1000),
      gid: fc.constant(0),
      cuid: fc.constant(0),
      cgid: fc.constant(0),
      mode: fc.constantFrom(0o600, 0o666),
    }),
    qbytes: fc.constantFrom(10, 40, 2 ** 64),
    stime: fc.nat(5000),
    lrpid: fc.nat(30),
    copyCounter: fc.nat(3),
    messages: fc.array(
      fc.record(
        { mtype: fc.constantFrom(1, 2, LONG_MAX), mtext: fc.uint8Array({ maxLength: 6 }), time: fc.nat(5000) },
        { requiredKeys: ['mtype', 'mtext'] },
      ),
      { maxLength: 3 },
    ),
  },
  { requiredKeys: ['msqid', 'perm', 'qbytes', 'messages'] },
)

const call: fc.Arbitrary<Call> = fc.oneof(
  fc.record({
    name: fc.constant('msgget' as const),
    key: fc.integer({ min: 0, max: 3 }),
    msgflg: fc.constantFrom(0o1666, 0o1600, 0o3666, 0),
  }),
  ...[1, 2, 3].map(() =>
    fc.record({
      name: fc.constant('msgsnd' as const),
      msqid,
      mtype: fc.constantFrom(1, 2, 3, LONG_MAX),
      mtext: fc.uint8Array({ maxLength: 12 }),
      msgflg,
    }),
  ),
  ...[1, 2, 3].map(() =>
    fc.record({
      name: fc.constant('msgrcv' as const),
      msqid,
      msgsz: fc.integer({ min: 0, max: 12 }),
      msgtyp,
      msgflg,
      hold: fc.boolean(),
    }),
  ),
  fc.record({ name: fc.constant('msgctl' as const), msqid, cmd: fc.constantFrom(0, 2, 3, 11, 13, 99) }),
  fc.record({
    name: fc.constant('msgctl' as const),
    msqid,
    cmd: fc.constant(IPC_SET),
    settings: fc.record({
      perm: fc.record({ uid: fc.constantFrom(0, 1000), gid: fc.constant(0), mode: fc.constantFrom(0, 0o600, 0o666) }),
      qbytes: fc.integer({ min: 0, max: 40 }),
    }),
  }),
  fc.record({
    name: fc.constant('copyAfter' as const),
    msqid,
    sequence: fc.nat(10),
    msgsz: fc.nat(12),
    msgtyp,
    msgflg,
  }),
  fc.record({ name: fc.constant('interrupt' as const), call: ticket }),
  fc.record({ name: fc.constant('accept' as const), receive: ticket }),
  fc.record({ name: fc.constant('acceptAll' as const), receives: fc.array(fc.nat(12), { maxLength: 3 }) }),
  fc.record({ name: fc.constant('refuse' as const), receive: ticket }),
  fc.record({ name: fc.constant('setCopyCounter' as const), msqid, copyCounter: fc.nat(5) }),
  fc.record({
    name: fc.constant('setLimits' as const),
    limits: fc.record({ msgmax: fc.integer({ min: -1, max: 12 }), msgmni: fc.integer({ min: 0, max: 4 }) }),
  }),
  fc.record({ name: fc.constant('setNextId' as const), nextId: fc.constantFrom(-1, 0, 2, 65536, 2147483647) }),
  fc.record({ name: fc.constant('openSession' as const) }),
  fc.record({ name: fc.constant('acknowledgeSession' as const), number: fc.nat(20) }),
  fc.record({ name: fc.constant('expireSession' as const), session: fc.constantFrom(1, 2) }),
)

/** Restores in parts, of queues with few names, so that some meet others. */
const restoreCall: fc.Arbitrary<Call> = fc.oneof(
  fc.record({ name: fc.constant('restoreBegin' as const), header }),
  fc.record({ name: fc.constant('restoreChunk' as const), restore: ticket, queues: fc.array(queue, { maxLength: 2 }) }),
  fc.record({ name: fc.constant('restoreChunk' as const), restore: ticket, queues: fc.array(queue, { maxLength: 2 }) }),
  fc.record({ name: fc.constant('restoreCommit' as const), restore: ticket }),
)

function entriesOf(calls: fc.Arbitrary<Call>): fc.Arbitrary<Entry[]> {
  const entry = fc.record({
    ticket,
    now: fc.integer({ min: 0, max: 5000 }),
    caller: fc.constantFrom(root, root, root, user),
    call: calls,
  })
  return fc.array(entry, { maxLength: 90, size: 'max' })
}

export const entries: fc.Arbitrary<Entry[]> = entriesOf(call)
/** The same, and restores between them. */
export const entriesWithRestores: fc.Arbitrary<Entry[]> = entriesOf(
  fc.oneof({ weight: 4, arbitrary: call }, { weight: 1, arbitrary: restoreCall }),
)

/** Two sessions and two queues to begin with. */
export const opening: readonly Entry[] = [
  ...[1, 2].map(
    (session): Entry => ({ ticket: { session, number: 0 }, now: 0, caller: root, call: { name: 'openSession' } }),
  ),
  ...[1, 2].map(
    (number): Entry => ({
      ticket: { session: 1, number },
      now: 0,
      caller: root,
      call: { name: 'msgget', key: 0, msgflg: 0o666 },
    }),
  ),
]
export const options: fc.Arbitrary<NamespaceOptions> = fc.record({
  msgCopy: fc.constantFrom('index' as const, 'counter' as const),
  checkpointRestore: fc.constantFrom(true, true, true, false),
})

/**
 * The same entry; an interrupt, accept or refuse means a call that waits, or a message that is held, and a part of a
 * restore one that was begun, if there is one.
 */
export function aimed(entry: Entry, { namespace }: Engine): Entry {
  const { call } = entry
  const pick = (tickets: Entry['ticket'][], { number }: Entry['ticket']) =>
    tickets[number % Math.max(tickets.length, 1)]
  switch (call.name) {
    case 'interrupt': {
      const waiting = pick(
        [...namespace.waiting.values()].map(({ ticket }) => ticket),
        call.call,
      )
      return { ...entry, call: { ...call, call: waiting ?? call.call } }
    }
    case 'accept':
    case 'refuse': {
      const held = pick(
        [...namespace.held.values()].map(({ receive }) => receive),
        call.receive,
      )
      return { ...entry, call: { ...call, receive: held ?? call.receive } }
    }
    case 'acceptAll': {
      const ofSession = [...namespace.held.values()].filter(({ receive }) => receive.session === entry.ticket.session)
      const numbers = ofSession.map(({ receive }) => receive.number)
      return { ...entry, call: { ...call, receives: [...call.receives, ...numbers.slice(0, 2)] } }
    }
    case 'restoreChunk':
    case 'restoreCommit': {
      const begun = pick(
        [...namespace.restores.values()].map(({ ticket }) => ticket),
        call.restore,
      )
      return { ...entry, call: { ...call, restore: begun ?? call.restore } }
    }
    default:
      return entry
  }
}
