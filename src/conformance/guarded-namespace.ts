import {
  IPC_CREAT,
  IPC_EXCL,
  IPC_INFO,
  IPC_PRIVATE,
  MSG_INFO,
  MSG_STAT,
  MSG_STAT_ANY,
  type Msgbuf,
  type MsqidSettings,
} from '../abi/index.ts'
import {
  type CallerOptions,
  type Capabilities,
  type HeldMessage,
  type IpcNamespace,
  type MsgctlResult,
  type ReceivedMessage,
  type ReceiveOptions,
  type RestoreReport,
  type SyncHeldMessage,
  type SyncIpcNamespace,
  SyscallError,
  type WaitOptions,
} from '../contract/index.ts'
import type { Checkpoint, Limits, WaitingCall } from '../engine/index.ts'
import type { OwnQueues } from './own-queues.ts'

/** Commands that change nothing, and name a queue by its index or not at all. */
const LOOKING: readonly number[] = [IPC_INFO, MSG_INFO, MSG_STAT, MSG_STAT_ANY]

/** A namespace in which a case reaches its own queues alone, and changes nothing that is everybody's. */
export class GuardedNamespace implements IpcNamespace {
  readonly #namespace: IpcNamespace
  readonly #own: OwnQueues

  constructor(namespace: IpcNamespace, own: OwnQueues) {
    this.#namespace = namespace
    this.#own = own
  }

  get url(): string {
    return this.#namespace.url
  }

  get capabilities(): Capabilities {
    return this.#namespace.capabilities
  }

  get sync(): SyncIpcNamespace {
    return new GuardedSync(this.#namespace.sync, this.#own)
  }

  async msgget(key: number, msgflg: number): Promise<number> {
    const standing = key === IPC_PRIVATE ? undefined : await this.#queueOf(key)
    this.#own.mayOpen(key, standing)
    const made = this.#own.making(this.#namespace.msgget(key, exclusive(msgflg, standing)))
    return made.catch((error: unknown) => this.#own.notMade(key, msgflg, error))
  }

  async msgsnd(msqid: number, message: Msgbuf, msgflg: number, options?: WaitOptions): Promise<void> {
    this.#own.mayUse(msqid)
    return this.#namespace.msgsnd(msqid, message, msgflg, options)
  }

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
  async msgrcv(
    msqid: number,
    msgsz: number,
    msgtyp: number | bigint,
    msgflg: number,
    options?: WaitOptions,
  ): Promise<ReceivedMessage> {
    this.#own.mayUse(msqid)
    return this.#namespace.msgrcv(msqid, msgsz, msgtyp, msgflg, options)
  }

  async msgctl<Cmd extends number>(msqid: number, cmd: Cmd, settings?: MsqidSettings): Promise<MsgctlResult<Cmd>> {
    if (!LOOKING.includes(cmd)) this.#own.mayUse(msqid)
    return this.#namespace.msgctl(msqid, cmd, settings)
  }

  async copyAfter(
    msqid: number,
    sequence: number,
    msgsz: number,
    msgtyp: number | bigint,
    msgflg: number,
    options?: WaitOptions,
  ): Promise<ReceivedMessage> {
    this.#own.mayUse(msqid)
    return this.#namespace.copyAfter(msqid, sequence, msgsz, msgtyp, msgflg, options)
  }

  async setCopyCounter(msqid: number, copyCounter: number): Promise<void> {
    this.#own.mayUse(msqid)
    return this.#namespace.setCopyCounter(msqid, copyCounter)
  }

  limits(): Promise<Limits> {
    return this.#namespace.limits()
  }

  async setLimits(): Promise<void> {
    this.#own.refuse('sets limits')
  }

  nextId(): Promise<number> {
    return this.#namespace.nextId()
  }

  async setNextId(): Promise<void> {
    this.#own.refuse('sets msg_next_id')
  }

  async checkpoint(): Promise<Checkpoint> {
    return this.#own.refuse('copies the whole namespace')
  }

  async restore(): Promise<RestoreReport> {
    return this.#own.refuse('restores queues')
  }

  waiting(): Promise<readonly WaitingCall[]> {
    return this.#namespace.waiting()
  }

  as(caller: CallerOptions): IpcNamespace {
    return new GuardedNamespace(this.#namespace.as(caller), this.#own)
  }

  close(): Promise<void> {
    return this.#namespace.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #queueOf(key: number): Promise<number | undefined> {
    try {
      return await this.#namespace.msgget(key, 0)
    } catch (error) {
      return undefinedIfNone(error)
    }
  }
}

class GuardedSync implements SyncIpcNamespace {
  readonly #sync: SyncIpcNamespace
  readonly #own: OwnQueues

  constructor(sync: SyncIpcNamespace, own: OwnQueues) {
    this.#sync = sync
    this.#own = own
  }

  msgget(key: number, msgflg: number): number {
    const standing = key === IPC_PRIVATE ? undefined : this.#queueOf(key)
    this.#own.mayOpen(key, standing)
    try {
      return this.#own.made(this.#sync.msgget(key, exclusive(msgflg, standing)))
    } catch (error) {
      return this.#own.notMade(key, msgflg, error)
    }
  }

  msgsnd(msqid: number, message: Msgbuf, msgflg: number): void {
    this.#own.mayUse(msqid)
    this.#sync.msgsnd(msqid, message, msgflg)
  }

  msgrcv(msqid: number, msgsz: number, msgtyp: number | bigint, msgflg: number): ReceivedMessage {
    this.#own.mayUse(msqid)
    return this.#sync.msgrcv(msqid, msgsz, msgtyp, msgflg)
  }

  hold(msqid: number, msgsz: number, msgtyp: number | bigint, msgflg: number): SyncHeldMessage {
    this.#own.mayUse(msqid)
    return this.#sync.hold(msqid, msgsz, msgtyp, msgflg)
  }

  takeOver(...call: Parameters<SyncIpcNamespace['takeOver']>): boolean {
    this.#own.mayUse(call[0])
    return this.#sync.takeOver(...call)
  }

  handOver(...call: Parameters<SyncIpcNamespace['handOver']>): boolean {
    this.#own.mayUse(call[0])
    return this.#sync.handOver(...call)
  }

  msgctl<Cmd extends number>(msqid: number, cmd: Cmd, settings?: MsqidSettings): MsgctlResult<Cmd> {
    if (!LOOKING.includes(cmd)) this.#own.mayUse(msqid)
    return this.#sync.msgctl(msqid, cmd, settings)
  }

  #queueOf(key: number): number | undefined {
    try {
      return this.#sync.msgget(key, 0)
    } catch (error) {
      return undefinedIfNone(error)
    }
  }
}

/** Where no queue has the key, IPC_EXCL changes nothing but that one which is made just now is not opened. */
function exclusive(msgflg: number, standing: number | undefined): number {
  const isCreating = standing === undefined && (msgflg | 0) === msgflg && (msgflg & IPC_CREAT) !== 0
  return isCreating ? msgflg | IPC_EXCL : msgflg
}

function undefinedIfNone(error: unknown): undefined {
  if (error instanceof SyscallError && error.code === 'ENOENT') return undefined
  throw error
}
