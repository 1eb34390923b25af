import { readFileSync, writeFileSync } from 'node:fs'
/**
 * A test runner for Stryker: tests of node:test, in one process for many mutants, those alone that reach the mutant. See
 * docs/decisions/0029.
 */
import { dirname } from 'node:path'
import type { StrykerOptions } from '@stryker-mutator/api/core'
import {
  type ClassPlugin,
  commonTokens,
  declareClassPlugin,
  declareValuePlugin,
  PluginKind,
  type ValuePlugin,
} from '@stryker-mutator/api/plugin'
import {
  type DryRunResult,
  DryRunStatus,
  type MutantRunOptions,
  type MutantRunResult,
  MutantRunStatus,
  type TestResult,
  type TestRunner,
  type TestRunnerCapabilities,
  TestStatus,
} from '@stryker-mutator/api/test-runner'
import { folderNamed, isAsked, type MutatedFolder } from './folders.ts'
import { wordsForPeople } from './left-out.ts'
import type { ActiveMutant, PlannedTest, Reply, TestRun } from './protocol.ts'
import { isSurvivor, nameOf, survivorOf } from './survivors.ts'
import { type Ended, TestProcess } from './test-process.ts'
import { UnfinishedReport } from './unfinished.ts'

/** Of a processor: starting Node and loading every module that a file of tests needs. */
const LOAD_MS = 20_000
/** Of a processor, more than 20 times what it takes without a mutant: a test that loops. */
const LOOPS_MS = 500
const SLOWER = 20
/**
 * What the tests of one mutant may cost together beside those of its own file, by the processor's time without it: what
 * is not killed by then has survived. The slow tests reach nearly everything, and a survivor would be asked by all of them.
 */
const BUDGET_MS = 150
/** Where the first of Stryker's runners leaves what tests cost for the others, in the sandbox. */
const COSTS = 'costs-of-tests.json'
/** Of all tests without a mutant. */
const DRY_RUN_MS = 10 * 60_000

type Some = Extract<Reply, { kind: 'some' }>

class InProcessRunner implements TestRunner {
  readonly #folder: MutatedFolder
  /** What tests take, from Stryker's first run; the other runners of the same Stryker measure it themselves. */
  #tests: ReadonlyMap<string, TestRun> = new Map()
  /** How many mutants a test has killed: one that kills is asked early. */
  readonly #kills: Map<string, number> = new Map()
  #process = new TestProcess()

  constructor(folder: MutatedFolder) {
    this.#folder = folder
  }

  capabilities(): TestRunnerCapabilities {
    return { reloadEnvironment: true }
  }

  async dryRun(): Promise<DryRunResult> {
    const reply = await this.#runAll()
    if (reply.kind !== 'all') return { status: DryRunStatus.Error, errorMessage: reply.why }
    return { status: DryRunStatus.Complete, tests: reply.tests.map(testResult), mutantCoverage: reply.coverage }
  }

  async mutantRun({ activeMutant, testFilter, hitLimit, sandboxFileName }: MutantRunOptions): Promise<MutantRunResult> {
    if (this.#tests.size === 0) this.#keep(JSON.parse(readFileSync(COSTS, 'utf8')))
    const tests = this.#planned(testFilter, sandboxFileName)
    if (testFilter === undefined) return this.#runLoading(activeMutant.id, tests)
    const mutant = { id: activeMutant.id, hitLimit }
    const outcome = await this.#runSome(tests, mutant)
    if (outcome.kind === 'some' && outcome.failure !== undefined && !(await this.#passes(outcome.failure.id))) {
      // The test fails without the mutant too: this mutant, or one before it, left something behind. Ask a new process.
      return this.#result(await this.#runSome(tests, mutant))
    }
    return this.#result(outcome)
  }

  async dispose(): Promise<void> {
    this.#process.end()
  }

  async #runAll(): Promise<Extract<Reply, { kind: 'all' }> | Ended> {
    const reply = await this.#process.ask({ kind: 'all', folder: this.#folder.name }, () => DRY_RUN_MS)
    if (reply.kind === 'some') throw new Error('a reply to another question')
    if (reply.kind === 'all') {
      this.#keep(reply.tests)
      writeFileSync(COSTS, JSON.stringify(reply.tests))
    }
    return reply
  }

  #keep(tests: readonly TestRun[]): void {
    this.#tests = new Map(tests.map((test) => [test.id, test]))
  }

  /** A mutant that is looked at while modules load needs a process of its own, whose files load one after the other. */
  async #runLoading(mutant: string, tests: readonly PlannedTest[]): Promise<MutantRunResult> {
    const own = new TestProcess(mutant)
    const outcome = await this.#ask(own, tests)
    own.end()
    const failed = outcome.kind === 'some' ? outcome.failure?.id : undefined
    if (failed !== undefined && !(await this.#passes(failed)) && !(await this.#passes(failed))) {
      return { status: MutantRunStatus.Error, errorMessage: `${failed} fails without a mutant` }
    }
    return this.#result(outcome)
  }

  async #runSome(tests: readonly PlannedTest[], mutant: ActiveMutant): Promise<Some | Ended> {
    if (this.#process.over) this.#process = new TestProcess()
    return this.#ask(this.#process, tests, mutant)
  }

  /** Whether a test passes without a mutant. If not, the next run has a new process. */
  async #passes(id: string): Promise<boolean> {
    const { file } = this.#tests.get(id) ?? { file: '' }
    if (this.#process.over) this.#process = new TestProcess()
    const outcome = await this.#ask(this.#process, [{ id, file }])
    const passes = outcome.kind === 'some' && outcome.failure === undefined
    if (!passes) this.#process.end()
    return passes
  }

  async #ask(process: TestProcess, tests: readonly PlannedTest[], mutant?: ActiveMutant): Promise<Some | Ended> {
    const request = mutant === undefined ? { kind: 'some' as const, tests } : { kind: 'some' as const, tests, mutant }
    const reply = await process.ask(request, (id) => {
      const cpuMs = id === undefined ? undefined : this.#tests.get(id)?.cpuMs
      return cpuMs === undefined ? LOAD_MS : LOOPS_MS + SLOWER * cpuMs
    })
    if (reply.kind === 'all') throw new Error('a reply to another question')
    return reply
  }

  #result(outcome: Some | Ended): MutantRunResult {
    if (outcome.kind === 'ended') return { status: MutantRunStatus.Timeout, reason: outcome.why }
    const { ran, failure, looped } = outcome
    if (looped) return { status: MutantRunStatus.Timeout, reason: 'it was reached again and again' }
    if (failure === undefined) return { status: MutantRunStatus.Survived, nrOfTests: ran }
    this.#kills.set(failure.id, (this.#kills.get(failure.id) ?? 0) + 1)
    return { status: MutantRunStatus.Killed, killedBy: [failure.id], failureMessage: failure.message, nrOfTests: ran }
  }

  /** First the tests that cost little and have killed most; tests of a group together. */
  #planned(filter: readonly string[] | undefined, mutatedFile: string): PlannedTest[] {
    const groups = new Map<string, { cost: number; kills: number; readonly tests: TestRun[] }>()
    for (const id of filter ?? this.#tests.keys()) {
      const test = this.#tests.get(id)
      if (test === undefined || !isAsked(test, mutatedFile)) continue
      const group = groups.get(test.group) ?? { cost: 0, kills: 0, tests: [] }
      group.cost += test.cpuMs
      group.kills += this.#kills.get(id) ?? 0
      group.tests.push(test)
      groups.set(test.group, group)
    }
    const ranked = [...groups.values()]
      .map((group) => ({ ...group, near: nearness(group.tests, mutatedFile) }))
      .map((group) => ({ ...group, rank: (group.cost + 1) / (1 + group.kills) / (group.near === 'folder' ? 4 : 1) }))
      .sort((a, b) => a.rank - b.rank)
    const planned = ranked.filter(({ near }) => near === 'file').flatMap(({ tests }) => tests)
    let costMs = 0
    for (const { cost, tests } of ranked.filter(({ near }) => near !== 'file')) {
      if (costMs > BUDGET_MS) break
      costMs += cost
      planned.push(...tests)
    }
    return planned.map(({ id, file }) => ({ id, file }))
  }
}

/** Whether tests are a file's own (`x.test.ts` or `x-more.test.ts` beside `x.ts`), a neighbour's, or others. */
function nearness([test]: readonly TestRun[], mutatedFile: string): 'file' | 'folder' | 'elsewhere' {
  const beside = test?.file.replace(/^dist.|\.test\.js$/g, '') ?? ''
  const mutated = mutatedFile.slice(mutatedFile.lastIndexOf('/src/') + 1).replace(/\.ts$/, '')
  if (beside === mutated || beside.startsWith(`${mutated}-`)) return 'file'
  return dirname(beside) === dirname(mutated) ? 'folder' : 'elsewhere'
}

function testResult({ id, file, cpuMs, failure }: TestRun): TestResult {
  const fileName = file.replace(/\bdist\//, '').replace(/\.js$/, '.ts')
  const base = { id, name: id, fileName, timeSpentMs: Math.round(cpuMs) }
  return failure === undefined
    ? { ...base, status: TestStatus.Success }
    : { ...base, status: TestStatus.Failed, failureMessage: failure }
}

class FolderRunner extends InProcessRunner {
  static readonly inject: [typeof commonTokens.options] = [commonTokens.options]

  constructor({ mutatedFolder }: StrykerOptions) {
    super(folderNamed(String(mutatedFolder)))
  }
}

export const strykerPlugins: readonly [
  ClassPlugin<PluginKind.TestRunner, [typeof commonTokens.options]>,
  ValuePlugin<PluginKind.Ignore>,
  ValuePlugin<PluginKind.Reporter>,
  ClassPlugin<PluginKind.Reporter, [typeof commonTokens.options]>,
] = [
  declareClassPlugin(PluginKind.TestRunner, 'msgq', FolderRunner),
  declareValuePlugin(PluginKind.Ignore, 'words', wordsForPeople),
  declareValuePlugin(PluginKind.Reporter, 'survivors', {
    // As they come: a run takes long, and may be broken off.
    onMutantTested(mutant) {
      if (isSurvivor(mutant)) console.log(`survived: ${nameOf(survivorOf(mutant))}`)
    },
  }),
  declareClassPlugin(PluginKind.Reporter, 'unfinished', UnfinishedReport),
]
