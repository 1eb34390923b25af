import { INT_MAX } from '../abi/index.ts'
import { abortSignal, BackendError, type IpcNamespace, unsigned } from '../contract/index.ts'
import { INIT, ipcOfUrl, membersOf, usersAmong } from './find.ts'
import { Guard } from './guard.ts'
import { checkProc, nameOf, type Process, processOf } from './processes.ts'
import { isStopped, type Stopped, stop } from './stop.ts'

/**
 * Whom to stop: the processes of these numbers; the `users` of the queues, who are the last sender and the last
 * receiver of each and all that wait on one; or all that share the IPC namespace. Never this process.
 */
export type Whom = readonly number[] | 'users' | 'namespace'

/** What was done while others were stopped, and how it went with them. They go on. */
export interface Frozen<Result> {
  readonly result: Result
  /** Who was stopped. */
  readonly processes: readonly Process[]
  /** The folders of the cgroups that were frozen for it; who is in none of them got SIGSTOP. */
  readonly cgroups: readonly string[]
  /** Of the namespace's processes those that cannot be stopped, and are not known to use its queues: `init` is one. */
  readonly notStopped: readonly Process[]
  /** For how long, milliseconds. */
  readonly stoppedMs: number
}

/** Passes over all processes until two in a row find everybody stopped: each generation of children takes one. */
const PASSES_MAX = 100
/** How often the work is done again because somebody went on, or came in, meanwhile. */
const TRIES_MAX = 8

/**
 * Stops the processes of one IPC namespace while something is done, and lets them go on, whatever happens: also when
 * this process is killed. For that a guard is started, a process that outlives it; it ends with `close`.
 */
export class Freezer implements AsyncDisposable {
  readonly #namespace: IpcNamespace
  readonly #ipc: string
  readonly #guard: Guard

  private constructor(namespace: IpcNamespace, ipc: string, guard: Guard) {
    this.#namespace = namespace
    this.#ipc = ipc
    this.#guard = guard
  }

  /**
   * Starts the guard; stops nobody.
   *
   * @param namespace The kernel's: `linux:` or `linux:?pid=N`. It stays yours.
   * @throws {TypeError} The namespace is none of the kernel's: no other process uses its queues.
   * @throws {BackendError} `ERR_MSGQ_UNAVAILABLE` there is a freezer of this IPC namespace already, or /proc is not there.
   */
  static async open(namespace: IpcNamespace): Promise<Freezer> {
    const ipc = ipcOfUrl(namespace.url)
    checkProc()
    return new Freezer(namespace, ipc, await Guard.start(ipc))
  }

  /**
   * Does something while processes are stopped. Meanwhile it may wait for nothing that one of them would do: whoever
   * reads this process's output may be among them, its own shell too.
   *
   * @param work Done once everybody is stopped, and again when it turns out that one went on or came in meanwhile.
   * @param signal Ends what comes before the work; the work looks to its own end.
   * @throws {TypeError} A process is this one.
   * @throws {BackendError} `ERR_MSGQ_UNAVAILABLE` there is no such process, it does not stop or may not be stopped;
   *   `ERR_MSGQ_TORN` they never stood still. Nobody is stopped any more.
   */
  async whileFrozen<Result>(
    whom: Whom,
    work: () => Promise<Result>,
    { signal }: { readonly signal?: AbortSignal } = {},
  ): Promise<Frozen<Result>> {
    abortSignal(signal)
    const find = this.#finder(whom)
    this.#guard.check()
    const start = performance.now()
    let frozen: Omit<Frozen<Result>, 'stoppedMs'>
    try {
      frozen = await this.#frozen(find, work, signal)
    } finally {
      await this.#guard.release()
    }
    return { ...frozen, stoppedMs: performance.now() - start }
  }

  /** Ends the guard. */
  close(): Promise<void> {
    return this.#guard.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #frozen<Result>(
    find: () => Promise<Found>,
    work: () => Promise<Result>,
    signal: AbortSignal | undefined,
  ): Promise<Omit<Frozen<Result>, 'stoppedMs'>> {
    const stopped: Stopped = { processes: new Map(), cgroups: new Set() }
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      await this.#stopAll(find, stopped, signal)
      const result = await work()
      this.#guard.check()
      const { wanted, notStopped } = await find()
      if (!withStopped(wanted, stopped).every((process) => isStopped(process, stopped))) continue
      return { result, processes: [...stopped.processes.values()], cgroups: [...stopped.cgroups], notStopped }
    }
    throw new BackendError('ERR_MSGQ_TORN', `processes went on, or came in, during each of ${TRIES_MAX} tries`)
  }

  /**
   * Two passes in a row must find nobody who runs: a process that was made during the first, by one that has ended
   * since, is in the second.
   */
  async #stopAll(find: () => Promise<Found>, stopped: Stopped, signal: AbortSignal | undefined): Promise<void> {
    let agreeing = 0
    for (let pass = 0; pass < PASSES_MAX; pass++) {
      signal?.throwIfAborted()
      const all = withStopped((await find()).wanted, stopped)
      const running = all.filter((process) => !isStopped(process, stopped))
      agreeing = running.length === 0 ? agreeing + 1 : 0
      if (agreeing === 2) return
      if (running.length > 0) await stop(all, running, stopped, this.#guard, signal)
    }
    throw new BackendError('ERR_MSGQ_TORN', `in each of ${PASSES_MAX} passes more processes had to be stopped`)
  }

  /** @returns What finds them, each time anew: there may be others by then. */
  #finder(whom: Whom): () => Promise<Found> {
    if (typeof whom !== 'string') {
      const named = whom.map(namedProcess)
      return async () => ({ wanted: named, notStopped: [] })
    }
    return async () => {
      const members = membersOf(this.#ipc).filter(({ pid }) => pid !== process.pid && pid !== this.#guard.pid)
      const init = members.filter(({ pid }) => pid === INIT)
      // Nobody stops init from inside; that is no harm while it leaves the queues alone.
      const users = await usersAmong(whom === 'users' ? members : init, this.#namespace)
      users.forEach(mustBeStoppable)
      if (whom === 'users') return { wanted: users, notStopped: [] }
      return { wanted: members.filter(({ pid }) => pid !== INIT), notStopped: init }
    }
  }
}

/** Who was found in one pass. */
interface Found {
  readonly wanted: readonly Process[]
  readonly notStopped: readonly Process[]
}

/** Who was stopped once must stand still to the end, though it may be no user any more. */
function withStopped(wanted: readonly Process[], { processes }: Stopped): Process[] {
  return [...processes.values(), ...wanted.filter(({ pid }) => !processes.has(pid))]
}

function namedProcess(pid: number): Process {
  unsigned('pid', pid, INT_MAX)
  if (pid === process.pid) throw new TypeError(`process ${pid} is this one, which must not stop`)
  const found = processOf(pid)
  if (found === undefined) throw new BackendError('ERR_MSGQ_UNAVAILABLE', `there is no process ${pid} to stop`)
  mustBeStoppable(found)
  return found
}

function mustBeStoppable(process: Process): void {
  if (process.pid !== INIT) return
  const why = `${nameOf(process)} uses the queues, and cannot be stopped from inside its PID namespace`
  throw new BackendError('ERR_MSGQ_UNAVAILABLE', `${why}: run msgq outside of it, with linux:?pid=N`)
}
