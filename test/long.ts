/** `npm run long`: what takes too long for `npm test`. */
import { readCommandLine, TEXT, wholeNumber } from './command-line.ts'
import { runCrashes } from './daemon/crash/rounds.ts'
import { fuzzDaemon } from './daemon/fuzz.ts'
import { timeReplay } from './daemon/replay.ts'
import { FAULTS, runFaults } from './jetstream/faults.ts'
import { freshSeed, Random } from './oracle/random.ts'
import { KINDS, type Kind } from './simulator/lives.ts'
import { runManyLives } from './simulator/many-lives.ts'

const HELP = `npm run long -- [OPTION…]

Runs what takes too long for npm test, one part after the other; one of 0 is left out.

  --rounds N    of a daemon that is killed under load on a disk that breaks; default 500
  --frames N    random frames that a daemon's socket gets; default 1000000
  --entries N   of a journal without an image, whose replay is timed; default 1000000
  --lives N     simulated, of a daemon, of a cluster, and over NATS, on all processors; default 2000 of each
  --faults N    of a cluster whose servers and nodes are killed, stopped and cut off under load; default 60
  --seed S      of each part; default: a fresh one, which is printed
  --help        prints this

A life that fails ends no other: what it said is printed, with the command that repeats it, and the exit status is 1.

  npm run long
  npm run long -- --seed 7 --rounds 0 --frames 0 --entries 0 --faults 0 --lives 50`

/** After so many a line says how many there were. */
const ROUNDS_A_LINE = 50
const FRAMES_A_LINE = 100_000
const LIVES_A_LINE = 50

const options = {
  rounds: { ...TEXT, default: '500' },
  frames: { ...TEXT, default: '1000000' },
  entries: { ...TEXT, default: '1000000' },
  lives: { ...TEXT, default: '2000' },
  faults: { ...TEXT, default: '60' },
  seed: { ...TEXT, default: String(freshSeed()) },
}
const asked = readCommandLine(HELP, { options }, ({ rounds, frames, entries, lives, faults, seed }) => ({
  rounds: wholeNumber('rounds', rounds),
  frames: wholeNumber('frames', frames),
  entries: wholeNumber('entries', entries),
  lives: wholeNumber('lives', lives),
  faults: wholeNumber('faults', faults),
  seed: wholeNumber('seed', seed),
}))
await main()

async function main(): Promise<void> {
  const { rounds, frames, entries, lives, faults, seed } = asked
  console.log(`seed ${seed}`)
  if (rounds > 0) tell('crashes', await runCrashes(seed, rounds, toldEvery(ROUNDS_A_LINE, rounds, 'rounds')))
  if (frames > 0) tell('fuzzed', await fuzzDaemon(seed, frames, toldEvery(FRAMES_A_LINE, frames, 'frames')))
  if (entries > 0) tell('replayed', await timeReplay(entries))
  for (const kind of lives > 0 ? KINDS : []) await live(kind, seed, lives)
  if (faults > 0) {
    const random = new Random(seed)
    const chosen = Array.from({ length: faults }, () => random.pick(FAULTS))
    tell('faults', await runFaults(seed, chosen, 0, (fault, number) => console.log(`fault ${number}: ${fault}`)))
  }
}

async function live(kind: Kind, seed: number, lives: number): Promise<void> {
  const toldLives = toldEvery(LIVES_A_LINE, lives, `lives of kind ${kind}`)
  const onEnd = (lived: number, failure: string | undefined) => {
    if (failure !== undefined) console.error(failure)
    toldLives(lived)
  }
  const { counts, failures, ...report } = await runManyLives({ kind, seed, lives, onEnd })
  tell('simulated', { kind, ...report, failed: failures.length, counts: Object.fromEntries(counts) })
  if (failures.length > 0) process.exitCode = 1
}

/** Hears how far it has come, step by step; a line tells it now and then. */
function toldEvery(step: number, all: number, what: string): (done: number) => void {
  let next = step
  return (done) => {
    if (done < next) return
    next = done - (done % step) + step
    console.log(`${done} of ${all} ${what}`)
  }
}

function tell(part: string, report: unknown): void {
  console.log(`${part}: ${JSON.stringify(report)}`)
}
