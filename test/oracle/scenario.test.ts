import { ok, strictEqual } from 'node:assert/strict'
import { describe, test } from 'node:test'
import { repeatText } from './options.ts'
import { freshSeed } from './random.ts'
import { runScenarios, type ScenarioRun } from './scenario-run.ts'

const FIXED_SEED = 2012
const FIXED_SCENARIOS = 2_000
const FRESH_SCENARIOS = 1_000

/** Every way in which a call that may wait can end, and that several did wait. */
const WAYS: readonly string[] = [
  ...['succeeded', 'E2BIG', 'EACCES', 'EIDRM', 'EINTR'],
  ...['several waiting', 'handed over', 'let in', 'race sameSet', 'race sameCount'],
]

describe('engine and kernel, several callers blocked at once', () => {
  test(`Engine.apply ends waiting calls as the kernel does in ${FIXED_SCENARIOS} scenarios of a fixed seed`, () => {
    const run = agreeing(FIXED_SEED, FIXED_SCENARIOS)
    const missed = WAYS.filter((way) => !run.covered.has(way))
    strictEqual(missed.join(), '', 'ways that no call has ended in')
  })

  test(`Engine.apply ends waiting calls as the kernel does in ${FRESH_SCENARIOS} scenarios of a fresh seed`, (context) => {
    const seed = freshSeed()
    context.diagnostic(`seed ${seed}`)
    agreeing(seed, FRESH_SCENARIOS)
  })
})

function agreeing(seed: number, scenarios: number): ScenarioRun {
  const run = runScenarios(seed, scenarios)
  ok(run.report === undefined, `${run.report}\nto repeat: ${repeatText({ seed, calls: 0, scenarios })}`)
  strictEqual(run.scenarios, scenarios)
  return run
}
