import { IPC_NOWAIT, IPC_STAT, MSG_COPY } from '../../src/abi/index.ts'
import { BackendError, type IpcNamespace, type ReceivedMessage, SyscallError } from '../../src/contract/index.ts'
import type { Random } from '../oracle/random.ts'
import type { Account } from './account.ts'
import type { SimulatedProcess, World } from './world.ts'

export const TYPES = 3
const BYTES_MAX = 100
/** Whoever finds nobody comes back later. */
const TRY_AGAIN_MS = 1_000
const LOOKS = ['stat', 'checkpoint', 'limits', 'copy', 'waiting', 'back'] as const

export interface ProgramOptions {
  readonly queues: readonly number[]
  /** Things that one program does at once. */
  readonly tasks: number
  /** About how long each thinks between two calls, milliseconds. */
  readonly thinkMs: number
}

/** What a program does that sends, receives, holds and looks; and what it was told, in the account. */
export class Program {
  readonly #world: World
  readonly #account: Account
  readonly #process: SimulatedProcess
  readonly #namespace: IpcNamespace
  readonly #options: ProgramOptions
  readonly #waits = new Set<AbortController>()
  #isStopped = true
  /** The last call found nobody. */
  #isUnavailable = false
  #sent = 0
  #done: Promise<unknown> = Promise.resolve()

  constructor(world: World, account: Account, namespace: IpcNamespace, options: ProgramOptions) {
    this.#world = world
    this.#account = account
    this.#process = world.current
    this.#namespace = namespace
    this.#options = options
  }

  start(): void {
    if (!this.#isStopped) return
    const { tasks } = this.#options
    this.#isStopped = false
    this.#done = Promise.all(Array.from({ length: tasks }, (_, task) => this.#task(task)))
  }

  /** Ends what waits, and resolves when nothing is under way. */
  async stop(): Promise<void> {
    this.#isStopped = true
    for (const wait of this.#waits) wait.abort(new Error('stopped'))
    await this.#done
  }

  get #random(): Random {
    return this.#world.random
  }

  async #task(task: number): Promise<void> {
    let cursor = 0
    while (!this.#isStopped) {
      await this.#think()
      if (this.#isStopped) return
      const queue = this.#random.pick(this.#options.queues)
      const does = this.#random.weighted({ send: 12, burst: 1, receive: 12, hold: 3, cursor: 2, look: 2 })
      if (does === 'send') await this.#send(queue, task)
      else if (does === 'burst') await Promise.all([1, 2, 3].map(() => this.#send(queue, task)))
      else if (does === 'receive') await this.#receive(queue, (...wait) => this.#take(queue, ...wait))
      else if (does === 'hold') await this.#receive(queue, (...wait) => this.#hold(queue, ...wait))
      else if (does === 'cursor') cursor = await this.#copy(this.#options.queues[0] ?? 0, cursor)
      else await this.#look(queue)
    }
  }

  async #send(queue: number, task: number): Promise<void> {
    const random = this.#random
    const text = `${this.#process.name}.${task}:${++this.#sent}`
    const mtype = random.between(1, TYPES)
    const mtext = Buffer.from(text.padEnd(random.between(text.length, BYTES_MAX)))
    this.#account.sending(text, queue, mtype, this.#world.now)
    const state = await this.#attempt(['EAGAIN'], (msgflg, signal) =>
      this.#namespace.msgsnd(queue, { mtype, mtext }, msgflg, { signal }),
    )
    this.#account.sent(text, state.kind === 'done' ? 'acknowledged' : state.kind, this.#world.now)
  }

  async #receive(
    queue: number,
    make: (type: number, msgflg: number, signal: AbortSignal) => Promise<ReceivedMessage | undefined>,
  ): Promise<void> {
    const world = this.#world
    const type = this.#random.pick([0, 0, 1, 2, 3, -2])
    const invoked = world.now
    const end = await this.#attempt(['ENOMSG'], (msgflg, signal) => make(type, msgflg, signal))
    const returned = world.now
    if (end.kind === 'not sent' && end.code === 'ENOMSG' && type >= 0) {
      this.#account.missed({ queue, type, invoked, returned })
    }
    if (end.kind !== 'done' || end.value === undefined) return
    const { mtype, sequence = 0 } = end.value
    const text = textOf(end.value.mtext)
    world.note(`received ${text}`)
    this.#account.received({ text, queue, type: Number(mtype), sequence, invoked, returned, by: this.#process })
  }

  #take(queue: number, type: number, msgflg: number, signal: AbortSignal): Promise<ReceivedMessage> {
    return this.#namespace.msgrcv(queue, BYTES_MAX, type, msgflg, { signal })
  }

  /** @returns What was accepted. */
  async #hold(queue: number, type: number, msgflg: number, signal: AbortSignal): Promise<ReceivedMessage | undefined> {
    const held = await this.#namespace.msgrcv(queue, BYTES_MAX, type, msgflg, { signal, hold: true })
    const text = textOf(held.mtext)
    if (this.#random.chance(50)) await this.#think()
    if (this.#random.chance(30)) {
      this.#account.shownAgain(text, false)
      const end = await this.#settled(() => held.refuse())
      if (end.kind === 'not sent' && end.code === 'EINVAL') this.#account.shownAgain(text, false)
      return undefined
    }
    this.#account.taking(text)
    const end = await this.#settled(() => held.accept())
    if (end.kind === 'done') return held
    // In doubt it is gone, or it is shown again, and nobody knows which.
    if (end.kind === 'not sent') this.#account.notTaken(text)
    return undefined
  }

  /** Reads on where it was: numbers only rise. */
  async #copy(queue: number, cursor: number): Promise<number> {
    const end = await this.#attempt(['ENOMSG'], (msgflg, signal) =>
      this.#namespace.copyAfter(queue, cursor, BYTES_MAX, 0, msgflg, { signal }),
    )
    if (end.kind !== 'done') return cursor
    const { sequence = 0 } = end.value
    if (sequence <= cursor) throw new Error(`a copy after ${cursor} gave ${sequence}`)
    return sequence
  }

  async #look(queue: number): Promise<void> {
    const namespace = this.#namespace
    const looks = {
      stat: () => namespace.msgctl(queue, IPC_STAT),
      checkpoint: () => namespace.checkpoint(),
      limits: () => namespace.limits(),
      copy: () => namespace.msgrcv(queue, BYTES_MAX, 0, MSG_COPY | IPC_NOWAIT),
      waiting: () => namespace.waiting(),
      back: () => this.#lookBack(),
    }
    const end = await this.#settled<unknown>(looks[this.#random.pick(LOOKS)])
    if (end.kind === 'not sent' && end.code !== 'ENOMSG' && !BACKEND.has(end.code)) throw end.error
  }

  /** Reads what happened lately, or how it was. */
  async #lookBack(): Promise<void> {
    const { checkpointAt, history } = this.#namespace
    if (checkpointAt === undefined || history === undefined) return
    const from = Date.now() - this.#random.pick([1_000, 60_000])
    if (this.#random.chance(50)) return void (await checkpointAt.call(this.#namespace, from))
    let last = 0
    for await (const { time } of history.call(this.#namespace, { from })) {
      if (time < last || time < from) throw new Error(`an event of ${time} came after one of ${last}`)
      last = time
    }
  }

  /** Makes a call that waits a little, or not at all. */
  async #attempt<Value>(
    codes: readonly string[],
    make: (msgflg: number, signal: AbortSignal) => Promise<Value>,
  ): Promise<End<Value>> {
    const random = this.#random
    const wait = new AbortController()
    this.#waits.add(wait)
    const isPatient = random.chance(60)
    const aborts = isPatient && random.chance(70)
    const timer = aborts ? setTimeout(() => wait.abort(new Error('aborted')), this.#thinkMs() * 4) : undefined
    const end = await this.#settled(() => make(isPatient ? 0 : IPC_NOWAIT, wait.signal))
    clearTimeout(timer)
    this.#waits.delete(wait)
    if (end.kind === 'not sent' && wait.signal.aborted && end.error === wait.signal.reason) return end
    if (end.kind === 'not sent' && !BACKEND.has(end.code) && !codes.includes(end.code)) throw end.error
    return end
  }

  async #settled<Value>(make: () => Promise<Value>): Promise<End<Value>> {
    try {
      return { kind: 'done', value: await make() }
    } catch (error) {
      const code = error instanceof BackendError || error instanceof SyscallError ? error.code : ''
      this.#world.note(`told ${code || String(error)}`)
      if (code === 'ERR_MSGQ_UNAVAILABLE') this.#isUnavailable = true
      if (code === 'ERR_MSGQ_IN_DOUBT') return { kind: 'doubtful' }
      return { kind: 'not sent', code, error }
    }
  }

  #thinkMs(): number {
    const { thinkMs } = this.#options
    return this.#random.chance(10) ? thinkMs * 5 : (thinkMs * this.#random.below(1000)) / 1000
  }

  #think(): Promise<void> {
    return new Promise((resolve) => {
      setTimeout(resolve, this.#thinkMs() + (this.#isUnavailable ? TRY_AGAIN_MS : 0))
      this.#isUnavailable = false
    })
  }
}

/** How a call ended: it was done, it was not, or nobody knows. */
type End<Value> =
  | { readonly kind: 'done'; readonly value: Value }
  | { readonly kind: 'doubtful' }
  | { readonly kind: 'not sent'; readonly code: string; readonly error: unknown }

/** Of a backend that says that a call was not made. */
const BACKEND: ReadonlySet<string> = new Set(['ERR_MSGQ_UNAVAILABLE', 'ERR_MSGQ_NO_SPACE', 'ERR_MSGQ_CLOSED'])

export function textOf(mtext: Uint8Array): string {
  return Buffer.from(mtext.buffer, mtext.byteOffset, mtext.length).toString().trim()
}
