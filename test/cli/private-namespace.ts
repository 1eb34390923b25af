import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { type Finished, MSGQ, type RunOptions, runProgram } from './child.ts'

/** Root may have an IPC namespace; others have one inside a user namespace of their own. */
const IS_ROOT = process.geteuid?.() === 0
const UNSHARE = IS_ROOT ? ['--ipc'] : ['--user', '--map-root-user', '--ipc']
const ENTER = IS_ROOT ? ['--ipc'] : ['--user', '--preserve-credentials', '--ipc']

/** Why tests on the kernel's queues are skipped here; `false` where they run. In CI they always run, and fail. */
export const KERNEL_SKIPPED: string | false = skipReason()

function skipReason(): string | false {
  const { CI } = process.env
  if (CI) return false
  const { status, stderr, error } = spawnSync('unshare', [...UNSHARE, 'true'], { encoding: 'utf8' })
  if (status === 0) return false
  return `no IPC namespace of our own (unshare, Debian package util-linux): ${error?.message ?? stderr.trim()}`
}

/** A fresh IPC namespace of the kernel. It lasts as long as this object, or a program that runs in it. */
export class PrivateNamespace implements AsyncDisposable {
  readonly #holder: ChildProcessWithoutNullStreams
  readonly #started: ChildProcessWithoutNullStreams[] = []

  private constructor(holder: ChildProcessWithoutNullStreams) {
    this.#holder = holder
  }

  static async open(): Promise<PrivateNamespace> {
    // The shell says that it is there, then waits for its input to end.
    const holder = spawn('unshare', [...UNSHARE, 'sh', '-c', 'echo ready; exec cat'])
    await once(holder.stdout, 'data')
    return new PrivateNamespace(holder)
  }

  get pid(): number {
    const { pid } = this.#holder
    if (pid === undefined) throw new Error('unshare did not start')
    return pid
  }

  /** Runs a program in the namespace, to its end. */
  run(program: string, words: readonly string[], options: RunOptions = {}): Finished {
    return runProgram('nsenter', this.entering(program, words), options)
  }

  /** Runs `msgq --namespace linux:` in the namespace, to its end. */
  msgq(words: readonly string[], options: RunOptions = {}): Finished {
    return this.run(process.execPath, [MSGQ, '--namespace', 'linux:', ...words], options)
  }

  /** Starts `msgq --namespace linux:` in the namespace. A test that failed leaves it running; it ends with this object. */
  start(words: readonly string[]): ChildProcessWithoutNullStreams {
    const child = spawn('nsenter', this.entering(process.execPath, [MSGQ, '--namespace', 'linux:', ...words]))
    this.#started.push(child)
    return child
  }

  /** The words after `nsenter` that run a program in the namespace. */
  entering(program: string, words: readonly string[]): string[] {
    return [...this.#enter(), program, ...words]
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#started) child.kill('SIGKILL')
    const ended = once(this.#holder, 'exit')
    this.#holder.stdin.end()
    await ended
  }

  #enter(): string[] {
    return ['--target', String(this.pid), ...ENTER, '--']
  }
}
