import { MSG_COPY, type Msgbuf, type MsqidSettings } from '../abi/index.ts'
import {
  type CallerOptions,
  type Capabilities,
  callerFrom,
  copyAfterCall,
  type HeldMessage,
  type IpcNamespace,
  type MsgctlResult,
  msgctlCall,
  msggetCall,
  msgrcvCall,
  msgsndCall,
  type ReceivedMessage,
  type ReceiveOptions,
  type RestoreReport,
  type SyncIpcNamespace,
  SyscallError,
  setCopyCounterCall,
  setLimitsCall,
  setNextIdCall,
  type WaitOptions,
} from '../contract/index.ts'
import type { Caller, Checkpoint, Limits, WaitingCall } from '../engine/index.ts'
import type { Host } from './host.ts'
import { HostSession, msgctlResult } from './host-session.ts'
import { HostSync } from './host-sync.ts'
import { type RestoreCalls, restore } from './restore.ts'

/** What every reference to one host shares. */
export interface HostedNamespace {
  readonly host: Host
  readonly url: string
  readonly capabilities: Capabilities
}

/** The contract over the engine of a host, for one caller. */
export class HostNamespace implements IpcNamespace {
  readonly #hosted: HostedNamespace
  readonly #session: HostSession
  readonly sync: SyncIpcNamespace

  constructor(hosted: HostedNamespace, caller: Caller) {
    this.#hosted = hosted
    this.#session = new HostSession(hosted.host, caller)
    this.sync = new HostSync(this.#session, hosted.capabilities)
  }

  get url(): string {
    return this.#hosted.url
  }

  get capabilities(): Capabilities {
    return this.#hosted.capabilities
  }

  async msgget(key: number, msgflg: number): Promise<number> {
    return this.#session.perform(msggetCall(key, msgflg))
  }

  async msgsnd(msqid: number, message: Msgbuf, msgflg: number, { signal }: WaitOptions = {}): Promise<void> {
    const done = this.#session.performOrWait(msgsndCall(msqid, message, msgflg), signal)
    // A call that need not wait settles at once.
    if (done !== 0) await done
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
    { hold = false, signal }: ReceiveOptions = {},
  ): Promise<ReceivedMessage> {
    if (hold && msgflg & MSG_COPY) throw new TypeError('a copy cannot be held: leave out hold, or MSG_COPY')
    const call = msgrcvCall(msqid, msgsz, msgtyp, msgflg, hold)
    if (hold) return this.#hold(call, signal)
    if (msgflg & MSG_COPY && this.capabilities.copy === 'index') return this.#session.copyAtIndex(call, signal)
    return this.#session.performOrWait(call, signal)
  }

  async msgctl<Cmd extends number>(msqid: number, cmd: Cmd, settings?: MsqidSettings): Promise<MsgctlResult<Cmd>> {
    return msgctlResult<Cmd>(this.#session, msgctlCall(msqid, cmd, settings))
  }

  async copyAfter(
    msqid: number,
    sequence: number,
    msgsz: number,
    msgtyp: number | bigint,
    msgflg: number,
    { signal }: WaitOptions = {},
  ): Promise<ReceivedMessage> {
    const call = copyAfterCall(msqid, sequence, msgsz, msgtyp, msgflg)
    return this.#session.performOrWait(call, signal)
  }

  async setCopyCounter(msqid: number, copyCounter: number): Promise<void> {
    this.#session.perform(setCopyCounterCall(msqid, copyCounter))
  }

  async limits(): Promise<Limits> {
    this.#session.assertOpen()
    return { ...this.#hosted.host.engine.limits }
  }

  async setLimits(limits: Partial<Limits>): Promise<void> {
    this.#session.perform(setLimitsCall(limits))
  }

  async nextId(): Promise<number> {
    this.#session.assertOpen()
    return this.#hosted.host.engine.nextId
  }

  async setNextId(nextId: number): Promise<void> {
    this.#session.perform(setNextIdCall(nextId))
  }

  async checkpoint(): Promise<Checkpoint> {
    this.#session.assertOpen()
    const { host } = this.#hosted
    const checkpoint = host.engine.checkpoint(this.#session.caller, host.now)
    if ('code' in checkpoint) throw new SyscallError(checkpoint.code, 'checkpoint', checkpoint)
    return checkpoint
  }

  async restore(checkpoint: Checkpoint): Promise<RestoreReport> {
    return restore(restoreCalls(this.#session), checkpoint)
  }

  async waiting(): Promise<readonly WaitingCall[]> {
    this.#session.assertOpen()
    return this.#hosted.host.engine.waiting()
  }

  as(caller: CallerOptions): IpcNamespace {
    this.#session.assertOpen()
    return new HostNamespace(this.#hosted, callerFrom(caller, this.#session.caller))
  }

  async close(): Promise<void> {
    this.#session.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #hold(call: ReturnType<typeof msgrcvCall>, signal: AbortSignal | undefined): Promise<HeldMessage> {
    const { ticket, message } = await this.#session.hold(call, signal)
    return {
      ...message,
      accept: async () => this.#session.endHold('accept', ticket),
      refuse: async () => this.#session.endHold('refuse', ticket),
    }
  }
}

/** One chunk carries all: an engine in this process shares the messages. */
function restoreCalls(session: HostSession): RestoreCalls {
  return {
    perform: (call) => session.perform(call),
    begin: (call) => session.begin(call),
    chunks: (queues) => [queues],
  }
}
