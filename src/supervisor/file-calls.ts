import { closeSync } from 'node:fs'
import { ERRNO } from '../abi/index.ts'
import { O_CLOEXEC } from '../linux/index.ts'
import type { Listener } from './listener.ts'
import type { Answer, Result } from './message-calls.ts'
import { openProcFile, PATH_BYTES_MAX, procFile } from './proc-files.ts'
import type { ProgramMemory } from './program-memory.ts'
import type { ProgramThread, ProgramThreads } from './program-threads.ts'
import type { FileCall, Trapped } from './trapped-call.ts'

/** `struct open_how`: u64 flags, mode, resolve. */
const OPEN_HOW_BYTES = 24
/** access(2). */
const W_OK = 2
const X_OK = 1

/** Opens of the files that tell of queues, and questions about them. All others are the kernel's. */
export class FileCalls {
  readonly #listener: Listener
  readonly #memory: ProgramMemory
  readonly #threads: ProgramThreads

  constructor(listener: Listener, memory: ProgramMemory, threads: ProgramThreads) {
    this.#listener = listener
    this.#memory = memory
    this.#threads = threads
  }

  perform(trapped: Trapped, call: FileCall): Answer {
    const { tid } = trapped
    const path = this.#memory.readString(tid, call.path, PATH_BYTES_MAX)
    const file = path === undefined ? undefined : procFile(tid, call.dirfd, path)
    const flags = file === undefined || call.how === undefined ? call.flags : this.#flagsAt(tid, call.how)
    if (file === undefined || flags === undefined) return void this.#listener.pass(trapped)
    // They may be read by all, and not written.
    if (call.name === 'access') return flags & (W_OK | X_OK) ? -ERRNO.EACCES : 0
    const thread = this.#threads.of(tid)
    return thread === undefined ? undefined : this.#open(trapped, file, flags, thread)
  }

  async #open(trapped: Trapped, file: string, flags: number, { namespace }: ProgramThread): Promise<Result> {
    const fd = await openProcFile(namespace, file, flags)
    if (fd === undefined) return void this.#listener.pass(trapped)
    if (fd < 0) return fd
    this.#listener.answerWithFile(trapped, fd, flags & O_CLOEXEC)
    closeSync(fd)
    return undefined
  }

  #flagsAt(tid: number, how: number): number | undefined {
    const bytes = this.#memory.read(tid, how, OPEN_HOW_BYTES)
    return bytes === undefined ? undefined : new DataView(bytes.buffer, bytes.byteOffset, 4).getInt32(0, true)
  }
}
