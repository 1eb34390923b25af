import fs from 'node:fs'
import type { Socket } from 'node:net'
import { ALL_CAPABILITIES, ERRNO, readThreadStatus } from '../../../abi/index.ts'
import type { Caller } from '../../../engine/index.ts'
import { linuxCalls, SO_PEERCRED, SO_PEERGROUPS, SOL_SOCKET } from '../../../linux/index.ts'
import { fdOf } from '../write-now.ts'

/** Most supplementary groups of a process. Source: include/uapi/linux/limits.h, NGROUPS_MAX. */
const GROUPS_MAX = 65_536

/**
 * Who connected, by the kernel's word: pid, user and groups as they were when it connected. User 0 has every capability
 * that matters to a queue; another user's capabilities no socket tells.
 *
 * @throws {Error} koffi is not installed, or the socket is closed.
 * @see unix(7), SO_PEERCRED; Linux net/core/sock.c, sk_getsockopt().
 */
export function callerOf(socket: Socket): Caller {
  const fd = fdOf(socket)
  if (fd === undefined) throw new Error('the connection is closed, or is none of this machine')
  const credentials = option(fd, SO_PEERCRED, 12)
  const [pid, uid, gid] = [credentials.readInt32LE(0), credentials.readUInt32LE(4), credentials.readUInt32LE(8)]
  const listed = option(fd, SO_PEERGROUPS, GROUPS_MAX * 4)
  const groups = Array.from({ length: listed.length / 4 }, (_, at) => listed.readUInt32LE(at * 4))
  return { pid, tid: pid, uid, gid, groups, capabilities: uid === 0 ? ALL_CAPABILITIES : [] }
}

/** Whether the kernel can be asked who connects: whether koffi is installed. */
export function canTellPeers(): boolean {
  try {
    linuxCalls()
    return true
  } catch {
    return false
  }
}

/**
 * The effective user of a process that is certainly the one of this pid while it is asked: a pidfd holds it.
 *
 * @returns `undefined` when there is no such process (any more), and where nothing can hold it: without koffi.
 */
export function userOfProcess(pid: number): number | undefined {
  if (!canTellPeers()) return undefined
  const { pidfdOpen, pidfdSendSignal, errno } = linuxCalls()
  const pidfd = pidfdOpen(pid, 0)
  if (pidfd < 0) return undefined
  try {
    // Real, effective, saved, of files.
    const uids = readThreadStatus(fs.readFileSync(`/proc/${pid}/status`, 'latin1')).get('Uid')
    const effective = uids?.split(/\s+/)[1]
    // Had the process ended, the text could be that of another one, which got its number.
    if (pidfdSendSignal(pidfd, 0) !== 0 && errno() !== ERRNO.EPERM) return undefined
    return effective === undefined ? undefined : Number(effective)
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH'))
      return undefined
    throw error
  } finally {
    fs.closeSync(pidfd)
  }
}

function option(fd: number, name: number, lengthMax: number): Buffer {
  const value = Buffer.alloc(lengthMax)
  const length = Buffer.alloc(4)
  length.writeUInt32LE(lengthMax)
  const { getsockopt, errno } = linuxCalls()
  if (getsockopt(fd, SOL_SOCKET, name, value, length) === 0) return value.subarray(0, length.readUInt32LE(0))
  throw new Error(`the peer of a connection cannot be told: getsockopt(2) ended with errno ${errno()}`)
}
