/** What the C library does not declare on every Linux: the numbers of a few system calls. */
export interface SyscallNumbers {
  readonly gettid: number
  readonly tgkill: number
  readonly msgsnd: number
  readonly msgrcv: number
  /** Those that make a process: clone, clone3 and, where there is one, vfork. */
  readonly clones: readonly number[]
  readonly pidfdOpen: number
  readonly pidfdSendSignal: number
  readonly pidfdGetfd: number
  readonly seccomp: number
  readonly timerCreate: number
  readonly timerSettime: number
}

/** Newer calls have one number everywhere. Source: include/uapi/asm-generic/unistd.h. */
const PIDFD = { pidfdOpen: 434, pidfdSendSignal: 424, pidfdGetfd: 438 }

/** Source: include/uapi/asm-generic/unistd.h, which every newer machine shares. */
const GENERIC: SyscallNumbers = {
  gettid: 178,
  tgkill: 131,
  msgsnd: 189,
  msgrcv: 188,
  clones: [220, 435],
  seccomp: 277,
  timerCreate: 107,
  timerSettime: 110,
  ...PIDFD,
}

/** Source: arch/x86/entry/syscalls/syscall_64.tbl. */
const X86_64: SyscallNumbers = {
  gettid: 186,
  tgkill: 234,
  msgsnd: 69,
  msgrcv: 70,
  clones: [56, 435, 58],
  seccomp: 317,
  timerCreate: 222,
  timerSettime: 223,
  ...PIDFD,
}

/** The machines whose structs `abi/` reads: 64 bits, little-endian, asm-generic layout. */
const NUMBERS: ReadonlyMap<string, SyscallNumbers> = new Map([
  ['x64', X86_64],
  ['arm64', GENERIC],
  ['riscv64', GENERIC],
  ['loong64', GENERIC],
])

/** The system call numbers of this machine. @throws {Error} It is not a 64-bit Linux that these calls are known for. */
export function syscallNumbers(): SyscallNumbers {
  const numbers = process.platform === 'linux' ? NUMBERS.get(process.arch) : undefined
  if (numbers !== undefined) return numbers
  const known = [...NUMBERS.keys()].join(', ')
  throw new Error(`Linux calls are known on ${known}, and this is ${process.platform} on ${process.arch}`)
}
