import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { F_SETFD, RLIMIT_NOFILE, SIG_DFL, supervisionCalls } from '../linux/index.ts'

/** What Node changes of the process that it runs in, and a program that takes its place should find as it was. */

// Source: include/uapi/asm-generic/fcntl.h, signal(7).
const F_GETFL = 3
const F_SETFL = 4
const O_NONBLOCK = 0o4000
const SIGPIPE = 13
const SIGXFSZ = 25
const STANDARD_STREAMS = [0, 1, 2]

/**
 * The descriptors above 2 that this process was started with: those that are not of the kinds that Node opens for
 * itself. To be asked before anything else is opened.
 */
export function inheritedDescriptors(): number[] {
  const open = new Map<number, string>()
  for (const name of readdirSync('/proc/self/fd')) {
    try {
      open.set(Number(name), readlinkSync(`/proc/self/fd/${name}`))
    } catch {
      // The one by which the directory was read.
    }
  }
  const links = [...open.values()]
  const terminals = STANDARD_STREAMS.map((fd) => open.get(fd)).filter((link) => link?.startsWith('/dev/'))
  // Node's first descriptor. It keeps one of /dev/null too, to close when there are no more to be had.
  const ownFirst = Math.min(...[...open].filter(([, link]) => link.startsWith('anon_inode:')).map(([fd]) => fd))
  const isOwn = (fd: number, link: string) =>
    link.startsWith('anon_inode:') ||
    terminals.includes(link) ||
    (link === '/dev/null' && fd > ownFirst) ||
    (link.startsWith('pipe:') && links.filter((other) => other === link).length > 1)
  return [...open].filter(([fd, link]) => fd > 2 && !isOwn(fd, link)).map(([fd]) => fd)
}

/** Puts back what Node changed, but for what cannot be known: which signals were ignored (nohup). */
export function restoreForProgram(inherited: readonly number[]): void {
  const calls = supervisionCalls()
  for (const fd of [...STANDARD_STREAMS, ...inherited]) calls.fcntl(fd, F_SETFD, 0)
  for (const fd of STANDARD_STREAMS) {
    const flags = calls.fcntl(fd, F_GETFL, 0)
    if (flags >= 0 && flags & O_NONBLOCK) calls.fcntl(fd, F_SETFL, flags & ~O_NONBLOCK)
  }
  for (const signal of [SIGPIPE, SIGXFSZ]) calls.signal(signal, SIG_DFL)
  const limits = parentLimits()
  if (limits !== undefined) calls.setrlimit(RLIMIT_NOFILE, limits)
}

/** Node raises the number of descriptors to the most that is allowed; whoever started us has what we were given. */
function parentLimits(): Uint8Array | undefined {
  const own = descriptorLimits('self')
  const parent = descriptorLimits(String(process.ppid))
  if (own === undefined || parent === undefined || own.hard !== parent.hard) return undefined
  const limits = new Uint8Array(16)
  const view = new DataView(limits.buffer)
  view.setBigUint64(0, parent.soft, true)
  view.setBigUint64(8, parent.hard, true)
  return limits
}

/** Source: proc(5), /proc/pid/limits. */
function descriptorLimits(process: string): { soft: bigint; hard: bigint } | undefined {
  try {
    const [, soft, hard] =
      /^Max open files\s+(\d+)\s+(\d+)/m.exec(readFileSync(`/proc/${process}/limits`, 'utf8')) ?? []
    return soft === undefined || hard === undefined ? undefined : { soft: BigInt(soft), hard: BigInt(hard) }
  } catch {
    // Somebody else's process.
    return undefined
  }
}
