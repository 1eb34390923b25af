import { INT_MAX } from '../abi/index.ts'
import { formatKey, type IpcNamespace, int, SyscallError } from '../contract/index.ts'
import type { IndexedStat } from '../engine/index.ts'
import { queueAtIndexOf } from './standing.ts'

/** One queue of one namespace. */
export interface QueuePlace {
  readonly namespace: IpcNamespace
  readonly msqid: number
}

/** How people name a queue: by its key, which lives longer than its id. */
export function placeWords({ namespace, msqid }: QueuePlace, key: number): string {
  return `${namespace.url} ${key === 0 ? msqid : formatKey(key)}`
}

/** What IPC_STAT tells, without its permission. @throws {SyscallError} `EINVAL` there is no such queue. */
export async function standingQueue({ namespace, msqid }: QueuePlace): Promise<IndexedStat> {
  int('msqid', msqid)
  const queue = msqid < 0 ? undefined : await queueAtIndexOf(namespace, msqid)
  if (queue?.msqid === msqid) return queue
  throw new SyscallError('EINVAL', 'msgctl', { msqid, hint: 'no queue has this id' })
}

/** @throws {TypeError} Both are one queue: what is sent would come back for ever. */
export function checkTwoQueues(source: QueuePlace, target: QueuePlace): void {
  if (source.namespace !== target.namespace || source.msqid !== target.msqid) return
  throw new TypeError(`source and target are one queue, ${source.msqid}: name two`)
}

/** The queue that messages are brought to. */
export class Target {
  readonly place: QueuePlace
  #longest = -1

  private constructor(place: QueuePlace) {
    this.place = place
  }

  /** @throws {SyscallError} `EINVAL` there is no such queue. */
  static async at(place: QueuePlace): Promise<Target> {
    const target = new Target(place)
    await target.#look()
    return target
  }

  /** Sends a message as anyone would: waits for room. @throws as `msgsnd`; the message was not sent. */
  async send(mtype: number | bigint, mtext: Uint8Array, signal: AbortSignal | undefined): Promise<void> {
    const { namespace, msqid } = this.place
    await namespace.msgsnd(msqid, { mtype, mtext }, 0, signal === undefined ? {} : { signal })
  }

  /**
   * Asks, before a message is taken from where it is, whether it may ever fit: one that is longer than qbytes would
   * wait for ever. Source: ipc/msg.c, msg_fits_inqueue().
   *
   * @throws {SyscallError} `EINVAL` it is longer than the target's msgmax or qbytes.
   */
  async mustTake(sizeBytes: number): Promise<void> {
    if (sizeBytes <= this.#longest) return
    const { msgmax, qbytes } = await this.#look()
    if (sizeBytes <= this.#longest) return
    const limit = sizeBytes > msgmax ? `msgmax is ${msgmax}` : `the queue's qbytes are ${qbytes}`
    const hint = `${limit}, and the next message has ${sizeBytes} bytes: it was left where it is`
    throw new SyscallError('EINVAL', 'msgsnd', { msqid: this.place.msqid, hint })
  }

  async #look(): Promise<{ msgmax: number; qbytes: number }> {
    const { qbytes } = (await standingQueue(this.place)).stat
    const { msgmax } = await this.place.namespace.limits()
    // A queue that admits nothing does not admit an empty message either.
    this.#longest = qbytes === 0 ? -1 : Math.min(msgmax, qbytes, INT_MAX)
    return { msgmax, qbytes }
  }
}
