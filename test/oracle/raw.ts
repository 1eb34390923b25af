import koffi from 'koffi'

/**
 * System calls that only this oracle needs, by number: the C library's setresuid and its like change every thread of
 * the process, the system calls only the thread that makes them.
 * Source: arch/x86/entry/syscalls/syscall_64.tbl; include/uapi/asm-generic/unistd.h, which newer machines share.
 */
const NUMBER =
  process.arch === 'x64'
    ? { setgroups: 116, setresuid: 117, setresgid: 119, capset: 126 }
    : { setgroups: 159, setresuid: 147, setresgid: 149, capset: 91 }

/** The kernel's clock as of its last tick: the one from which IPC takes its times. Source: include/uapi/linux/time.h. */
const CLOCK_REALTIME_COARSE = 5
/** Source: include/uapi/linux/capability.h. */
const LINUX_CAPABILITY_VERSION_3 = 0x2008_0522
/** setresuid, setresgid: leave this one as it is. */
const UNCHANGED = -1

const libc = koffi.load(null)
const integers = libc.func('int64_t syscall(int64_t number, int64_t a, int64_t b, int64_t c)')
const countAndPointer = libc.func('int64_t syscall(int64_t number, int64_t count, void *list)')
const pointers = libc.func('int64_t syscall(int64_t number, void *header, void *data)')
const clockGettime = libc.func('int clock_gettime(int clock, void *time)')

const time = new Uint8Array(16)
const timeView = new DataView(time.buffer)

/** The second that a system call made now would leave in a queue's times. */
export function kernelSecond(): number {
  must(clockGettime(CLOCK_REALTIME_COARSE, time) === 0, 'clock_gettime')
  return Number(timeView.getBigInt64(0, true))
}

/** Sets the effective user id of the calling thread alone; the real one stays, so that there is a way back. */
export function seteuid(uid: number): void {
  must(integers(NUMBER.setresuid, UNCHANGED, uid, UNCHANGED) === 0, 'setresuid')
}

export function setegid(gid: number): void {
  must(integers(NUMBER.setresgid, UNCHANGED, gid, UNCHANGED) === 0, 'setresgid')
}

export function setgroups(groups: readonly number[]): void {
  must(countAndPointer(NUMBER.setgroups, groups.length, Uint32Array.from([...groups, 0])) === 0, 'setgroups')
}

/** Sets the effective and the permitted capabilities of the calling thread, as bit masks; the inheritable are dropped. */
export function capset(effective: bigint, permitted: bigint): void {
  const header = Uint32Array.of(LINUX_CAPABILITY_VERSION_3, 0)
  const low = (mask: bigint) => Number(mask & 0xffff_ffffn)
  const high = (mask: bigint) => Number(mask >> 32n)
  const data = Uint32Array.of(low(effective), low(permitted), 0, high(effective), high(permitted), 0)
  must(pointers(NUMBER.capset, header, data) === 0, 'capset')
}

function must(succeeded: boolean, what: string): void {
  if (!succeeded) throw new Error(`${what} failed with errno ${koffi.errno()}`)
}
