import { ok } from 'node:assert/strict'
import { test } from 'node:test'
import { freshSeed } from '../../oracle/random.ts'
import { runCrashes } from './rounds.ts'

const ROUNDS = 40

test('a daemon that is killed under load, on a disk that breaks, loses, doubles and invents nothing', async (t) => {
  const seed = freshSeed()
  t.diagnostic(`seed ${seed}: npm run long -- --seed ${seed} --rounds ${ROUNDS}`)
  const report = await runCrashes(seed, ROUNDS)
  t.diagnostic(JSON.stringify(report))
  ok(report.received > ROUNDS * 10, 'there was load')
})
