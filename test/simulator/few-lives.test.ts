import { ok } from 'node:assert/strict'
import { test } from 'node:test'
import { runJournals } from './journal-life.ts'

/** A few lives each, so that a mutant of the journal can be asked about them; `journal.test.ts` has hundreds. */
const SEEDS = [1, 2, 3, 4, 5, 6]
const LIVES = 3

for (const seed of SEEDS) {
  test(`Journal keeps what was durable: ${LIVES} lives of seed ${seed}`, async () => {
    ok((await runJournals(seed, LIVES)).size > 0)
  })
}
