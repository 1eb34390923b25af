import { readSync } from 'node:fs'
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads'
import type { ErrnoName, Msgbuf } from '../../abi/index.ts'
import { BackendError } from '../../contract/index.ts'
import { linuxCalls, syscallNumbers, wakeSignal } from '../../linux/index.ts'
import {
  CALLING,
  COMMANDS,
  CONTROL_WORDS,
  type Command,
  type Report,
  SYSCALL_FILE,
  TID,
  WANTED,
  type WaitWorkerData,
} from './wait-protocol.ts'

/** One call that waits on a thread. */
export interface Waiter {
  /** @param message What a msgrcv got. */
  readonly succeed: (message: Msgbuf | undefined) => void
  readonly fail: (code: ErrnoName) => void
  readonly die: (error: unknown) => void
  /** Set by an abort: called instead of `fail` when the wait ends without a message. */
  leave?: () => void
}

/** The thread runs a few hundred lines and one message at a time; V8 does not start in less. */
const RESOURCE_LIMITS = { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 1, stackSizeMb: 1 }
/** How long to wait before a signal is sent again to a thread that was not in its call yet. */
const SIGNAL_AGAIN_MS = 1
/** How often the state of a thread is looked at in each turn of the event loop, before it is looked at each millisecond. */
const QUICK_LOOKS = 50

/** A thread that makes waiting calls, for one waiter or for several that ask for the same, in order of arrival. */
export class WaitThread {
  readonly #worker: Worker
  readonly #port: MessagePort
  readonly #control = new Int32Array(new SharedArrayBuffer(CONTROL_WORDS * Int32Array.BYTES_PER_ELEMENT))
  readonly #waiters: Waiter[] = []
  readonly #onIdle: (thread: WaitThread) => void
  readonly #onEnd: (thread: WaitThread) => void
  #command: Command | undefined
  #placed: (() => void) | undefined
  #interrupting: NodeJS.Timeout | undefined
  #isEnding = false

  /** @param onIdle Called when a command has ended. @param onEnd Called when the thread ended, asked to or not. */
  constructor(
    namespaceFile: number | undefined,
    onIdle: (thread: WaitThread) => void,
    onEnd: (thread: WaitThread) => void,
  ) {
    this.#onIdle = onIdle
    this.#onEnd = onEnd
    const { port1, port2 } = new MessageChannel()
    this.#port = port1
    const workerData: WaitWorkerData = { control: this.#control, port: port2, namespaceFile }
    // Its own extension: this file may run compiled or with its types stripped.
    const script = new URL(`./wait-worker${import.meta.url.slice(-3)}`, import.meta.url)
    this.#worker = new Worker(script, {
      name: 'msgq wait',
      workerData,
      transferList: [port2],
      // Nothing that the program asked of its own threads: no preloaded modules, no coverage, no inspector.
      execArgv: [],
      env: {},
      resourceLimits: RESOURCE_LIMITS,
    })
    this.#worker.unref()
    this.#worker.on('error', (cause) => this.#died(cause))
    this.#worker.on('exit', () => this.#died(undefined))
    this.#port.on('message', (report: Report) => this.#on(report))
    this.#port.unref()
  }

  /** How many calls wait on this thread. */
  get waiting(): number {
    return this.#waiters.length
  }

  /** Has an idle thread make a call. @param placed Called once when it sleeps in the kernel, or has ended. */
  start(command: Command, waiter: Waiter, placed: () => void): void {
    this.#command = command
    this.#placed = placed
    this.#waiters.push(waiter)
    // A pending call keeps the process alive, as a socket does.
    this.#port.ref()
    this.#port.postMessage(command)
    Atomics.store(this.#control, WANTED, 1)
    Atomics.add(this.#control, COMMANDS, 1)
    Atomics.notify(this.#control, COMMANDS)
  }

  /** Has the running command serve one more waiter; false when it is another call, or about to stop. */
  join(command: Command, waiter: Waiter): boolean {
    if (this.#command === undefined || !areEqual(this.#command, command)) return false
    const wanted = Atomics.load(this.#control, WANTED)
    if (wanted === 0) return false
    if (Atomics.compareExchange(this.#control, WANTED, wanted, wanted + 1) !== wanted) return this.join(command, waiter)
    this.#waiters.push(waiter)
    return true
  }

  /** Ends one wait, with `left` unless a message is there first. */
  leave(waiter: Waiter, left: () => void): void {
    const index = this.#waiters.indexOf(waiter)
    if (index < 0 || waiter.leave !== undefined) return
    for (;;) {
      const wanted = Atomics.load(this.#control, WANTED)
      if (wanted > 1) {
        if (Atomics.compareExchange(this.#control, WANTED, wanted, wanted - 1) !== wanted) continue
        this.#waiters.splice(index, 1)
        return left()
      }
      // The last one, or every waiter has its message on the way: the thread's next reports tell.
      waiter.leave = left
      return this.interrupt()
    }
  }

  /** Ends every wait: those without a message fail with `EINTR`, or leave if they were to. */
  interrupt(): void {
    Atomics.store(this.#control, WANTED, 0)
    if (this.#interrupting === undefined && this.#command !== undefined) this.#signalUntilStopped()
  }

  /** Ends the call that the thread is in, and returns when it is out of it: a process cannot exit before. */
  interruptNow(): void {
    Atomics.store(this.#control, WANTED, 0)
    while (Atomics.load(this.#control, CALLING) === 1) {
      this.#signal()
      Atomics.wait(this.#control, CALLING, 1, SIGNAL_AGAIN_MS)
    }
  }

  /** Ends an idle thread. */
  async end(): Promise<void> {
    this.#isEnding = true
    this.#port.close()
    await this.#worker.terminate()
  }

  /** A signal that comes between the thread's look at WANTED and its call is lost: so it is sent until it stops. */
  #signalUntilStopped(): void {
    this.#signal()
    this.#interrupting = setTimeout(() => this.#signalUntilStopped(), SIGNAL_AGAIN_MS)
  }

  #signal(): void {
    if (Atomics.load(this.#control, CALLING) === 0) return
    linuxCalls().tgkill(process.pid, Atomics.load(this.#control, TID), wakeSignal())
  }

  #on(report: Report): void {
    if ('calling' in report) return this.#lookUntilPlaced(0)
    if ('message' in report) this.#handOver(report.message)
    else this.#refuse(report.code)
    if (report.stopped) this.#stopped()
  }

  /** To the first who waits; to one who was leaving only when no other is there, for then it came too late. */
  #handOver(message: Msgbuf | undefined): void {
    const staying = this.#waiters.findIndex(({ leave }) => leave === undefined)
    const [waiter] = this.#waiters.splice(Math.max(staying, 0), 1)
    if (waiter === undefined) throw new Error('assertion: a wait thread takes no more messages than are waited for')
    waiter.succeed(message)
  }

  #refuse(code: ErrnoName | undefined): void {
    for (const { leave, fail } of this.#waiters.splice(0)) {
      if (leave === undefined) fail(code ?? 'EINTR')
      else leave()
    }
  }

  #stopped(): void {
    clearTimeout(this.#interrupting)
    this.#interrupting = undefined
    this.#command = undefined
    // Interrupted for all, with one message on the way: the others have none.
    this.#refuse(undefined)
    this.#port.unref()
    this.#isPlaced()
    this.#onIdle(this)
  }

  #lookUntilPlaced(looks: number): void {
    if (this.#placed === undefined) return
    if (this.#sleepsInCall()) return this.#isPlaced()
    if (looks < QUICK_LOOKS) setImmediate(() => this.#lookUntilPlaced(looks + 1))
    else setTimeout(() => this.#lookUntilPlaced(looks), 1)
  }

  #isPlaced(): void {
    const placed = this.#placed
    this.#placed = undefined
    placed?.()
  }

  /** The file begins with the call's number while the thread sleeps in it. Source: proc(5), /proc/pid/syscall. */
  #sleepsInCall(): boolean {
    const file = Atomics.load(this.#control, SYSCALL_FILE)
    if (file < 0 || this.#command === undefined) return true
    const line = Buffer.alloc(16)
    readSync(file, line, 0, line.length, 0)
    return line.toString('latin1').startsWith(`${syscallNumbers()[this.#command.name]} `)
  }

  #died(cause: unknown): void {
    clearTimeout(this.#interrupting)
    this.#interrupting = undefined
    this.#command = undefined
    this.#port.close()
    for (const { die } of this.#waiters.splice(0)) die(whyDied(cause, Atomics.load(this.#control, TID) !== 0))
    this.#isPlaced()
    if (!this.#isEnding) this.#onEnd(this)
    this.#isEnding = true
  }
}

/** A thread that never ran its first command made no call. */
function whyDied(cause: unknown, hadBegun: boolean): BackendError {
  if (hadBegun) {
    return new BackendError('ERR_MSGQ_IN_DOUBT', 'the thread of this wait ended: a message may be lost', { cause })
  }
  const why = cause instanceof BackendError ? cause.message : 'the thread of this wait did not start'
  return new BackendError('ERR_MSGQ_UNAVAILABLE', why, { cause })
}

function areEqual(a: Command, b: Command): boolean {
  if (a.name === 'msgsnd' || b.name === 'msgsnd') return false
  // What lands in memory is for one waiter.
  if (a.address !== undefined || b.address !== undefined) return false
  return a.msqid === b.msqid && a.msgsz === b.msgsz && a.msgtyp === b.msgtyp && a.msgflg === b.msgflg
}
