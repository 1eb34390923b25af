import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { aimed, entriesWithRestores, opening, options, root } from '../../test/engine/random-entries.ts'
import {
  type Applied,
  brokenInvariants,
  type Call,
  Engine,
  loadState,
  saveState,
  type Ticket,
} from '../engine/index.ts'
import { decodeState, encodeState, STATE_PIECE_BYTES_MAX, StateReader, WireError } from './index.ts'

function stateBytes(engine: Engine): Uint8Array {
  return Buffer.concat([...encodeState(saveState(engine))])
}

/** The bytes in pieces whose lengths go round through some. */
function* cut(bytes: Uint8Array, lengths: readonly number[]): Generator<Uint8Array> {
  let start = 0
  for (let turn = 0; start < bytes.length; turn++) {
    const end = start + (lengths[turn % lengths.length] ?? 1)
    yield bytes.slice(start, end)
    start = end
  }
}

/** An engine with something of everything that a state has, each at a value that is easy to lose. */
function fullEngine(): Engine {
  const engine = new Engine({ msgCopy: 'counter', ownerUid: 7 })
  let number = 0
  const apply = (call: Call, session = 1): Ticket => {
    const ticket = { session, number: number++ }
    engine.apply({ ticket, now: 1_700_000_000_000 + number, caller: root, call })
    return ticket
  }
  const perm = { key: 5, uid: 0, gid: 0, cuid: 0, cgid: 0, mode: 0o600 }
  const limits = { msgmax: 99, msgmnb: 999, msgmni: 9 }
  apply({ name: 'openSession' })
  apply({ name: 'openSession' }, 2)
  apply({ name: 'acknowledgeSession', number: 1 })
  const identifiers = { nextIndex: 0, lastIndex: 40, sequence: 6 }
  const first = apply({ name: 'restoreBegin', header: { time: 5, limits, nextId: -1, identifiers } })
  const queues = [0, 1, 2].map((msqid) => ({ msqid, perm: { ...perm, key: msqid }, qbytes: 100, messages: [] }))
  apply({ name: 'restoreChunk', restore: first, queues })
  apply({ name: 'restoreCommit', restore: first })
  apply({ name: 'setNextId', nextId: 12_345 })

  for (const mtype of [1, 2, 3]) apply({ name: 'msgsnd', msqid: 0, mtype, mtext: Uint8Array.of(mtype), msgflg: 0 })
  apply({ name: 'msgrcv', msqid: 0, msgsz: 9, msgtyp: 2, msgflg: 0, hold: true }, 2)
  apply({ name: 'msgrcv', msqid: 1, msgsz: 9, msgtyp: -5, msgflg: 0 })
  apply({ name: 'msgrcv', msqid: 1, msgsz: 9, msgtyp: 4, msgflg: 0o20000, hold: true }, 2)
  apply({ name: 'copyAfter', msqid: 0, sequence: 3, msgsz: 9, msgtyp: 0, msgflg: 0 })
  apply({ name: 'msgctl', msqid: 2, cmd: 1, settings: { perm: { uid: 0, gid: 0, mode: 0o600 }, qbytes: 0 } })
  apply({ name: 'msgsnd', msqid: 2, mtype: 1, mtext: Uint8Array.of(9), msgflg: 0 })

  const unfinished = apply({ name: 'restoreBegin', header: { time: 5, limits, nextId: -1 } })
  const staged = { msqid: 9, perm, qbytes: 1, messages: [{ mtype: 1, mtext: Uint8Array.of(1) }] }
  apply({ name: 'restoreChunk', restore: unfinished, queues: [staged] })
  return engine
}

/** What an entry came to: the engine hands out its own work with it. */
function outcome({ completions, changed }: Applied): Applied {
  return { completions, changed }
}

/** The tag of every part, in order. */
function tags(bytes: Uint8Array): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  const found: number[] = []
  for (let at = 8; at < bytes.length; at += 4 + view.getUint32(at, true)) found.push(view.getUint8(at + 4))
  return found
}

describe('saveState and loadState, through bytes', () => {
  test('loadState gives an engine that goes on as the saved one would have, to equal bytes', () => {
    fc.assert(
      fc.property(
        options,
        entriesWithRestores,
        fc.nat(90),
        fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 3 }),
        (made, log, at, lengths) => {
          const live = new Engine(made)
          for (const entry of [...opening, ...log.slice(0, at)]) live.apply(aimed(entry, live))

          const saved = stateBytes(live)
          const loaded = loadState(decodeState(cut(saved, lengths)))
          assert.deepEqual(brokenInvariants(loaded.namespace), [])
          assert.deepEqual(stateBytes(loaded), saved)

          for (const random of log.slice(at)) {
            const entry = aimed(random, live)
            assert.deepEqual(outcome(loaded.apply(entry)), outcome(live.apply(entry)), entry.call.name)
            assert.deepEqual(brokenInvariants(loaded.namespace), [])
          }
          assert.deepEqual(stateBytes(loaded), stateBytes(live))
        },
      ),
      { numRuns: 500 },
    )
  })

  test('saveState tells everything that an engine has: sessions, answers, waits, holds, unfinished restores', () => {
    const engine = fullEngine()
    const bytes = stateBytes(engine)
    assert.deepEqual([...new Set(tags(bytes))].sort(), [0, 1, 2, 3, 4, 5, 6, 7, 8])
    const loaded = loadState(decodeState([bytes]))
    assert.deepEqual(brokenInvariants(loaded.namespace), [])
    assert.deepEqual(loaded.namespace, engine.namespace)
  })

  test("loadState keeps the order in which a session's end goes through the queues", () => {
    const engine = fullEngine()
    const call = { name: 'expireSession', session: 1 } as const
    const end = { ticket: { session: 0, number: 1 }, now: 0, caller: root, call }
    const loaded = loadState(decodeState([stateBytes(engine)]))
    const expected = engine.apply(end)
    assert.equal(expected.completions.length, 4)
    assert.deepEqual(outcome(loaded.apply(end)), outcome(expected))
  })

  test('encodeState gives pieces of bounded size, however deep a queue is, and held messages stay held', () => {
    const engine = new Engine()
    const apply = (number: number, call: Call) =>
      engine.apply({ ticket: { session: 0, number }, now: 1, caller: root, call })
    apply(0, { name: 'msgget', key: 0, msgflg: 0o600 })
    const settings = { perm: { uid: 0, gid: 0, mode: 0o600 }, qbytes: 2 ** 30 }
    apply(0, { name: 'msgctl', msqid: 0, cmd: 1, settings })
    const count = 20_000
    for (let number = 1; number <= count; number++) {
      const mtext = new Uint8Array(number % 100).fill(number)
      apply(number, { name: 'msgsnd', msqid: 0, mtype: 1 + (number % 7), mtext, msgflg: 0 })
    }
    const hold = { name: 'msgrcv', msqid: 0, msgsz: 100, msgflg: 0, hold: true } as const
    for (let number = 1; number <= 50; number++) apply(count + number, { ...hold, msgtyp: 1 + (number % 7) })

    const restore = { session: 0, number: 0 }
    const header = { time: 1, limits: engine.limits, nextId: -1 }
    apply(0, { name: 'restoreBegin', header })
    const perm = { key: 5, uid: 0, gid: 0, cuid: 0, cgid: 0, mode: 0o600 }
    const messages = Array.from({ length: count }, (_, index) => ({ mtype: 1 + index, mtext: new Uint8Array(20) }))
    apply(0, { name: 'restoreChunk', restore, queues: [{ msqid: 5, perm, qbytes: 5, messages }] })

    const pieces = [...encodeState(saveState(engine))]
    assert.ok(pieces.length > 6, String(pieces.length))
    for (const piece of pieces) assert.ok(piece.length <= STATE_PIECE_BYTES_MAX)
    const loaded = loadState(decodeState(pieces))
    assert.deepEqual(brokenInvariants(loaded.namespace), [])
    assert.equal(loaded.namespace.held.size, 50)
    assert.equal(loaded.namespace.messageCount, count)
    assert.deepEqual(stateBytes(loaded), Buffer.concat(pieces))
  })

  test('encodeState cuts a part with one long message into pieces', () => {
    const engine = new Engine({ limits: { msgmax: 2 ** 22, msgmnb: 2 ** 22 } })
    const apply = (call: Call) => engine.apply({ ticket: { session: 0, number: 0 }, now: 1, caller: root, call })
    apply({ name: 'msgget', key: 0, msgflg: 0o600 })
    const mtext = new Uint8Array(2 ** 22).map((_, index) => index)
    apply({ name: 'msgsnd', msqid: 0, mtype: 1, mtext, msgflg: 0 })
    const pieces = [...encodeState(saveState(engine))]
    assert.equal(pieces.length, 6)
    for (const piece of pieces) assert.ok(piece.length <= STATE_PIECE_BYTES_MAX)
    const received = apply({ name: 'msgrcv', msqid: 0, msgsz: mtext.length, msgtyp: 0, msgflg: 0 })
    const loaded = loadState(decodeState(pieces))
    const call = { name: 'msgrcv', msqid: 0, msgsz: mtext.length, msgtyp: 0, msgflg: 0 } as const
    const again = loaded.apply({ ticket: { session: 0, number: 0 }, now: 1, caller: root, call })
    // Not assert.deepEqual, which takes seconds for so many bytes.
    assert.ok(isDeepStrictEqual(again, received))
  })
})

describe('decodeState', () => {
  test('decodeState fails at every cut, with a WireError', () => {
    const bytes = stateBytes(fullEngine())
    for (let length = 0; length < bytes.length; length++) {
      assert.throws(() => [...decodeState([bytes.slice(0, length)])], WireError, `cut to ${length}`)
    }
  })

  test('decodeState takes nothing behind the end, no other magic number, no other version', () => {
    const bytes = stateBytes(fullEngine())
    const last = bytes.subarray(-(4 + 2))
    assert.throws(() => [...decodeState([bytes, last])], { expected: 'nothing behind the end of a state' })
    assert.throws(() => [...decodeState([bytes, Uint8Array.of(1)])], { name: 'WireError' })
    assert.throws(() => [...decodeState([bytes.with(0, 0)])], { offset: 0, expected: '"MSGS"' })
    assert.throws(() => [...decodeState([bytes.with(4, 2)])], { offset: 4, expected: 'version 1, not 2' })
  })

  test('decodeState sees that a part is missing from the middle', () => {
    const bytes = stateBytes(fullEngine())
    const first = 8 + 4 + new DataView(bytes.buffer, bytes.byteOffset).getUint32(8, true)
    const second = first + 4 + new DataView(bytes.buffer, bytes.byteOffset).getUint32(first, true)
    const torn = Buffer.concat([bytes.subarray(0, first), bytes.subarray(second)])
    assert.throws(() => [...decodeState([torn])], WireError)
  })

  test('StateReader gives each part as soon as its bytes are there', () => {
    const bytes = stateBytes(fullEngine())
    const reader = new StateReader()
    let count = 0
    for (const piece of cut(bytes, [1])) {
      reader.push(piece)
      while (reader.next() !== undefined) count++
    }
    reader.end()
    assert.equal(count, tags(bytes).length - 1)
  })
})
