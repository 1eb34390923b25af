import { deepEqual } from 'node:assert/strict'
import { test } from 'node:test'
import { runLives } from './lives.ts'
import { runManyLives } from './many-lives.ts'

/** Of short lives. */
const SEED = 2018

test('runManyLives runs in several processes the very lives that runLives runs in one', async () => {
  const ended: number[] = []
  const onEnd = (lived: number) => ended.push(lived)
  const { failures, ...many } = await runManyLives({ kind: 'daemon', seed: SEED, lives: 2, processes: 2, onEnd })
  deepEqual(failures, [])
  deepEqual(ended, [1, 2])
  const { hash, lives, hours, events, counts } = await runLives({ kind: 'daemon', seed: SEED, lives: 2 })
  deepEqual(
    { ...many, counts: new Map([...many.counts].sort()) },
    { hash, lives, hours, events, counts: new Map([...counts].sort()) },
  )
})
