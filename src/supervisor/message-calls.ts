import {
  ERRNO,
  type ErrnoName,
  IPC_INFO,
  IPC_NOWAIT,
  IPC_SET,
  IPC_STAT,
  MSG_COPY,
  MSG_EXCEPT,
  MSG_INFO,
  MSG_STAT,
  MSG_STAT_ANY,
  MSQID_DS_BYTES,
  MSQID_DS_I386_BYTES,
  MSQID_DS_OLD_BYTES,
  type Msgbuf,
  type MsqidDs,
  readMsqidSettings,
  readMsqidSettingsI386,
  readMsqidSettingsOld,
  writeMsgInfo,
  writeMsqidDs,
  writeMsqidDsI386,
  writeMsqidDsOld,
} from '../abi/index.ts'
import { type IpcNamespace, SyscallError } from '../contract/index.ts'
import type { Listener } from './listener.ts'
import type { ProgramMemory } from './program-memory.ts'
import type { ProgramThread } from './program-threads.ts'
import type { MsgctlByAddress, MsgrcvByAddress, MsgsndByAddress, Trapped } from './trapped-call.ts'
import type { Waits } from './waits.ts'

/** What a call returns, or an errno below 0; `undefined` where it was answered already, or its program is gone. */
export type Result = number | undefined

/** A result that may come later. */
export type Answer = Result | Promise<Result>

/** Longer texts are only read once the namespace has said that it takes such long ones. */
const TEXT_BYTES = 64 * 1024

/** The `struct msqid_ds` of each kind of program. */
const LAYOUTS = {
  '64 bits': { bytes: MSQID_DS_BYTES, write: writeMsqidDs, readSettings: readMsqidSettings },
  i386: { bytes: MSQID_DS_I386_BYTES, write: writeMsqidDsI386, readSettings: readMsqidSettingsI386 },
  'i386, old': { bytes: MSQID_DS_OLD_BYTES, write: writeMsqidDsOld, readSettings: readMsqidSettingsOld },
} as const

/** Before the first call. */
const NOTHING: MsgrcvByAddress = { name: 'msgrcv', msqid: -1, msgp: 0, msgsz: 0, msgtyp: 0, msgflg: 0 }
const NOBODY: Trapped = { idLow: 0, idHigh: 0, tid: 0, bits: 64, call: NOTHING }

/** What a program's addresses are good for, before and behind the namespace's part of a call, in the kernel's order. */
export class MessageCalls {
  readonly #listener: Listener
  readonly #memory: ProgramMemory
  readonly #waits: Waits
  /** What is answered at once is told by these, made once: V8 takes long to begin a new function. */
  readonly #tell = () => this.#listener.answer(this.#current, 0)
  readonly #give = (message: Msgbuf) => this.#handOver(this.#current, this.#receiving, message)
  /** Whose call they tell. */
  #current: Trapped = NOBODY
  #receiving: MsgrcvByAddress = NOTHING

  constructor(listener: Listener, memory: ProgramMemory, waits: Waits) {
    this.#listener = listener
    this.#memory = memory
    this.#waits = waits
  }

  /** Source: ipc/msg.c, ksys_msgsnd(), do_msgsnd(). */
  msgsnd(trapped: Trapped, call: MsgsndByAddress, thread: ProgramThread): Answer {
    const { msgp, msgsz, msgflg } = call
    if (msgsz < 0 || msgsz > TEXT_BYTES) return this.#sendLong(trapped, call, thread)
    // The bytes are the memory's, until the next call. The namespace copies them before it returns.
    const message = this.#memory.readMessage(trapped.tid, msgp, trapped.bits, msgsz)
    if (message === undefined) return this.#unreadable(trapped, call, thread.namespace)
    if (thread.sync !== undefined) {
      try {
        // That the answer arrives says that the bytes were the program's, and not of one that has its number now.
        this.#current = trapped
        thread.sync.takeOver(call.msqid, message, msgflg | IPC_NOWAIT, this.#tell)
        return undefined
      } catch (error) {
        if (!isCode(error, 'EAGAIN') || msgflg & IPC_NOWAIT) throw error
      }
    }
    return this.#listener.isWaiting(trapped) ? this.#send(trapped, call, message, thread) : undefined
  }

  /** The message leaves its queue when the program has it. Source: ipc/msg.c, ksys_msgrcv(), do_msgrcv(). */
  msgrcv(trapped: Trapped, given: MsgrcvByAddress, thread: ProgramThread): Answer {
    const call = given.kludge === undefined ? given : this.#unkludged(trapped, given, given.kludge)
    if (call === undefined) return -ERRNO.EFAULT
    const { msqid, msgsz, msgtyp, msgflg } = call
    if (msgsz < 0) return -ERRNO.EINVAL
    if (msgflg & MSG_COPY) return this.#copy(trapped, call, thread.namespace)
    if (thread.sync === undefined) return this.#receive(trapped, call, thread)
    try {
      this.#current = trapped
      this.#receiving = call
      thread.sync.handOver(msqid, msgsz, msgtyp, msgflg | IPC_NOWAIT, this.#give)
      return undefined
    } catch (error) {
      if (!isCode(error, 'ENOMSG') || msgflg & IPC_NOWAIT) throw error
      return this.#receive(trapped, call, thread)
    }
  }

  /** Source: ipc/msg.c, ksys_msgctl(), and compat_ksys_msgctl(). */
  async msgctl(trapped: Trapped, call: MsgctlByAddress, { namespace }: ProgramThread): Promise<Result> {
    const { msqid, cmd, buf } = call
    switch (cmd) {
      case IPC_INFO:
      case MSG_INFO: {
        const { maxIndex, info } = await namespace.msgctl(msqid, cmd)
        return this.#memory.write(trapped.tid, buf, writeMsgInfo(info)) ? maxIndex : -ERRNO.EFAULT
      }
      case IPC_STAT:
        return this.#stat(trapped, call, await namespace.msgctl(msqid, cmd), 0)
      case MSG_STAT:
      case MSG_STAT_ANY: {
        const found = await namespace.msgctl(msqid, cmd)
        return this.#stat(trapped, call, found.stat, found.msqid)
      }
      case IPC_SET:
        return this.#set(trapped, call, namespace)
      default:
        // IPC_RMID, and what there is not.
        await namespace.msgctl(msqid, cmd)
        return 0
    }
  }

  /** A text that may be longer than any message may be: its size is looked at before its bytes. */
  async #sendLong(trapped: Trapped, call: MsgsndByAddress, thread: ProgramThread): Promise<Result> {
    const { msgp, msgsz } = call
    if (this.#memory.readMessage(trapped.tid, msgp, trapped.bits, 0) === undefined) return -ERRNO.EFAULT
    if (msgsz < 0 || msgsz > (await thread.namespace.limits()).msgmax) return -ERRNO.EINVAL
    const message = this.#memory.readMessage(trapped.tid, msgp, trapped.bits, msgsz)
    if (message === undefined) return this.#unreadable(trapped, call, thread.namespace)
    return this.#listener.isWaiting(trapped) ? this.#send(trapped, call, message, thread) : undefined
  }

  async #send(
    trapped: Trapped,
    { msqid, msgflg }: MsgsndByAddress,
    message: Msgbuf,
    { namespace, caller }: ProgramThread,
  ): Promise<Result> {
    const options = msgflg & IPC_NOWAIT ? {} : { signal: this.#waits.begin(trapped, caller.pid) }
    await namespace.msgsnd(msqid, message, msgflg, options)
    return 0
  }

  async #receive(trapped: Trapped, call: MsgrcvByAddress, { namespace, caller }: ProgramThread): Promise<Result> {
    const { msqid, msgsz, msgtyp, msgflg } = call
    const options = msgflg & IPC_NOWAIT ? {} : { signal: this.#waits.begin(trapped, caller.pid) }
    if (!namespace.capabilities.held) {
      this.#handOverLate(trapped, call, await namespace.msgrcv(msqid, msgsz, msgtyp, msgflg, options))
      return undefined
    }
    const held = await namespace.msgrcv(msqid, msgsz, msgtyp, msgflg, { ...options, hold: true })
    await (this.#handOverLate(trapped, call, held) ? held.accept() : held.refuse())
    return undefined
  }

  /** As `handOver`, some time after the call came: its program may be gone, and its number another's. */
  #handOverLate(trapped: Trapped, call: MsgrcvByAddress, message: Msgbuf): boolean {
    this.#waits.end(trapped)
    return this.#listener.isWaiting(trapped) && this.#handOver(trapped, call, message)
  }

  /** Writes a message into the program, and lets its call return. @returns Whether the program is there to have it. */
  #handOver(trapped: Trapped, { msgp }: MsgrcvByAddress, { mtype, mtext }: Msgbuf): boolean {
    if (this.#memory.writeMessage(trapped.tid, msgp, trapped.bits, mtype, mtext)) {
      return this.#listener.answer(trapped, mtext.length)
    }
    // One that could not be written is lost, as the kernel has it.
    return this.#listener.refuse(trapped, ERRNO.EFAULT)
  }

  #stat({ tid }: Trapped, { buf, layout }: MsgctlByAddress, stat: MsqidDs, value: number): Result {
    return this.#memory.write(tid, buf, LAYOUTS[layout].write(stat)) ? value : -ERRNO.EFAULT
  }

  async #set({ tid }: Trapped, { msqid, cmd, buf, layout }: MsgctlByAddress, namespace: IpcNamespace): Promise<Result> {
    if (msqid < 0) return -ERRNO.EINVAL
    const { bytes, readSettings } = LAYOUTS[layout]
    const there = this.#memory.read(tid, buf, bytes)
    if (there === undefined) return -ERRNO.EFAULT
    await namespace.msgctl(msqid, cmd, readSettings(there))
    return 0
  }

  /** A send whose bytes cannot all be read: the type is looked at first, then the size, then the text. */
  async #unreadable(
    { tid, bits }: Trapped,
    { msgp, msgsz, msqid }: MsgsndByAddress,
    namespace: IpcNamespace,
  ): Promise<Result> {
    const message = this.#memory.readMessage(tid, msgp, bits, 0)
    if (message === undefined) return -ERRNO.EFAULT
    if (message.mtype < 1 || msqid < 0 || msgsz > (await namespace.limits()).msgmax) return -ERRNO.EINVAL
    return -ERRNO.EFAULT
  }

  /** The kernel makes its room for a copy of what is there already: it must be readable. Source: ipc/msg.c, prepare_copy(). */
  async #copy(trapped: Trapped, call: MsgrcvByAddress, namespace: IpcNamespace): Promise<Result> {
    const { msqid, msgp, msgsz, msgtyp, msgflg } = call
    const isPossible = msqid >= 0 && !(msgflg & MSG_EXCEPT) && msgflg & IPC_NOWAIT
    if (isPossible && namespace.capabilities.copy === 'index') {
      const room = msgsz > TEXT_BYTES ? Math.min(msgsz, (await namespace.limits()).msgmax) : msgsz
      if (this.#memory.read(trapped.tid, msgp + trapped.bits / 8, room) === undefined) return -ERRNO.EFAULT
    }
    this.#handOverLate(trapped, call, await namespace.msgrcv(msqid, msgsz, msgtyp, msgflg))
    return undefined
  }

  /** ipc(2), version 0, has two of the arguments in memory. Source: ipc/syscall.c, `struct compat_ipc_kludge`. */
  #unkludged({ tid }: Trapped, call: MsgrcvByAddress, kludge: number): MsgrcvByAddress | undefined {
    const bytes = this.#memory.read(tid, kludge, 8)
    if (bytes === undefined) return undefined
    const view = new DataView(bytes.buffer, bytes.byteOffset, 8)
    return { ...call, msgp: view.getUint32(0, true), msgtyp: view.getInt32(4, true) }
  }
}

function isCode(error: unknown, code: ErrnoName): boolean {
  return error instanceof SyscallError && error.code === code
}
