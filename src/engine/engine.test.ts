import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { aimed, entries, opening, options, root } from '../../test/engine/random-entries.ts'
import { IPC_NOWAIT, IPC_RMID, IPC_STAT, MSG_COPY, MSG_EXCEPT } from '../abi/index.ts'
import { checkpoint } from './checkpoint.ts'
import { brokenInvariants, type Call, Engine, type Entry } from './index.ts'

/** The whole state as plain data. */
function state({ namespace }: Engine) {
  const { identifiers: _, waiting, held, sessions, restores, ...rest } = namespace
  return structuredClone({
    ...rest,
    checkpoint: checkpoint({ ...namespace, checkpointRestore: true }, root, 0),
    waiting: [...waiting.keys()].sort(),
    held: [...held.entries()].map(([{ session, number }]) => [session, number]),
    sessions: [...sessions].map(([number, { acknowledged, answers }]) => ({
      number,
      acknowledged,
      answers: [...answers.values()],
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

test('apply with agree does what it does without where that agrees, and leaves no trace where it does not', () => {
  let agreed = 0
  fc.assert(
    fc.property(options, entries, (made, log) => {
      const [asking, plain] = [new Engine(made), new Engine(made)]
      for (const random of [...opening, ...log]) {
        const entry = aimed(random, asking)
        if (entry.call.name !== 'msgsnd' && entry.call.name !== 'msgrcv') {
          assert.deepEqual(asking.apply(entry), plain.apply(entry))
          continue
        }
        const before = state(asking)
        let answers: unknown[] = []
        const say = (is: boolean) => (answer: unknown) => answers.push(answer) > 0 && is
        let applied = asking.apply(entry, say(false))
        if (answers.length > 0) {
          assert.deepEqual(state(asking), before)
          assert.deepEqual(applied.completions, [{ ticket: entry.ticket, code: 'EINTR' }])
          assert.equal(applied.changed, false)
          answers = []
          applied = asking.apply(entry, say(true))
          const [own] = applied.completions.filter(({ ticket }) => ticket === entry.ticket)
          assert.deepEqual(answers, own !== undefined && 'value' in own && [own.value])
          agreed++
        }
        const { completions, changed } = plain.apply(entry)
        assert.deepEqual([applied.completions, applied.changed], [completions, changed])
        assert.deepEqual(state(asking), state(plain))
      }
    }),
    { numRuns: 120 },
  )
  assert.ok(agreed > 50, `only ${agreed} sends and receives were asked about`)
})

test('copyAtIndex answers as its entry, and leaves no trace', () => {
  const msgtyp = fc.integer({ min: -1, max: 4 })
  const msgflg = fc.constantFrom(MSG_COPY, MSG_COPY | IPC_NOWAIT, MSG_COPY | IPC_NOWAIT | MSG_EXCEPT)
  const copy = fc.record({
    msqid: fc.constantFrom(-1, 0, 1, 9),
    msgsz: fc.integer({ min: -1, max: 12 }),
    msgtyp,
    msgflg,
  })
  fc.assert(
    fc.property(entries, copy, (log, aims) => {
      const engine = new Engine()
      for (const entry of [...opening, ...log]) engine.apply(aimed(entry, engine))
      const before = state(engine)
      const call = { name: 'msgrcv', hold: false, ...aims } as const
      const copied = engine.copyAtIndex(root, call)
      assert.deepEqual(state(engine), before)
      const ticket = { session: 0, number: 1 }
      const { completions } = engine.apply({ ticket, now: 0, caller: root, call })
      assert.deepEqual(completions, [
        { ticket, ...(typeof copied === 'string' ? { code: copied } : { value: copied }) },
      ])
    }),
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

test('apply never lets time go back, whatever an entry says', () => {
  const engine = new Engine()
  const apply = (number: number, now: number, call: Call) =>
    engine.apply({ ticket: { session: 0, number }, now, caller: root, call })
  apply(1, 5_000, { name: 'msgget', key: 7, msgflg: 0o1600 })
  apply(2, 3_000, { name: 'msgsnd', msqid: 0, mtype: 1, mtext: new Uint8Array(1), msgflg: 0 })
  const [sent] = apply(3, 0, { name: 'msgctl', msqid: 0, cmd: IPC_STAT }).completions
  assert.ok(sent !== undefined && 'value' in sent && typeof sent.value === 'object' && 'stime' in sent.value)
  assert.equal(sent.value.stime, 5)
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
  return checkpoint.queues.flatMap(({ messages }) => Array.from(messages, ({ mtext }) => mtext.join()))
}
