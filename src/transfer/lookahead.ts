import { INT_MAX, IPC_NOWAIT, type Long, MSG_COPY, type Msgbuf } from '../abi/index.ts'
import { SyscallError } from '../contract/index.ts'
import { type QueuePlace, standingQueue } from './place.ts'
import type { Selector } from './selector.ts'

/**
 * Tells which message a receive would take now, by copying: the types of the messages in front are remembered, so that
 * each message is looked at once. While nobody else receives it is always right.
 */
export class Lookahead {
  readonly #place: QueuePlace
  readonly #selector: Selector
  /** Types from index 0 on, as far as they were looked at. */
  #types: Long[] = []
  #next: { readonly index: number; readonly message: Msgbuf } | undefined

  constructor(place: QueuePlace, selector: Selector) {
    this.#place = place
    this.#selector = selector
  }

  /**
   * A copy of the message that a receive would take; `undefined` when there is none.
   *
   * @throws {SyscallError} as a copy: `EACCES`, `EINVAL` no such queue, or the message is longer than msgmax.
   */
  async next(): Promise<Msgbuf | undefined> {
    for (;;) {
      this.#next = await this.#look()
      if (this.#next === undefined) return undefined
      const { index, message } = this.#next
      if (this.#types[index] === message.mtype) return message
      this.#types = []
    }
  }

  /** Says which message was taken: another one than was seen means that others receive too. */
  taken(message: Msgbuf): void {
    const seen = this.#next
    this.#next = undefined
    if (seen !== undefined && areEqual(seen.message, message)) this.#types.splice(seen.index, 1)
    else this.#types = []
  }

  /** Forgets what was seen. */
  reset(): void {
    this.#next = undefined
    this.#types = []
  }

  async #look(): Promise<{ index: number; message: Msgbuf } | undefined> {
    const { msgtyp } = this.#selector
    for (;;) {
      // The lowest type can be the last message's: then all are looked at first.
      const index = msgtyp < 0 ? -1 : this.#types.findIndex((mtype) => this.#selector.selects(mtype))
      if (index >= 0) return this.#copied(index)
      const message = await this.#copy(this.#types.length)
      if (message === undefined) break
      const isSelected = msgtyp >= 0 && this.#selector.selects(message.mtype)
      this.#types.push(message.mtype)
      if (isSelected) return { index: this.#types.length - 1, message }
    }
    return msgtyp < 0 ? this.#copied(this.#lowest()) : undefined
  }

  /** The index of the oldest message of the lowest type that is selected; -1 when there is none. */
  #lowest(): number {
    let lowest = -1
    this.#types.forEach((mtype, index) => {
      if (!this.#selector.selects(mtype)) return
      if (lowest < 0 || mtype < (this.#types[lowest] ?? 0)) lowest = index
    })
    return lowest
  }

  async #copied(index: number): Promise<{ index: number; message: Msgbuf } | undefined> {
    if (index < 0) return undefined
    const message = await this.#copy(index)
    if (message !== undefined) return { index, message }
    // Others took what was there.
    this.#types = []
    return this.#look()
  }

  async #copy(index: number): Promise<Msgbuf | undefined> {
    const { namespace, msqid } = this.#place
    try {
      return await namespace.msgrcv(msqid, INT_MAX, index, MSG_COPY | IPC_NOWAIT)
    } catch (error) {
      if (!(error instanceof SyscallError)) throw error
      if (error.code === 'ENOMSG') return undefined
      if (error.code !== 'EINVAL') throw error
      await standingQueue(this.#place)
      // Source: ipc/msgutil.c, copy_msg(): a copy is never longer than msgmax.
      const hint = 'the message is longer than msgmax, and cannot be looked at before it is taken: raise msgmax first'
      throw new SyscallError('EINVAL', 'msgrcv', { msqid, hint })
    }
  }
}

function areEqual(a: Msgbuf, b: Msgbuf): boolean {
  return a.mtype === b.mtype && Buffer.compare(a.mtext, b.mtext) === 0
}
