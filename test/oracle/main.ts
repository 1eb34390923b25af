/** `npm run oracle`: the engine against the kernel of this machine. */
import { type Options, readOptions, repeatText } from './options.ts'
import { runRandomCalls } from './random-run.ts'
import { runScenarios } from './scenario-run.ts'

/** Exit codes: the two agree; they do not. */
const AGREE = 0
const DISAGREE = 1

process.exitCode = main()

function main(): number {
  const options = readOptions()
  console.log(`seed ${options.seed}`)
  return run(options)
}

function run(options: Options): number {
  const { seed } = options
  if (options.calls > 0) {
    const { calls, sequences, covered, report } = runRandomCalls(seed, options.calls)
    if (report !== undefined) return disagree(report, { seed, calls: options.calls, scenarios: 0 })
    console.log(`${calls} random calls in ${sequences} namespaces: engine and kernel agree (${coveredText(covered)})`)
  }
  if (options.scenarios > 0) {
    const { scenarios, covered, report } = runScenarios(seed, options.scenarios)
    if (report !== undefined) return disagree(report, { seed, calls: 0, scenarios: options.scenarios })
    console.log(`${scenarios} blocking scenarios: engine and kernel agree (${coveredText(covered)})`)
  }
  return AGREE
}

function disagree(report: string, options: Options): number {
  console.error(report)
  console.error(`seed ${options.seed}; to repeat: ${repeatText(options)}`)
  return DISAGREE
}

function coveredText(covered: ReadonlyMap<string, number>): string {
  return Array.from(covered, ([what, count]) => `${what} ${count}`)
    .sort()
    .join(', ')
}
