import { ok } from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { freshSeed } from '../oracle/random.ts'
import { fuzz } from './fuzz.ts'
import { PARSERS } from './parsers.ts'

/** Inputs of a fixed seed, then of one of today: `npm run fuzz` has a hundred thousand for each parser. */
const FIXED = { seed: 20_261_129, count: 192, isGuided: false }
const FRESH_COUNT = 192

describe('a parser reads or refuses whatever others wrote', () => {
  for (const parser of PARSERS) {
    test(`${parser.name}: its corpus, and mutations of it`, async (t) => {
      await fuzz(parser, FIXED)
      const seed = freshSeed()
      t.diagnostic(`npm run fuzz -- --parser ${parser.name} --seed ${seed} --count ${FRESH_COUNT}`)
      await fuzz(parser, { seed, count: FRESH_COUNT, isGuided: false })
    })
  }
})

test('the fuzzer goes on with what reached new code', async () => {
  const [parser] = PARSERS.filter(({ name }) => name === 'criu-messages')
  ok(parser !== undefined)
  const { kept } = await fuzz(parser, { seed: 1, count: 1024 })
  ok(kept > 1, `${kept} times`)
})

test('every folder of the corpus is that of a parser', () => {
  const names = PARSERS.map(({ name }) => name)
  const folders = readdirSync(join(import.meta.dirname, '..', '..', '..', 'test', 'fuzz', 'corpus'))
  ok(
    folders.every((folder) => names.includes(folder)),
    folders.join(),
  )
})
