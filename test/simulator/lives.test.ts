import { equal, match, rejects } from 'node:assert/strict'
import { describe, test } from 'node:test'
import { freshSeed } from '../oracle/random.ts'
import { Account } from './account.ts'
import { type Kind, type LifeError, runLives } from './lives.ts'

/** The same lives on every machine, so that a change that breaks one is seen by whoever makes it. */
const FIXED_SEED: Readonly<Record<Kind, number>> = { daemon: 2012, cluster: 2012, nats: 2020 }
/** Of short lives. */
const REPEATED_SEED: Readonly<Record<Kind, number>> = { daemon: 2013, cluster: 2016, nats: 2016 }
/** A daemon and its clients, or nodes and their programs, for some minutes to hours each. */
const LIVES: Readonly<Record<Kind, number>> = { daemon: 8, cluster: 2, nats: 2 }

/** What a few lives must have seen. */
const HAPPENS: Readonly<Record<Kind, readonly string[]>> = {
  daemon: [
    'killed',
    'power cut',
    'cut',
    'bytes cut off',
    'calls that came again',
    'stalled',
    'disk full',
    'client killed',
    'damage refused',
    'recoveries',
    'acknowledged',
    'received',
    'looks',
  ],
  cluster: [
    'node killed',
    'node cut off',
    'no leader',
    'answers lost',
    'much doubled',
    'much late',
    'images',
    'trimmed',
    'acknowledged',
    'received',
  ],
  nats: ['server killed', 'node killed', 'connection cut', 'images', 'trimmed', 'acknowledged', 'received'],
}

describe('a simulated world in which everything breaks', () => {
  for (const [kind, what] of [
    ['daemon', 'a daemon and its clients lose, double and reorder nothing'],
    ['nats', "nodes over NATS's own client, and servers that break, lose, double and reorder nothing"],
    ['cluster', 'nodes over a log lose, double and reorder nothing, and stay the same'],
  ] as const) {
    test(`World: ${what}: ${LIVES[kind]} lives of a fixed seed`, async () => {
      const { counts } = await runLives({ kind, seed: FIXED_SEED[kind], lives: LIVES[kind] })
      equal(HAPPENS[kind].filter((each) => !counts.has(each)).join(), '', 'never happened')
    })

    test(`World: ${what}: ${LIVES[kind]} lives of a fresh seed`, async (context) => {
      const seed = freshSeed()
      context.diagnostic(`npm run sim -- --of ${kind} --seed ${seed} --lives ${LIVES[kind]}`)
      await runLives({ kind, seed, lives: LIVES[kind] })
    })

    test(`World has the same hash when a seed is run again: ${kind}`, async () => {
      const once = await runLives({ kind, seed: REPEATED_SEED[kind], lives: 1 })
      const again = await runLives({ kind, seed: REPEATED_SEED[kind], lives: 1 })
      equal(again.hash, once.hash)
      equal(again.events, once.events)
    })
  }

  test('LifeError names the command that repeats a failure, and what happened before it', async () => {
    const { check } = Account.prototype
    Account.prototype.check = () => {
      throw new Error('planted')
    }
    try {
      await rejects(runLives({ kind: 'daemon', seed: FIXED_SEED.daemon, lives: 3 }), (error: LifeError) => {
        match(error.message, /planted[\s\S]*to repeat: npm run sim -- --of daemon --seed \d+ --lives 1$/)
        return error.events.length > 0
      })
    } finally {
      Account.prototype.check = check
    }
  })
})
