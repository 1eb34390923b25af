import { type ErrnoName, IPC_NOWAIT, MSG_COPY, MSG_NOERROR, type Msgbuf, type MsqidSettings } from '../../abi/index.ts'
import {
  abortSignal,
  BackendError,
  type CallerOptions,
  type Capabilities,
  type CheckpointOptions,
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
} from '../../contract/index.ts'
import type { Checkpoint, Limits, Msgrcv, Msgsnd, WaitingCall } from '../../engine/index.ts'
import { CallLine } from './call-line.ts'
import { checkpoint } from './checkpoint.ts'
import type { KernelCalls } from './kernel-calls.ts'
import { KernelSync } from './kernel-sync.ts'
import { nextId, setLimits, setNextId } from './limits.ts'
import type { LandingPlace } from './message-calls.ts'
import { restore } from './restore.ts'
import { unsupported } from './unsupported.ts'
import { WaitThreads } from './wait-threads.ts'

/** The real kernel's queues. A call that need not wait is made at once, on this thread; one that waits gets a thread. */
export class KernelNamespace implements IpcNamespace {
  readonly url: string
  readonly capabilities: Capabilities
  readonly sync: SyncIpcNamespace
  readonly #calls: KernelCalls
  readonly #threads: WaitThreads
  readonly #line = new CallLine()
  #closing: Promise<void> | undefined

  constructor(url: string, calls: KernelCalls, copy: 'index' | 'none') {
    this.url = url
    this.#calls = calls
    this.#threads = new WaitThreads(calls)
    this.sync = new KernelSync(() => this.#open())
    this.capabilities = {
      copy,
      cursors: false,
      held: false,
      waiting: false,
      senders: false,
      sync: 'blocks',
      as: false,
      history: false,
      restores: 'queues',
    }
  }

  async msgget(key: number, msgflg: number): Promise<number> {
    const call = msggetCall(key, msgflg)
    return this.#line.run(undefined, () => this.#open().msgget(call))
  }

  async msgsnd(msqid: number, message: Msgbuf, msgflg: number, { signal }: WaitOptions = {}): Promise<void> {
    const checked = msgsndCall(msqid, message, msgflg)
    abortSignal(signal)
    // The call may have to stand in line, and its bytes are the caller's.
    const call = { ...checked, mtext: checked.mtext.slice() }
    return this.#line.run(signal, async () => {
      const code = this.#open().trySend({ ...call, msgflg: msgflg | IPC_NOWAIT })
      if (code === undefined) return
      if (code !== 'EAGAIN' || msgflg & IPC_NOWAIT) throw this.#calls.error(code, call)
      await this.#wait(call, signal)
    })
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
    abortSignal(signal)
    if (hold) throw this.#unsupported('held receives')
    return this.#line.run(signal, async () => {
      const received = this.#receiveNow(call)
      if (typeof received !== 'string') return received
      if (received !== 'ENOMSG' || msgflg & (IPC_NOWAIT | MSG_COPY)) throw this.#calls.error(received, call)
      const message = await this.#wait(call, signal)
      if (message === undefined) throw new Error('assertion: a msgrcv that succeeds has a message')
      return message
    })
  }

  async msgrcvInto(
    address: bigint,
    msqid: number,
    msgsz: number,
    msgtyp: number | bigint,
    msgflg: number,
    { signal }: WaitOptions = {},
  ): Promise<number> {
    const call = { ...msgrcvCall(msqid, msgsz, msgtyp, msgflg, false), address: addressArgument(address) }
    if (msgflg & MSG_COPY) throw new TypeError('msgrcvInto takes messages: copy with msgrcv')
    abortSignal(signal)
    return this.#line.run(signal, async () => {
      for (;;) {
        const length = this.#open().tryReceiveInto({ ...call, msgflg: msgflg | IPC_NOWAIT })
        if (typeof length === 'number') return length
        if (length !== 'ENOMSG' || msgflg & IPC_NOWAIT) throw this.#calls.error(length, call)
        if (await this.#waitForAny(call, signal)) return 0
      }
    })
  }

  async msgctl<Cmd extends number>(msqid: number, cmd: Cmd, settings?: MsqidSettings): Promise<MsgctlResult<Cmd>> {
    const call = msgctlCall(msqid, cmd, settings)
    return this.#line.run(undefined, () => this.#open().msgctl(call) as MsgctlResult<Cmd>)
  }

  async copyAfter(
    msqid: number,
    sequence: number,
    msgsz: number,
    msgtyp: number | bigint,
    msgflg: number,
    { signal }: WaitOptions = {},
  ): Promise<ReceivedMessage> {
    copyAfterCall(msqid, sequence, msgsz, msgtyp, msgflg)
    abortSignal(signal)
    throw this.#unsupported('copies by sequence number, and so no cursors')
  }

  async setCopyCounter(msqid: number, copyCounter: number): Promise<void> {
    setCopyCounterCall(msqid, copyCounter)
    throw this.#unsupported('copy counter')
  }

  async limits(): Promise<Limits> {
    return this.#line.run(undefined, () => this.#open().limits())
  }

  async setLimits(limits: Partial<Limits>): Promise<void> {
    const call = setLimitsCall(limits)
    return this.#line.run(undefined, () => setLimits(this.#open(), call))
  }

  async nextId(): Promise<number> {
    return this.#line.run(undefined, () => nextId(this.#open()))
  }

  async setNextId(value: number): Promise<void> {
    const call = setNextIdCall(value)
    return this.#line.run(undefined, () => setNextId(this.#open(), call))
  }

  async checkpoint(options: CheckpointOptions = {}): Promise<Checkpoint> {
    const { copy } = this.capabilities
    return this.#line.run(undefined, () => checkpoint(() => this.#open(), copy, options))
  }

  async restore(image: Checkpoint): Promise<RestoreReport> {
    return this.#line.run(undefined, () => restore(this.#open(), image))
  }

  async waiting(): Promise<readonly WaitingCall[]> {
    throw this.#unsupported('list of waiting calls')
  }

  as(_caller: CallerOptions): IpcNamespace {
    throw this.#unsupported('way to speak for another process')
  }

  close(): Promise<void> {
    this.#closing ??= this.#threads.close().finally(() => this.#calls.scope.close())
    return this.#closing
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #open(): KernelCalls {
    if (this.#closing === undefined) return this.#calls
    throw new BackendError('ERR_MSGQ_CLOSED', 'this namespace was closed: open it again')
  }

  #unsupported(what: string): BackendError {
    this.#open()
    return unsupported(what)
  }

  /** A copy without IPC_NOWAIT is EINVAL, and must stay so; it never waits. */
  #receiveNow(call: Msgrcv): Msgbuf | ErrnoName {
    const isCopy = (call.msgflg & MSG_COPY) !== 0
    return this.#open().tryReceive(isCopy ? call : { ...call, msgflg: call.msgflg | IPC_NOWAIT })
  }

  /**
   * Waits until there is a message, with room for none: a longer one stays queued, and the wait ends with E2BIG; an
   * empty one is taken. Source: ipc/msg.c, pipelined_send().
   *
   * @returns Whether an empty message was taken.
   */
  async #waitForAny(call: Msgrcv & LandingPlace, signal: AbortSignal | undefined): Promise<boolean> {
    try {
      await this.#wait({ ...call, msgsz: 0, msgflg: call.msgflg & ~MSG_NOERROR }, signal)
      return true
    } catch (error) {
      if (error instanceof SyscallError && error.code === 'E2BIG') return false
      throw error
    }
  }

  #wait(call: Msgsnd | Msgrcv, signal: AbortSignal | undefined): Promise<Msgbuf | undefined> {
    return this.#threads.wait(call, signal, this.#line.hold())
  }
}

/** Memory at address 0 is nobody's. */
function addressArgument(address: bigint): bigint {
  if (typeof address !== 'bigint') throw new TypeError(`address must be a bigint, not ${typeof address}`)
  if (address > 0n && address < 2n ** 64n) return address
  throw new RangeError(`address must be from 1 to 2^64-1, not ${address}`)
}
