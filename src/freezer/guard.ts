import { type ChildProcessByStdio, spawn } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { BackendError } from '../contract/index.ts'
import { ALIVE_MS, type FromGuard, lineReader, SILENCE_MS_MAX, type ToGuard } from './guard-protocol.ts'
import { Holdings } from './holdings.ts'
import type { Process } from './processes.ts'

/** The compiled program has the extension of this file: both run from their sources too. */
const PROGRAM = fileURLToPath(new URL(`./guard-main${import.meta.url.slice(-3)}`, import.meta.url))

/** The guard, to the process that stops others: see guard-main.ts. */
export class Guard {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>
  readonly #ended: Promise<void>
  readonly #answers: ((word: FromGuard) => void)[] = []
  readonly #alive: NodeJS.Timeout
  /** What the guard keeps, for the case that it is the one that is killed: then we let them go on. */
  readonly #holdings = new Holdings()
  #isClosed = false
  #isGone = false

  private constructor(ipc: string) {
    // Options of ours are none of the guard's: an inspector's port, a module to load first.
    const { NODE_OPTIONS: _, ...env } = process.env
    this.#child = spawn(process.execPath, [PROGRAM, ipc, String(SILENCE_MS_MAX)], {
      // A session of its own: neither Ctrl-C nor the end of our session ends it.
      detached: true,
      cwd: '/',
      env,
      stdio: ['pipe', 'pipe', 'ignore'],
    })
    this.#child.stdout.setEncoding('utf8')
    const answer = lineReader((line) => this.#answers.shift()?.(line as FromGuard))
    this.#child.stdout.on('data', answer)
    // That it has ended says more.
    this.#child.stdin.on('error', () => undefined)
    this.#ended = new Promise((resolve) => {
      this.#child.once('error', () => resolve(this.#end()))
      this.#child.once('exit', () => resolve(this.#end()))
    })
    this.#alive = setInterval(() => this.#tell({ word: 'alive' }), ALIVE_MS)
  }

  /**
   * Starts a guard, before anything is stopped.
   *
   * @param ipc The IPC namespace whose processes are to be stopped.
   * @throws {BackendError} `ERR_MSGQ_UNAVAILABLE` there is one already, or no process can be started.
   */
  static async start(ipc: string): Promise<Guard> {
    const guard = new Guard(ipc)
    const word = await guard.#answer()
    if (word === 'ready') return guard
    await guard.close()
    const why =
      word === 'busy'
        ? "another msgq stops this namespace's processes: try again when it has ended"
        : 'the process that lets others go on could not be started, and so none was stopped'
    throw new BackendError('ERR_MSGQ_UNAVAILABLE', why)
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  /** @throws {BackendError} `ERR_MSGQ_UNAVAILABLE` the guard has ended, and so all go on already. */
  check(): void {
    if (!this.#isGone) return
    const why = 'the process that lets others go on has ended too early, and they went on: try again'
    throw new BackendError('ERR_MSGQ_UNAVAILABLE', why)
  }

  /** Has processes kept, before they are stopped. */
  async keepProcesses(processes: readonly Process[]): Promise<void> {
    this.#holdings.keepProcesses(processes)
    await this.#ask({ word: 'keep processes', processes })
    this.check()
  }

  /** Has a cgroup kept, before it is frozen. @returns Whether it may be frozen. */
  async keepCgroup(folder: string): Promise<boolean> {
    const word = await this.#ask({ word: 'keep cgroup', folder })
    this.check()
    return word === 'done' && this.#holdings.keepCgroup(folder)
  }

  /**
   * Lets all go on.
   *
   * @throws {BackendError} `ERR_MSGQ_UNAVAILABLE` they went on before; or one of them may be stopped still.
   */
  async release(): Promise<void> {
    this.check()
    const word = await this.#ask({ word: 'go on' })
    this.check()
    if (word === 'done') return this.#holdings.forget()
    this.#holdings.goOn()
    const why = 'a process that was stopped may be stopped still: find it by its state T in ps(1), and kill -CONT it'
    throw new BackendError('ERR_MSGQ_UNAVAILABLE', why)
  }

  /** Ends the guard; what it still keeps goes on. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#child.stdin.end()
    await this.#ended
  }

  /** Also of a guard that was killed, or that we were silent to: then we do its work. */
  #end(): void {
    clearInterval(this.#alive)
    this.#isGone = !this.#isClosed
    this.#holdings.goOn()
    for (const answer of this.#answers.splice(0)) answer('refused')
  }

  #ask(told: ToGuard): Promise<FromGuard> {
    this.#tell(told)
    return this.#answer()
  }

  #tell(told: ToGuard): void {
    this.#child.stdin.write(`${JSON.stringify(told)}\n`)
  }

  #answer(): Promise<FromGuard> {
    return new Promise((resolve) => {
      if (this.#isGone) resolve('refused')
      else this.#answers.push(resolve)
    })
  }
}
