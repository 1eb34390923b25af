import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { dirname } from 'node:path'
import { readThreadStatus } from '../abi/index.ts'
import { BackendError } from '../contract/index.ts'

/**
 * Processes as /proc tells of them. What ends while it is looked at is not there: its files answer with ENOENT, or
 * with ESRCH when they were open already. Source: proc(5).
 */

/** One process, for as long as it lives: its number may be another's afterwards, with another start. */
export interface Process {
  readonly pid: number
  /** Clock ticks since the machine was started. */
  readonly startTime: number
  /** The program's name, at most 15 bytes of it. */
  readonly name: string
}

/** A kernel thread runs no program, and nothing stops it. Source: include/linux/sched.h, PF_KTHREAD. */
const PF_KTHREAD = 0x0020_0000

/** Places in /proc/PID/stat after the name, which ends with its last parenthesis: fields 3, 4, 9 and 22 of the page. */
const STATE = 0
const PARENT = 1
const FLAGS = 6
const START_TIME = 19

/** @returns `undefined` when there is none, or it is a thread of the kernel. */
export function processOf(pid: number): Process | undefined {
  const stat = readStat(`/proc/${pid}/stat`)
  if (stat === undefined || Number(stat.fields[FLAGS]) & PF_KTHREAD) return undefined
  return { pid, startTime: Number(stat.fields[START_TIME]), name: stat.name }
}

/** Whether the process is still that one, and not another of the same number. */
export function isThere({ pid, startTime }: Process): boolean {
  return processOf(pid)?.startTime === startTime
}

/** `process 12 (perl)` */
export function nameOf({ pid, name }: Process): string {
  return `process ${pid} (${name})`
}

/** The number of a process's parent; 0 when it has none, or has ended. */
export function parentOf(pid: number): number {
  return Number(readStat(`/proc/${pid}/stat`)?.fields[PARENT] ?? 0)
}

/** The numbers of all processes that this one may see, kernel threads among them. */
export function allPids(): number[] {
  return numbersIn('/proc')
}

/** The numbers of a process's threads; none when it has ended. */
export function threadsOf(pid: number): number[] {
  return numbersIn(`/proc/${pid}/task`)
}

/** `R` runs, `S` sleeps, `D` waits for a device or a child, `T` is stopped, `t` by who traces it, `Z` has ended. */
export function stateOf(pid: number, tid: number): string | undefined {
  return readStat(`/proc/${pid}/task/${tid}/stat`)?.fields[STATE]
}

/** The system call that a thread waits in, with its first argument; `undefined` when it runs, or has ended. */
export function callOf(pid: number, tid: number): { readonly number: number; readonly argument: number } | undefined {
  // `70 0x3 …`, or `running`. Source: proc(5), /proc/pid/syscall.
  const text = readProc(`/proc/${pid}/task/${tid}/syscall`) ?? ''
  const [, number, argument] = /^(\d+) 0x([0-9a-f]+) /.exec(text) ?? []
  if (number === undefined || argument === undefined) return undefined
  return { number: Number(number), argument: Number.parseInt(argument, 16) }
}

/** The process of a thread; the kernel tells of either by its number. 0 when there is none. */
export function processOfThread(tid: number): number {
  return statusNumber(tid, 'Tgid')
}

/** Who traces a process, a debugger for instance; 0 for nobody. */
export function tracerOf(pid: number): number {
  return statusNumber(pid, 'TracerPid')
}

/**
 * The IPC namespace of a process or, as `PID/task/TID`, of a thread: they may differ. @returns `ipc:[4026531839]`, or
 * `undefined` when it has ended.
 */
export function ipcOf(who: number | string): string | undefined {
  return there(`/proc/${who}/ns/ipc`, (path) => readlinkSync(path))
}

/** What a file of /proc says; `undefined` when its process has ended. @throws {BackendError} it may not be read. */
export function readProc(path: string): string | undefined {
  return there(path, (file) => readFileSync(file, 'latin1'))
}

/** @throws {BackendError} The numbers in /proc are not those that kill(2) takes: it is another PID namespace's. */
export function checkProc(): void {
  const self = there('/proc/self', (path) => readlinkSync(path))
  if (self === String(process.pid)) return
  const why = '/proc does not show the processes of this PID namespace: mount it here to have processes stopped'
  throw new BackendError('ERR_MSGQ_UNAVAILABLE', why)
}

function readStat(path: string): { readonly name: string; readonly fields: readonly string[] } | undefined {
  const text = readProc(path)
  return text === undefined ? undefined : statFrom(text)
}

/** What a stat file says. The name is the program's own to choose: parentheses, spaces and line ends may be in it. */
export function statFrom(text: string): { readonly name: string; readonly fields: readonly string[] } {
  const end = text.lastIndexOf(')')
  return { name: text.slice(text.indexOf('(') + 1, end), fields: text.slice(end + 2).split(' ') }
}

function statusNumber(pid: number, name: string): number {
  return Number(readThreadStatus(readProc(`/proc/${pid}/status`) ?? '').get(name) ?? 0)
}

function numbersIn(folder: string): number[] {
  const names = there(folder, (path) => readdirSync(path)) ?? []
  return names.filter((name) => /^\d+$/.test(name)).map(Number)
}

function there<Value>(path: string, read: (path: string) => Value): Value | undefined {
  try {
    return read(path)
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
    if (code === 'ENOENT' || code === 'ESRCH') return undefined
    if (code !== 'EACCES' && code !== 'EPERM') throw cause
    // The link of a namespace says EACCES also where its thread ended just now. Source: fs/proc/namespaces.c, proc_ns_readlink().
    if (!existsSync(dirname(path))) return undefined
    const why = `this process may not look into ${path}, and so not see who uses the queues: run as root`
    throw new BackendError('ERR_MSGQ_UNAVAILABLE', why, { cause })
  }
}
