import { disagreementText } from './compare.ts'
import { seedOf } from './random.ts'
import { type Failure, type Sequence, SideBySide, sequenceOf } from './sequence.ts'
import { shrink } from './shrink.ts'

/** What a run of random calls has shown. */
export interface RandomRun {
  /** Calls made; every one was followed by a comparison of the whole state. */
  readonly calls: number
  readonly sequences: number
  /** How often each call ended how. */
  readonly covered: ReadonlyMap<string, number>
  /** The first disagreement, with the shortest sequence that leads to one, as text. */
  readonly report?: string
}

/** Makes at least `calls` random calls of engine and kernel, sequence after sequence. */
export function runRandomCalls(seed: number, calls: number): RandomRun {
  const pair = new SideBySide()
  let made = 0
  let sequences = 0
  for (; made < calls; sequences++) {
    const sequence = sequenceOf(seedOf(seed, sequences))
    const failure = pair.run(sequence)
    made += sequence.calls.length
    if (failure === undefined) continue
    return { calls: made, sequences: sequences + 1, covered: pair.covered, report: report(pair, sequence, failure) }
  }
  return { calls: made, sequences, covered: pair.covered }
}

function report(pair: SideBySide, sequence: Sequence, failure: Failure): string {
  const cut = sequence.calls.slice(0, failure.calls.length)
  const run = (calls: readonly number[]) => pair.run({ ...sequence, calls })
  const shortest = run(shrink(cut, (calls) => run(calls) !== undefined)) ?? failure
  const steps = shortest.calls.map((call, number) => `  ${number + 1}. ${call}`)
  return ['engine and kernel disagree:', ...steps, `  => ${disagreementText(shortest)}`].join('\n')
}
