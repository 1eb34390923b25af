/** `npm run long`: what takes too long for `npm test`. */
import { parseArgs } from 'node:util'
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

const text = { type: 'string' } as const
const { values } = parseArgs({
  options: {
    rounds: { ...text, default: '500' },
    frames: { ...text, default: '1000000' },
    entries: { ...text, default: '1000000' },
    lives: { ...text, default: '2000' },
    faults: { ...text, default: '60' },
    seed: { ...text, default: String(freshSeed()) },
    help: { type: 'boolean', default: false },
  },
})
if (values.help) console.log(HELP)
else await main()

async function main(): Promise<void> {
  const [rounds, frames, entries] = [numberOf('rounds'), numberOf('frames'), numberOf('entries')]
  const [lives, faults, seed] = [numberOf('lives'), numberOf('faults'), numberOf('seed')]
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

function numberOf(name: 'rounds' | 'frames' | 'entries' | 'lives' | 'faults' | 'seed'): number {
  const number = Number(values[name])
  if (Number.isSafeInteger(number) && number >= 0) return number
  throw new RangeError(`--${name} is a whole number, 0 or more, not ${values[name]}`)
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
