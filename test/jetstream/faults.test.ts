import { ok } from 'node:assert/strict'
import { test } from 'node:test'
import { freshSeed } from '../oracle/random.ts'
import { FAULTS, runFaults } from './faults.ts'

/** Tests run beside others on two processors, which may need them for a second just then; `npm run long` bears none. */
const LATES_MOST = 1

test('a cluster whose servers and nodes are killed, stopped and cut off under load loses, doubles and reorders nothing', async (t) => {
  const seed = freshSeed()
  t.diagnostic(`seed ${seed}`)
  const report = await runFaults(seed, [...FAULTS, 'leader killed'], LATES_MOST)
  t.diagnostic(JSON.stringify(report))
  ok(report.acknowledged > 1_000)
})
