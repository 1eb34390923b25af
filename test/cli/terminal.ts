import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as after } from 'node:timers/promises'
import type { PrivateNamespace } from './private-namespace.ts'

/** Longer than anything takes to appear: what never does must not hold the tests. */
const TIMEOUT_MS = 60_000

/**
 * What bash and zsh show when they read a line (bracketed paste begins). Keys typed
 * before it can be lost: the shell changes the terminal's modes.
 */
export const READS_LINE: RegExp = /\[\?2004h/

export interface TerminalOptions {
  readonly environment?: NodeJS.ProcessEnv
  readonly folder?: string
}

/** A program at a terminal of its own, which script(1) makes, in an IPC namespace. */
export class Terminal implements AsyncDisposable {
  readonly #script: ChildProcessWithoutNullStreams
  #shown = ''
  #read = 0
  #wake: () => void = () => undefined

  /** @param command A line for the shell. */
  constructor(namespace: PrivateNamespace, command: string, { environment, folder }: TerminalOptions = {}) {
    this.#script = spawn('nsenter', namespace.entering('script', ['-qec', command, '/dev/null']), {
      env: { ...process.env, TERM: 'xterm', NO_COLOR: '', MSGQ_NAMESPACE: '', ...environment },
      ...(folder !== undefined && { cwd: folder }),
    })
    this.#script.stdout.on('data', (chunk: Buffer) => {
      this.#shown += chunk
      this.#wake()
    })
    this.#script.once('close', () => this.#wake())
  }

  /** Everything that was shown, escape sequences included. */
  get shown(): string {
    return this.#shown
  }

  type(keys: string): void {
    this.#script.stdin.write(keys)
  }

  /** Waits until something is shown that was not waited for before. @throws it ended, or too long went by, without it. */
  async until(pattern: RegExp): Promise<string> {
    const late = after(TIMEOUT_MS, 'late', { ref: false })
    for (;;) {
      const found = pattern.exec(this.#shown.slice(this.#read))
      if (found !== null) {
        this.#read += found.index + found[0].length
        return found[0]
      }
      const isOver = this.#script.exitCode !== null || this.#script.signalCode !== null
      const changed = new Promise<void>((resolve) => {
        this.#wake = resolve
      })
      if (isOver || (await Promise.race([changed, late])) === 'late') {
        throw new Error(`${pattern} was not shown, but ${JSON.stringify(this.#shown.slice(this.#read))}`)
      }
    }
  }

  /** Waits for the end. @returns The exit status. */
  async ended(): Promise<number | null> {
    if (this.#script.exitCode === null) await once(this.#script, 'close')
    return this.#script.exitCode
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#script.stdin.end()
    this.#script.kill()
    if (this.#script.exitCode === null && this.#script.signalCode === null) await once(this.#script, 'exit')
  }
}
