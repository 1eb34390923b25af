import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, relative } from 'node:path'
import type { MutantResult, StrykerOptions } from '@stryker-mutator/api/core'
import { commonTokens } from '@stryker-mutator/api/plugin'
import type { DryRunCompletedEvent, MutationTestingPlanReadyEvent, Reporter } from '@stryker-mutator/api/report'

/** Between two writes: what a run that is broken off loses at most. */
const EVERY_MS = 30_000

type Test = { readonly id: string; readonly name: string }
type Files<Item extends string, One> = Record<string, { readonly source: string } & Record<Item, One[]>>

/**
 * Keeps what is known of mutants in the file that Stryker's next incremental run reads, while the run goes on: Stryker itself
 * writes it at the end alone, and a run may take an hour and be broken off.
 */
export class UnfinishedReport implements Reporter {
  static readonly inject: [typeof commonTokens.options] = [commonTokens.options]

  readonly #place: string
  readonly #files: Files<'mutants', Omit<MutantResult, 'fileName'>> = {}
  readonly #testFiles: Files<'tests', Test> = {}
  #written = Date.now()

  constructor({ incrementalFile }: StrykerOptions) {
    this.#place = incrementalFile
  }

  onDryRunCompleted({ result }: DryRunCompletedEvent): void {
    for (const { id, name, fileName = '' } of result.tests) {
      const path = relative(process.cwd(), fileName)
      this.#testFiles[path] ??= { source: readFileSync(fileName, 'utf8'), tests: [] }
      this.#testFiles[path].tests.push({ id, name })
    }
  }

  /** Before anybody has had time to change a file. */
  onMutationTestingPlanReady({ mutantPlans }: MutationTestingPlanReadyEvent): void {
    for (const { mutant } of mutantPlans) this.#fileOf(mutant.fileName)
  }

  onMutantTested({ fileName, ...mutant }: MutantResult): void {
    this.#fileOf(fileName).mutants.push(mutant)
    if (Date.now() < this.#written + EVERY_MS) return
    this.#written = Date.now()
    const report = { schemaVersion: '1.0', thresholds: {}, files: this.#files, testFiles: this.#testFiles }
    mkdirSync(dirname(this.#place), { recursive: true })
    writeFileSync(`${this.#place}.new`, JSON.stringify(report))
    renameSync(`${this.#place}.new`, this.#place)
  }

  #fileOf(fileName: string) {
    const path = relative(process.cwd(), fileName)
    this.#files[path] ??= { source: readFileSync(fileName, 'utf8'), mutants: [] }
    return this.#files[path]
  }
}
