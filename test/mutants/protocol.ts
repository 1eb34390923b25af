import type { MutantCoverage } from '@stryker-mutator/api/core'

/** What is said between `TestProcess` and the process of it, `test-process-main.ts`. */

export type Request =
  /** Loads all tests of a folder and runs them, with nothing mutated. */
  | { readonly kind: 'all'; readonly folder: string }
  /** Runs these tests until one fails. A file that is not loaded is loaded before the first of its tests. */
  | { readonly kind: 'some'; readonly tests: readonly PlannedTest[]; readonly mutant?: ActiveMutant }

export interface PlannedTest {
  readonly id: string
  readonly file: string
}

export interface ActiveMutant {
  readonly id: string
  /** Reaching the mutant more often is taken for a loop without end. */
  readonly hitLimit?: number | undefined
}

export type Reply =
  /** A test has begun; without a name, modules are loaded for the next one. Whoever watches the time starts anew. */
  | { readonly kind: 'began'; readonly id?: string }
  | { readonly kind: 'all'; readonly tests: readonly TestRun[]; readonly coverage: MutantCoverage }
  | { readonly kind: 'some'; readonly ran: number; readonly failure?: Failure; readonly looped: boolean }

export interface TestRun {
  readonly id: string
  readonly file: string
  /** Tests with the same name here must run one after the other. */
  readonly group: string
  /** What it costs, whatever else the machine does. */
  readonly cpuMs: number
  readonly failure?: string
}

export interface Failure {
  readonly id: string
  readonly message: string
}
