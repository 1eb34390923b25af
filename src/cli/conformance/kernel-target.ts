import { strict as assert } from 'node:assert'
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { type KernelOptions, openKernelNamespace } from '../../backends/kernel/index.ts'
import {
  LeftOut,
  type OpenedTarget,
  OwnQueues,
  type Process,
  type ProcessOptions,
  type Target,
} from '../../conformance/index.ts'
import { BackendError, type IpcNamespace } from '../../contract/index.ts'
import { CLONE_NEWIPC, linuxCalls, syscallNumbers } from '../../linux/index.ts'
import { ownCapabilities } from '../capabilities.ts'
import { KernelProcess } from './kernel-process.ts'

/** Between two looks at what a thread of another process does. */
const LOOK_AGAIN_MS = 1

export interface KernelTargetOptions {
  /** The cases use the namespace that stands, guarded; otherwise each has a fresh one. */
  readonly isStanding?: boolean
  /** The process whose IPC namespace stands; otherwise it is this one's. */
  readonly pid?: number
}

/** The real kernel. @throws {BackendError} there is none, or the namespace cannot be entered. */
export function kernelTarget({ isStanding = false, pid }: KernelTargetOptions = {}): Target {
  const options = pid === undefined ? {} : { pid }
  const { url, capabilities } = openKernelNamespace(options)
  return {
    name: url,
    // The kernel is as it was built.
    capabilities: (options) => (Object.keys(options).length === 0 ? capabilities : undefined),
    open: async () => {
      if (isStanding) return new OpenedKernel(options, new OwnQueues())
      mustUnshare()
      return new OpenedKernel({})
    },
  }
}

/** Moves this thread into a fresh IPC namespace. @throws {BackendError} it may not. */
function mustUnshare(): void {
  if (linuxCalls().unshare(CLONE_NEWIPC) === 0) return
  throw new BackendError('ERR_MSGQ_UNAVAILABLE', 'a fresh IPC namespace needs CAP_SYS_ADMIN: run as root')
}

class OpenedKernel implements OpenedTarget {
  readonly self: Process
  readonly #namespace: IpcNamespace
  readonly #own: OwnQueues | undefined
  readonly #options: KernelOptions
  readonly #processes: Promise<KernelProcess>[] = []
  #isClosed = false

  constructor(options: KernelOptions, own?: OwnQueues) {
    this.#namespace = openKernelNamespace(options)
    this.#options = options
    this.#own = own
    const [uid, gid] = [process.geteuid?.() ?? 0, process.getegid?.() ?? 0]
    this.self = {
      namespace: this.#seen(this.#namespace),
      pid: process.pid,
      uid,
      gid,
      capabilities: ownCapabilities(),
      end: () => assert.fail('it runs the cases'),
    }
  }

  async process(options?: ProcessOptions): Promise<Process> {
    const { uid, gid, capabilities } = this.self
    if (options !== undefined && uid !== 0) this.#own?.refuse('acts as other users, which needs root')
    const place = { pid: this.#options.pid, seen: (namespace: IpcNamespace) => this.#seen(namespace) }
    // The case was ended early and does not know it yet.
    if (this.#isClosed) throw new LeftOut('it has ended')
    const started = KernelProcess.start({ uid, gid, groups: [], capabilities }, options, place)
    this.#processes.push(started)
    return started
  }

  async midway(): Promise<void> {
    // The kernel's namespace stays where it is.
  }

  async untilWaiting({ pid }: Process, msqid: number): Promise<number> {
    // A case that has ended otherwise, such as with a call that should have waited, leaves this loop behind.
    while (!this.#isClosed) {
      const tid = waitingThread(pid, msqid)
      if (tid !== undefined) return tid
      await setTimeout(LOOK_AGAIN_MS)
    }
    throw new LeftOut('it has ended')
  }

  async close(): Promise<void> {
    this.#isClosed = true
    try {
      await this.#removeQueues()
    } finally {
      await Promise.all(this.#processes.map(endStarted))
      await this.#namespace.close()
    }
    if (this.#own?.refusal !== undefined) throw this.#own.refusal
  }

  async #removeQueues(): Promise<void> {
    if (this.#own === undefined) return
    // The case may have closed the one that it was given.
    const namespace = openKernelNamespace(this.#options)
    await this.#own.removeAll(namespace)
    await namespace.close()
  }

  #seen(namespace: IpcNamespace): IpcNamespace {
    return this.#own?.guard(namespace) ?? namespace
  }
}

/** Ends a process, also one that is being started. */
async function endStarted(starting: Promise<KernelProcess>): Promise<void> {
  const [started] = await Promise.allSettled([starting])
  if (started.status === 'fulfilled') await started.value.end()
}

/** The thread of a process that sleeps inside msgsnd or msgrcv on a queue. @see proc_pid_syscall(5) */
function waitingThread(pid: number, msqid: number): number | undefined {
  const { msgsnd, msgrcv } = syscallNumbers()
  for (const tid of listIfThere(`/proc/${pid}/task`)) {
    const [number, first] = readIfThere(`/proc/${pid}/task/${tid}/syscall`).split(' ')
    const waits = Number(number) === msgsnd || Number(number) === msgrcv
    if (waits && Number(first) === msqid) return Number(tid)
  }
  return undefined
}

function listIfThere(folder: string): string[] {
  return ifThere(() => readdirSync(folder)) ?? []
}

function readIfThere(file: string): string {
  return ifThere(() => readFileSync(file, 'utf8')) ?? ''
}

/** A thread may end while it is looked at. */
function ifThere<Value>(look: () => Value): Value | undefined {
  try {
    return look()
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH'))
      return undefined
    throw error
  }
}
