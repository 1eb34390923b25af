import { IPC_PRIVATE, IPC_RMID, IPCMNI } from '../../abi/index.ts'
import { OwnQueues, type Target } from '../../conformance/index.ts'
import type { IpcNamespace } from '../../contract/index.ts'
import type { Limits } from '../../engine/index.ts'
import { embeddedTarget, OpenedEmbedded, openRootNamespace } from './embedded-target.ts'

/** How many queues the others have at most: enough that indexes and counts are theirs too. */
const OTHERS_MAX = 8

/**
 * The engine's own namespace in the state of one that stands: with its limits, with queues of others, who go on working
 * between any two calls of a case. A case that does not pass here, where every rule is the kernel's, tells nothing about
 * a backend in such a state: it needs a namespace of its own.
 *
 * @param inUse The number of queues there.
 */
export function rehearsalTarget({ msgmax, msgmnb, msgmni }: Limits, inUse: number): Target {
  // As many queues can still be made as there.
  const limits = { msgmax, msgmnb, msgmni: Math.min(msgmni - inUse + OTHERS_MAX, IPCMNI) }
  return embeddedTarget('rehearsal', (options) => {
    const namespace = openRootNamespace({ ...options, limits })
    const others = new Others(namespace.as({ uid: 0 }))
    const own = new OwnQueues()
    const seen = (namespace: IpcNamespace) => own.guard(others.around(namespace))
    return new OpenedEmbedded(namespace, { seen })
  })
}

/** Others who use the namespace. */
class Others {
  readonly #namespace: IpcNamespace
  readonly #msqids: number[] = []

  constructor(namespace: IpcNamespace) {
    this.#namespace = namespace
    while (this.#msqids.length < OTHERS_MAX / 2) this.#make()
  }

  /** A namespace in which they do something before each call. */
  around(namespace: IpcNamespace): IpcNamespace {
    return new Proxy(namespace, {
      get: (_, name) => {
        const member: unknown = Reflect.get(namespace, name)
        if (typeof member !== 'function') return member
        return (...args: readonly unknown[]) => {
          this.#work()
          return member.apply(namespace, args)
        }
      },
    })
  }

  #make(): void {
    const msqid = this.#namespace.sync.msgget(IPC_PRIVATE, 0o600)
    this.#namespace.sync.msgsnd(msqid, { mtype: 1, mtext: new Uint8Array(1) }, 0)
    this.#msqids.push(msqid)
  }

  /** After it there are more queues and messages, or fewer, than before. */
  #work(): void {
    if (this.#msqids.length < OTHERS_MAX) return this.#make()
    for (const msqid of this.#msqids.splice(0, OTHERS_MAX / 2)) this.#namespace.sync.msgctl(msqid, IPC_RMID)
  }
}
