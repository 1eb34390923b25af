import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { ALL_CAPABILITIES, IPC_RMID, IPC_SET, LONG_MAX, LONG_MIN } from '../abi/index.ts'
import { checkpoint } from './checkpoint.ts'
import { brokenInvariants, type Call, type Caller, Engine, type Entry } from './index.ts'

/** Random entries of all kinds, with sessions, holds, waits and copies; few names, so that they meet. */
const root: Caller = { pid: 10, tid: 11, uid: 0, gid: 0, groups: [], capabilities: ALL_CAPABILITIES }
const user: Caller = { pid: 20, tid: 21, uid: 1000, gid: 1000, groups: [7], capabilities: [] }

const msqid = fc.constantFrom(0, 0, 0, 1, 1, 2, 32768)
const msgflg = fc.integer({ min: 0, max: 15 }).map((bits) => bits << 11)
const msgtyp = fc.constantFrom(0, 1, 2, 3, -1, -2, -3, LONG_MIN, LONG_MAX)
const ticket = fc.record({ session: fc.constantFrom(1, 2), number: fc.integer({ min: 3, max: 150 }) })

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

const entries = fc.array(
  fc.record({ ticket, now: fc.integer({ min: 0, max: 5000 }), caller: fc.constantFrom(root, root, root, user), call }),
  { maxLength: 90, size: 'max' },
)
/** Two sessions and two queues to begin with. */
const opening: Entry[] = [
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
const options = fc.record({
  msgCopy: fc.constantFrom('index' as const, 'counter' as const),
  checkpointRestore: fc.constantFrom(true, true, true, false),
})

/** The same entry; an interrupt, accept or refuse means a call that waits, or a message that is held, if there is one. */
function aimed(entry: Entry, { namespace }: Engine): Entry {
  const { call } = entry
  const pick = (tickets: Entry['ticket'][], { number }: Entry['ticket']) =>
    tickets[number % Math.max(tickets.length, 1)]
  if (call.name === 'interrupt') {
    const waiting = pick(
      [...namespace.waiting.values()].map(({ ticket }) => ticket),
      call.call,
    )
    return { ...entry, call: { ...call, call: waiting ?? call.call } }
  }
  if (call.name !== 'accept' && call.name !== 'refuse') return entry
  const held = pick(
    [...namespace.held.values()].map(({ receive }) => receive),
    call.receive,
  )
  return { ...entry, call: { ...call, receive: held ?? call.receive } }
}

/** The whole state as plain data. */
function state({ namespace }: Engine) {
  const { identifiers: _, waiting, held, sessions, restores, ...rest } = namespace
  return structuredClone({
    ...rest,
    checkpoint: checkpoint({ ...namespace, checkpointRestore: true }, root, 0),
    waiting: [...waiting.keys()].sort(),
    held: [...held.keys()].sort(),
    sessions: [...sessions].map(([number, { acknowledged, answers }]) => ({
      number,
      acknowledged,
      answers: [...answers],
    })),
    restores: [...restores.keys()],
  })
}

test('apply keeps the invariants after every entry', () => {
  fc.assert(
    fc.property(options, entries, (made, log) => {
      const engine = new Engine(made)
      for (const entry of [...opening, ...log]) {
        engine.apply(aimed(entry, engine))
        assert.deepEqual(brokenInvariants(engine.namespace), [])
      }
    }),
    { numRuns: 1500 },
  )
})

test('apply says changed exactly when a replay needs the entry', () => {
  fc.assert(
    fc.property(options, entries, (made, log) => {
      const live = new Engine(made)
      const changing: Entry[] = []
      for (const random of [...opening, ...log]) {
        const entry = aimed(random, live)
        const before = state(live)
        const { changed } = live.apply(entry)
        if (changed) changing.push(entry)
        else assert.deepEqual(state(live), before, `${entry.call.name} changed something without saying so`)
      }
      const replayed = new Engine(made)
      for (const entry of changing) assert.equal(replayed.apply(entry).changed, true)
      assert.deepEqual(state(replayed), state(live))
    }),
    { numRuns: 400 },
  )
})

test('apply answers a repeated ticket as it did the first time, and does nothing twice', () => {
  fc.assert(
    fc.property(entries, (log) => {
      const engine = new Engine()
      for (const random of [...opening, ...log]) {
        const entry = aimed(random, engine)
        const { changed, completions } = engine.apply(entry)
        if (!changed || entry.call.name === 'expireSession' || !engine.namespace.sessions.has(entry.ticket.session))
          continue
        const before = state(engine)
        const isOwn = ({ ticket }: { ticket: Entry['ticket'] }) => isDeepStrictEqual(ticket, entry.ticket)
        const repeated = engine.apply(entry)
        assert.deepEqual(state(engine), before, `${entry.call.name} was done twice`)
        // An acknowledged ticket is refused; any other gets its answer again, or goes on waiting.
        const isForgotten = repeated.completions.some((c) => 'code' in c && c.code === 'ERR_MSGQ_TICKET_ACKNOWLEDGED')
        if (!isForgotten) assert.deepEqual(repeated.completions.filter(isOwn), completions.filter(isOwn))
      }
    }),
    { numRuns: 400 },
  )
})

test('apply loses and invents no message: what was sent is on its queue, was received once, or went with its queue', () => {
  fc.assert(
    fc.property(entries, (log) => {
      const engine = new Engine()
      const sent = new Set<string>()
      const received = new Map<string, string>()
      const gone = new Set<string>()
      for (const [index, { call, ...rest }] of [...opening, ...log].entries()) {
        const entry = { ...rest, ticket: { ...rest.ticket, number: index }, call: named(call, index) }
        const onQueues = texts(engine)
        const { completions } = engine.apply(aimed(entry, engine))
        if (call.name === 'msgctl' && call.cmd === IPC_RMID) for (const message of onQueues) gone.add(message)
        for (const completion of completions) {
          if (!('value' in completion)) continue
          const { value, ticket } = completion
          if (typeof value === 'object' && 'mtext' in value)
            received.set(`${ticket.session}:${ticket.number}`, value.mtext.join())
        }
        for (const message of texts(engine)) sent.add(message)
      }
      const now = texts(engine)
      assert.equal(new Set(now).size, now.length, 'a message stands on two queues')
      const seen = new Set([...now, ...gone, ...received.values()])
      for (const message of sent) assert.ok(seen.has(message), `${message} was lost`)
    }),
    { numRuns: 300 },
  )
})

/** The same call; a sent message names the entry that sent it. */
function named(call: Call, index: number): Call {
  return call.name === 'msgsnd'
    ? { ...call, mtext: Uint8Array.of(index) }
    : call.name === 'msgrcv'
      ? { ...call, msgsz: 1 }
      : call
}

function texts(engine: Engine): string[] {
  const checkpoint = engine.checkpoint(root, 0)
  assert.ok('queues' in checkpoint)
  return checkpoint.queues.flatMap(({ messages }) => messages.map(({ mtext }) => mtext.join()))
}
