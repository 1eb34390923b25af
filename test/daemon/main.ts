/**
 * `npm run long -- [--seed S] [--rounds N] [--frames N] [--entries N] [--lives N] [--faults N]`: a daemon that is killed under
 * load on a disk that breaks, one whose socket gets random frames, how long a journal without an image takes to be replayed,
 * simulated lives of daemons and of a cluster's nodes, on all processors, and a cluster whose servers and nodes are killed,
 * stopped and cut off. A life that fails ends no other: what it said is printed, with the command that repeats it.
 */
import { parseArgs } from 'node:util'
import { FAULTS, runFaults } from '../jetstream/faults.ts'
import { freshSeed, Random } from '../oracle/random.ts'
import { KINDS } from '../simulator/lives.ts'
import { runManyLives } from '../simulator/many-lives.ts'
import { runCrashes } from './crash/rounds.ts'
import { fuzzDaemon } from './fuzz.ts'
import { timeReplay } from './replay.ts'

const ROUNDS = 500
const FRAMES = 1_000_000
const ENTRIES = 1_000_000
const LIVES = 2_000
/** After so many a line says how many there were. */
const LIVES_A_LINE = 50
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
  const onEnd = (lived: number, failure: string | undefined) => {
    if (failure !== undefined) console.error(failure)
    if (lived % LIVES_A_LINE === 0) console.log(`${kind}: ${lived} of ${lives} lives`)
  }
  const { counts, failures, ...report } = await runManyLives({ kind, seed, lives, onEnd })
  const failed = failures.length
  console.log(`simulated: ${JSON.stringify({ kind, ...report, failed, counts: Object.fromEntries(counts) })}`)
  if (failed > 0) process.exitCode = 1
}
if (faults > 0) {
  const random = new Random(seed)
  const chosen = Array.from({ length: faults }, () => random.pick(FAULTS))
  const report = await runFaults(seed, chosen, 0, (fault, number) => console.log(`fault ${number}: ${fault}`))
  console.log(`faults: ${JSON.stringify(report)}`)
}
