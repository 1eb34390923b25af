import { type Koffi, requireKoffi, type Watch } from './koffi.ts'
import { syscallNumbers } from './machine.ts'

/** prctl. Source: include/uapi/linux/prctl.h. */
export const PR_SET_NO_NEW_PRIVS = 38

/** seccomp. Source: include/uapi/linux/seccomp.h. */
export const SECCOMP_SET_MODE_FILTER = 1
export const SECCOMP_FILTER_FLAG_NEW_LISTENER: number = 1 << 3
/** Once its notification was received, only death ends the wait for the answer (Linux 5.19). */
export const SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV: number = 1 << 5
/** Signed, as an int: V8 keeps it, and koffi reads it, with less. */
export const SECCOMP_IOCTL_NOTIF_RECV: number = 0xc050_2100 | 0
export const SECCOMP_IOCTL_NOTIF_SEND: number = 0xc018_2101 | 0
export const SECCOMP_IOCTL_NOTIF_ID_VALID = 0x4008_2102
export const SECCOMP_IOCTL_NOTIF_ADDFD = 0x4018_2103
/** Its argument is the flags themselves (Linux 6.6). */
export const SECCOMP_IOCTL_NOTIF_SET_FLAGS = 0x4008_2104
export const SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP = 1
export const SECCOMP_USER_NOTIF_FLAG_CONTINUE = 1
/** The new descriptor's number is the answer too, at once (Linux 5.14). */
export const SECCOMP_ADDFD_FLAG_SEND: number = 1 << 1
/** `struct seccomp_notif`, `seccomp_notif_resp`, `seccomp_notif_addfd`. */
export const SECCOMP_NOTIF_BYTES = 80
export const SECCOMP_NOTIF_RESP_BYTES = 24
export const SECCOMP_NOTIF_ADDFD_BYTES = 24

/** poll. Source: include/uapi/asm-generic/poll.h. */
export const POLLIN = 1
export const POLLFD_BYTES = 8

/** fcntl. Source: include/uapi/asm-generic/fcntl.h. */
export const F_SETFD = 2
export const O_CLOEXEC = 0o2000000

/** setrlimit. Source: include/uapi/asm-generic/resource.h. */
export const RLIMIT_NOFILE = 7

/** signal: the default action. Source: include/uapi/asm-generic/signal-defs.h. */
export const SIG_DFL = 0

/** timer_create. Source: include/uapi/linux/time.h, include/uapi/asm-generic/siginfo.h. */
export const CLOCK_MONOTONIC = 1
/** The signal goes to one thread. */
export const SIGEV_THREAD_ID = 4
/** `struct sigevent`, and `struct itimerspec` of 64 bits: an interval and a first time, each of seconds and nanoseconds. */
export const SIGEVENT_BYTES = 64
export const ITIMERSPEC_BYTES = 32

/** `struct iovec`: an address and a length. */
export const IOVEC_BYTES = 16

/**
 * The calls that answer another process's calls, raw. Addresses are numbers: an address of a process is below 2^53.
 * Errors are -1, and `errno` tells which.
 */
export interface SupervisionCalls {
  /** @see prctl(2) */
  prctl(option: number, argument: number): number
  /** @see seccomp(2) */
  seccomp(operation: number, flags: number, args: number): number
  /** @see ioctl(2), seccomp_unotify(2) */
  ioctl(fd: number, request: number, argument: number): number
  /** @see poll(2) */
  poll(fds: number, nfds: number, timeoutMs: number): number
  /** @see process_vm_readv(2) */
  processVmReadv(pid: number, local: number, locals: number, remote: number, remotes: number): number
  /** Unlike a write to /proc/PID/mem it keeps to the pages' protection. @see process_vm_readv(2) */
  processVmWritev(pid: number, local: number, locals: number, remote: number, remotes: number): number
  /** @see pidfd_getfd(2) */
  pidfdGetfd(pidfd: number, fd: number): number
  /** Returns only when it fails. @param argv without the last null. @see exec(3) */
  execvp(file: string, argv: readonly string[]): number
  /** @see fcntl(2) */
  fcntl(fd: number, cmd: number, argument: number): number
  /** @see signal(2) */
  signal(signal: number, handler: number): void
  /** @returns A descriptor, closed on exec. @see memfd_create(2) */
  memfdCreate(name: string): number
  /** Of this process. @param limits `struct rlimit64`: soft, hard. @see prlimit(2) */
  setrlimit(resource: number, limits: Uint8Array): number
  /** @param sevp `struct sigevent`. @param timerid Where an int is to be written: the timer. @see timer_create(2) */
  timerCreate(clockid: number, sevp: number, timerid: number): number
  /** @param newValue `struct itimerspec`; zeroes stop the timer. @see timer_settime(2) */
  timerSettime(timerid: number, flags: number, newValue: number): number
  /** For descriptors that Node did not open. @see close(2) */
  close(fd: number): number
  /** Where bytes lie, as long as somebody has them. */
  addressOf(bytes: Uint8Array): number
  /** Has `ready` called when the descriptor can be read, or its other end is gone. What is returned must be kept. */
  watch(fd: number, ready: () => void): Watch
  errno(): number
}

const NOTHING = () => undefined

let loaded: SupervisionCalls | undefined

/** The calls, loaded on first use. @throws {Error} koffi is not installed, or this machine is not known. */
export function supervisionCalls(): SupervisionCalls {
  loaded ??= declare(requireKoffi())
  return loaded
}

function declare(koffi: Koffi): SupervisionCalls {
  const numbers = syscallNumbers()
  const libc = koffi.load(null)
  const func = <Call>(definition: string) => libc.func(definition) as Call
  // Declared with all six: what a call does not take it does not look at.
  const syscall = func<Syscall>(
    'int64_t syscall(int64_t number, int64_t a, int64_t b, int64_t c, int64_t d, int64_t e, int64_t f)',
  )
  const prctl = func<Prctl>('int prctl(int option, int64_t a, int64_t b, int64_t c, int64_t d)')
  const execvp = func<(file: string, argv: readonly (string | null)[]) => number>(
    'int execvp(const char *file, const char **argv)',
  )
  const memfdCreate = func<(name: string, flags: number) => number>(
    'int memfd_create(const char *name, uint32_t flags)',
  )
  const vm = '(int pid, intptr_t local, uint64_t locals, intptr_t remote, uint64_t remotes, uint64_t flags)'
  const readv = func<ProcessVm>(`int64_t process_vm_readv${vm}`)
  const writev = func<ProcessVm>(`int64_t process_vm_writev${vm}`)
  const MFD_CLOEXEC = 1
  return {
    prctl: (option, argument) => prctl(option, argument, 0, 0, 0),
    seccomp: (operation, flags, args) => syscall(numbers.seccomp, operation, flags, args, 0, 0, 0),
    ioctl: func('int ioctl(int fd, int request, intptr_t argument)'),
    poll: func('int poll(intptr_t fds, uint64_t nfds, int timeout)'),
    processVmReadv: (pid, local, locals, remote, remotes) => readv(pid, local, locals, remote, remotes, 0),
    processVmWritev: (pid, local, locals, remote, remotes) => writev(pid, local, locals, remote, remotes, 0),
    pidfdGetfd: (pidfd, fd) => syscall(numbers.pidfdGetfd, pidfd, fd, 0, 0, 0, 0),
    execvp: (file, argv) => execvp(file, [...argv, null]),
    fcntl: func('int fcntl(int fd, int cmd, int argument)'),
    signal: func('intptr_t signal(int signal, intptr_t handler)'),
    memfdCreate: (name) => memfdCreate(name, MFD_CLOEXEC),
    setrlimit: func('int setrlimit(int resource, void *limits)'),
    timerCreate: (clockid, sevp, timerid) => syscall(numbers.timerCreate, clockid, sevp, timerid, 0, 0, 0),
    timerSettime: (timerid, flags, newValue) => syscall(numbers.timerSettime, timerid, flags, newValue, 0, 0, 0),
    close: func('int close(int fd)'),
    addressOf: (bytes) => Number(koffi.address(bytes)),
    watch: (fd, ready) =>
      koffi.node.poll(fd, { readable: true }, () => {
        ready()
        // koffi calls back from outside of Node's callbacks: promises that were settled here would wait for one of these,
        // whenever it comes. Source: node_api.h, napi_make_callback; on Node 26 it was seconds.
        setImmediate(NOTHING)
      }),
    errno: koffi.errno,
  }
}

type Syscall = (number: number, a: number, b: number, c: number, d: number, e: number, f: number) => number
type Prctl = (option: number, a: number, b: number, c: number, d: number) => number
type ProcessVm = (pid: number, local: number, locals: number, remote: number, remotes: number, flags: number) => number
