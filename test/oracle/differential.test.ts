import { ok, strictEqual } from 'node:assert/strict'
import { describe, test } from 'node:test'
import { repeatText } from './options.ts'
import { freshSeed } from './random.ts'
import { type RandomRun, runRandomCalls } from './random-run.ts'

/** The same calls on every machine, so that a change that breaks them is seen by whoever makes it. */
const FIXED_SEED = 2012
const FIXED_CALLS = 220_000
const FRESH_CALLS = 130_000

/** Every way in which a call can end without waiting; EIDRM, EINTR and hand-overs are the scenarios'. */
const WAYS: readonly string[] = [
  ...['succeeded', 'ENOENT', 'EEXIST', 'EACCES', 'ENOSPC'].map((way) => `msgget ${way}`),
  ...['succeeded', 'EINVAL', 'EACCES', 'EAGAIN'].map((way) => `msgsnd ${way}`),
  ...['succeeded', 'EINVAL', 'EACCES', 'E2BIG', 'ENOMSG'].map((way) => `msgrcv ${way}`),
  ...['succeeded', 'EINVAL', 'EACCES', 'EPERM', 'EFAULT'].map((way) => `msgctl ${way}`),
  ...['succeeded', 'EINVAL', 'EACCES'].flatMap((way) => [`setLimits ${way}`, `setNextId ${way}`]),
]

describe('engine and kernel, call by call', () => {
  test(`Engine.apply answers ${FIXED_CALLS} random calls of a fixed seed as the kernel does`, () => {
    const run = agreeing(FIXED_SEED, FIXED_CALLS)
    const missed = WAYS.filter((way) => !run.covered.has(way))
    strictEqual(missed.join(), '', 'ways that no call has ended in')
  })

  test(`Engine.apply answers ${FRESH_CALLS} random calls of a fresh seed as the kernel does`, (context) => {
    const seed = freshSeed()
    context.diagnostic(`seed ${seed}`)
    agreeing(seed, FRESH_CALLS)
  })
})

function agreeing(seed: number, calls: number): RandomRun {
  const run = runRandomCalls(seed, calls)
  ok(run.report === undefined, `${run.report}\nto repeat: ${repeatText({ seed, calls, scenarios: 0 })}`)
  ok(run.calls >= calls)
  return run
}
