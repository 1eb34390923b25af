import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { NodeOptions } from '../../src/backends/jetstream/node-options.ts'

export interface Answer {
  readonly did: string
  readonly result?: unknown
  readonly code?: string
}

/** A node in a process of its own, which can be stopped and killed. */
export class NodeProcess implements AsyncDisposable {
  readonly #process: ChildProcess
  readonly #answers: Answer[] = []
  #heard: (() => void) | undefined

  private constructor(process: ChildProcess) {
    this.#process = process
    if (process.stdout === null) throw new Error('assertion: its output is a pipe')
    createInterface({ input: process.stdout }).on('line', (line) => {
      this.#answers.push(JSON.parse(line) as Answer)
      this.#heard?.()
    })
  }

  static async open(url: string, options: NodeOptions = {}): Promise<NodeProcess> {
    const main = join(import.meta.dirname, 'node-main.js')
    const opened = new NodeProcess(
      spawn(process.execPath, [main, url, JSON.stringify(options)], { stdio: ['pipe', 'pipe', 'inherit'] }),
    )
    await opened.answer('open')
    return opened
  }

  /** Tells it what to do, and does not wait. */
  tell(...words: readonly (string | number)[]): void {
    this.#process.stdin?.write(`${words.join(' ')}\n`)
  }

  /** The next answer of a kind. */
  async answer(did: string): Promise<Answer> {
    for (;;) {
      const found = this.#answers.findIndex((answer) => answer.did === did)
      const [answer] = found < 0 ? [] : this.#answers.splice(found, 1)
      if (answer !== undefined) return answer
      if (this.#process.exitCode !== null) throw new Error(`the node has ended with ${this.#process.exitCode}`)
      await new Promise<void>((heard) => {
        this.#heard = heard
      })
    }
  }

  async do(...words: readonly (string | number)[]): Promise<Answer> {
    this.tell(...words)
    return this.answer(String(words[0]))
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#process.kill(signal)
  }

  async kill(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return
    this.#process.kill('SIGKILL')
    await once(this.#process, 'exit')
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill()
  }
}
