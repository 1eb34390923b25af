import { IPC_RMID, IPC_SET, MSG_COPY, type Msgbuf, type MsqidSettings } from '../../abi/index.ts'
import {
  BackendError,
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
} from '../../contract/index.ts'
import type { Call, Caller, Checkpoint, Engine, Limits, Msgrcv, Msgsnd, WaitingCall } from '../../engine/index.ts'
import { carriedCalls, restore, tooLong } from '../../host/index.ts'
import { MESSAGE_BYTES_MAX } from '../../wire/index.ts'
import type { Node } from './node.ts'
import { NodeSession } from './node-session.ts'
import type { Waiters } from './waiters.ts'

/** What every reference to one node shares. */
export interface ClusteredNamespace {
  readonly node: Node
  readonly waiters: Waiters
  readonly url: string
  /** Whether `stat`, copies and checkpoints read the replica as it is, which may be behind. */
  readonly readsLocally: boolean
}

/** The contract over a node, for one caller. References made by `as` share the node, and end with it. */
export class JetstreamNamespace implements IpcNamespace {
  readonly capabilities: Capabilities
  readonly #clustered: ClusteredNamespace
  readonly #session: NodeSession
  readonly #owner: JetstreamNamespace | undefined
  readonly #references = new Set<NodeSession>()
  #closing: Promise<void> | undefined

  constructor(clustered: ClusteredNamespace, caller: Caller, owner?: JetstreamNamespace) {
    this.#clustered = clustered
    this.#session = new NodeSession(clustered.node, clustered.waiters, caller)
    this.#owner = owner
    const { msgCopy, checkpointRestore } = clustered.node.engine.namespace
    this.capabilities = {
      copy: checkpointRestore ? msgCopy : 'none',
      cursors: checkpointRestore,
      held: true,
      waiting: true,
      senders: true,
      sync: 'none',
      as: true,
      history: false,
      restores: 'everything',
    }
  }

  get failed(): Promise<BackendError> {
    return this.#clustered.node.failed
  }

  get url(): string {
    return this.#clustered.url
  }

  get sync(): SyncIpcNamespace {
    throw new BackendError('ERR_MSGQ_UNSUPPORTED', 'this namespace has no synchronous face: see its capabilities')
  }

  async msgget(key: number, msgflg: number): Promise<number> {
    return this.#session.perform(msggetCall(key, msgflg))
  }

  // Not async: that would be a second promise for each call.
  msgsnd(msqid: number, message: Msgbuf, msgflg: number, { signal }: WaitOptions = {}): Promise<void> {
    let call: Msgsnd
    try {
      call = msgsndCall(msqid, message, msgflg)
    } catch (error) {
      return Promise.reject(error)
    }
    if (call.mtext.length > MESSAGE_BYTES_MAX) return this.#tooLong(call)
    return this.#session.send(call, signal)
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
    if (!(msgflg & MSG_COPY)) return this.#session.receive(call, signal)
    if (this.capabilities.copy === 'counter') return this.#session.performOrWait(call, signal)
    signal?.throwIfAborted()
    return this.#look(call)
  }

  async msgctl<Cmd extends number>(msqid: number, cmd: Cmd, settings?: MsqidSettings): Promise<MsgctlResult<Cmd>> {
    const call = msgctlCall(msqid, cmd, settings)
    const value = await (cmd === IPC_RMID || cmd === IPC_SET ? this.#session.perform(call) : this.#look(call))
    return (value === 0 ? undefined : value) as MsgctlResult<Cmd>
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
    await this.#session.perform(setCopyCounterCall(msqid, copyCounter))
  }

  async limits(): Promise<Limits> {
    return this.#read((engine) => ({ ...engine.limits }))
  }

  async setLimits(limits: Partial<Limits>): Promise<void> {
    await this.#session.perform(setLimitsCall(limits))
  }

  async nextId(): Promise<number> {
    return this.#read((engine) => engine.nextId)
  }

  async setNextId(nextId: number): Promise<void> {
    await this.#session.perform(setNextIdCall(nextId))
  }

  async checkpoint(): Promise<Checkpoint> {
    const { caller } = this.#session
    const checkpoint = await this.#read((engine) => engine.checkpoint(caller, Date.now()))
    if ('code' in checkpoint) throw new SyscallError(checkpoint.code, 'checkpoint', checkpoint)
    return { ...checkpoint, waiting: this.#session.waiting() }
  }

  async restore(checkpoint: Checkpoint): Promise<RestoreReport> {
    const session = this.#session
    const isLooking = (call: Call) => call.name === 'msgctl' && call.cmd !== IPC_RMID && call.cmd !== IPC_SET
    const calls = carriedCalls({
      // Through the log, also where reads are local: what is in the way must be seen.
      perform: (call) => (isLooking(call) ? session.look(call) : session.perform(call)),
      begin: (call) => session.begin(call),
    })
    return restore(calls, checkpoint)
  }

  /** The calls that wait at this node: no other node knows of them. */
  async waiting(): Promise<readonly WaitingCall[]> {
    return this.#read(() => this.#session.waiting())
  }

  as(caller: CallerOptions): IpcNamespace {
    this.#session.assertOpen()
    const owner = this.#owner ?? this
    const reference = new JetstreamNamespace(this.#clustered, callerFrom(caller, this.#session.caller), owner)
    owner.#references.add(reference.#session)
    return reference
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #tooLong(call: Msgsnd): Promise<never> {
    throw tooLong(call, await this.limits(), 'in a log')
  }

  /** Makes a call that changes nothing. */
  #look<C extends Call>(call: C) {
    if (!this.#clustered.readsLocally) return this.#session.look(call)
    return this.#session.lookNow(call)
  }

  async #read<Value>(look: (engine: Engine) => Value): Promise<Value> {
    this.#session.assertOpen()
    const { node, readsLocally } = this.#clustered
    return readsLocally ? look(node.engine) : node.read(look)
  }

  async #hold(call: Msgrcv, signal: AbortSignal | undefined): Promise<HeldMessage> {
    const { ticket, message } = await this.#session.hold(call, signal)
    return {
      ...message,
      accept: () => this.#session.endHold('accept', ticket),
      refuse: () => this.#session.endHold('refuse', ticket),
    }
  }

  async #close(): Promise<void> {
    this.#session.close()
    const owner = this.#owner
    if (owner !== undefined) return void owner.#references.delete(this.#session)
    for (const session of this.#references) session.close()
    await this.#clustered.node.close()
  }
}
