import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { aimed, entries, opening, options, root } from '../../test/engine/random-entries.ts'
import { IPC_NOWAIT, MSG_COPY, MSG_EXCEPT, MSG_NOERROR } from '../abi/index.ts'
import { type Call, type Caller, type Completion, Engine, loadState, saveState } from './index.ts'

const user: Caller = { pid: 20, tid: 21, uid: 1_000, gid: 1_000, groups: [7], capabilities: [] }
const callers = [root, user]
const flags = [0, MSG_NOERROR, MSG_EXCEPT, MSG_COPY]

/** What a call ends in when it is made on a copy of the engine; `undefined`: it waits. */
function ended(engine: Engine, caller: Caller, call: Call): Omit<Completion, 'ticket'> | undefined {
  const ticket = { session: 0, number: 1_000_000 }
  const { completions } = loadState(saveState(engine)).apply({ ticket, now: 9_000, caller, call })
  const own = completions.find(({ ticket: { number } }) => number === ticket.number)
  if (own === undefined) return undefined
  return 'code' in own ? { code: own.code } : { value: own.value }
}

/** An engine in the middle of whatever may happen. */
const engines = fc.tuple(options, entries).map(([namespace, log]) => {
  const engine = new Engine(namespace)
  for (const entry of [...opening, ...log]) engine.apply(aimed(entry, engine))
  return engine
})
const msqid = fc.constantFrom(0, 1, 2, -1)
const msgtyp = fc.constantFrom(0, 1, 2, 3, -1, -2)

test('Engine.wouldWait tells of each receive and copy whether it would wait, and changes nothing', () => {
  fc.assert(
    fc.property(
      engines,
      msqid,
      fc.integer({ min: -1, max: 8 }),
      msgtyp,
      fc.nat(6),
      (engine, msqid, msgsz, msgtyp, sequence) => {
        for (const caller of callers) {
          for (const msgflg of [...flags, ...flags.map((flag) => flag | IPC_NOWAIT)]) {
            const calls = [
              { name: 'msgrcv', msqid, msgsz, msgtyp, msgflg },
              { name: 'copyAfter', msqid, sequence, msgsz, msgtyp, msgflg },
            ] as const
            for (const call of calls) {
              assert.equal(
                engine.wouldWait(caller, call),
                ended(engine, caller, call) === undefined,
                JSON.stringify(call),
              )
            }
          }
        }
      },
    ),
    { numRuns: 50 },
  )
})
