import type {
  Capability,
  IPC_INFO,
  IPC_RMID,
  IPC_SET,
  IPC_STAT,
  MSG_INFO,
  MSG_STAT,
  MSG_STAT_ANY,
  Msgbuf,
  MsqidDs,
  MsqidSettings,
} from '../abi/index.ts'
import type {
  Checkpoint,
  HistoryEvent,
  IndexedStat,
  Limits,
  NamespaceInfo,
  Sender,
  WaitingCall,
} from '../engine/index.ts'
import type { BackendError } from './errors.ts'

/** What a backend can and cannot promise. What is not promised throws `ERR_MSGQ_UNSUPPORTED`. */
export interface Capabilities {
  /** What MSG_COPY means here: the message at an index, at the queue's copy counter, or ENOSYS. */
  readonly copy: 'index' | 'counter' | 'none'
  /** `copyAfter`: copies by sequence number, for cursors. */
  readonly cursors: boolean
  /** `msgrcv` with `hold`. */
  readonly held: boolean
  /** `waiting`: the list of waiting calls. */
  readonly waiting: boolean
  /** Messages tell their sequence number, their sender and their time. */
  readonly senders: boolean
  /** `sync`: the synchronous face, and what it does with a call that would wait. */
  readonly sync: 'refuses' | 'blocks' | 'none'
  /** `as`: speaks for other callers. */
  readonly as: boolean
  /** `history` and `checkpointAt`: what happened, and how it was. */
  readonly history: boolean
  /** What `restore` brings back: everything, or what the kernel takes (no times, no pids, no creator). */
  readonly restores: 'everything' | 'queues'
}

/** A message that was received or copied. The bytes are yours to keep and change. */
export interface ReceivedMessage extends Msgbuf {
  /** Counts the messages sent to the queue, from 1; where the backend remembers it. */
  readonly sequence?: number
  /** Who sent it; where the backend remembers it. */
  readonly sender?: Sender
  /** When it was sent, milliseconds since 1970; where the backend remembers it. */
  readonly time?: number
}

/** A message that is hidden on its queue, still counted, until it is accepted or refused. */
export interface HeldMessage extends ReceivedMessage {
  /**
   * Removes the message: only now is it received.
   *
   * @throws {SyscallError} `EINVAL` it is held no more: accepted, refused, or removed with its queue.
   */
  accept(): Promise<void>
  /**
   * Shows the message again, at its place.
   *
   * @throws {SyscallError} `EINVAL` it is held no more.
   */
  refuse(): Promise<void>
}

/** What a wait may be given. */
export interface WaitOptions {
  /** Ends the wait: the call rejects with `signal.reason`, and no message is lost. */
  readonly signal?: AbortSignal
}

export interface ReceiveOptions extends WaitOptions {
  /** Hide the message until `accept` or `refuse`, instead of taking it at once. */
  readonly hold?: boolean
}

/** What a checkpoint may be given: of use where it is not one instant (`linux:`). */
export interface CheckpointOptions {
  /** Ends it early: it rejects with `signal.reason`. */
  readonly signal?: AbortSignal
  /** Called each time that copying begins again, because a queue has changed meanwhile. */
  readonly onRetry?: () => void
}

/** What of the past to tell; what is left out is not asked for. */
export interface HistoryOptions {
  /** Milliseconds since 1970, both included. Default: all that is held. */
  readonly from?: number
  readonly to?: number
  /** Only what happened to this queue. */
  readonly msqid?: number
  /** Only what this process did. */
  readonly pid?: number
}

/** The process to speak for. What is left out is taken from the namespace's own caller, but for groups and capabilities: none. */
export interface CallerOptions {
  readonly uid: number
  readonly gid?: number
  readonly groups?: readonly number[]
  readonly pid?: number
  readonly tid?: number
  readonly capabilities?: readonly Capability[]
}

/** Something of an image that a restore could not bring back, or that the image did not tell. */
export interface NotRestored {
  /** The queue; absent where it is the namespace's. */
  readonly msqid?: number
  /** What: `stime`, `lspid`, `creator`, `identifiers` … */
  readonly field: string
  readonly reason: string
}

export interface RestoreReport {
  /** The queues that were restored, in the order of the image. */
  readonly msqids: readonly number[]
  readonly notRestored: readonly NotRestored[]
}

/** What msgctl answers, by its command. */
export type MsgctlResult<Cmd extends number> = Cmd extends typeof IPC_STAT
  ? MsqidDs
  : Cmd extends typeof MSG_STAT | typeof MSG_STAT_ANY
    ? IndexedStat
    : Cmd extends typeof IPC_INFO | typeof MSG_INFO
      ? NamespaceInfo
      : Cmd extends typeof IPC_SET | typeof IPC_RMID
        ? undefined
        : MsqidDs | IndexedStat | NamespaceInfo | undefined

/**
 * One IPC namespace's message queues, raw: the four calls with the man page's arguments, order of checks and errors,
 * and what no kernel has beside them. Every method throws a TypeError or a RangeError before anything is done when an
 * argument could not be passed by a C program, and `BackendError` when the namespace cannot be asked.
 */
export interface IpcNamespace extends AsyncDisposable {
  /** Where it was opened: `memory:`, `linux:` … */
  readonly url: string
  readonly capabilities: Capabilities
  /** The same calls, synchronous. @throws {BackendError} `ERR_MSGQ_UNSUPPORTED` where there is none. */
  readonly sync: SyncIpcNamespace

  /**
   * Finds or makes the queue of a key.
   *
   * @param key 32 bits, signed or not. `IPC_PRIVATE` always makes a queue.
   * @param msgflg `IPC_CREAT`, `IPC_EXCL` and the nine permission bits.
   * @returns The queue's identifier.
   * @throws {SyscallError} `ENOENT` no such queue and no `IPC_CREAT`; `EEXIST` there is one, with `IPC_CREAT | IPC_EXCL`;
   *   `EACCES` its mode forbids what the permission bits ask for; `ENOSPC` there are msgmni queues. Nothing has changed.
   * @see msgget(2); Linux ipc/util.c, ipcget().
   */
  msgget(key: number, msgflg: number): Promise<number>

  /**
   * Puts a message on a queue, or into the hands of a receiver that waits for it. Waits for room, unless `IPC_NOWAIT`.
   *
   * @param message Its type, 1 to 2^63-1, and 0 to msgmax bytes, which are copied before this returns.
   * @param msgflg `IPC_NOWAIT`.
   * @throws {SyscallError} `EINVAL` no such queue, a type below 1, or longer than msgmax; `EACCES` no write permission;
   *   `EAGAIN` no room, with `IPC_NOWAIT`; `EIDRM` removed while waiting; `EINTR`. The message was not sent.
   * @see msgsnd(2); Linux ipc/msg.c, do_msgsnd().
   */
  msgsnd(msqid: number, message: Msgbuf, msgflg: number, options?: WaitOptions): Promise<void>

  /**
   * Takes one message from a queue or, with `MSG_COPY`, copies one. Waits for one, unless `IPC_NOWAIT`.
   *
   * @param msgsz Most payload bytes to accept, 0 or more. The 8-byte type is not counted.
   * @param msgtyp `0` is the oldest. `n > 0` is the oldest of type `n` or, with `MSG_EXCEPT`, of any other.
   *   `n < 0` is the oldest of the lowest type that is at most `-n`. With `MSG_COPY` it is an index from the oldest, `0`.
   * @param msgflg `IPC_NOWAIT`, `MSG_NOERROR`, `MSG_EXCEPT`, `MSG_COPY`.
   * @returns The type and the payload, at most `msgsz` bytes. The bytes are yours to keep.
   * @throws {SyscallError} `E2BIG` the message is longer than `msgsz` and there is no `MSG_NOERROR`: it stays queued;
   *   `ENOMSG` none is selected, with `IPC_NOWAIT`; `EACCES` no read permission; `EIDRM` removed while waiting; `EINTR`;
   *   `EINVAL` no such queue or `msgsz` below 0; with `MSG_COPY` also: no `IPC_NOWAIT`, `MSG_EXCEPT`, or a message that
   *   would have to be cut or is longer than msgmax; `ENOSYS` this kernel cannot copy. No message was taken.
   * @see msgrcv(2); Linux ipc/msg.c, do_msgrcv().
   */
  msgrcv(
    msqid: number,
    msgsz: number,
    msgtyp: number | bigint,
    msgflg: number,
    options: ReceiveOptions & { hold: true },
  ): Promise<HeldMessage>
  msgrcv(
    msqid: number,
    msgsz: number,
    msgtyp: number | bigint,
    msgflg: number,
    options?: WaitOptions,
  ): Promise<ReceivedMessage>

  /**
   * Takes one message straight into memory of the caller's, where the kernel itself writes it: into memory mapped from
   * a file it survives the process, whatever ends it. A backend that moves the bytes itself has no such call.
   *
   * @param address Where `struct msgbuf` begins: there must be room for 8 bytes and `msgsz` more, mapped until this
   *   settles. Nothing checks that.
   * @param msgflg as for `msgrcv`, without `MSG_COPY`. A wait takes its place in the line again after each message
   *   that others took before it.
   * @returns The payload's length; type and payload are at the address.
   * @throws as `msgrcv`. `EFAULT` the memory cannot be written: the message is lost, as the kernel has it.
   */
  msgrcvInto?(
    address: bigint,
    msqid: number,
    msgsz: number,
    msgtyp: number | bigint,
    msgflg: number,
    options?: WaitOptions,
  ): Promise<number>

  /**
   * Tells about a queue or the namespace (`IPC_STAT`, `MSG_STAT`, `MSG_STAT_ANY`, `IPC_INFO`, `MSG_INFO`), changes a
   * queue (`IPC_SET`) or removes it (`IPC_RMID`).
   *
   * @param msqid An identifier; for `MSG_STAT` and `MSG_STAT_ANY` an index.
   * @param settings For `IPC_SET`: owner, mode and qbytes; the rest of a `MsqidDs` is ignored.
   * @throws {SyscallError} `EINVAL` no such queue or command; `EACCES` no read permission, to tell; `EPERM` neither owner
   *   nor creator, to change or remove, or qbytes above msgmnb without CAP_SYS_RESOURCE. Nothing has changed.
   * @see msgctl(2); Linux ipc/msg.c, ksys_msgctl().
   */
  msgctl<Cmd extends number>(msqid: number, cmd: Cmd, settings?: MsqidSettings): Promise<MsgctlResult<Cmd>>

  /**
   * Copies the oldest message after a sequence number that `msgtyp` and `MSG_EXCEPT` select; one receive more or less
   * by others neither skips nor repeats a message. Waits for one, unless `IPC_NOWAIT`, and then copies it, never takes it.
   *
   * @param sequence 0 starts at the oldest message; then the sequence number of the message copied last.
   * @param msgtyp As for `msgrcv`; below 0 it selects every type up to `-n`, oldest first.
   * @throws {SyscallError} as `msgrcv`.
   * @throws {BackendError} `ERR_MSGQ_UNSUPPORTED` unless `capabilities.cursors`.
   */
  copyAfter(
    msqid: number,
    sequence: number,
    msgsz: number,
    msgtyp: number | bigint,
    msgflg: number,
    options?: WaitOptions,
  ): Promise<ReceivedMessage>

  /** Sets a queue's copy counter, 0 to 2^32-1, in a namespace that copies by counter. @throws {SyscallError} `EPERM`, `EINVAL`. */
  setCopyCounter(msqid: number, copyCounter: number): Promise<void>

  /** msgmax, msgmnb and msgmni. */
  limits(): Promise<Limits>
  /** Sets limits, all or none. @throws {SyscallError} `EINVAL` out of the kernel's range; `EACCES`. */
  setLimits(limits: Partial<Limits>): Promise<void>
  /** Pending msg_next_id; -1 when there is none. */
  nextId(): Promise<number>
  /** Asks for the identifier of the next new queue, 0 to 2^31-1. @throws {SyscallError} `EINVAL`, `EACCES`, `ENOSYS`. */
  setNextId(nextId: number): Promise<void>

  /**
   * Copies the whole namespace; removes nothing.
   *
   * @param options Where it is one instant, there is nothing to end and nothing to begin again.
   * @throws {SyscallError} `EACCES` a queue may not be read; `ENOSYS` this namespace cannot copy.
   * @throws {BackendError} `ERR_MSGQ_TORN` queues kept changing, where a checkpoint is not one instant.
   */
  checkpoint(options?: CheckpointOptions): Promise<Checkpoint>

  /**
   * Brings the queues of a checkpoint back, all or none: the same ids, keys, modes, owners, limits, order and content.
   * A namespace without queues takes the checkpoint's limits as they are; in another one limits are only raised.
   *
   * @returns What was restored, and what could not be or was not in the checkpoint.
   * @throws {SyscallError} `EEXIST` a key or an id is in use; `ENOSPC`; `EPERM`; `EINVAL` not a checkpoint. Nothing has changed.
   */
  restore(checkpoint: Checkpoint): Promise<RestoreReport>

  /** The calls that wait, queue by queue. @throws {BackendError} `ERR_MSGQ_UNSUPPORTED` unless `capabilities.waiting`. */
  waiting(): Promise<readonly WaitingCall[]>

  /**
   * Resolves with the reason when the namespace has ended by itself, for good: it answers nothing any more, and what is
   * opened anew does. Never when it was closed. Absent where that cannot be.
   */
  readonly failed?: Promise<BackendError>

  /**
   * Tells what happened to queues, oldest first, as far back as it is held; where `capabilities.history`.
   *
   * @throws {SyscallError} `EACCES` for anybody but root and the owner of the namespace.
   */
  history?(options?: HistoryOptions): AsyncIterable<HistoryEvent>

  /**
   * Copies the whole namespace as it was at an instant, where `capabilities.history`.
   *
   * @param time Milliseconds since 1970.
   * @throws {SyscallError} `EACCES` for anybody but root and the owner of the namespace.
   * @throws {BackendError} `ERR_MSGQ_UNAVAILABLE` that instant is not held any more, or has not come.
   */
  checkpointAt?(time: number): Promise<Checkpoint>

  /** The same namespace, spoken to for another process. @throws {BackendError} `ERR_MSGQ_UNSUPPORTED` unless `capabilities.as`. */
  as(caller: CallerOptions): IpcNamespace

  /**
   * Lets go of the namespace; calls of this reference that wait reject with `ERR_MSGQ_CLOSED`. Queues stay.
   *
   * @throws {BackendError} `ERR_MSGQ_NO_SPACE` a daemon's disk stayed full, so that messages which were received could not be
   *   accepted: they are shown again. All is closed.
   */
  close(): Promise<void>
}

/** The calls of `IpcNamespace`, answered at once. */
export interface SyncIpcNamespace {
  msgget(key: number, msgflg: number): number
  /** @throws {TypeError} the call would wait, where `capabilities.sync` is `refuses`; nothing was sent. */
  msgsnd(msqid: number, message: Msgbuf, msgflg: number): void
  /** @throws {TypeError} the call would wait, where `capabilities.sync` is `refuses`; nothing was taken. */
  msgrcv(msqid: number, msgsz: number, msgtyp: number | bigint, msgflg: number): ReceivedMessage
  /**
   * `msgrcv` with `hold`: hides the message until `accept` or `refuse`.
   *
   * @throws {TypeError} the call would wait; nothing was hidden. A copy cannot be held.
   * @throws {BackendError} `ERR_MSGQ_UNSUPPORTED` unless `capabilities.held`.
   */
  hold(msqid: number, msgsz: number, msgtyp: number | bigint, msgflg: number): SyncHeldMessage
  /**
   * `msgsnd` for somebody else: the message is sent once its sender was told that it is.
   *
   * @param tell Tells the sender, when nothing is in the way of the message, and returns whether that one is there to
   *   hear it. It must not use the namespace.
   * @returns Whether it was sent. `false`: nothing has happened, as when `tell` throws.
   * @throws {SyscallError} as `msgsnd`. @throws {TypeError} the call would wait.
   * @throws {BackendError} `ERR_MSGQ_UNSUPPORTED` unless `capabilities.held`.
   */
  takeOver(msqid: number, message: Msgbuf, msgflg: number, tell: () => boolean): boolean
  /**
   * `msgrcv` for somebody else: the message is taken once it was given on. Faster than `hold`, and nothing is hidden.
   *
   * @param give Gives the message that `msgrcv` would take to whoever is to have it, and returns whether that one has
   *   it. It must not use the namespace.
   * @returns Whether it was taken. `false`: nothing has happened, as when `give` throws.
   * @throws {SyscallError} as `msgrcv`. @throws {TypeError} the call would wait. A copy is not handed over.
   * @throws {BackendError} `ERR_MSGQ_UNSUPPORTED` unless `capabilities.held`.
   */
  handOver(
    msqid: number,
    msgsz: number,
    msgtyp: number | bigint,
    msgflg: number,
    give: (message: ReceivedMessage) => boolean,
  ): boolean
  msgctl<Cmd extends number>(msqid: number, cmd: Cmd, settings?: MsqidSettings): MsgctlResult<Cmd>
}

/** A `HeldMessage`, of the synchronous face. */
export interface SyncHeldMessage extends ReceivedMessage {
  /** @throws {SyscallError} `EINVAL` it is held no more. */
  accept(): void
  /** @throws {SyscallError} `EINVAL` it is held no more. */
  refuse(): void
}
