import {
  type ErrnoName,
  IPC_INFO,
  IPC_RMID,
  IPC_SET,
  IPCMNI,
  MSG_INFO,
  MSG_STAT,
  MSG_STAT_ANY,
  MSQID_DS_BYTES,
  type Msgbuf,
  readMsgInfo,
  readMsqidDs,
  writeMsqidSettings,
} from '../../abi/index.ts'
import { SyscallError, syscallError } from '../../contract/index.ts'
import type {
  Call,
  IndexedStat,
  Limits,
  Msgctl,
  Msgget,
  Msgrcv,
  Msgsnd,
  NamespaceInfo,
  Values,
} from '../../engine/index.ts'
import { type LinuxCalls, linuxCalls } from '../../linux/index.ts'
import { hasCapability } from './capable.ts'
import type { IpcScope } from './ipc-scope.ts'
import { type LandingPlace, MessageCalls, named } from './message-calls.ts'

/** The four calls on the calling thread, in one IPC namespace: values, or the kernel's own errors. */
export class KernelCalls {
  readonly scope: IpcScope
  readonly #linux: LinuxCalls = linuxCalls()
  readonly #messages = new MessageCalls()

  constructor(scope: IpcScope) {
    this.scope = scope
  }

  msgget(call: Msgget): number {
    const made = this.scope.within(() => {
      const msqid = this.#linux.msgget(call.key, call.msgflg)
      return msqid < 0 ? named(this.#linux.errno()) : msqid
    })
    if (typeof made === 'string') throw this.error(made, call)
    return made
  }

  /** @returns Why the kernel refused; `undefined` when the message was sent. */
  trySend(call: Msgsnd): ErrnoName | undefined {
    return this.scope.within(() => this.#messages.send(call))
  }

  send(call: Msgsnd): void {
    const code = this.trySend(call)
    if (code !== undefined) throw this.error(code, call)
  }

  /** @returns The message, or why the kernel refused. */
  tryReceive(call: Msgrcv): Msgbuf | ErrnoName {
    return this.scope.within(() => this.#messages.receive(call))
  }

  /** @returns The length of the message that is at the address now, or why the kernel refused. */
  tryReceiveInto(call: Msgrcv & LandingPlace): number | ErrnoName {
    return this.scope.within(() => this.#messages.receiveInto(call))
  }

  receive(call: Msgrcv): Msgbuf {
    const received = this.tryReceive(call)
    if (typeof received === 'string') throw this.error(received, call)
    return received
  }

  msgctl(call: Msgctl): Exclude<Values['msgctl'], 0> | undefined {
    // No command fills more than a msqid_ds; IPC_SET without settings is C's null pointer.
    const buffer = call.cmd === IPC_SET ? settingsOf(call) : new Uint8Array(MSQID_DS_BYTES)
    const result = this.#msgctl(call.msqid, call.cmd, buffer)
    if (typeof result === 'string') throw this.error(result, call)
    if (buffer === null || call.cmd === IPC_SET || call.cmd === IPC_RMID) return undefined
    if (call.cmd === IPC_INFO || call.cmd === MSG_INFO) return { maxIndex: result, info: readMsgInfo(buffer) }
    if (call.cmd === MSG_STAT || call.cmd === MSG_STAT_ANY) return { msqid: result, stat: readMsqidDs(buffer) }
    return readMsqidDs(buffer)
  }

  /** The limits, as IPC_INFO tells them: works where /proc is not mounted, too. */
  limits(): Limits {
    const { info } = this.info(IPC_INFO)
    return { msgmax: info.max, msgmnb: info.mnb, msgmni: info.mni }
  }

  info(cmd: typeof IPC_INFO | typeof MSG_INFO): NamespaceInfo {
    const told = this.msgctl({ name: 'msgctl', msqid: 0, cmd })
    if (told === undefined || !('info' in told)) throw new Error(`assertion: msgctl ${cmd} tells about a namespace`)
    return told
  }

  /** The queue at an index, whoever may read it; `undefined` when there is none. */
  queueAt(index: number): IndexedStat | undefined {
    const found = this.statAt(index, MSG_STAT_ANY)
    if (found === 'EINVAL') return undefined
    if (typeof found === 'string') throw this.error(found, { name: 'msgctl', msqid: index, cmd: MSG_STAT_ANY })
    return found
  }

  /** The queue at an index, or why the kernel does not tell: most indexes of a namespace may be free. */
  statAt(index: number, cmd: typeof MSG_STAT | typeof MSG_STAT_ANY): IndexedStat | ErrnoName {
    const buffer = new Uint8Array(MSQID_DS_BYTES)
    const result = this.#msgctl(index, cmd, buffer)
    return typeof result === 'string' ? result : { msqid: result, stat: readMsqidDs(buffer) }
  }

  /** The error of a refused call, with what is known about its cause. */
  error(code: ErrnoName, call: Call): SyscallError {
    if (code === 'EACCES' && 'msqid' in call) return this.#refused(call)
    if (code === 'EPERM' && call.name === 'msgctl') {
      return syscallError(code, call, { limits: this.limits(), ownsQueue: this.#owns(call.msqid) })
    }
    const dependsOnLimits = code === 'ENOSPC' || (code === 'EINVAL' && call.name === 'msgsnd')
    return syscallError(code, call, dependsOnLimits ? { limits: this.limits() } : {})
  }

  /** Whether this process may change a queue, whatever it changes. Source: ipc/util.c, ipcctl_obtain_check(). */
  #owns(msqid: number): boolean {
    const perm = this.queueAt(msqid % IPCMNI)?.stat.perm
    const uid = process.geteuid?.()
    return perm?.uid === uid || perm?.cuid === uid || hasCapability('CAP_SYS_ADMIN')
  }

  /** EACCES, naming who may. */
  #refused(call: Call & { readonly msqid: number }): SyscallError {
    const needs = call.name === 'msgsnd' ? 'sending needs write permission' : 'this needs read permission'
    const queue = this.queueAt(call.msqid % IPCMNI)
    if (queue === undefined) return new SyscallError('EACCES', call.name, { msqid: call.msqid, hint: needs })
    const { mode, uid, gid } = queue.stat.perm
    const owner = `the queue belongs to ${uid}:${gid} with mode 0${mode.toString(8)}`
    const hint = `${needs}; ${owner}, and this process is ${process.geteuid?.()}:${process.getegid?.()}`
    return new SyscallError('EACCES', call.name, { msqid: queue.msqid, hint })
  }

  /** @returns What the kernel returned, or why it refused: errno is asked for before the thread leaves the namespace. */
  #msgctl(msqid: number, cmd: number, buffer: Uint8Array | null): number | ErrnoName {
    return this.scope.within(() => {
      const result = this.#linux.msgctl(msqid, cmd, buffer)
      return result < 0 ? named(this.#linux.errno()) : result
    })
  }
}

function settingsOf({ settings }: Msgctl): Uint8Array | null {
  return settings === undefined ? null : writeMsqidSettings(settings)
}
