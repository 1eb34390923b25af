import { readCommandLine, TEXT, wholeNumber } from '../command-line.ts'
import { freshSeed } from './random.ts'

const HELP = `npm run oracle -- [OPTION…]

The engine against this machine's kernel: random calls, and scenarios in which several callers wait. The exit status is 1
where the two disagree, and the command that repeats it is printed.

  --calls N      random calls that do not wait; default 300000
  --scenarios N  default 2000, or none with --calls
  --seed S       of both; default: a fresh one, which is printed
  --help         prints this

  npm run oracle
  npm run oracle -- --seed 7 --calls 1000000`

/** What a run makes: the same options make the same run. */
export interface Options {
  readonly seed: number
  /** Random calls that do not wait. */
  readonly calls: number
  /** Scenarios in which several callers wait. */
  readonly scenarios: number
}

const CALLS = '300000'
const SCENARIOS = '2000'

/** Reads the command line; where it is wrong the process ends. */
export function readOptions(): Options {
  const options = { seed: { ...TEXT, default: String(freshSeed()) }, calls: TEXT, scenarios: TEXT }
  return readCommandLine(HELP, { options }, ({ seed, calls, scenarios }) => ({
    seed: wholeNumber('seed', seed),
    calls: wholeNumber('calls', calls ?? CALLS),
    // Who asks for a number of calls alone wants those; nothing at all asks for everything.
    scenarios: wholeNumber('scenarios', scenarios ?? (calls === undefined ? SCENARIOS : '0')),
  }))
}

/** The command that repeats a run. */
export function repeatText({ seed, calls, scenarios }: Options): string {
  return `npm run oracle -- --seed ${seed} --calls ${calls} --scenarios ${scenarios}`
}
