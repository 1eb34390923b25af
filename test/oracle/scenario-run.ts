import { disagreementText } from './compare.ts'
import { Random, seedOf } from './random.ts'
import { type Scenario, Scenarios } from './scenario.ts'
import type { Lean } from './scenario-step.ts'
import type { Failure } from './sequence.ts'
import { shrink } from './shrink.ts'

/** What a run of blocking scenarios has shown. */
export interface ScenarioRun {
  readonly scenarios: number
  /** How often a thread's call ended how, and after how many steps more than one was waiting. */
  readonly covered: ReadonlyMap<string, number>
  /** The first disagreement, with the shortest scenario that leads to one, as text. */
  readonly report?: string
}

/** Runs `count` random scenarios in which several callers wait at once. */
export function runScenarios(seed: number, count: number): ScenarioRun {
  const pair = new Scenarios()
  try {
    for (let number = 0; number < count; number++) {
      const scenario = scenarioOf(seedOf(seed, number))
      const failure = pair.run(scenario)
      if (failure === undefined) continue
      return { scenarios: number + 1, covered: pair.covered, report: report(pair, scenario, failure) }
    }
    return { scenarios: count, covered: pair.covered }
  } finally {
    pair.end()
  }
}

function scenarioOf(seed: number): Scenario {
  const random = new Random(seed)
  const lean = random.pick<Lean>(['receivers', 'senders'])
  return { lean, steps: Array.from({ length: random.between(6, 30) }, (_, number) => seedOf(seed, number)) }
}

function report(pair: Scenarios, { lean, steps }: Scenario, failure: Failure): string {
  const run = (part: readonly number[]) => pair.run({ lean, steps: part })
  const cut = steps.slice(0, failure.calls.length)
  const shortest = run(shrink(cut, (part) => run(part) !== undefined)) ?? failure
  const made = shortest.calls.map((call, number) => `  ${number + 1}. ${call}`)
  return ['engine and kernel disagree in a scenario:', ...made, `  => ${disagreementText(shortest)}`].join('\n')
}
