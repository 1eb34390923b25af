/**
 * `npm run long -- [--seed S] [--rounds N] [--frames N] [--entries N]`: a daemon that is killed under load on a disk that
 * breaks, one whose socket gets random frames, and how long a journal without an image takes to be replayed.
 */
import { parseArgs } from 'node:util'
import { freshSeed } from '../oracle/random.ts'
import { runCrashes } from './crash/rounds.ts'
import { fuzzDaemon } from './fuzz.ts'
import { timeReplay } from './replay.ts'

const ROUNDS = 500
const FRAMES = 1_000_000
const ENTRIES = 1_000_000

const option = { type: 'string' } as const
const { values } = parseArgs({ options: { seed: option, rounds: option, frames: option, entries: option } })
const seed = values.seed === undefined ? freshSeed() : Number(values.seed)
const rounds = values.rounds === undefined ? ROUNDS : Number(values.rounds)
const frames = values.frames === undefined ? FRAMES : Number(values.frames)
const entries = values.entries === undefined ? ENTRIES : Number(values.entries)
console.log(`seed ${seed}`)
if (rounds > 0) {
  const report = await runCrashes(seed, rounds, (round) => {
    if (round % 50 === 0) console.log(`${round} rounds`)
  })
  console.log(`crashes: ${JSON.stringify(report)}`)
}
if (frames > 0) console.log(`fuzzed: ${JSON.stringify(await fuzzDaemon(seed, frames))}`)
if (entries > 0) console.log(`replayed: ${JSON.stringify(await timeReplay(entries))}`)
