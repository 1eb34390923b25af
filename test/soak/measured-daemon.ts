import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, statSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { MSGQ } from '../cli/child.ts'
import type { Taken } from './measured.ts'

const MEASURED = join(import.meta.dirname, 'measured.js')

/** `msgq serve`, as everybody runs it, that says what it takes. */
export class MeasuredDaemon implements AsyncDisposable {
  readonly directory: string
  readonly socket: string
  readonly url: string
  readonly #words: readonly string[]
  #child: ChildProcess | undefined
  #ended: Promise<unknown> = Promise.resolve()

  private constructor(directory: string, words: readonly string[]) {
    this.directory = directory
    this.socket = join(directory, 'socket')
    this.url = `unix:${this.socket}`
    this.#words = words
  }

  /** @param words Further options of `msgq serve`. Resolves once it is ready. */
  static async start(words: readonly string[] = []): Promise<MeasuredDaemon> {
    const daemon = new MeasuredDaemon(await mkdtemp(join(tmpdir(), 'msgq-measured-')), words)
    await daemon.start()
    return daemon
  }

  get pid(): number {
    return this.#child?.pid ?? 0
  }

  /** Starts it, again after it was stopped. @returns How long it took until it was ready, in milliseconds. */
  async start(): Promise<number> {
    const since = performance.now()
    const options = ['--expose-gc', '--import', MEASURED, MSGQ, 'serve']
    const places = ['--socket', this.socket, '--state', join(this.directory, 'state')]
    const child = spawn(process.execPath, [...options, ...places, ...this.#words], {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    })
    this.#child = child
    this.#ended = once(child, 'exit')
    let stderr = ''
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr += text
    })
    const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })
    const ready = new Promise<void>((resolve) => {
      lines.on('line', (line) => {
        if (JSON.parse(line).msg === 'ready') resolve()
      })
    })
    await Promise.race([
      ready,
      this.#ended.then((status) => {
        throw new Error(`msgq serve ended with ${status}: ${stderr}`)
      }),
    ])
    return performance.now() - since
  }

  async stop(signal: NodeJS.Signals): Promise<void> {
    this.#child?.kill(signal)
    await this.#ended
  }

  async taken(): Promise<Taken> {
    const child = this.#child
    if (child === undefined) throw new Error('the daemon does not run')
    const answer = once(child, 'message')
    child.send('measure')
    const [taken] = (await answer) as [Taken]
    return taken
  }

  /** Bytes of all files of its journal, images included. */
  get journalBytes(): number {
    const state = join(this.directory, 'state')
    return readdirSync(state).reduce(
      (sum, name) => sum + (statSync(join(state, name), { throwIfNoEntry: false })?.size ?? 0),
      0,
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child?.exitCode === null && this.#child.signalCode === null) await this.stop('SIGKILL')
    await rm(this.directory, { recursive: true })
  }
}
