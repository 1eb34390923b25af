import { INT_MAX, MSG_COPY, type Msgbuf, type MsqidSettings } from '../../../abi/index.ts'
import {
  BackendError,
  type CallerOptions,
  type Capabilities,
  copyAfterCall,
  type HeldMessage,
  type HistoryOptions,
  type IpcNamespace,
  int,
  type MsgctlResult,
  msgctlCall,
  msggetCall,
  msgrcvCall,
  msgsndCall,
  type ReceivedMessage,
  type ReceiveOptions,
  type RestoreReport,
  type SyncIpcNamespace,
  setCopyCounterCall,
  setLimitsCall,
  setNextIdCall,
  spokenFor,
  unsigned,
  type WaitOptions,
} from '../../../contract/index.ts'
import type { Checkpoint, HistoryEvent, Limits, Msgrcv, WaitingCall } from '../../../engine/index.ts'
import { carriedCalls, restore, tooLong } from '../../../host/index.ts'
import { MESSAGE_BYTES_MAX } from '../../../wire/index.ts'
import type { Asked, Parts } from './asking.ts'
import { Collected } from './collected.ts'
import type { Link } from './link.ts'
import { ClientSession } from './session.ts'

/** A namespace behind a socket. References made by `as` share its connection, and end with it. */
export class DaemonNamespace implements IpcNamespace {
  readonly url: string
  readonly capabilities: Capabilities
  readonly #session: ClientSession
  readonly #owner: DaemonNamespace | undefined
  readonly #references = new Set<ClientSession>()
  #closing: Promise<void> | undefined

  constructor(url: string, link: Link, as?: { readonly caller: CallerOptions; readonly owner: DaemonNamespace }) {
    this.url = url
    this.capabilities = link.welcome.capabilities as unknown as Capabilities
    this.#session = new ClientSession(link, as?.caller)
    this.#owner = as?.owner
  }

  get sync(): SyncIpcNamespace {
    throw unsupported('synchronous face')
  }

  async msgget(key: number, msgflg: number): Promise<number> {
    return this.#session.perform(msggetCall(key, msgflg))
  }

  async msgsnd(msqid: number, message: Msgbuf, msgflg: number, { signal }: WaitOptions = {}): Promise<void> {
    const call = msgsndCall(msqid, message, msgflg)
    if (call.mtext.length > MESSAGE_BYTES_MAX) throw tooLong(call, await this.limits(), 'behind a socket')
    // It may have to be sent once more, on another connection, and the bytes are the caller's.
    await this.#session.perform({ ...call, mtext: call.mtext.slice() }, signal)
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
    if (!hold) return msgflg & MSG_COPY ? this.#session.perform(call, signal) : this.#session.receive(call, signal)
    return this.#hold(call, signal)
  }

  async msgctl<Cmd extends number>(msqid: number, cmd: Cmd, settings?: MsqidSettings): Promise<MsgctlResult<Cmd>> {
    const value = await this.#session.perform(msgctlCall(msqid, cmd, settings))
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
    return this.#session.perform(copyAfterCall(msqid, sequence, msgsz, msgtyp, msgflg), signal)
  }

  async setCopyCounter(msqid: number, copyCounter: number): Promise<void> {
    await this.#session.perform(setCopyCounterCall(msqid, copyCounter))
  }

  async limits(): Promise<Limits> {
    return this.#session.limits()
  }

  async setLimits(limits: Partial<Limits>): Promise<void> {
    await this.#session.perform(setLimitsCall(limits))
  }

  async nextId(): Promise<number> {
    return (await this.#session.request('nextId')) as number
  }

  async setNextId(nextId: number): Promise<void> {
    await this.#session.perform(setNextIdCall(nextId))
  }

  async checkpoint(): Promise<Checkpoint> {
    const parts = new Collected()
    await this.#session.request('checkpoint', parts)
    return parts.checkpoint
  }

  async checkpointAt(time: number): Promise<Checkpoint> {
    const asked = { kind: 'past', time: unsigned('time', time) } as const
    const parts = new Collected()
    await this.#lookBack(asked, parts)
    return parts.checkpoint
  }

  async *history({
    from = 0,
    to = Number.MAX_SAFE_INTEGER,
    msqid,
    pid,
  }: HistoryOptions = {}): AsyncGenerator<HistoryEvent> {
    const asked = {
      kind: 'history',
      from: unsigned('from', from),
      to: unsigned('to', to),
      ...(msqid !== undefined && { msqid: int('msqid', msqid) }),
      ...(pid !== undefined && { pid: unsigned('pid', pid, INT_MAX) }),
    } as const
    const parts = new Collected()
    await this.#lookBack(asked, parts)
    yield* parts.events
  }

  async restore(checkpoint: Checkpoint): Promise<RestoreReport> {
    const calls = carriedCalls({
      perform: (call) => this.#session.perform(call),
      begin: (call) => this.#session.begin(call),
    })
    return restore(calls, checkpoint)
  }

  async waiting(): Promise<readonly WaitingCall[]> {
    const parts = new Collected()
    await this.#session.request('waiting', parts)
    return parts.waiting
  }

  as(caller: CallerOptions): IpcNamespace {
    this.#session.assertOpen()
    if (!this.capabilities.as) throw unsupported('way to speak for another process')
    const owner = this.#owner ?? this
    const { as, link } = this.#session
    const { gid, pid } = as ?? {}
    const own = { ...(gid !== undefined && { gid }), ...(pid !== undefined && { pid }) }
    const reference = new DaemonNamespace(this.url, link, { caller: spokenFor({ ...own, ...caller }), owner })
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

  async #hold(call: Msgrcv, signal: AbortSignal | undefined): Promise<HeldMessage> {
    if (!this.capabilities.held) throw unsupported('held receives')
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
    await this.#session.link.close()
  }

  async #lookBack(asked: Asked, parts: Parts): Promise<void> {
    this.#session.assertOpen()
    if (!this.capabilities.history) throw unsupported('history')
    this.#session.value(await this.#session.link.request(asked, parts), asked.kind)
  }
}

function unsupported(what: string): BackendError {
  return new BackendError('ERR_MSGQ_UNSUPPORTED', `this namespace has no ${what}: see its capabilities`)
}
