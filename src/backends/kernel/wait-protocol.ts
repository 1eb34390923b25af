import type { ErrnoName, Msgbuf } from '../../abi/index.ts'
import type { LandingPlace, ReceiveArguments, SendArguments } from './message-calls.ts'

/**
 * What a wait thread and the thread that uses it say to each other: shared words, and messages over a port.
 *
 *   user:   port COMMAND, word COMMANDS + 1        begins a command
 *   thread: port { calling }                       it is about to make the first call
 *   thread: port { message, stopped }              a call succeeded
 *   thread: port { code, stopped }                 the kernel refused, or nothing is wanted any more
 *
 * WANTED counts the calls still to be made: the thread lowers it after each, and stops when it is 0. Only while it is
 * above 0 may the user raise it; a user that lowers it to 0 has interrupted the command, and the thread says so.
 */

/** Words of the shared control block. */
export const COMMANDS = 0
export const WANTED = 1
/** 1 from before the check of WANTED until after the system call: while it is 1 a signal may be needed to end it. */
export const CALLING = 2
/** The thread's id, once it runs. */
export const TID = 3
/** Open file of the thread's /proc/PID/task/TID/syscall; -1 when there is none. */
export const SYSCALL_FILE = 4
export const CONTROL_WORDS = 5

/** With an address a msgrcv puts its message there, and reports none. */
export type Command =
  | ({ readonly name: 'msgsnd' } & SendArguments)
  | ({ readonly name: 'msgrcv' } & ReceiveArguments & Partial<LandingPlace>)

/** What a wait thread is started with. */
export interface WaitWorkerData {
  readonly control: Int32Array
  readonly port: import('node:worker_threads').MessagePort
  /** Open file of the IPC namespace to enter, when it is not the process's own. */
  readonly namespaceFile: number | undefined
}

export type Report =
  | { readonly calling: true }
  /** Without a message: a msgsnd succeeded, or a msgrcv into memory. */
  | { readonly message: Msgbuf | undefined; readonly stopped: boolean }
  /** Without a code: nothing was wanted any more. */
  | { readonly code: ErrnoName | undefined; readonly stopped: true }
