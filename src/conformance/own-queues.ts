import { IPC_EXCL, IPC_RMID } from '../abi/index.ts'
import { formatKey, type IpcNamespace, SyscallError } from '../contract/index.ts'
import { GuardedNamespace } from './guarded-namespace.ts'
import { LeftOut } from './left-out.ts'

/**
 * The queues that one case makes in a namespace where others have queues too. The case reaches these and no others:
 * whatever else it asks for is not done, and fails with `LeftOut`. What it has made can be removed at any moment.
 */
export class OwnQueues {
  readonly #msqids = new Set<number>()
  readonly #making = new Set<Promise<number>>()
  #refusal: LeftOut | undefined
  #isOver = false

  /** Why the case cannot be run here, once that is known: the case itself may have caught the error. */
  get refusal(): LeftOut | undefined {
    return this.#refusal
  }

  /** The namespace as the case, or another process of it, may use it. */
  guard(namespace: IpcNamespace): IpcNamespace {
    return new GuardedNamespace(namespace, this)
  }

  /** Lets the case make no more queues, and removes those that it has made. @param namespace As it is, not guarded. */
  async removeAll(namespace: IpcNamespace): Promise<void> {
    this.#isOver = true
    // A queue that is being made has no id yet.
    await Promise.allSettled(this.#making)
    for (const msqid of this.#msqids) await removeIfThere(namespace, msqid)
  }

  /** @param what Goes after "it". @throws {LeftOut} always. */
  refuse(what: string): never {
    this.#refusal ??= new LeftOut(`it ${what}`)
    throw this.#refusal
  }

  /** @throws {LeftOut} there may be a queue of this id that the case has not made. */
  mayUse(msqid: number): void {
    // What is negative, or no id at all, every backend refuses.
    if (!Number.isInteger(msqid) || msqid < 0 || this.#msqids.has(msqid)) return
    this.refuse(`uses queue ${msqid}, which it has not made`)
  }

  /** @param standing The queue that has the key. @throws {LeftOut} the case has not made it, or has ended. */
  mayOpen(key: number, standing: number | undefined): void {
    if (this.#isOver) this.refuse('has ended')
    if (standing !== undefined && !this.#msqids.has(standing)) this.#refuseKey(key)
  }

  /** Remembers a queue that the case makes. */
  async making(call: Promise<number>): Promise<number> {
    this.#making.add(call)
    try {
      return this.made(await call)
    } finally {
      this.#making.delete(call)
    }
  }

  /** Remembers a queue that the case has made. */
  made(msqid: number): number {
    this.#msqids.add(msqid)
    return msqid
  }

  /** @throws {LeftOut} others made a queue of this key after we had looked. @throws the error itself. */
  notMade(key: number, msgflg: number, error: unknown): never {
    const isRace = error instanceof SyscallError && error.code === 'EEXIST' && (msgflg & IPC_EXCL) === 0
    if (isRace) this.#refuseKey(key)
    throw error
  }

  #refuseKey(key: number): never {
    this.refuse(`uses the key ${formatKey(key)}, which another queue has`)
  }
}

async function removeIfThere(namespace: IpcNamespace, msqid: number): Promise<void> {
  try {
    await namespace.msgctl(msqid, IPC_RMID)
  } catch (error) {
    // The case has removed it.
    if (!(error instanceof SyscallError && error.code === 'EINVAL')) throw error
  }
}
