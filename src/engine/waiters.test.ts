import { deepEqual } from 'node:assert/strict'
import { test } from 'node:test'
import { root } from '../../test/engine/random-entries.ts'
import { type Call, Engine } from './index.ts'

test('wait is ENOMEM for a call beyond as many as may wait', () => {
  const engine = new Engine({ bounds: { waitingCalls: 2 } })
  const made = (number: number, call: Call) =>
    engine.apply({ ticket: { session: 0, number }, now: 1_000, caller: root, call }).completions
  made(1, { name: 'msgget', key: 0, msgflg: 0o600 })
  const receive: Call = { name: 'msgrcv', msqid: 0, msgsz: 10, msgtyp: 0, msgflg: 0, hold: false }
  const ends = [2, 3, 4].map((number) => made(number, receive))
  deepEqual(ends, [[], [], [{ ticket: { session: 0, number: 4 }, code: 'ENOMEM' }]])
})
