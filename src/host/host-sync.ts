import { IPC_NOWAIT, MSG_COPY, type Msgbuf, type MsqidSettings } from '../abi/index.ts'
import {
  type Capabilities,
  type MsgctlResult,
  msgctlCall,
  msggetCall,
  msgrcvCall,
  msgsndCall,
  type ReceivedMessage,
  type SyncIpcNamespace,
  SyscallError,
} from '../contract/index.ts'
import type { Msgrcv, Msgsnd } from '../engine/index.ts'
import { type HostSession, msgctlResult, type ValueOf } from './host-session.ts'

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
    this.#performNow(msgsndCall(msqid, message, msgflg | IPC_NOWAIT), msgflg, 'EAGAIN')
  }

  msgrcv(msqid: number, msgsz: number, msgtyp: number | bigint, msgflg: number): ReceivedMessage {
    const { copy } = this.#capabilities
    if (msgflg & MSG_COPY && copy !== 'counter') {
      // A copy by index that lacks IPC_NOWAIT is EINVAL, and must stay so.
      const call = msgrcvCall(msqid, msgsz, msgtyp, msgflg, false)
      return copy === 'index' ? this.#session.copyAtIndex(call) : this.#session.perform(call)
    }
    return this.#performNow(msgrcvCall(msqid, msgsz, msgtyp, msgflg | IPC_NOWAIT, false), msgflg, 'ENOMSG')
  }

  msgctl<Cmd extends number>(msqid: number, cmd: Cmd, settings?: MsqidSettings): MsgctlResult<Cmd> {
    return msgctlResult<Cmd>(this.#session, msgctlCall(msqid, cmd, settings))
  }

  /** The engine only sees the call that does not wait; `empty` is how it says that the one with `msgflg` would have. */
  #performNow<C extends Msgsnd | Msgrcv>(call: C, msgflg: number, empty: 'EAGAIN' | 'ENOMSG'): ValueOf<C> {
    try {
      return this.#session.perform(call)
    } catch (error) {
      const wouldWait = !(msgflg & IPC_NOWAIT) && error instanceof SyscallError && error.code === empty
      if (!wouldWait) throw error
      throw new TypeError(`${call.name} would wait, and the synchronous face cannot: use IPC_NOWAIT, or await it`, {
        cause: error,
      })
    }
  }
}
