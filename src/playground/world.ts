import { IPC_CREAT, IPC_NOWAIT, IPC_SET, IPC_STAT, long } from '../abi/index.ts'
import { openEmbeddedNamespace } from '../backends/embedded/index.ts'
import type { IpcNamespace } from '../contract/index.ts'
import type { Checkpoint } from '../engine/index.ts'
import { type Step, Steps } from './steps.ts'

/** The page's own pid is 1: nothing is there that started it. */
const FIRST_PID = 101
/** No process of the playground asks for more. */
const RECEIVED_BYTES_MAX = 2 ** 31 - 1

/** A call that a process is to make. */
export interface WantedCall {
  readonly name: 'msgsnd' | 'msgrcv'
  readonly msqid: number
  /** The type to send, or msgtyp. */
  readonly type: string
  readonly text: string
  readonly isNowait: boolean
}

/** A namespace in this browser, and the processes that use it. Each makes one call, and ends with it. */
export class World {
  readonly namespace: IpcNamespace
  readonly #steps = new Steps()
  readonly #signals = new Map<number, AbortController>()
  readonly #listeners = new Set<() => void>()
  #lastPid = FIRST_PID - 1

  constructor() {
    this.namespace = openEmbeddedNamespace({
      onApplied: (entry, applied) => {
        if (this.#steps.add(entry, applied)) for (const listener of this.#listeners) listener()
      },
    })
  }

  /** Newest first. */
  get steps(): readonly Step[] {
    return this.#steps.all
  }

  /** All of it at this instant, with who waits. */
  look(): Promise<Checkpoint> {
    return this.namespace.checkpoint()
  }

  /** Tells each step, until the returned function is called. */
  onStep(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** The queue of a key, made where there is none. */
  queue(key: number): Promise<number> {
    return this.namespace.msgget(key, IPC_CREAT | 0o600)
  }

  /** Gives a queue room for so many bytes, and as many messages. */
  async limitTo(msqid: number, qbytes: number): Promise<void> {
    const { perm } = await this.namespace.msgctl(msqid, IPC_STAT)
    await this.namespace.msgctl(msqid, IPC_SET, { perm, qbytes })
  }

  /** A process of its own calls. What becomes of it is in the steps. @throws {RangeError} the type is no number. */
  call({ name, msqid, type, text, isNowait }: WantedCall): number {
    if (!/^-?\d{1,18}$/.test(type)) throw new RangeError(`a type is a whole number, not ${type}`)
    const pid = ++this.#lastPid
    const process = this.namespace.as({ pid, tid: pid, uid: 0 })
    const controller = new AbortController()
    this.#signals.set(pid, controller)
    const { signal } = controller
    const msgflg = isNowait ? IPC_NOWAIT : 0
    const mtype = long(BigInt(type))
    const mtext = new TextEncoder().encode(text)
    const done: Promise<unknown> =
      name === 'msgsnd'
        ? process.msgsnd(msqid, { mtype, mtext }, msgflg, { signal })
        : process.msgrcv(msqid, RECEIVED_BYTES_MAX, mtype, msgflg, { signal })
    // How it ended, a refusal too, is a step already: the engine told it.
    done.then(
      () => this.#signals.delete(pid),
      () => this.#signals.delete(pid),
    )
    return pid
  }

  /** A signal: the call of the process ends with EINTR. */
  interrupt(pid: number): void {
    this.#signals.get(pid)?.abort()
  }
}
