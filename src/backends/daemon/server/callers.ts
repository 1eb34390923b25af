import { SyscallError } from '../../../contract/index.ts'
import type { Caller } from '../../../engine/index.ts'
import type { SpokenFor } from '../../../wire/index.ts'
import { userOfProcess } from './peer.ts'

/**
 * The caller of a call: the peer itself, or the process that it speaks for. Root speaks for anybody; another user for a
 * process of its own, with the groups that it has itself, and without capabilities.
 *
 * @throws {SyscallError} `EPERM` the peer may not speak for that process.
 */
export function callerFor(peer: Caller, as: SpokenFor | undefined): Caller {
  if (as === undefined) return peer
  const { uid, gid = peer.gid, groups = [], pid = peer.pid, tid = pid, capabilities = [] } = as
  const caller = { pid, tid, uid, gid, groups, capabilities }
  if (peer.uid === 0) return caller
  if (uid !== peer.uid) throw refused(`user ${peer.uid} speaks for its own processes alone, not for user ${uid}`)
  if (capabilities.length > 0) throw refused(`user ${peer.uid} has no ${capabilities[0]} to give`)
  const foreign = [gid, ...groups].find((group) => group !== peer.gid && !peer.groups.includes(group))
  if (foreign !== undefined) throw refused(`user ${peer.uid} is not in group ${foreign}`)
  if (pid !== peer.pid && userOfProcess(pid) !== uid) throw refused(`process ${pid} is none of user ${uid}`)
  return caller
}

function refused(hint: string): SyscallError {
  return new SyscallError('EPERM', 'as', { hint })
}
