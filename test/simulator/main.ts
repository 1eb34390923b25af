/** `npm run simulate -- [--seed S] [--lives N]`: journals on a disk that breaks. */
import { parseArgs } from 'node:util'
import { freshSeed } from '../oracle/random.ts'
import { runLives } from './journal-life.ts'

const LIVES = 20_000

const option = { type: 'string' } as const
const { values } = parseArgs({ options: { seed: option, lives: option } })
const seed = values.seed === undefined ? freshSeed() : Number(values.seed)
const lives = values.lives === undefined ? LIVES : Number(values.lives)
console.log(`seed ${seed}`)
const covered = await runLives(seed, lives)
const counts = Array.from(covered, ([what, count]) => `${what} ${count}`).sort()
console.log(`${lives} journals kept what was durable (${counts.join(', ')})`)
