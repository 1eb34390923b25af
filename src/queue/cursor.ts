import { IPC_NOWAIT } from '../abi/index.ts'
import { type ReceivedMessage, SyscallError } from '../contract/index.ts'

/**
 * Copies a queue's messages one after the other, and takes none. The position is a sequence number and the reader's
 * own: receives by others neither skip nor repeat a message, and other readers do not move it.
 */
export class Cursor<R> {
  readonly #copyAfter: (sequence: number, flag: number, signal?: AbortSignal) => Promise<ReceivedMessage>
  readonly #decode: (message: ReceivedMessage) => R
  #position: number

  constructor(
    copyAfter: (sequence: number, flag: number, signal?: AbortSignal) => Promise<ReceivedMessage>,
    decode: (message: ReceivedMessage) => R,
    position: number,
  ) {
    this.#copyAfter = copyAfter
    this.#decode = decode
    this.#position = position
  }

  /** The sequence number of the message that was copied last; a cursor opened after it goes on from here. */
  get position(): number {
    return this.#position
  }

  /** Copies the next message, waiting for one. @throws {SyscallError} `EIDRM` the queue was removed; `EACCES`. */
  async next({ signal }: { readonly signal?: AbortSignal } = {}): Promise<R> {
    return this.#moveTo(await this.#copyAfter(this.#position, 0, signal))
  }

  /** Copies the next message if there is one now. @returns `undefined` when there is none. */
  async tryNext(): Promise<R | undefined> {
    try {
      return this.#moveTo(await this.#copyAfter(this.#position, IPC_NOWAIT))
    } catch (error) {
      if (error instanceof SyscallError && error.code === 'ENOMSG') return undefined
      throw error
    }
  }

  /** Copies messages as they come; ends when the queue is removed. */
  async *[Symbol.asyncIterator](): AsyncGenerator<R, void, undefined> {
    for (;;) {
      let message: R
      try {
        message = await this.next()
      } catch (error) {
        if (error instanceof SyscallError && (error.code === 'EIDRM' || error.code === 'EINVAL')) return
        throw error
      }
      yield message
    }
  }

  /** A message that does not decode is passed over by the next call: its error carries it. */
  #moveTo(message: ReceivedMessage): R {
    this.#position = message.sequence ?? this.#position
    return this.#decode(message)
  }
}
