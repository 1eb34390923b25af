/**
 * `npm run long -- [--seed S] [--rounds N] [--frames N] [--entries N] [--lives N] [--faults N]`: a daemon that is killed under
 * load on a disk that breaks, one whose socket gets random frames, how long a journal without an image takes to be replayed,
 * simulated lives of daemons and of a cluster's nodes, and a cluster whose servers and nodes are killed, stopped and cut off.
 */
import { parseArgs } from 'node:util'
import { FAULTS, runFaults } from '../jetstream/faults.ts'
import { freshSeed, Random } from '../oracle/random.ts'
import { KINDS, runLives } from '../simulator/lives.ts'
import { runCrashes } from './crash/rounds.ts'
import { fuzzDaemon } from './fuzz.ts'
import { timeReplay } from './replay.ts'

const ROUNDS = 500
const FRAMES = 1_000_000
const ENTRIES = 1_000_000
const LIVES = 2_000
const CLUSTER_FAULTS = 60

const option = { type: 'string' } as const
const { values } = parseArgs({
  options: { seed: option, rounds: option, frames: option, entries: option, lives: option, faults: option },
})
const seed = values.seed === undefined ? freshSeed() : Number(values.seed)
const rounds = values.rounds === undefined ? ROUNDS : Number(values.rounds)
const frames = values.frames === undefined ? FRAMES : Number(values.frames)
const entries = values.entries === undefined ? ENTRIES : Number(values.entries)
const lives = values.lives === undefined ? LIVES : Number(values.lives)
const faults = values.faults === undefined ? CLUSTER_FAULTS : Number(values.faults)
console.log(`seed ${seed}`)
if (rounds > 0) {
  const report = await runCrashes(seed, rounds, (round) => {
    if (round % 50 === 0) console.log(`${round} rounds`)
  })
  console.log(`crashes: ${JSON.stringify(report)}`)
}
if (frames > 0) console.log(`fuzzed: ${JSON.stringify(await fuzzDaemon(seed, frames))}`)
if (entries > 0) console.log(`replayed: ${JSON.stringify(await timeReplay(entries))}`)
for (const kind of lives > 0 ? KINDS : []) {
  const { counts, ...report } = await runLives({ kind, seed, lives })
  console.log(`simulated: ${JSON.stringify({ kind, ...report, counts: Object.fromEntries(counts) })}`)
}
if (faults > 0) {
  const random = new Random(seed)
  const chosen = Array.from({ length: faults }, () => random.pick(FAULTS))
  const report = await runFaults(seed, chosen, 0, (fault, number) => console.log(`fault ${number}: ${fault}`))
  console.log(`faults: ${JSON.stringify(report)}`)
}
