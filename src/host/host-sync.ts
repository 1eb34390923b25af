import { IPC_NOWAIT, type Long, MSG_COPY, type Msgbuf, type MsqidSettings } from '../abi/index.ts'
import {
  type Capabilities,
  type MsgctlResult,
  msgctlCall,
  msggetCall,
  msgrcvCall,
  msgsndCall,
  type ReceivedMessage,
  type SyncHeldMessage,
  type SyncIpcNamespace,
  SyscallError,
} from '../contract/index.ts'
import type { Message, Msgrcv, Msgsnd, Sender, Ticket } from '../engine/index.ts'
import { type HostSession, msgctlResult } from './host-session.ts'

/** The calls of one caller, answered at once. Its thread is the engine's: a call that would wait would wait for ever. */
export class HostSync implements SyncIpcNamespace {
  readonly #session: HostSession
  readonly #capabilities: Capabilities

  constructor(session: HostSession, capabilities: Capabilities) {
    this.#session = session
    this.#capabilities = capabilities
  }

  msgget(key: number, msgflg: number): number {
    return this.#session.perform(msggetCall(key, msgflg))
  }

  msgsnd(msqid: number, message: Msgbuf, msgflg: number): void {
    const call = msgsndCall(msqid, message, msgflg | IPC_NOWAIT)
    now(call, msgflg, 'EAGAIN', () => this.#session.perform(call))
  }

  msgrcv(msqid: number, msgsz: number, msgtyp: number | bigint, msgflg: number): ReceivedMessage {
    const { copy } = this.#capabilities
    if (msgflg & MSG_COPY && copy !== 'counter') {
      // A copy by index that lacks IPC_NOWAIT is EINVAL, and must stay so.
      const call = msgrcvCall(msqid, msgsz, msgtyp, msgflg, false)
      return copy === 'index' ? this.#session.copyAtIndex(call) : this.#session.perform(call)
    }
    const call = msgrcvCall(msqid, msgsz, msgtyp, msgflg | IPC_NOWAIT, false)
    return now(call, msgflg, 'ENOMSG', () => this.#session.perform(call))
  }

  hold(msqid: number, msgsz: number, msgtyp: number | bigint, msgflg: number): SyncHeldMessage {
    if (msgflg & MSG_COPY) throw new TypeError('a copy cannot be held: use msgrcv, or leave out MSG_COPY')
    const call = msgrcvCall(msqid, msgsz, msgtyp, msgflg | IPC_NOWAIT, true)
    const { ticket, message } = now(call, msgflg, 'ENOMSG', () => this.#session.holdNow(call))
    return new HeldNow(this.#session, ticket, message)
  }

  takeOver(msqid: number, message: Msgbuf, msgflg: number, tell: () => boolean): boolean {
    const call = msgsndCall(msqid, message, msgflg | IPC_NOWAIT)
    return now(call, msgflg, 'EAGAIN', () => this.#session.performIf(call, tell))
  }

  handOver(
    msqid: number,
    msgsz: number,
    msgtyp: number | bigint,
    msgflg: number,
    give: (message: ReceivedMessage) => boolean,
  ): boolean {
    if (msgflg & MSG_COPY) throw new TypeError('a copy is not handed over: use msgrcv, or leave out MSG_COPY')
    const call = msgrcvCall(msqid, msgsz, msgtyp, msgflg | IPC_NOWAIT, false)
    return now(call, msgflg, 'ENOMSG', () => this.#session.performIf(call, give))
  }

  msgctl<Cmd extends number>(msqid: number, cmd: Cmd, settings?: MsqidSettings): MsgctlResult<Cmd> {
    return msgctlResult<Cmd>(this.#session, msgctlCall(msqid, cmd, settings))
  }
}

/** A class of its own, for it is made often: V8 makes objects with functions of their own slowly. */
class HeldNow implements SyncHeldMessage {
  readonly #session: HostSession
  readonly #ticket: Ticket
  readonly mtype: Long
  readonly mtext: Uint8Array
  readonly sequence: number
  readonly sender: Sender
  readonly time: number

  constructor(session: HostSession, ticket: Ticket, { mtype, mtext, sequence, sender, time }: Message) {
    this.#session = session
    this.#ticket = ticket
    this.mtype = mtype
    this.mtext = mtext
    this.sequence = sequence
    this.sender = sender
    this.time = time
  }

  accept(): void {
    this.#session.endHold('accept', this.#ticket)
  }

  refuse(): void {
    this.#session.endHold('refuse', this.#ticket)
  }
}

/** The engine only sees the call that does not wait; `empty` is how it says that the one with `msgflg` would have. */
function now<Value>(
  { name }: Msgsnd | Msgrcv,
  msgflg: number,
  empty: 'EAGAIN' | 'ENOMSG',
  perform: () => Value,
): Value {
  try {
    return perform()
  } catch (error) {
    const wouldWait = !(msgflg & IPC_NOWAIT) && error instanceof SyscallError && error.code === empty
    if (!wouldWait) throw error
    throw new TypeError(`${name} would wait, and the synchronous face cannot: use IPC_NOWAIT, or await it`, {
      cause: error,
    })
  }
}
