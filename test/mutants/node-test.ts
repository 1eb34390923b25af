/**
 * Stands for node:test while mutants run: it keeps tests instead of running them, so that those which reach a mutant can
 * be run in this process, again and again, in an order of our choice. `stand-ins.ts` puts it there.
 */

export { mock } from 'node:test'

/** What a test is given; none of ours uses more. */
export interface TestContext {
  diagnostic(message: string): void
  skip(message?: string): void
}

type Body = (context: TestContext) => unknown
type Hook = () => unknown
interface Options {
  readonly skip?: boolean | string | undefined
}

/** A `describe`, or the whole of a file. */
export interface Suite {
  readonly name: string
  readonly parent: Suite | undefined
  readonly before: Hook[]
  readonly after: Hook[]
  readonly beforeEach: Hook[]
  readonly afterEach: Hook[]
}

export interface KeptTest {
  /** Unique: the file, the suites and the name. */
  readonly id: string
  readonly file: string
  readonly suite: Suite
  readonly body: Body
}

/** Every test of the files that were loaded, by its id, in their order. */
export const keptTests: Map<string, KeptTest> = new Map()

let file = ''
let current = newSuite('', undefined)

/** Loads a file of tests: what it registers is kept as its own. */
export async function loadTests(path: string, load: () => Promise<unknown>): Promise<void> {
  file = path
  current = newSuite(path, undefined)
  await load()
}

export function test(name: string, ...rest: readonly [Body] | readonly [Options, Body]): Promise<void> {
  const { options, body } = parts(rest)
  if (options.skip) return Promise.resolve()
  const id = freeId([...names(current), name].join(' > '))
  keptTests.set(id, { id, file, suite: current, body })
  return Promise.resolve()
}

export function describe(name: string, ...rest: readonly [Hook] | readonly [Options, Hook]): Promise<void> {
  const { options, body } = parts(rest)
  if (options.skip) return Promise.resolve()
  const outer = current
  current = newSuite(name, outer)
  try {
    body()
  } finally {
    current = outer
  }
  return Promise.resolve()
}

export function before(hook: Hook): void {
  current.before.push(hook)
}

export function after(hook: Hook): void {
  current.after.push(hook)
}

export function beforeEach(hook: Hook): void {
  current.beforeEach.push(hook)
}

export function afterEach(hook: Hook): void {
  current.afterEach.push(hook)
}

/** From the file's to the test's own. */
export function suitesOf({ suite }: KeptTest): Suite[] {
  const suites: Suite[] = []
  for (let next: Suite | undefined = suite; next !== undefined; next = next.parent) suites.unshift(next)
  return suites
}

/** The tests that share what `before` made, which therefore run one after the other: by the outermost suite that has hooks, or each alone. */
export function groupOf(kept: KeptTest): string {
  const suites = suitesOf(kept)
  const depth = suites.findIndex(({ before, after }) => before.length + after.length > 0)
  if (depth === -1) return kept.id
  return suites
    .slice(0, depth + 1)
    .map(({ name }) => name)
    .join(' > ')
}

function newSuite(name: string, parent: Suite | undefined): Suite {
  return { name, parent, before: [], after: [], beforeEach: [], afterEach: [] }
}

function names(suite: Suite): string[] {
  return suite.parent === undefined ? [suite.name] : [...names(suite.parent), suite.name]
}

function freeId(wanted: string): string {
  let id = wanted
  for (let copy = 2; keptTests.has(id); copy++) id = `${wanted} (${copy})`
  return id
}

function parts<T>(rest: readonly [T] | readonly [Options, T]): { options: Options; body: T } {
  return rest.length === 1 ? { options: {}, body: rest[0] } : { options: rest[0], body: rest[1] }
}
