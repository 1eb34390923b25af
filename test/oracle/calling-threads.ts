import { closeSync, openSync, readSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import { errnoName } from '../../src/abi/index.ts'
import { linuxCalls, syscallNumbers, wakeSignal } from '../../src/linux/index.ts'
import type { Answer } from './kernel.ts'
import { Mailbox, type Request, STATE, TASK } from './mailbox.ts'

/** How often a thread on its way is looked at again. What it does is decided by its state, never by this. */
const LOOK_AGAIN_MS = 0.05
/** A thread that is neither asleep nor done for this long will never be: it is a fault of this oracle. */
const SETTLE_MS_MAX = 20_000

const NOTHING = { identity: 0, msqid: 0, msgsz: 0, msgflg: 0, type: 0, mtext: new Uint8Array(0) } as const

/** Where a thread came to rest. */
type Rest = 'idle' | 'waiting' | 'done' | undefined

/** Threads that wait in the kernel, so that several calls are blocked at once. */
export class CallingThreads {
  readonly #threads: CallingThread[]

  constructor(count: number) {
    this.#threads = Array.from({ length: count }, () => new CallingThread())
    this.settle()
  }

  /** Moves every thread, none of which may be waiting, into the main thread's IPC namespace. */
  enterNamespace(): void {
    for (const thread of this.#threads) thread.ask({ ...NOTHING, task: TASK.enterNamespace })
    this.settle()
    for (const thread of this.#threads) {
      const answer = thread.take()
      if ('code' in answer) throw new Error(`setns failed: ${answer.code}`)
    }
  }

  tid(index: number): number {
    return this.#thread(index).tid
  }

  /** Starts a call that may wait. */
  ask(index: number, request: Request): void {
    this.#thread(index).ask(request)
  }

  /** Interrupts a thread's waiting call by a signal that it catches. */
  interrupt(index: number): void {
    const { tid } = this.#thread(index)
    if (linuxCalls().tgkill(process.pid, tid, wakeSignal()) !== 0) throw new Error(`tgkill of ${tid} failed`)
  }

  /**
   * Waits until every thread sleeps in its call, is done with it, or has none. One look is not enough: a thread seen
   * asleep may be woken by one that is seen later. Two looks in a row that find the same are.
   */
  settle(): void {
    this.#settle((rest) => rest !== undefined)
  }

  /**
   * Waits until no thread is in a call, where all that they could wait for is gone: one that another processor is just
   * waking still looks asleep.
   */
  settleEnded(): void {
    this.#settle((rest) => rest === 'idle' || rest === 'done')
  }

  #settle(isAtRest: (rest: Rest) => boolean): void {
    const deadline = performance.now() + SETTLE_MS_MAX
    for (let before = ''; ; ) {
      const rests = this.#threads.map((thread) => thread.rest())
      const moving = rests.findIndex((rest) => !isAtRest(rest))
      const now = rests.join()
      if (moving === -1 && now === before) return
      before = moving === -1 ? now : ''
      if (moving !== -1) this.#thread(moving).sleepABit()
      if (performance.now() > deadline) throw new Error(`threads do not come to rest: ${rests.map(String).join()}`)
    }
  }

  /** The answers of all calls that are done, by thread; each is told once. Only after `settle`. */
  takeDone(): Map<number, Answer> {
    const done = new Map<number, Answer>()
    this.#threads.forEach((thread, index) => {
      if (thread.rest() === 'done') done.set(index, thread.take())
    })
    return done
  }

  /** Ends all threads, none of which may be waiting. */
  end(): void {
    for (const thread of this.#threads) thread.end()
  }

  #thread(index: number): CallingThread {
    const thread = this.#threads[index]
    if (thread === undefined) throw new RangeError(`there is no thread ${index}`)
    return thread
  }
}

class CallingThread {
  readonly #mailbox = new Mailbox()
  readonly #line = Buffer.alloc(16)
  #task: Request['task'] = TASK.enterNamespace
  #syscallFile: number | undefined

  constructor() {
    // Neither idle nor asleep in a call: `settle` waits until the thread has begun.
    this.#mailbox.state = STATE.calling
    const worker = new Worker(new URL('./calling-thread.js', import.meta.url), { workerData: this.#mailbox.shared })
    worker.unref()
  }

  get tid(): number {
    return this.#mailbox.tid
  }

  ask(request: Request): void {
    this.#task = request.task
    this.#mailbox.request = request
    this.#mailbox.state = STATE.asked
  }

  take(): Answer {
    const { result, errno, mtype, mtext } = this.#mailbox.result
    this.#mailbox.state = STATE.idle
    if (result < 0) return { code: errnoName(errno) ?? `errno ${errno}` }
    return this.#task === TASK.msgrcv ? { value: { mtype, mtext } } : { value: result }
  }

  rest(): Rest {
    const { state } = this.#mailbox
    if (state === STATE.done) return 'done'
    if (state === STATE.idle) return 'idle'
    if (state !== STATE.calling || !this.#sleepsInCall()) return undefined
    return 'waiting'
  }

  sleepABit(): void {
    this.#mailbox.sleepWhile(this.#mailbox.state, LOOK_AGAIN_MS)
  }

  end(): void {
    if (this.#syscallFile !== undefined) closeSync(this.#syscallFile)
    this.#mailbox.state = STATE.ending
  }

  /** The file says `running` of a thread that is awake or was just woken. Source: proc(5), /proc/pid/syscall. */
  #sleepsInCall(): boolean {
    if (this.#task === TASK.enterNamespace) return false
    this.#syscallFile ??= openSync(`/proc/self/task/${this.tid}/syscall`, 'r')
    const length = readSync(this.#syscallFile, this.#line, 0, this.#line.length, 0)
    const number = this.#task === TASK.msgsnd ? syscallNumbers().msgsnd : syscallNumbers().msgrcv
    return this.#line.toString('latin1', 0, length).startsWith(`${number} `)
  }
}
