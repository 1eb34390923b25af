import { type Koffi, requireKoffi } from './koffi.ts'
import { syscallNumbers } from './machine.ts'

/** setns, unshare: an IPC namespace. Source: include/uapi/linux/sched.h. */
export const CLONE_NEWIPC = 0x0800_0000

/** mmap. Source: include/uapi/asm-generic/mman-common.h. */
export const PROT_READ = 1
export const PROT_WRITE = 2
export const MAP_SHARED = 1
export const MAP_POPULATE = 0x8000
export const MAP_FAILED: bigint = 2n ** 64n - 1n
/** flock. Source: include/uapi/asm-generic/fcntl.h. */
export const LOCK_EX = 2
export const LOCK_NB = 4

/** socket. Source: include/linux/socket.h, include/linux/net.h. */
export const AF_UNIX = 1
export const SOCK_DGRAM = 2
export const SOCK_CLOEXEC = 0o2000000

/** getsockopt. Source: include/uapi/asm-generic/socket.h. */
export const SOL_SOCKET = 1
export const SO_PEERCRED = 17
export const SO_PEERGROUPS = 59

/**
 * The few Linux calls that Node lacks, raw: each blocks its thread for as long as the kernel does, returns what the
 * kernel returns, and -1 for an error, whose number `errno` tells when the function that called asks for it next. Before
 * any function of JavaScript begins or ends: there V8 may do work of its own, and the C library's malloc may leave ENOMEM
 * where it succeeds.
 */
export interface LinuxCalls {
  msgget(key: number, msgflg: number): number
  /** @param msgp The type as 8 bytes, then `msgsz` bytes; or their address. */
  msgsnd(msqid: number, msgp: Uint8Array | bigint, msgsz: number, msgflg: number): number
  /**
   * @param msgp Room for 8 bytes and `msgsz` more, or its address. Nothing checks that: the kernel writes past less.
   * @returns The payload's length.
   */
  msgrcv(msqid: number, msgp: Uint8Array | bigint, msgsz: number, msgtyp: number | bigint, msgflg: number): number
  /** @param buf As large as the struct that `cmd` reads or writes. */
  msgctl(msqid: number, cmd: number, buf: Uint8Array | null): number
  /** Moves the calling thread alone. @see unshare(2) */
  unshare(flags: number): number
  /** Moves the calling thread alone. @see setns(2) */
  setns(fd: number, nstype: number): number
  /** @see gettid(2) */
  gettid(): number
  /** Sends a signal to one thread. @see tgkill(2) */
  tgkill(tgid: number, tid: number, signal: number): number
  /** @param act What to set, and @param oldact what was set: `struct sigaction` as the C library has it. @see sigaction(2) */
  sigaction(signal: number, act: Uint8Array | null, oldact: Uint8Array | null): number
  /** @returns An address; `MAP_FAILED` for an error. @see mmap(2) */
  mmap(length: number, prot: number, flags: number, fd: number, offset: number): bigint
  /** @see munmap(2) */
  munmap(address: bigint, length: number): number
  /** @see mlock(2) */
  mlock(address: bigint, length: number): number
  /** @see flock(2) */
  flock(fd: number, operation: number): number
  /** Where bytes lie. They stay there while somebody has them, if they are an array buffer's from its first on. */
  addressOf(bytes: Uint8Array): bigint
  /** @param optlen 4 bytes: how long `optval` is, then how long the answer is. @see getsockopt(2) */
  getsockopt(sockfd: number, level: number, optname: number, optval: Uint8Array, optlen: Uint8Array): number
  /** @returns A file descriptor. @see socket(2) */
  socket(domain: number, type: number, protocol: number): number
  /** @param address `struct sockaddr_un`, as long as it is. @returns How many bytes were sent. @see sendto(2) */
  sendto(sockfd: number, bytes: Uint8Array, flags: number, address: Uint8Array): number
  /** @see pidfd_open(2) */
  pidfdOpen(pid: number, flags: number): number
  /** @param signal 0 only asks whether the process is there. @see pidfd_send_signal(2) */
  pidfdSendSignal(pidfd: number, signal: number): number
  /** The address of a C library's function; 0n when there is none. @see dlsym(3) */
  dlsym(name: string): bigint
  /** The error number of this thread's last call. */
  errno(): number
}

let loaded: LinuxCalls | undefined

/**
 * The Linux calls, loaded on first use; in a worker thread too.
 *
 * @throws {Error} koffi is not installed, or this machine is none that the calls are known for.
 */
export function linuxCalls(): LinuxCalls {
  loaded ??= declare(requireKoffi())
  return loaded
}

/** A C `long` is int64_t here, and a size too: koffi has no ssize_t, and a number above 2^31 must arrive whole. */
function declare(koffi: Koffi): LinuxCalls {
  const numbers = syscallNumbers()
  // `null` is the running program: its C library is called libc.so.6 in one place and otherwise in another.
  const libc = koffi.load(null)
  const func = <Call>(definition: string) => libc.func(definition) as Call
  const syscall = func<LongSyscall>('int64_t syscall(int64_t number, int64_t a, int64_t b, int64_t c, int64_t d)')
  // The C library's own are points at which a thread may be cancelled, and ask at each call whether it is: a twentieth of it.
  const send = func<Send>('int syscall(int64_t number, int msqid, void *msgp, int64_t msgsz, int msgflg)')
  const receive = func<Receive>(
    'int64_t syscall(int64_t number, int msqid, void *msgp, int64_t msgsz, int64_t msgtyp, int msgflg)',
  )
  const dlsym = func<(handle: number, name: string) => bigint | null>('void *dlsym(intptr_t handle, const char *name)')
  const mmap = func<Mmap>('void *mmap(void *addr, int64_t length, int prot, int flags, int fd, int64_t offset)')
  const sendto = func<Sendto>(
    'int64_t sendto(int sockfd, void *buf, int64_t len, int flags, void *dest_addr, uint32_t addrlen)',
  )
  return {
    msgget: func('int msgget(int key, int msgflg)'),
    msgsnd: send.bind(undefined, numbers.msgsnd),
    msgrcv: receive.bind(undefined, numbers.msgrcv),
    msgctl: func('int msgctl(int msqid, int cmd, void *buf)'),
    unshare: func('int unshare(int flags)'),
    setns: func('int setns(int fd, int nstype)'),
    gettid: () => syscall(numbers.gettid, 0, 0, 0, 0),
    tgkill: (tgid, tid, signal) => syscall(numbers.tgkill, tgid, tid, signal, 0),
    sigaction: func('int sigaction(int signal, void *act, void *oldact)'),
    mmap: (length, prot, flags, fd, offset) => BigInt(mmap(null, length, prot, flags, fd, offset) ?? 0n),
    munmap: func('int munmap(void *address, int64_t length)'),
    mlock: func('int mlock(void *address, int64_t length)'),
    flock: func('int flock(int fd, int operation)'),
    addressOf: (bytes) => koffi.address(bytes),
    getsockopt: func('int getsockopt(int sockfd, int level, int optname, void *optval, void *optlen)'),
    socket: func('int socket(int domain, int type, int protocol)'),
    sendto: (sockfd, bytes, flags, address) => sendto(sockfd, bytes, bytes.length, flags, address, address.length),
    pidfdOpen: (pid, flags) => syscall(numbers.pidfdOpen, pid, flags, 0, 0),
    pidfdSendSignal: (pidfd, signal) => syscall(numbers.pidfdSendSignal, pidfd, signal, 0, 0),
    // Handle 0 is RTLD_DEFAULT: the whole program.
    dlsym: (name) => BigInt(dlsym(0, name) ?? 0n),
    errno: koffi.errno,
  }
}

type Sendto = (fd: number, bytes: Uint8Array, n: number, flags: number, to: Uint8Array, toBytes: number) => number
type Mmap = (addr: null, length: number, prot: number, flags: number, fd: number, offset: number) => bigint | null
type Send = (number: number, ...call: Parameters<LinuxCalls['msgsnd']>) => number
type Receive = (number: number, ...call: Parameters<LinuxCalls['msgrcv']>) => number
type LongSyscall = (number: number, a: number, b: number, c: number, d: number) => number
