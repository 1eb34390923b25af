import { readFileSync } from 'node:fs'
import { capabilitiesIn, readThreadStatus, type ThreadStatus } from '../abi/index.ts'
import type { CallerOptions, IpcNamespace, SyncIpcNamespace } from '../contract/index.ts'
import { linuxCalls, supervisionCalls, type Watch } from '../linux/index.ts'

/** A thread of a program: who it is, and the namespace as it sees it. */
export interface ProgramThread {
  readonly tid: number
  readonly caller: Required<CallerOptions>
  readonly namespace: IpcNamespace
  /** The same, answered at once; where its engine is in this thread. */
  readonly sync: SyncIpcNamespace | undefined
}

/** pidfd_open: of a thread, not of its process (Linux 6.9). Source: include/uapi/linux/pidfd.h. */
const PIDFD_THREAD = 0o200

/** What is known of the threads that make calls. The kernel's word for it costs more than most calls, and is kept. */
export class ProgramThreads implements Disposable {
  readonly #namespace: IpcNamespace
  readonly #known = new Map<number, { readonly thread: ProgramThread; readonly end: () => void }>()

  constructor(namespace: IpcNamespace) {
    this.#namespace = namespace
  }

  /** The thread of a number; `undefined` when it is gone. */
  of(tid: number): ProgramThread | undefined {
    const known = this.#known.get(tid)
    if (known !== undefined) return known.thread
    const caller = readCaller(tid)
    if (caller === undefined) return undefined
    const namespace = this.#namespace.capabilities.as ? this.#namespace.as(caller) : this.#namespace
    const sync = namespace.capabilities.sync === 'refuses' ? namespace.sync : undefined
    const thread: ProgramThread = { tid, caller, namespace, sync }
    this.#keep(thread)
    return thread
  }

  /** Forgets a thread that is about to become somebody else, or another program. */
  forget(tid: number): void {
    const known = this.#known.get(tid)
    this.#known.delete(tid)
    known?.end()
  }

  [Symbol.dispose](): void {
    for (const tid of [...this.#known.keys()]) this.forget(tid)
  }

  /** Until it ends: its number may then be another's. */
  #keep(thread: ProgramThread): void {
    const { tid, namespace } = thread
    const close = () => {
      // What it says has nobody to hear it: the thread is gone, or makes no call now.
      if (namespace !== this.#namespace) void namespace.close().catch(() => undefined)
    }
    const pidfd = linuxCalls().pidfdOpen(tid, tid === thread.caller.pid ? 0 : PIDFD_THREAD)
    if (pidfd < 0) {
      // Gone, or a thread that cannot be watched: asked for again at its next call.
      this.#known.set(tid, { thread, end: close })
      setImmediate(() => this.forget(tid))
      return
    }
    const calls = supervisionCalls()
    const watch: Watch = calls.watch(pidfd, () => this.forget(tid))
    this.#known.set(tid, {
      thread,
      end: () => {
        watch.close()
        calls.close(pidfd)
        close()
      },
    })
  }
}

/** Who a thread is. Source: proc(5), /proc/pid/status. */
function readCaller(tid: number): Required<CallerOptions> | undefined {
  const status = readStatus(tid)
  if (status === undefined) return undefined
  const numbers = (name: string) => (status.get(name) ?? '').split(/\s+/).filter(Boolean).map(Number)
  return {
    pid: numbers('Tgid')[0] ?? tid,
    tid,
    // Real, effective, saved, of files.
    uid: numbers('Uid')[1] ?? 0,
    gid: numbers('Gid')[1] ?? 0,
    groups: numbers('Groups'),
    capabilities: capabilitiesIn(status),
  }
}

/** What /proc tells of a thread, name by name; `undefined` when it is gone. */
export function readStatus(tid: number): ThreadStatus | undefined {
  try {
    return readThreadStatus(readFileSync(`/proc/${tid}/status`, 'latin1'))
  } catch {
    // ENOENT or ESRCH: gone.
    return undefined
  }
}
