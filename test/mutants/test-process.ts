import { type ChildProcess, fork } from 'node:child_process'
import { join } from 'node:path'
import { ProcessTime } from './process-time.ts'
import type { Reply, Request } from './protocol.ts'

/** Mutants that allocate without end must not take the machine with them. */
const HEAP_MB = 1_024
/** How often a test's time is looked at. */
const LOOK_MS = 250
/** For so long a process may do nothing at all: the longest waits of tests are shorter. */
const IDLE_MS = 5_000

export type Ended = { readonly kind: 'ended'; readonly why: string }

/** A process that has tests loaded. One that was ended, by itself or by us, answers nothing more: make another. */
export class TestProcess {
  readonly #child: ChildProcess
  #told: (reply: Reply | Ended) => void = () => undefined
  #over = false

  /** @param mutant Is active from the start, also while modules load. */
  constructor(mutant?: string) {
    const { __STRYKER_ACTIVE_MUTANT__: _, ...env } = process.env
    this.#child = fork(join(import.meta.dirname, 'test-process-main.js'), {
      env: mutant === undefined ? env : { ...env, __STRYKER_ACTIVE_MUTANT__: mutant },
      execArgv: [`--max-old-space-size=${HEAP_MB}`],
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    })
    this.#child.on('message', (reply: Reply) => this.#told(reply))
    this.#child.on('error', (error) => this.#ended(error.message))
    this.#child.on('exit', (code, signal) => this.#ended(`the process ended: ${signal ?? code}`))
  }

  get over(): boolean {
    return this.#over
  }

  /**
   * Asks for one thing; ask for the next after its reply.
   *
   * @param limitMs How much of a processor's time a test may take, or what loads before it; the process is killed when
   *   it takes more, or does nothing for long.
   */
  async ask(
    request: Request,
    limitMs: (test: string | undefined) => number,
  ): Promise<Exclude<Reply, { kind: 'began' }> | Ended> {
    if (this.#over) return { kind: 'ended', why: 'the process had ended' }
    const time = new ProcessTime(this.#child.pid ?? 0)
    let test: string | undefined
    const looks = setInterval(() => {
      const { cpuMs, idleMs } = time.look()
      if (cpuMs > limitMs(test)) this.end(`${test ?? 'loading'}: took ${cpuMs} ms of processor, and had not ended`)
      // The reply of all tests is long: it sleeps until we have read it.
      else if (idleMs > IDLE_MS && request.kind === 'some')
        this.end(`${test ?? 'loading'}: nothing happened for ${idleMs} ms`)
    }, LOOK_MS)
    try {
      return await new Promise((resolve) => {
        this.#told = (reply) => {
          if (reply.kind !== 'began') return resolve(reply)
          test = reply.id
          time.restart()
        }
        this.#child.send(request, (error) => {
          if (error) this.#ended(error.message)
        })
      })
    } finally {
      clearInterval(looks)
    }
  }

  end(why = 'no longer needed'): void {
    this.#child.kill('SIGKILL')
    this.#ended(why)
  }

  #ended(why: string): void {
    this.#over = true
    this.#told({ kind: 'ended', why })
  }
}
