import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative, sep } from 'node:path'
import { createInterface } from 'node:readline'
import { type Fault, plant } from './fault.ts'

/** A suite hangs that takes so long: without a fault the longest takes a minute. */
const SUITE_MS_MAX = 240_000
/** With a fault one hangs sooner: after three times what it takes without, and this. */
const HANGS_AFTER_MS = 20_000
/** Neither is the tree's own text: the first is large, the second says where the tree is. */
const LEFT_OUT = new Set(['node_modules', '.git'])

/** How a suite ended. */
export interface Verdict {
  /** The first test that failed; how the process ended, where none did; `undefined` where everything passed. */
  readonly failed: string | undefined
  readonly seconds: number
}

/** A copy of the tree, in which faults are planted one after the other. */
export class Workshop implements Disposable {
  readonly #root: string
  /** What each suite takes without a fault. */
  readonly #takes = new Map<string, number>()

  /** @param tree The project's root, built. */
  constructor(tree: string) {
    this.#root = mkdtempSync(join(tmpdir(), 'msgq-planted-'))
    const isKept = (path: string) => !LEFT_OUT.has(relative(tree, path).split(sep)[0] ?? '')
    cpSync(tree, this.#root, { recursive: true, filter: isKept })
    symlinkSync(join(tree, 'node_modules'), join(this.#root, 'node_modules'))
  }

  /** Runs a test file as it is: without a fault it must pass, or its failing says nothing. */
  async run(suite: string): Promise<Verdict> {
    const taken = this.#takes.get(suite)
    const most = taken === undefined ? SUITE_MS_MAX : taken * 3 + HANGS_AFTER_MS
    const verdict = await runUntilFailure(join(this.#root, 'dist', suite.replace(/\.ts$/, '.js')), most)
    if (taken === undefined) this.#takes.set(suite, verdict.seconds * 1_000)
    return verdict
  }

  /** Runs a fault's suite with the fault in the source, and takes it out again. */
  async runWith(fault: Fault): Promise<Verdict> {
    const path = join(this.#root, fault.file)
    const source = readFileSync(path, 'utf8')
    writeFileSync(path, plant(source, fault))
    try {
      this.#compile()
      return await this.run(fault.suite)
    } finally {
      writeFileSync(path, source)
    }
  }

  /** Compiles the sources as they are. Types are not looked at: what a fault leaves unused is no reason to find it. */
  #compile(): void {
    const tsc = join(this.#root, 'node_modules', '.bin', 'tsc')
    this.#run(tsc, '--noCheck', '--declaration', 'false', '--isolatedDeclarations', 'false')
    // Suites that run the command run the package's own file.
    this.#run(process.execPath, join('dist', 'packaging', 'bundle.js'))
  }

  #run(program: string, ...words: string[]): void {
    const { status, stdout, stderr } = spawnSync(program, words, { cwd: this.#root, encoding: 'utf8' })
    if (status !== 0) throw new Error(`the fault does not compile: ${stdout}${stderr}`)
  }

  [Symbol.dispose](): void {
    rmSync(this.#root, { recursive: true, force: true })
  }
}

async function runUntilFailure(file: string, mostMs: number): Promise<Verdict> {
  if (!existsSync(file)) throw new Error(`there is no ${file}`)
  const start = performance.now()
  const child = spawn(process.execPath, ['--enable-source-maps', '--test-reporter=tap', file], {
    // A group of its own: what a test has started ends with it.
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  let failed: string | undefined
  const timeout = setTimeout(() => {
    failed = '(it hangs)'
    endGroup(child)
  }, mostMs)
  const lines = createInterface({ input: child.stdout })
  lines.on('line', (line) => {
    const [, name] = /^\s*not ok \d+ - (.*?)(?: # .*)?$/.exec(line) ?? []
    if (name === undefined || failed !== undefined) return
    failed = name
    endGroup(child)
  })
  const [status, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null]
  clearTimeout(timeout)
  const seconds = (performance.now() - start) / 1000
  endGroup(child)
  if (failed === undefined && status !== 0) failed = `(the process ended: ${signal ?? status})`
  return { failed, seconds }
}

function endGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL')
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}
