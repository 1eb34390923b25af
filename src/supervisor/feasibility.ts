import { readFileSync, statSync } from 'node:fs'
import { CAPABILITY_BIT, ERRNO, errnoName, isCapable } from '../abi/index.ts'
import {
  IOVEC_BYTES,
  SECCOMP_FILTER_FLAG_NEW_LISTENER,
  SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV,
  SECCOMP_SET_MODE_FILTER,
  supervisionCalls,
} from '../linux/index.ts'
import { machinesHere } from './machines.ts'
import { readStatus } from './program-threads.ts'

/** Why programs cannot be run here, and what to do about it. */
export interface Obstacle {
  readonly found: string
  readonly advice: string
}

/** Source: include/uapi/linux/capability.h. */
const CAP_SYS_PTRACE = 19
const S_ISUID = 0o4000
const S_ISGID = 0o2000

/** The first thing that keeps programs from being run over a namespace of ours on this machine, by this user. */
export function obstacleHere(): Obstacle | undefined {
  if (process.platform !== 'linux' || machinesHere(true).length === 0) {
    return {
      found: `${process.platform} on ${process.arch}`,
      advice: 'Programs are run on Linux, on x86-64 and arm64: their calls are answered by its seccomp.',
    }
  }
  try {
    supervisionCalls()
  } catch (error) {
    return { found: error instanceof Error ? error.message : String(error), advice: 'Run `npm install koffi`.' }
  }
  return kernelObstacle() ?? memoryObstacle() ?? yamaObstacle()
}

/** What keeps this one program from being run; its file's rights would not count. @param path Of an executable file. */
export function obstacleOf(path: string): Obstacle | undefined {
  const { mode, uid, gid } = statSync(path)
  const raises = (mode & S_ISUID && uid !== process.geteuid?.()) || (mode & S_ISGID && gid !== process.getegid?.())
  if (!raises || has(CAPABILITY_BIT.CAP_SYS_ADMIN)) return undefined
  return {
    found: `${path} is set-uid or set-gid, and would run without that: seccomp asks for it`,
    advice: 'Run msgq as root, or a program that needs no such rights.',
  }
}

/** Whether a filter may be set without giving up set-uid programs. */
export function mayGainPrivileges(): boolean {
  return has(CAPABILITY_BIT.CAP_SYS_ADMIN)
}

/** The kernel looks at the flags before the filter: without one EFAULT says that it knows them. */
function kernelObstacle(): Obstacle | undefined {
  const calls = supervisionCalls()
  const flags = SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
  calls.seccomp(SECCOMP_SET_MODE_FILTER, flags, 0)
  const errno = calls.errno()
  if (errno === ERRNO.EFAULT) return undefined
  return {
    found: `this kernel or its sandbox has no seccomp user notification that signals leave alone (${errnoWords(errno)})`,
    advice: 'It takes Linux 5.19 or later, built with CONFIG_SECCOMP_FILTER: before, a signal could lose a message.',
  }
}

/** Reads one byte of our own. */
function memoryObstacle(): Obstacle | undefined {
  const calls = supervisionCalls()
  const byte = new Uint8Array(new ArrayBuffer(1))
  const iovec = new Uint8Array(new ArrayBuffer(IOVEC_BYTES))
  const view = new DataView(iovec.buffer)
  view.setBigUint64(0, BigInt(calls.addressOf(byte)), true)
  view.setBigUint64(8, 1n, true)
  const address = calls.addressOf(iovec)
  if (calls.processVmReadv(process.pid, address, 1, address, 1) === 1) return undefined
  return {
    found: `the memory of programs cannot be read (${errnoWords(calls.errno())})`,
    advice: 'It takes a kernel with CONFIG_CROSS_MEMORY_ATTACH, and no sandbox that forbids process_vm_readv.',
  }
}

/** Source: Documentation/admin-guide/LSM/Yama.rst. */
function yamaObstacle(): Obstacle | undefined {
  const scope = Number(textOf('/proc/sys/kernel/yama/ptrace_scope') ?? '0')
  if (scope === 0 || (scope < 3 && has(CAP_SYS_PTRACE))) return undefined
  return {
    found: `kernel.yama.ptrace_scope is ${scope}: the memory of programs that a program starts cannot be read`,
    advice: 'Run msgq as root, or set kernel.yama.ptrace_scope to 0 with sysctl; 3 stays until the next start.',
  }
}

/** Whether this process has a capability in effect. */
function has(bit: number): boolean {
  return isCapable(readStatus(process.pid), bit)
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    // There is no Yama here.
    return undefined
  }
}

/** An errno by its name, where it has one here. */
export function errnoWords(errno: number): string {
  return errnoName(errno) ?? `errno ${errno}`
}
