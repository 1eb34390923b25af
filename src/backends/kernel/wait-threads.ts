import type { Msgbuf } from '../../abi/index.ts'
import { BackendError } from '../../contract/index.ts'
import type { Msgrcv, Msgsnd } from '../../engine/index.ts'
import { wakeSignal } from '../../linux/index.ts'
import type { KernelCalls } from './kernel-calls.ts'
import { type Waiter, WaitThread } from './wait-thread.ts'

/**
 * So many waits have a thread each, and with it a place of their own in the kernel's line. Beyond it equal receives
 * share a thread, which lines up again after each message. A thread costs about 9 MB.
 */
export const KERNEL_OWN_THREADS_MAX = 8
/** Most threads of a process's main thread or worker: a gigabyte. */
export const KERNEL_WAIT_THREADS_MAX = 128
/** Idle threads that are kept for the next wait: starting one takes some 30 ms, and programs wait as they did before. */
export const KERNEL_IDLE_THREADS_MAX: number = KERNEL_OWN_THREADS_MAX

/** Every thread that was started here and has not ended: what an exit must interrupt. */
const running = new Set<WaitThread>()

/** A process that exits waits for its threads for ever while one is inside msgrcv: worker termination reaches no syscall. */
function interruptAll(): void {
  for (const thread of running) thread.interruptNow()
}

/** The waiting calls of one namespace, each made by a thread that is not libuv's. */
export class WaitThreads {
  readonly #calls: KernelCalls
  readonly #alive = new Set<WaitThread>()
  readonly #idle: WaitThread[] = []
  #isClosed = false
  #onAllEnded: (() => void) | undefined

  constructor(calls: KernelCalls) {
    this.#calls = calls
  }

  /**
   * Makes a call that waits. An abort ends it at once; when its message was there first, the call has it.
   *
   * @param placed Called once when the call has its place in the kernel's line, or has ended.
   * @throws {BackendError} `ERR_MSGQ_TOO_MANY_WAITS` the call was not made.
   */
  wait(call: Msgsnd | Msgrcv, signal: AbortSignal | undefined, placed: () => void): Promise<Msgbuf | undefined> {
    return new Promise((resolve, reject) => {
      const settle = <Value>(end: (value: Value) => void) => {
        return (value: Value) => {
          signal?.removeEventListener('abort', abort)
          end(value)
        }
      }
      const waiter: Waiter = {
        succeed: settle(resolve),
        fail: settle((code) =>
          reject(code === 'EINTR' && this.#isClosed ? closed(call) : this.#calls.error(code, call)),
        ),
        die: settle(reject),
      }
      const thread = this.#begin(call, waiter, placed)
      const abort = () => thread.leave(waiter, () => reject(signal?.reason))
      signal?.addEventListener('abort', abort, { once: true })
    })
  }

  /** Ends every wait, and every thread. A message that was there first is still handed over. */
  async close(): Promise<void> {
    this.#isClosed = true
    for (const thread of this.#idle.splice(0)) this.#end(thread)
    for (const thread of this.#alive) thread.interrupt()
    if (this.#alive.size === 0) return
    await new Promise<void>((resolve) => {
      this.#onAllEnded = resolve
    })
  }

  #begin(call: Msgsnd | Msgrcv, waiter: Waiter, placed: () => void): WaitThread {
    const busy = this.#alive.size - this.#idle.length
    const shared = busy < KERNEL_OWN_THREADS_MAX ? undefined : this.#join(call, waiter)
    if (shared !== undefined) {
      placed()
      return shared
    }
    try {
      const thread = this.#idle.pop() ?? this.#newThread()
      thread.start(call, waiter, placed)
      return thread
    } catch (error) {
      placed()
      throw error
    }
  }

  /**
   * The thread that now serves this waiter too: of those that make the same call the one that already serves the most,
   * so that all who share do so in order of arrival.
   */
  #join(call: Msgsnd | Msgrcv, waiter: Waiter): WaitThread | undefined {
    const mostFirst = [...this.#alive].sort((a, b) => b.waiting - a.waiting)
    return mostFirst.find((thread) => thread.join(call, waiter))
  }

  #newThread(): WaitThread {
    if (running.size >= KERNEL_WAIT_THREADS_MAX) {
      const why = `${KERNEL_WAIT_THREADS_MAX} different calls wait for the kernel already, each on a thread`
      throw new BackendError('ERR_MSGQ_TOO_MANY_WAITS', `${why}: wait for fewer at once, or use IPC_NOWAIT`)
    }
    // Chosen now: a thread that nothing can interrupt must not start.
    wakeSignal()
    if (!isExitHooked) process.on('exit', interruptAll)
    isExitHooked = true
    const thread = new WaitThread(
      this.#calls.scope.file,
      (idle) => this.#keep(idle),
      (ended) => this.#forget(ended),
    )
    running.add(thread)
    this.#alive.add(thread)
    return thread
  }

  #keep(thread: WaitThread): void {
    if (this.#isClosed || this.#idle.length >= KERNEL_IDLE_THREADS_MAX) this.#end(thread)
    else this.#idle.push(thread)
  }

  #end(thread: WaitThread): void {
    thread.end().then(
      () => this.#forget(thread),
      () => this.#forget(thread),
    )
  }

  #forget(thread: WaitThread): void {
    running.delete(thread)
    this.#alive.delete(thread)
    const idle = this.#idle.indexOf(thread)
    if (idle >= 0) this.#idle.splice(idle, 1)
    if (this.#alive.size === 0) this.#onAllEnded?.()
  }
}

let isExitHooked = false

function closed(call: Msgsnd | Msgrcv): BackendError {
  return new BackendError('ERR_MSGQ_CLOSED', `the namespace was closed while ${call.name} waited; it did not happen`)
}
