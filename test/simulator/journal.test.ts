import { equal } from 'node:assert/strict'
import { describe, test } from 'node:test'
import { freshSeed } from '../oracle/random.ts'
import { runJournals } from './journal-life.ts'

/** The same lives on every machine, so that a change that breaks one is seen by whoever makes it. */
const FIXED_SEED = 2012
const LIVES = 300

/** What a few hundred lives must have seen. */
const HAPPENS = [
  ...['fsync', 'interval', 'none', 'power cut', 'killed', 'stopped', 'failed flush', 'closed'],
  ...['lost, not durable', 'kept, not durable', 'torn-tail', 'image written', 'image used', 'history', 'past'],
  ...['refused', 'disk-full', 'disk-has-room'],
]

describe('a journal on a disk that breaks', () => {
  test(`Journal keeps what was durable, in order, and invents nothing: ${LIVES} lives of a fixed seed`, async () => {
    const covered = await runJournals(FIXED_SEED, LIVES)
    equal(HAPPENS.filter((what) => !covered.has(what)).join(), '', 'never happened')
  })

  test(`Journal keeps what was durable: ${LIVES} lives of a fresh seed`, async (context) => {
    const seed = freshSeed()
    context.diagnostic(`seed ${seed}`)
    const covered = await runJournals(seed, LIVES)
    equal(covered.has('image used'), true)
  })
})
