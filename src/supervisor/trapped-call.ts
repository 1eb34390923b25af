import { type Long, readLong } from '../abi/index.ts'
import type { Machine, Trap } from './machines.ts'

/** A call as the program made it: its arguments, of which addresses are the program's. */
export type ProgramCall =
  | { readonly name: 'msgget'; readonly key: number; readonly msgflg: number }
  | MsgsndByAddress
  | MsgrcvByAddress
  | MsgctlByAddress
  | FileCall
  | { readonly name: 'credentials' }
  /** One of another kind, which the kernel answers: semaphores and shared memory come by ipc(2) too. */
  | { readonly name: 'other' }

export interface MsgsndByAddress {
  readonly name: 'msgsnd'
  readonly msqid: number
  /** Where its `struct msgbuf` is. */
  readonly msgp: number
  readonly msgsz: number
  readonly msgflg: number
}

export interface MsgrcvByAddress {
  readonly name: 'msgrcv'
  readonly msqid: number
  readonly msgp: number
  readonly msgsz: number
  readonly msgtyp: Long
  readonly msgflg: number
  /** ipc(2), version 0: where `msgp` and `msgtyp` are, instead. */
  readonly kludge?: number
}

export interface MsgctlByAddress {
  readonly name: 'msgctl'
  readonly msqid: number
  readonly cmd: number
  readonly buf: number
  /** Which `struct msqid_ds` is there; the old one is ipc(2)'s without IPC_64. */
  readonly layout: MsqidDsLayout
}

export type MsqidDsLayout = '64 bits' | 'i386' | 'i386, old'

/** A path that is opened, or asked about. */
export interface FileCall {
  readonly name: 'open' | 'access'
  readonly dirfd: number
  /** Where the path is. */
  readonly path: number
  /** open: O_…; `undefined` where they are in memory (openat2). access: R_OK, W_OK. */
  readonly flags: number | undefined
  /** openat2: where `struct open_how` is. */
  readonly how?: number
}

/** A notification: a thread that made a call, and waits for the answer. */
export interface Trapped {
  /** The cookie's halves, signed. */
  readonly idLow: number
  readonly idHigh: number
  readonly tid: number
  /** Bits of the program's longs and addresses. */
  readonly bits: 64 | 32
  readonly call: ProgramCall
}

/** `struct seccomp_notif`: id, pid, flags, then `seccomp_data`. Source: include/uapi/linux/seccomp.h. */
const NUMBER_OFFSET = 16
const ARCH_OFFSET = 20
const ARGUMENTS_OFFSET = 32
const AT_FDCWD = -100
/** ipc(2)'s calls, in the low half of its first argument; above it a version. Source: include/uapi/linux/ipc.h. */
const IPCCALL = { msgsnd: 11, msgrcv: 12, msgget: 13, msgctl: 14 }
/** The bit by which ipc(2) is asked for the struct of today. */
const IPC_64 = 0x100

/** Reads `struct seccomp_notif`s, one after the other, out of the same bytes. */
export class TrappedReader {
  readonly #view: DataView
  readonly #machines: readonly Machine[]
  /** Of the notification that is read. */
  #bits: 64 | 32 = 64

  constructor(view: DataView, machines: readonly Machine[]) {
    this.#view = view
    this.#machines = machines
  }

  /** What the bytes are now. */
  read(): Trapped {
    const view = this.#view
    const arch = view.getUint32(ARCH_OFFSET, true)
    const machine = this.#machines.find((each) => each.arch === arch)
    const trap = machine?.traps.get(view.getInt32(NUMBER_OFFSET, true))
    this.#bits = machine?.bits ?? 64
    return {
      idLow: view.getInt32(0, true),
      idHigh: view.getInt32(4, true),
      tid: view.getInt32(8, true),
      bits: this.#bits,
      call: trap === undefined ? { name: 'other' } : this.#call(trap),
    }
  }

  /** An argument that is a C `int`: a register's low half, whatever the other has. */
  #int(index: number): number {
    return this.#view.getInt32(ARGUMENTS_OFFSET + 8 * index, true)
  }

  /** A signed long; one beyond 2^53 as a bigint. */
  #long(index: number): Long {
    return this.#bits === 32 ? this.#int(index) : readLong(this.#view, ARGUMENTS_OFFSET + 8 * index)
  }

  /** An address. Beyond 2^53 it is rounded: no process has one there. */
  #address(index: number): number {
    const low = this.#view.getUint32(ARGUMENTS_OFFSET + 8 * index, true)
    return this.#bits === 32 ? low : low + this.#view.getUint32(ARGUMENTS_OFFSET + 8 * index + 4, true) * 2 ** 32
  }

  /** A size, as the kernel takes it: signed. Beyond 2^53 it is rounded: longer than any message either way. */
  #size(index: number): number {
    const size = this.#long(index)
    if (typeof size === 'number') return size
    return size < 0 ? Number.MIN_SAFE_INTEGER : Number.MAX_SAFE_INTEGER
  }

  #call(trap: Trap): ProgramCall {
    switch (trap) {
      case 'msgget':
        return { name: 'msgget', key: this.#int(0), msgflg: this.#int(1) }
      case 'msgsnd':
        return {
          name: 'msgsnd',
          msqid: this.#int(0),
          msgp: this.#address(1),
          msgsz: this.#size(2),
          msgflg: this.#int(3),
        }
      case 'msgrcv':
        return {
          name: 'msgrcv',
          msqid: this.#int(0),
          msgp: this.#address(1),
          msgsz: this.#size(2),
          msgtyp: this.#long(3),
          msgflg: this.#int(4),
        }
      case 'msgctl':
        return {
          name: 'msgctl',
          msqid: this.#int(0),
          cmd: this.#int(1),
          buf: this.#address(2),
          layout: this.#bits === 64 ? '64 bits' : 'i386',
        }
      case 'ipc':
        return this.#ipc()
      case 'open':
        return { name: 'open', dirfd: AT_FDCWD, path: this.#address(0), flags: this.#int(1) }
      case 'openat':
        return { name: 'open', dirfd: this.#int(0), path: this.#address(1), flags: this.#int(2) }
      case 'openat2':
        return {
          name: 'open',
          dirfd: this.#int(0),
          path: this.#address(1),
          flags: undefined,
          how: this.#address(2),
        }
      case 'access':
        return { name: 'access', dirfd: AT_FDCWD, path: this.#address(0), flags: this.#int(1) }
      case 'faccessat':
        return { name: 'access', dirfd: this.#int(0), path: this.#address(1), flags: this.#int(2) }
      case 'credentials':
        return { name: 'credentials' }
    }
  }

  /** ipc(call, first, second, third, ptr, fifth). Source: ipc/syscall.c, compat_ksys_ipc(). */
  #ipc(): ProgramCall {
    const [call, version] = [this.#int(0) & 0xffff, this.#int(0) >>> 16]
    const [first, second, third] = [this.#int(1), this.#int(2), this.#int(3)]
    switch (call) {
      case IPCCALL.msgget:
        return { name: 'msgget', key: first, msgflg: second }
      case IPCCALL.msgsnd:
        return { name: 'msgsnd', msqid: first, msgp: this.#address(4), msgsz: second, msgflg: third }
      case IPCCALL.msgrcv: {
        const received = { name: 'msgrcv', msqid: first, msgsz: second, msgflg: third } as const
        const ptr = this.#address(4)
        if (version === 0) return { ...received, msgp: 0, msgtyp: 0, kludge: ptr }
        return { ...received, msgp: ptr, msgtyp: this.#int(5) }
      }
      case IPCCALL.msgctl: {
        const layout = second & IPC_64 ? 'i386' : 'i386, old'
        return { name: 'msgctl', msqid: first, cmd: second & ~IPC_64, buf: this.#address(4), layout }
      }
      default:
        return { name: 'other' }
    }
  }
}
