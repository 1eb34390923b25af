import { openSync, readlinkSync, writeSync } from 'node:fs'
import { posix } from 'node:path'
import { ERRNO, MSG_INFO, type MsqidDs } from '../abi/index.ts'
import { type IpcNamespace, queueAt } from '../contract/index.ts'
import { supervisionCalls } from '../linux/index.ts'

/** The files by which the kernel tells of its queues. Source: proc(5). */
const FILES: ReadonlyMap<string, (namespace: IpcNamespace) => Promise<string>> = new Map([
  ['/proc/sysvipc/msg', queueTable],
  ['/proc/sys/kernel/msgmax', async (namespace) => `${(await namespace.limits()).msgmax}\n`],
  ['/proc/sys/kernel/msgmnb', async (namespace) => `${(await namespace.limits()).msgmnb}\n`],
  ['/proc/sys/kernel/msgmni', async (namespace) => `${(await namespace.limits()).msgmni}\n`],
  ['/proc/sys/kernel/msg_next_id', async (namespace) => `${await namespace.nextId()}\n`],
])
const NAMES = new Set([...FILES.keys()].map((path) => posix.basename(path)))
/** No longer way to one of them is looked at. */
export const PATH_BYTES_MAX = 256

// Source: include/uapi/asm-generic/fcntl.h.
const AT_FDCWD = -100
const O_ACCMODE = 3
const O_RDONLY = 0
const O_PATH = 0o10000000
const O_DIRECTORY = 0o200000

/** The file of the namespace's that a path of a program's names; `undefined` for all others. */
export function procFile(tid: number, dirfd: number, path: string): string | undefined {
  if (!NAMES.has(path.slice(path.lastIndexOf('/') + 1))) return undefined
  const full = posix.normalize(path.startsWith('/') ? path : posix.join(directoryOf(tid, dirfd), path))
  return FILES.has(full) ? full : undefined
}

/**
 * Opens one of these files as the namespace has it now: a copy, in memory, which nobody can write.
 *
 * @param flags As open(2) has them.
 * @returns A descriptor here, to be closed; an errno, below 0; `undefined` where it is for the kernel to answer.
 */
export async function openProcFile(namespace: IpcNamespace, file: string, flags: number): Promise<number | undefined> {
  if (flags & (O_PATH | O_DIRECTORY)) return undefined
  // What a write would have to say, that the number is out of range for instance, a file in memory cannot.
  if ((flags & O_ACCMODE) !== O_RDONLY) return -ERRNO.EACCES
  const text = (await FILES.get(file)?.(namespace)) ?? ''
  const calls = supervisionCalls()
  const memory = calls.memfdCreate(posix.basename(file))
  if (memory < 0) return -ERRNO.ENOMEM
  try {
    writeSync(memory, text)
    return openSync(`/proc/self/fd/${memory}`, 'r')
  } finally {
    calls.close(memory)
  }
}

function directoryOf(tid: number, dirfd: number): string {
  try {
    return readlinkSync(dirfd === AT_FDCWD ? `/proc/${tid}/cwd` : `/proc/${tid}/fd/${dirfd}`)
  } catch {
    // Gone, or no descriptor of its: the kernel will say so.
    return '/'
  }
}

/** /proc/sysvipc/msg. Source: ipc/msg.c, sysvipc_msg_proc_show(), and msg_init() for the heading. */
async function queueTable(namespace: IpcNamespace): Promise<string> {
  const heading =
    '       key      msqid perms      cbytes       qnum lspid lrpid   uid   gid  cuid  cgid      stime      rtime      ctime'
  const { maxIndex } = await namespace.msgctl(0, MSG_INFO)
  const rows = await Promise.all(Array.from({ length: maxIndex + 1 }, (_, index) => queueRow(namespace, index)))
  return `${[heading, ...rows.filter((row) => row !== undefined)].join('\n')}\n`
}

async function queueRow(namespace: IpcNamespace, index: number): Promise<string | undefined> {
  const queue = await queueAt(namespace, index)
  return queue === undefined ? undefined : rowText(queue.msqid, queue.stat)
}

function rowText(msqid: number, { perm, cbytes, qnum, lspid, lrpid, stime, rtime, ctime }: MsqidDs): string {
  const wide = [cbytes, qnum].map((value) => String(value).padStart(10))
  const ids = [lspid, lrpid, perm.uid, perm.gid, perm.cuid, perm.cgid].map((value) => String(value).padStart(5))
  const times = [stime, rtime, ctime].map((value) => String(value).padStart(10))
  const mode = perm.mode.toString(8).padStart(4)
  const names = [perm.key, msqid].map((value) => String(value).padStart(10)).join(' ')
  return [`${names}  ${mode} `, ...wide, ...ids, ...times].join(' ')
}
