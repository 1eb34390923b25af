import { ERRNO, INT_MAX, IPC_INFO, IPC_NOWAIT, MSG_COPY, MSGINFO_BYTES } from '../../abi/index.ts'
import { BackendError, type IpcNamespace, unsigned } from '../../contract/index.ts'
import { type LinuxCalls, linuxCalls } from '../../linux/index.ts'
import { IpcScope } from './ipc-scope.ts'
import { KernelCalls } from './kernel-calls.ts'
import { KernelNamespace } from './kernel-namespace.ts'

export interface KernelOptions {
  /** A process whose IPC namespace to enter, a container's for instance; otherwise this process's own. */
  readonly pid?: number
}

/**
 * Opens the kernel's queues.
 *
 * Calls of the asynchronous face reach the kernel in the order in which they are made, waiting ones included. Those of
 * `sync` go ahead of whatever is still lining up. A worker thread that opens one should close it before it ends: only
 * then are its waiting calls interrupted when it is terminated from outside.
 *
 * @param options `pid` from 1: entering another process's IPC namespace needs CAP_SYS_ADMIN.
 * @throws {BackendError} `ERR_MSGQ_UNAVAILABLE` this is no Linux, its kernel has no System V queues, koffi is not
 *   installed, or the process's namespace cannot be entered.
 */
export function openKernelNamespace({ pid }: KernelOptions = {}): IpcNamespace {
  if (pid !== undefined) unsigned('pid', pid, INT_MAX)
  const linux = availableLinux()
  const scope = pid === undefined ? IpcScope.own() : IpcScope.of(pid)
  const copy = scope.within(() => (canCopy(linux) ? 'index' : 'none'))
  return new KernelNamespace(pid === undefined ? 'linux:' : `linux:?pid=${pid}`, new KernelCalls(scope), copy)
}

function availableLinux(): LinuxCalls {
  if (process.platform !== 'linux') {
    throw unavailable(`\`linux:\` is for Linux, and this is ${process.platform}`)
  }
  const linux = load()
  if (linux.msgctl(0, IPC_INFO, new Uint8Array(MSGINFO_BYTES)) >= 0) return linux
  const errno = linux.errno()
  throw unavailable(
    errno === ERRNO.ENOSYS
      ? 'this kernel has no System V message queues (CONFIG_SYSVIPC)'
      : `this kernel's System V message queues cannot be asked (errno ${errno}): a sandbox may forbid it`,
  )
}

function load(): LinuxCalls {
  try {
    return linuxCalls()
  } catch (cause) {
    throw unavailable(cause instanceof Error ? cause.message : String(cause), cause)
  }
}

/** A kernel without CONFIG_CHECKPOINT_RESTORE says ENOSYS before it looks for the queue. Source: ipc/msg.c, prepare_copy(). */
function canCopy(linux: LinuxCalls): boolean {
  const result = linux.msgrcv(INT_MAX, new Uint8Array(8), 0, 0, MSG_COPY | IPC_NOWAIT)
  return result >= 0 || linux.errno() !== ERRNO.ENOSYS
}

function unavailable(why: string, cause?: unknown): BackendError {
  const message = `${why}; \`memory:\` needs no kernel`
  return new BackendError('ERR_MSGQ_UNAVAILABLE', message, cause === undefined ? {} : { cause })
}
