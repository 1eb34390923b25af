import { closeSync, constants, openSync, readFileSync, writeSync } from 'node:fs'
import {
  errnoName,
  IPC_INFO,
  IPC_SET,
  IPC_STAT,
  IPCMNI,
  MSG_INFO,
  MSG_STAT,
  MSG_STAT_ANY,
  MSGINFO_BYTES,
  MSQID_DS_BYTES,
  type MsgInfo,
  type MsqidDs,
  readLong,
  readMsgInfo,
  readMsqidDs,
  writeLong,
  writeMsqidSettings,
} from '../../src/abi/index.ts'
import type { Msgctl, Msgrcv, Msgsnd } from '../../src/engine/index.ts'
import { CLONE_NEWIPC, linuxCalls } from '../../src/linux/index.ts'
import type { KernelCall } from './calls.ts'
import { PAYLOAD_BYTES_MAX } from './generator.ts'

/** What a call answered: the name of its errno, or what the engine calls its value. */
export type Answer = { readonly code: string } | { readonly value: unknown }

/** A queue with its full identifier, as MSG_STAT_ANY tells it. */
export interface IndexedStat {
  readonly msqid: number
  readonly stat: MsqidDs
}

/** The message type stands before the payload. Source: msgsnd(2), struct msgbuf. */
const MTYPE_BYTES = 8

/** The kernel's queues, in the IPC namespace of the thread that made this. */
export class Kernel {
  readonly #linux = linuxCalls()
  readonly #buffer = new Uint8Array(MTYPE_BYTES + PAYLOAD_BYTES_MAX)
  readonly #view = new DataView(this.#buffer.buffer)
  readonly #struct = new Uint8Array(MSQID_DS_BYTES)

  /** Moves the calling thread into a new, empty IPC namespace. */
  freshNamespace(): void {
    if (this.#linux.unshare(CLONE_NEWIPC) !== 0) {
      throw new Error(`a fresh IPC namespace needs CAP_SYS_ADMIN: unshare failed with errno ${this.#linux.errno()}`)
    }
  }

  /** Makes one call, which must not be one that waits. */
  perform(call: KernelCall): Answer {
    switch (call.name) {
      case 'msgget':
        return this.#answer(this.#linux.msgget(call.key, call.msgflg))
      case 'msgsnd':
        return this.#msgsnd(call)
      case 'msgrcv':
        return this.#msgrcv(call)
      case 'msgctl':
        return this.#msgctl(call)
      case 'setLimits':
        for (const [name, value] of Object.entries(call.limits)) return writeSysctl(name, value)
        return { value: 0 }
      case 'setNextId':
        return writeSysctl('msg_next_id', call.nextId)
    }
  }

  /** The queue at the index of an identifier, whoever asks; `undefined` when there is none. */
  stat(msqid: number): IndexedStat | undefined {
    const result = this.#linux.msgctl(msqid & (IPCMNI - 1), MSG_STAT_ANY, this.#struct)
    return result < 0 ? undefined : { msqid: result, stat: readMsqidDs(this.#struct) }
  }

  /** MSG_INFO or IPC_INFO. */
  info(cmd: number): { readonly maxIndex: number; readonly info: MsgInfo } {
    const maxIndex = this.#linux.msgctl(0, cmd, this.#struct)
    return { maxIndex, info: readMsgInfo(this.#struct.subarray(0, MSGINFO_BYTES)) }
  }

  /** Pending msg_next_id, -1 when there is none. */
  nextId(): number {
    return Number(readFileSync('/proc/sys/kernel/msg_next_id', 'utf8'))
  }

  #msgsnd({ msqid, mtype, mtext, msgflg }: Msgsnd): Answer {
    writeLong(this.#view, 0, mtype)
    this.#buffer.set(mtext, MTYPE_BYTES)
    return this.#answer(this.#linux.msgsnd(msqid, this.#buffer, mtext.length, msgflg))
  }

  #msgrcv({ msqid, msgsz, msgtyp, msgflg }: Msgrcv): Answer {
    const length = this.#linux.msgrcv(msqid, this.#buffer, msgsz, msgtyp, msgflg)
    if (length < 0) return this.#answer(length)
    const mtext = this.#buffer.slice(MTYPE_BYTES, MTYPE_BYTES + length)
    return { value: { mtype: readLong(this.#view, 0), mtext } }
  }

  #msgctl({ msqid, cmd, settings }: Msgctl): Answer {
    const struct = cmd !== IPC_SET ? this.#struct : settings === undefined ? null : writeMsqidSettings(settings)
    const result = this.#linux.msgctl(msqid, cmd, struct)
    if (result < 0) return this.#answer(result)
    switch (cmd) {
      case IPC_STAT:
        return { value: readMsqidDs(this.#struct) }
      case MSG_STAT:
      case MSG_STAT_ANY:
        return { value: { msqid: result, stat: readMsqidDs(this.#struct) } }
      case IPC_INFO:
      case MSG_INFO:
        return { value: { maxIndex: result, info: readMsgInfo(this.#struct.subarray(0, MSGINFO_BYTES)) } }
      default:
        return { value: result }
    }
  }

  #answer(result: number): Answer {
    if (result >= 0) return { value: result }
    const errno = this.#linux.errno()
    return { code: errnoName(errno) ?? `errno ${errno}` }
  }
}

/** Permission is asked for when the file is opened, the range when it is written. Source: ipc/ipc_sysctl.c. */
function writeSysctl(name: string, value: number): Answer {
  try {
    const file = openSync(`/proc/sys/kernel/${name}`, constants.O_WRONLY)
    try {
      writeSync(file, `${value}`)
    } finally {
      closeSync(file)
    }
    return { value: 0 }
  } catch (error) {
    return { code: (error as NodeJS.ErrnoException).code ?? `${error}` }
  }
}
