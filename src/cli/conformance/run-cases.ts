import { type ConformanceCase, isApplicable, LeftOut, runCase, type Target } from '../../conformance/index.ts'

/** What became of a case. */
export interface CaseResult {
  readonly name: string
  readonly outcome: 'passed' | 'failed' | 'not applicable' | 'left out'
  /** What differed, or why it was left out. */
  readonly reason?: string
}

/** The cases that can be run on a target, and what is known of the others before any is run. */
export interface CasePlan {
  readonly cases: readonly ConformanceCase[]
  readonly others: readonly CaseResult[]
}

/**
 * Sees which cases can be run.
 *
 * @param rehearsal Where a case must pass first to be run on the target: see `rehearsalTarget`. A case that needs what the
 *   rehearsal has not is run all the same: guarded, it can do no harm.
 */
export async function planCases(
  target: Target,
  cases: readonly ConformanceCase[],
  rehearsal?: Target,
): Promise<CasePlan> {
  const planned: ConformanceCase[] = []
  const others: CaseResult[] = []
  for (const each of cases) {
    const { name } = each
    if (!isApplicable(target, each)) others.push({ name, outcome: 'not applicable' })
    else if (rehearsal === undefined || !isApplicable(rehearsal, each)) planned.push(each)
    else {
      const error = await errorOf(runCase(rehearsal, each))
      if (error === undefined) planned.push(each)
      else others.push({ name, outcome: 'left out', reason: needWords(error) })
    }
  }
  return { cases: planned, others }
}

/** Runs cases one after the other. @throws the reason of the signal, once the case at hand has let go of its namespace. */
export async function* runCases(
  target: Target,
  cases: readonly ConformanceCase[],
  signal: AbortSignal,
): AsyncGenerator<CaseResult, void, undefined> {
  for (const each of cases) {
    const { name } = each
    const error = await errorOf(runCase(target, each, signal))
    signal.throwIfAborted()
    if (error === undefined) yield { name, outcome: 'passed' }
    else if (error instanceof LeftOut) yield { name, outcome: 'left out', reason: error.message }
    else yield { name, outcome: 'failed', reason: error instanceof Error ? error.message : String(error) }
  }
}

function needWords(error: unknown): string {
  const why = error instanceof LeftOut ? error.message : 'others make it fail'
  return `it needs a namespace of its own: ${why}`
}

async function errorOf(run: Promise<void>): Promise<unknown> {
  return run.then(
    () => undefined,
    (error: unknown) => error ?? new Error('it failed without an error'),
  )
}
