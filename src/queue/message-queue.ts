import {
  INT_MAX,
  IPC_CREAT,
  IPC_EXCL,
  IPC_NOWAIT,
  IPC_PRIVATE,
  IPC_RMID,
  IPC_SET,
  IPC_STAT,
  type Long,
  MSG_COPY,
  MSG_NOERROR,
  type MsqidDs,
} from '../abi/index.ts'
import { type HeldMessage, type IpcNamespace, type ReceivedMessage, SyscallError, unsigned } from '../contract/index.ts'
import type { Sender } from '../engine/index.ts'
import type { Codec } from './codecs.ts'
import { Cursor } from './cursor.ts'
import { PayloadError } from './payload-error.ts'
import { messageType, type Selector, selectorArguments, selects } from './selector.ts'

/** A message whose payload is decoded. */
export interface Received<T> {
  /** 1 to 2^63-1; a bigint where a number would not be exact. */
  readonly type: Long
  readonly payload: T
  /** Where the backend remembers them (`capabilities.senders`): see `ReceivedMessage`. */
  readonly sequence?: number
  readonly sender?: Sender
  /** When it was sent, milliseconds since 1970. */
  readonly time?: number
}

/** A held message: accept it when its work is done. At the end of an `await using` scope, what was not accepted is refused. */
export interface Held<T> extends Received<T>, AsyncDisposable {
  accept(): Promise<void>
  refuse(): Promise<void>
}

export interface QueueOptions {
  /** The nine permission bits of a new queue. Default 0o600. */
  readonly mode?: number
}

export interface SendOptions {
  /** 1 to 2^63-1. Default 1. */
  readonly type?: number | bigint
  readonly signal?: AbortSignal
}

export type CopyOptions = Selector & {
  /** Longest payload to accept, in bytes. Default: any. A longer message is E2BIG, and stays. */
  readonly maxSizeBytes?: number
  /** Cut a longer payload short instead; what is cut off is lost. */
  readonly truncate?: boolean
}

export type TakeOptions = CopyOptions & { readonly signal?: AbortSignal }

/** What `set` changes; the rest stays. */
export interface QueueSettings {
  readonly uid?: number
  readonly gid?: number
  readonly mode?: number
  readonly qbytes?: number
}

/** One queue of a namespace, whose messages are payloads of one kind. */
export class MessageQueue<T> implements AsyncDisposable {
  readonly namespace: IpcNamespace
  readonly msqid: number
  readonly #codec: Codec<T>
  readonly #isTemporary: boolean

  private constructor(namespace: IpcNamespace, msqid: number, codec: Codec<T>, isTemporary = false) {
    this.namespace = namespace
    this.msqid = msqid
    this.#codec = codec
    this.#isTemporary = isTemporary
  }

  /** Opens the queue of a key. @throws {SyscallError} `ENOENT` there is none; `EACCES`. */
  static async open<T>(namespace: IpcNamespace, key: number, codec: Codec<T>): Promise<MessageQueue<T>> {
    return new MessageQueue(namespace, await namespace.msgget(named(key), 0), codec)
  }

  /** Makes the queue of a key. @throws {SyscallError} `EEXIST` there is one; `ENOSPC`. */
  static async create<T>(
    namespace: IpcNamespace,
    key: number,
    codec: Codec<T>,
    { mode = 0o600 }: QueueOptions = {},
  ): Promise<MessageQueue<T>> {
    const msgflg = IPC_CREAT | IPC_EXCL | permissionBits(mode)
    return new MessageQueue(namespace, await namespace.msgget(named(key), msgflg), codec)
  }

  /** Opens the queue of a key, or makes it. @throws {SyscallError} `EACCES`, `ENOSPC`. */
  static async openOrCreate<T>(
    namespace: IpcNamespace,
    key: number,
    codec: Codec<T>,
    { mode = 0o600 }: QueueOptions = {},
  ): Promise<MessageQueue<T>> {
    return new MessageQueue(namespace, await namespace.msgget(named(key), IPC_CREAT | permissionBits(mode)), codec)
  }

  /** Makes a queue without a key, which is removed when this object is disposed of. */
  static async temporary<T>(
    namespace: IpcNamespace,
    codec: Codec<T>,
    { mode = 0o600 }: QueueOptions = {},
  ): Promise<MessageQueue<T>> {
    const msqid = await namespace.msgget(IPC_PRIVATE, permissionBits(mode))
    return new MessageQueue(namespace, msqid, codec, true)
  }

  /** Opens the queue of an identifier. @throws {SyscallError} `EINVAL` there is none; `EACCES` it may not be read. */
  static async at<T>(namespace: IpcNamespace, msqid: number, codec: Codec<T>): Promise<MessageQueue<T>> {
    await namespace.msgctl(msqid, IPC_STAT)
    return new MessageQueue(namespace, msqid, codec)
  }

  /** Sends a payload; waits for room. @throws {SyscallError} as msgsnd; the payload was not sent. */
  send(payload: T, options: SendOptions = {}): Promise<void> {
    return this.#send(payload, options, 0)
  }

  /** Sends a payload if there is room now. @returns Whether it was sent. */
  async trySend(payload: T, options: Pick<SendOptions, 'type'> = {}): Promise<boolean> {
    const sent = this.#send(payload, options, IPC_NOWAIT).then(() => true)
    return (await unless('EAGAIN', sent)) ?? false
  }

  /**
   * Takes a message, waiting for one. With `hold` the message is hidden, still counted, until `accept` or `refuse`.
   *
   * @throws {SyscallError} `EIDRM` the queue was removed meanwhile; `E2BIG`; others as msgrcv. No message was taken.
   * @throws {PayloadError} the message was taken but does not decode: the error carries it.
   */
  receive(options: TakeOptions & { readonly hold: true }): Promise<Held<T>>
  receive(options?: TakeOptions): Promise<Received<T>>
  async receive(options: TakeOptions & { readonly hold?: boolean } = {}): Promise<Received<T>> {
    const { msgsz, msgtyp, msgflg } = copyArguments(options)
    if (!options.hold) {
      return this.#decode(await this.namespace.msgrcv(this.msqid, msgsz, msgtyp, msgflg, waitOptions(options.signal)))
    }
    const wait = { ...waitOptions(options.signal), hold: true } as const
    return this.#decodeHeld(await this.namespace.msgrcv(this.msqid, msgsz, msgtyp, msgflg, wait))
  }

  /** Takes a message if there is one now. @returns `undefined` when there is none. */
  async tryReceive(options: CopyOptions = {}): Promise<Received<T> | undefined> {
    const { msgsz, msgtyp, msgflg } = copyArguments(options)
    const message = await unless('ENOMSG', this.namespace.msgrcv(this.msqid, msgsz, msgtyp, msgflg | IPC_NOWAIT))
    return message === undefined ? undefined : this.#decode(message)
  }

  /** Copies the message at an index from the oldest, 0; the queue is untouched. @returns `undefined` past the end. */
  async copy(index: number): Promise<Received<T> | undefined> {
    unsigned('index', index)
    const message = await this.#copyAt(index)
    return message === undefined ? undefined : this.#decode(message)
  }

  /**
   * Copies the messages that are there, oldest first; the queue is untouched. Where there are cursors, receives by
   * others neither skip nor repeat a message; by index they can, since the kernel's indexes move.
   */
  async *copies(selector: Selector = {}): AsyncGenerator<Received<T>, void, undefined> {
    selectorArguments(selector)
    if (this.namespace.capabilities.cursors) {
      const cursor = this.cursor(selector)
      for (let next = await cursor.tryNext(); next !== undefined; next = await cursor.tryNext()) yield next
      return
    }
    for (let index = 0; ; index++) {
      const message = await this.#copyAt(index)
      if (message === undefined) return
      if (selects(selector, message.mtype)) yield this.#decode(message)
    }
  }

  /**
   * A reader of this queue that copies, with a position of its own.
   *
   * @param options A selector, and the sequence number to go on after: 0, the default, is before the oldest.
   * @throws {BackendError} `ERR_MSGQ_UNSUPPORTED`, at its first use, where there are no cursors.
   */
  cursor(options: Selector & { readonly after?: number } = {}): Cursor<Received<T>> {
    const { msgtyp, msgflg } = selectorArguments(options)
    const copyAfter = (sequence: number, flag: number, signal?: AbortSignal) =>
      this.namespace.copyAfter(this.msqid, sequence, INT_MAX, msgtyp, msgflg | flag, waitOptions(signal))
    return new Cursor(copyAfter, (message) => this.#decode(message), unsigned('after', options.after ?? 0))
  }

  /** The queue's state. @throws {SyscallError} `EACCES` it may not be read; `EINVAL` it was removed. */
  async stat(): Promise<MsqidDs> {
    return this.namespace.msgctl(this.msqid, IPC_STAT)
  }

  /** Changes owner, mode or qbytes; what is left out stays. @throws {SyscallError} `EPERM`, `EINVAL`. */
  async set({ uid, gid, mode, qbytes }: QueueSettings): Promise<void> {
    const stat = await this.stat()
    await this.namespace.msgctl(this.msqid, IPC_SET, {
      perm: { uid: uid ?? stat.perm.uid, gid: gid ?? stat.perm.gid, mode: mode ?? stat.perm.mode },
      qbytes: qbytes ?? stat.qbytes,
    })
  }

  /** Removes the queue and what is on it; whoever waits gets EIDRM. @throws {SyscallError} `EPERM`, `EINVAL`. */
  async remove(): Promise<void> {
    await this.namespace.msgctl(this.msqid, IPC_RMID)
  }

  /** Takes messages as they come; ends when the queue is removed. Reads nothing ahead: `break` loses no message. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Received<T>, void, undefined> {
    for (;;) {
      const message = await unlessRemoved(this.receive())
      if (message === undefined) return
      yield message
    }
  }

  /** Removes a temporary queue; leaves any other alone. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isTemporary) await unlessRemoved(this.remove())
  }

  /** Not async: a promise of its own would only pass on the namespace's. */
  #send(payload: T, { type = 1, signal }: SendOptions, msgflg: number): Promise<void> {
    try {
      const message = { mtype: messageType('type', type), mtext: this.#codec.encode(payload) }
      return this.namespace.msgsnd(this.msqid, message, msgflg, waitOptions(signal))
    } catch (error) {
      return Promise.reject(error)
    }
  }

  async #copyAt(index: number): Promise<ReceivedMessage | undefined> {
    if (this.namespace.capabilities.copy === 'index') {
      return unless('ENOMSG', this.namespace.msgrcv(this.msqid, INT_MAX, index, MSG_COPY | IPC_NOWAIT))
    }
    let message: ReceivedMessage | undefined
    for (let position = 0; position <= index; position++) {
      const after = message?.sequence ?? 0
      message = await unless('ENOMSG', this.namespace.copyAfter(this.msqid, after, INT_MAX, 0, IPC_NOWAIT))
      if (message === undefined) return undefined
    }
    return message
  }

  #decode(message: ReceivedMessage): Received<T> {
    let payload: T
    try {
      payload = this.#codec.decode(message.mtext)
    } catch (error) {
      throw new PayloadError(message, error)
    }
    // Written out: a rest pattern would cost more than all the rest of a receive.
    const { mtype: type, sequence, sender, time } = message
    if (sequence === undefined || sender === undefined || time === undefined) return { type, payload }
    return { type, payload, sequence, sender, time }
  }

  #decodeHeld(message: HeldMessage): Held<T> {
    const { accept, refuse } = message
    let isEnded = false
    const once = (end: () => Promise<void>) => async () => {
      isEnded = true
      await end()
    }
    const decoded = this.#decode(message)
    return {
      ...decoded,
      accept: once(accept),
      refuse: once(refuse),
      [Symbol.asyncDispose]: async () => {
        if (!isEnded) await refuse()
      },
    }
  }
}

function copyArguments(options: CopyOptions) {
  const { msgtyp, msgflg } = selectorArguments(options)
  const msgsz = options.maxSizeBytes === undefined ? INT_MAX : unsigned('maxSizeBytes', options.maxSizeBytes)
  return { msgsz, msgtyp, msgflg: options.truncate ? msgflg | MSG_NOERROR : msgflg }
}

function waitOptions(signal: AbortSignal | undefined): { signal: AbortSignal } | undefined {
  return signal === undefined ? undefined : { signal }
}

function named(key: number): number {
  if (key === IPC_PRIVATE) throw new RangeError('key 0 is IPC_PRIVATE and names no queue: use MessageQueue.temporary')
  return key
}

function permissionBits(mode: number): number {
  return unsigned('mode', mode, 0o777)
}

/** The result of a call, or `undefined` when it ended in this error. */
async function unless<R>(code: SyscallError['code'], call: Promise<R>): Promise<R | undefined> {
  try {
    return await call
  } catch (error) {
    if (error instanceof SyscallError && error.code === code) return undefined
    throw error
  }
}

/** The result of a call, or `undefined` when the queue was removed: while it waited (EIDRM) or before (EINVAL). */
async function unlessRemoved<R>(call: Promise<R>): Promise<R | undefined> {
  return unless('EINVAL', unless('EIDRM', call))
}
