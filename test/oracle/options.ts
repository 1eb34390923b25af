import { parseArgs } from 'node:util'
import { freshSeed } from './random.ts'

/** What a run makes: the same options make the same run. */
export interface Options {
  readonly seed: number
  /** Random calls that do not wait. */
  readonly calls: number
  /** Scenarios in which several callers wait. */
  readonly scenarios: number
}

const CALLS = 300_000
const SCENARIOS = 2_000

/** Reads the command line. @throws {Error} An option is unknown or no number. */
export function readOptions(args: readonly string[]): Options {
  const option = { type: 'string' } as const
  const { values } = parseArgs({ args: [...args], options: { seed: option, calls: option, scenarios: option } })
  return {
    seed: values.seed === undefined ? freshSeed() : integer('seed', values.seed, 0xffff_ffff),
    calls: values.calls === undefined ? CALLS : integer('calls', values.calls, Number.MAX_SAFE_INTEGER),
    // Who asks for a number of calls alone wants those; nothing at all asks for everything.
    scenarios:
      values.scenarios === undefined
        ? values.calls === undefined
          ? SCENARIOS
          : 0
        : integer('scenarios', values.scenarios, Number.MAX_SAFE_INTEGER),
  }
}

/** The command that repeats a run. */
export function repeatText({ seed, calls, scenarios }: Options): string {
  return `npm run oracle -- --seed ${seed} --calls ${calls} --scenarios ${scenarios}`
}

function integer(name: string, text: string, most: number): number {
  const value = Number(text)
  if (/^\d+$/.test(text) && value <= most) return value
  throw new Error(`--${name} takes an integer from 0 to ${most}, not "${text}"`)
}
