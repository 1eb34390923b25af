import { ok } from 'node:assert/strict'
import { test } from 'node:test'
import { freshSeed } from '../oracle/random.ts'
import { fuzzDaemon } from './fuzz.ts'

const FRAMES = 40_000

test('a daemon bears random, mutated and unfinished frames, and serves others meanwhile', async (t) => {
  const seed = freshSeed()
  t.diagnostic(`seed ${seed}: npm run long -- --seed ${seed} --rounds 0 --frames ${FRAMES}`)
  const report = await fuzzDaemon(seed, FRAMES)
  t.diagnostic(JSON.stringify(report))
  ok(report.borne > 0 && report.borne < report.connections, 'some connections are borne to their end, and some are not')
})
