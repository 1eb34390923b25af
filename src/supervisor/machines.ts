/** What the filter lets the supervisor see of a program's calls, machine by machine. */

/** What a trapped call is; `credentials` changes who its thread is, or what it runs. */
export type Trap =
  | 'msgget'
  | 'msgsnd'
  | 'msgrcv'
  | 'msgctl'
  | 'ipc'
  | 'open'
  | 'openat'
  | 'openat2'
  | 'access'
  | 'faccessat'
  | 'credentials'

/** One numbering of system calls. */
export interface Machine {
  /** AUDIT_ARCH_…: how `struct seccomp_data` names it. */
  readonly arch: number
  /** Bits of its longs and addresses. */
  readonly bits: 64 | 32
  readonly traps: ReadonlyMap<number, Trap>
  /** Calls that fail with ENOSYS: the same ones by a numbering of their own. */
  readonly absent: readonly number[]
}

/** What is trapped only so that programs can read of queues in /proc: most opens are of other files. */
const OF_FILES: readonly Trap[] = ['open', 'openat', 'openat2', 'access', 'faccessat']

/** Source: arch/x86/entry/syscalls/syscall_64.tbl. */
const X86_64: Machine = {
  arch: 0xc000_003e,
  bits: 64,
  traps: trapped({
    msgget: [68],
    msgsnd: [69],
    msgrcv: [70],
    msgctl: [71],
    open: [2],
    openat: [257],
    openat2: [437],
    access: [21],
    faccessat: [269, 439],
    // setuid, setgid, setreuid, setregid, setgroups, setresuid, setresgid, setfsuid, setfsgid, capset, execve, execveat
    credentials: [105, 106, 113, 114, 116, 117, 119, 122, 123, 126, 59, 322],
  }),
  // x32 has bit 30 set, and is left out of most kernels. Source: arch/x86/include/uapi/asm/unistd.h.
  absent: [68, 69, 70, 71].map((number) => 0x4000_0000 + number),
}

/** Source: arch/x86/entry/syscalls/syscall_32.tbl. */
const I386: Machine = {
  arch: 0x4000_0003,
  bits: 32,
  traps: trapped({
    ipc: [117],
    msgget: [399],
    msgsnd: [400],
    msgrcv: [401],
    msgctl: [402],
    open: [5],
    openat: [295],
    openat2: [437],
    access: [33],
    faccessat: [307, 439],
    // The ids of 16 bits and those of 32, in the same order.
    credentials: [23, 46, 70, 71, 81, 164, 170, 138, 139, 213, 214, 203, 204, 206, 208, 210, 215, 216, 185, 11, 358],
  }),
  absent: [],
}

/** Source: include/uapi/asm-generic/unistd.h. */
const ARM64: Machine = {
  arch: 0xc000_00b7,
  bits: 64,
  traps: trapped({
    msgget: [186],
    msgctl: [187],
    msgrcv: [188],
    msgsnd: [189],
    openat: [56],
    openat2: [437],
    faccessat: [48, 439],
    credentials: [146, 144, 145, 143, 159, 147, 149, 151, 152, 91, 221, 281],
  }),
  absent: [],
}

/** By the architecture, as Node names it. */
const MACHINES: ReadonlyMap<string, readonly Machine[]> = new Map([
  ['x64', [X86_64, I386]],
  ['arm64', [ARM64]],
])

/**
 * The numberings that the kernel knows here, the usual one first; none where msgq knows none.
 *
 * @param seesFiles Whether opens of files are trapped too.
 */
export function machinesHere(seesFiles: boolean): readonly Machine[] {
  const machines = MACHINES.get(process.arch) ?? []
  return seesFiles ? machines : machines.map(withoutFiles)
}

function withoutFiles(machine: Machine): Machine {
  return { ...machine, traps: new Map([...machine.traps].filter(([, trap]) => !OF_FILES.includes(trap))) }
}

function trapped(numbers: Partial<Record<Trap, readonly number[]>>): ReadonlyMap<number, Trap> {
  const pairs = Object.entries(numbers) as [Trap, readonly number[]][]
  return new Map(pairs.flatMap(([trap, all]) => all.map((number) => [number, trap] as const)))
}
