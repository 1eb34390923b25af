import type { Msgbuf, MsqidSettings } from '../../abi/index.ts'
import {
  type MsgctlResult,
  msgctlCall,
  msggetCall,
  msgrcvCall,
  msgsndCall,
  type ReceivedMessage,
  type SyncIpcNamespace,
} from '../../contract/index.ts'
import type { KernelCalls } from './kernel-calls.ts'
import { unsupported } from './unsupported.ts'

/** The four calls as a C program makes them: one that waits blocks its thread, event loop and all. */
export class KernelSync implements SyncIpcNamespace {
  readonly #calls: () => KernelCalls

  /** @param calls The calls of an open namespace; throws when it was closed. */
  constructor(calls: () => KernelCalls) {
    this.#calls = calls
  }

  msgget(key: number, msgflg: number): number {
    const call = msggetCall(key, msgflg)
    return this.#calls().msgget(call)
  }

  msgsnd(msqid: number, message: Msgbuf, msgflg: number): void {
    const call = msgsndCall(msqid, message, msgflg)
    this.#calls().send(call)
  }

  msgrcv(msqid: number, msgsz: number, msgtyp: number | bigint, msgflg: number): ReceivedMessage {
    const call = msgrcvCall(msqid, msgsz, msgtyp, msgflg, false)
    return this.#calls().receive(call)
  }

  hold(): never {
    throw unsupported('held receives')
  }

  takeOver(): never {
    throw unsupported('sends that their sender is told of first')
  }

  handOver(): never {
    throw unsupported('held receives')
  }

  msgctl<Cmd extends number>(msqid: number, cmd: Cmd, settings?: MsqidSettings): MsgctlResult<Cmd> {
    const call = msgctlCall(msqid, cmd, settings)
    return this.#calls().msgctl(call) as MsgctlResult<Cmd>
  }
}
