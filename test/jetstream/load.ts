import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Operation } from './history.ts'

/** The queues of the load: from the first anything is received, from the second each type by itself. */
export const KEYS = [11, 12] as const
export const TYPES = 3
/** What a node may have held when it died, or gave up, stands at its place again after that. */
const HELD_MS = 30_000

/** What a node under load says; `at` in milliseconds of a clock that all processes of this machine share. */
export type LoadLine = { readonly at?: number } & (
  | { readonly line: 'open' }
  | { readonly line: 'closed' }
  | {
      readonly line: 'invoked'
      readonly id: number
      readonly queue: string
      readonly kind: Operation['kind']
      readonly value?: string
    }
  | { readonly line: 'held'; readonly id: number; readonly value: string }
  | { readonly line: 'returned'; readonly id: number; readonly value: string }
  | { readonly line: 'failed'; readonly id: number; readonly code: string }
)

interface UnderWay {
  readonly queue: string
  readonly kind: Operation['kind']
  readonly invoked: number
  readonly sent: string | undefined
  held: string | undefined
}

/** All that the nodes of a run did, queue by queue. */
export class LoadHistory {
  readonly queues: Map<string, Operation[]> = new Map()
  /** Sends that were answered. */
  readonly acknowledged: Map<string, Set<string>> = new Map()
  /** Messages that may be gone: a node died, or gave up, while it received them. */
  readonly mayBeGone: Set<string> = new Set()
  /** Receives of which not even that is known. */
  doubtfulReceives = 0
  readonly codes: Map<string, number> = new Map()

  add(queue: string, operation: Operation): void {
    const known = this.queues.get(queue)
    if (known === undefined) this.queues.set(queue, [operation])
    else known.push(operation)
  }

  acknowledge(queue: string, value: string): void {
    const known = this.acknowledged.get(queue) ?? new Set()
    known.add(value)
    this.acknowledged.set(queue, known)
  }
}

/** One node under load. */
export class LoadProcess {
  readonly #process: ChildProcess
  readonly #history: LoadHistory
  readonly #underWay = new Map<number, UnderWay>()
  readonly #opened: Promise<void>
  #heard: (() => void) | undefined
  /** When the last call was made of those that have been answered. */
  answeredSince = 0

  constructor(url: string, name: string, seed: number, history: LoadHistory) {
    this.#history = history
    const main = join(import.meta.dirname, 'load-main.js')
    this.#process = spawn(process.execPath, ['--enable-source-maps', main, url, name, String(seed)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    this.#opened = new Promise((resolve, reject) => {
      this.#process.once('exit', () => reject(new Error(`node ${name} has ended before it was open`)))
      if (this.#process.stdout === null) throw new Error('assertion: its output is a pipe')
      createInterface({ input: this.#process.stdout }).on('line', (text) => {
        const line = JSON.parse(text) as LoadLine
        if (line.line === 'open') resolve()
        this.#hear(line, line.at ?? 0)
        this.#heard?.()
      })
    })
  }

  get opened(): Promise<void> {
    return this.#opened
  }

  /** Resolves when a call that was made after that time has been answered. */
  async answers(since: number): Promise<void> {
    while (this.answeredSince <= since) {
      await new Promise<void>((heard) => {
        this.#heard = heard
      })
    }
  }

  async kill(): Promise<void> {
    this.#process.kill('SIGKILL')
    await once(this.#process, 'close')
    this.#buried()
  }

  /** Lets it end what it is doing. */
  async end(): Promise<void> {
    const closed = once(this.#process, 'close')
    this.#process.stdin?.write('\n')
    await closed
    this.#buried()
  }

  #hear(line: LoadLine, at: number): void {
    if (line.line === 'open' || line.line === 'closed') return
    if (line.line === 'invoked') {
      const { queue, kind, value } = line
      return void this.#underWay.set(line.id, { queue, kind, invoked: at, sent: value, held: undefined })
    }
    const call = this.#underWay.get(line.id)
    if (call === undefined) return
    if (line.line === 'held') {
      call.held = line.value
      return
    }
    this.#underWay.delete(line.id)
    const { queue, kind, invoked } = call
    if (line.line === 'returned') {
      this.answeredSince = Math.max(this.answeredSince, invoked)
      this.#history.add(queue, { kind, value: line.value, invoked, returned: at })
      if (kind === 'send') this.#history.acknowledge(queue, line.value)
      return
    }
    const { code } = line
    if (code === 'ENOMSG') {
      this.answeredSince = Math.max(this.answeredSince, invoked)
      return this.#history.add(queue, { kind, invoked, returned: at })
    }
    if (code === 'TimeoutError') return
    this.#history.codes.set(code, (this.#history.codes.get(code) ?? 0) + 1)
    this.#unknown(call, at, code === 'ERR_MSGQ_UNAVAILABLE')
  }

  /** What was under way when it died. */
  #buried(): void {
    const at = Number(process.hrtime.bigint()) / 1e6
    for (const call of this.#underWay.values()) this.#unknown(call, at, false)
    this.#underWay.clear()
  }

  #unknown({ queue, kind, invoked, sent, held }: UnderWay, at: number, wasNotMade: boolean): void {
    const returned = Number.POSITIVE_INFINITY
    if (kind === 'copy' || (kind === 'send' && wasNotMade)) return
    if (kind === 'send')
      return this.#history.add(queue, { kind, ...(sent !== undefined && { value: sent }), invoked, returned })
    if (held !== undefined) this.#history.mayBeGone.add(held)
    else if (!wasNotMade && queue === 'any') this.#history.doubtfulReceives++
    this.#history.add(queue, { kind, invoked, returned, heldUntil: at + HELD_MS })
  }
}
