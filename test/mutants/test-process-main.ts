/**
 * Loads compiled tests and runs them when asked to, in this process. Its parent ends it when a test takes too long, and
 * when a mutant left something behind. A mutant that is looked at while modules load is in the environment from the start.
 */
import { register } from 'node:module'
import { pathToFileURL } from 'node:url'
import type { MutantCoverage } from '@stryker-mutator/api/core'
import { folderNamed, indexOf, isAsked, LEFT_OUT, type MutatedFolder, testFilesOf } from './folders.ts'
import { groupOf, type KeptTest, keptTests, loadTests, type Suite, suitesOf } from './node-test.ts'
import type { ActiveMutant, Failure, PlannedTest, Reply, Request, TestRun } from './protocol.ts'

/** What Stryker's instrumented code looks at. */
interface Instrumentation {
  activeMutant?: string | undefined
  currentTestId?: string | undefined
  hitCount?: number | undefined
  hitLimit?: number | undefined
  mutantCoverage?: MutantCoverage
}

const ACTIVE = '__STRYKER_ACTIVE_MUTANT__'
const instrumentation: Instrumentation = {}
Object.assign(globalThis, { __stryker__: instrumentation })
const { [ACTIVE]: activeFromStart } = process.env
instrumentation.activeMutant = activeFromStart

/** The suites whose `before` has run. */
const open: Suite[] = []
/** Whether what tests reach is counted, which takes time. */
let isCounting = false
const loaded = new Set<string>()
let failCurrent: (error: unknown) => void = () => undefined

register(new URL('stand-ins.js', import.meta.url))
process.on('uncaughtException', (error) => failCurrent(error))
process.on('unhandledRejection', (error) => failCurrent(error))
process.on('disconnect', () => process.exit())
process.on('message', (request: Request) => void answer(request))
// Nothing will happen any more, and the test waits: its mutant lost a wake-up.
process.on('beforeExit', () => failCurrent(new Error('nothing is left that could end this test')))

async function answer(request: Request): Promise<void> {
  // While a test runs, the channel to the parent must not be what keeps this process going: see beforeExit.
  process.channel?.unref()
  const reply = request.kind === 'all' ? await runAll(folderNamed(request.folder)) : await runSome(request)
  process.channel?.ref()
  tell(reply)
}

async function runAll(folder: MutatedFolder): Promise<Reply> {
  isCounting = true
  // What is reached while the folder's own modules load is not any test's doing.
  await import(pathToFileURL(indexOf(folder)).href)
  for (const file of testFilesOf(folder)) {
    instrumentation.currentTestId = file
    await load(file)
  }
  const tests: TestRun[] = []
  for (const kept of keptTests.values()) {
    if (LEFT_OUT.test(kept.id) || !isAsked(kept, folder.path)) keptTests.delete(kept.id)
  }
  for (const kept of keptTests.values()) {
    const before = process.cpuUsage()
    const failure = await run(kept)
    const { user, system } = process.cpuUsage(before)
    const whose = { id: kept.id, file: kept.file, group: groupOf(kept), cpuMs: (user + system) / 1_000 }
    tests.push(failure === undefined ? whose : { ...whose, failure })
  }
  await closeAll()
  isCounting = false
  instrumentation.currentTestId = undefined
  return { kind: 'all', tests, coverage: coveragePerTest() }
}

/** What loading a file, or a suite's hooks, reached counts for each test in it. */
function coveragePerTest(): MutantCoverage {
  const { static: loading = {}, perTest = {} } = instrumentation.mutantCoverage ?? {}
  const whole: MutantCoverage = { static: loading, perTest: {} }
  for (const kept of keptTests.values()) {
    const reached: Record<string, number> = {}
    for (const name of [kept.id, kept.file, ...suitesOf(kept).map(hooksId)]) {
      for (const [mutant, hits] of Object.entries(perTest[name] ?? {})) reached[mutant] = (reached[mutant] ?? 0) + hits
    }
    whole.perTest[kept.id] = reached
  }
  return whole
}

async function runSome({ tests, mutant }: { tests: readonly PlannedTest[]; mutant?: ActiveMutant }): Promise<Reply> {
  activate(mutant)
  let ran = 0
  let failure: Failure | undefined
  for (const { id, file } of tests) {
    const message = await runPlanned(id, file)
    ran++
    if (message !== undefined) failure = { id, message }
    if (failure !== undefined || hasLooped()) break
  }
  const looped = hasLooped()
  activate(undefined)
  const closing = await closeAll()
  if (closing !== undefined) failure ??= { id: tests[ran - 1]?.id ?? '', message: closing }
  return failure === undefined ? { kind: 'some', ran, looped } : { kind: 'some', ran, looped, failure }
}

async function runPlanned(id: string, file: string): Promise<string | undefined> {
  if (!loaded.has(file)) tell({ kind: 'began' })
  const failure = await settled(() => load(file))
  if (failure !== undefined) return failure
  tell({ kind: 'began', id })
  const kept = keptTests.get(id)
  return kept === undefined ? `${file} has no test ${id} any more` : run(kept)
}

async function load(file: string): Promise<void> {
  if (loaded.has(file)) return
  await loadTests(file, () => import(pathToFileURL(file).href))
  loaded.add(file)
}

/** @returns Why it failed. */
async function run(kept: KeptTest): Promise<string | undefined> {
  const suites = suitesOf(kept)
  const hooks = (await closeAllBut(suites)) ?? (await openAll(suites))
  if (hooks !== undefined) return hooks
  if (isCounting) instrumentation.currentTestId = kept.id
  const context = { diagnostic: () => undefined, skip: () => undefined }
  const failure = await settled(async () => {
    for (const { beforeEach } of suites) for (const hook of beforeEach) await hook()
    await kept.body(context)
  })
  const cleaning = await settled(async () => {
    for (const { afterEach } of [...suites].reverse()) for (const hook of afterEach) await hook()
  })
  return failure ?? cleaning
}

async function openAll(suites: readonly Suite[]): Promise<string | undefined> {
  for (const suite of suites.slice(open.length)) {
    open.push(suite)
    if (isCounting) instrumentation.currentTestId = hooksId(suite)
    const failure = await settled(async () => {
      for (const hook of suite.before) await hook()
    })
    if (failure !== undefined) return failure
  }
  return undefined
}

async function closeAllBut(suites: readonly Suite[]): Promise<string | undefined> {
  let failure: string | undefined
  while (open.length > 0 && open.at(-1) !== suites[open.length - 1]) {
    const suite = open.pop()
    if (suite === undefined) break
    if (isCounting) instrumentation.currentTestId = hooksId(suite)
    const closing = await settled(async () => {
      for (const hook of suite.after) await hook()
    })
    failure ??= closing
  }
  return failure
}

function closeAll(): Promise<string | undefined> {
  return closeAllBut([])
}

function hooksId(suite: Suite): string {
  const outer = suite.parent === undefined ? '' : hooksId(suite.parent)
  return `${outer} hooks of ${suite.name}`
}

/** Runs to its end, or until anything in this process fails, or nothing could go on. @returns Why it failed. */
function settled(work: () => unknown): Promise<string | undefined> {
  return new Promise((resolve) => {
    failCurrent = (error) => resolve(error instanceof Error ? (error.stack ?? error.message) : String(error))
    Promise.resolve()
      .then(work)
      .then(() => resolve(undefined), failCurrent)
  })
}

function activate(mutant: ActiveMutant | undefined): void {
  instrumentation.currentTestId = undefined
  if (activeFromStart !== undefined) return
  instrumentation.activeMutant = mutant?.id
  instrumentation.hitCount = mutant?.hitLimit === undefined ? undefined : 0
  instrumentation.hitLimit = mutant?.hitLimit
  // Threads that a test starts have copies of the environment.
  if (mutant === undefined) delete process.env[ACTIVE]
  else process.env[ACTIVE] = mutant.id
}

function hasLooped(): boolean {
  const { hitCount = 0, hitLimit = Number.POSITIVE_INFINITY } = instrumentation
  return hitCount > hitLimit
}

function tell(reply: Reply): void {
  process.send?.(reply)
}
