import { closeSync, fstatSync, openSync } from 'node:fs'
import { errnoName } from '../../abi/index.ts'
import { BackendError } from '../../contract/index.ts'
import { CLONE_NEWIPC, linuxCalls } from '../../linux/index.ts'

/**
 * The IPC namespace that calls are made in: the one this thread lives in, or another process's, which the thread
 * enters for each call and leaves at once. Only the calling thread moves: setns(2) is a thread's own affair.
 */
export class IpcScope {
  /** Open files of both namespaces, which keep them alive; absent when the thread lives where it calls. */
  readonly #files: { readonly home: number; readonly target: number } | undefined
  #depth = 0

  private constructor(files?: { readonly home: number; readonly target: number }) {
    this.#files = files
  }

  /** The namespace of the calling thread. */
  static own(): IpcScope {
    return new IpcScope()
  }

  /**
   * The namespace of a process.
   *
   * @throws {BackendError} `ERR_MSGQ_UNAVAILABLE` there is no such process, or this one may not enter.
   */
  static of(pid: number): IpcScope {
    const home = openNamespaceFile('/proc/thread-self/ns/ipc', pid)
    let target = home
    try {
      target = openNamespaceFile(`/proc/${pid}/ns/ipc`, pid)
      // Two files with one inode are one namespace: no need, and perhaps no right, to enter it.
      if (fstatSync(target, { bigint: true }).ino !== fstatSync(home, { bigint: true }).ino) {
        const scope = new IpcScope({ home, target })
        scope.within(() => undefined)
        return scope
      }
    } catch (error) {
      closeSync(home)
      if (target !== home) closeSync(target)
      throw error
    }
    closeSync(home)
    closeSync(target)
    return new IpcScope()
  }

  /** The open file of the other namespace, for a thread that enters it and stays. */
  get file(): number | undefined {
    return this.#files?.target
  }

  /** Makes synchronous calls in the namespace. */
  within<Result>(call: () => Result): Result {
    if (this.#files === undefined || this.#depth > 0) return call()
    enter(this.#files.target)
    this.#depth++
    try {
      return call()
    } finally {
      this.#depth--
      enter(this.#files.home)
    }
  }

  close(): void {
    if (this.#files === undefined) return
    closeSync(this.#files.home)
    closeSync(this.#files.target)
  }
}

/** Moves the calling thread. @throws {BackendError} `ERR_MSGQ_UNAVAILABLE` it may not. */
export function enter(file: number): void {
  const linux = linuxCalls()
  if (linux.setns(file, CLONE_NEWIPC) === 0) return
  const errno = linux.errno()
  const why =
    errnoName(errno) === 'EPERM'
      ? 'entering an IPC namespace needs CAP_SYS_ADMIN there and here: run as root, or inside it'
      : `entering the IPC namespace failed with errno ${errno}`
  throw new BackendError('ERR_MSGQ_UNAVAILABLE', why)
}

function openNamespaceFile(path: string, pid: number): number {
  try {
    return openSync(path, 'r')
  } catch (cause) {
    throw new BackendError('ERR_MSGQ_UNAVAILABLE', whyNotOpened(path, pid, cause), { cause })
  }
}

function whyNotOpened(path: string, pid: number, cause: unknown): string {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
  if (code === 'ENOENT') return `there is no process ${pid}: name one that lives in the IPC namespace`
  if (code !== 'EACCES' && code !== 'EPERM') return `${path} cannot be opened`
  return `this process may not look into process ${pid}: run as root, or as its user`
}
