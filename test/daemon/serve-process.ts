import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { MSGQ } from '../cli/child.ts'

/** A line that a daemon logs. */
export interface LogLine {
  readonly msg: string
  readonly reason?: string
  readonly http?: { readonly address: string; readonly port: number }
}

/** `msgq serve` in a process of its own, in a directory of its own. */
export class ServeProcess implements AsyncDisposable {
  readonly directory: string
  readonly socket: string
  readonly state: string
  readonly url: string
  readonly log: LogLine[] = []
  #child: ChildProcess | undefined
  #ended: Promise<number | null> = Promise.resolve(null)
  stderr = ''

  private constructor(directory: string) {
    this.directory = directory
    this.socket = join(directory, 'socket')
    this.state = join(directory, 'state')
    this.url = `unix:${this.socket}`
  }

  static async start(
    words: readonly string[] = [],
    environment: NodeJS.ProcessEnv = {},
    state?: readonly string[],
  ): Promise<ServeProcess> {
    const directory = await mkdtemp(join(tmpdir(), 'msgq-serve-'))
    // Other users come this far; what follows has modes of its own.
    await chmod(directory, 0o755)
    const serve = new ServeProcess(directory)
    await serve.start(words, environment, state)
    return serve
  }

  get pid(): number {
    return this.#child?.pid ?? 0
  }

  /** Resolves once it is ready. @throws it has ended before. */
  async start(
    words: readonly string[] = [],
    environment: NodeJS.ProcessEnv = {},
    state: readonly string[] = ['--state', this.state],
  ): Promise<void> {
    const child = spawn(process.execPath, [MSGQ, 'serve', '--socket', this.socket, ...state, ...words], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...environment },
    })
    this.#child = child
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text
    })
    this.#ended = once(child, 'exit').then(([status]) => status as number | null)
    const lines = createInterface({ input: child.stdout })
    const ready = new Promise<void>((resolve) => {
      lines.on('line', (line) => {
        const parsed = JSON.parse(line) as LogLine
        this.log.push(parsed)
        if (parsed.msg === 'ready') resolve()
      })
    })
    const ended = this.#ended.then((status) => {
      throw new Error(`msgq serve ended with ${status}: ${this.stderr}`)
    })
    await Promise.race([ready, ended])
    ended.catch(() => undefined)
  }

  /** Sends it a signal. @returns Its exit status, `null` when the signal ended it. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    this.#child?.kill(signal)
    return this.#ended
  }

  /** Its exit status. */
  get ended(): Promise<number | null> {
    return this.#ended
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child?.exitCode === null && this.#child.signalCode === null) await this.stop('SIGKILL')
    await rm(this.directory, { recursive: true })
  }
}
