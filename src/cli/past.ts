import { BackendError, formatKey, type IpcNamespace, SyscallError } from '../contract/index.ts'
import type { Checkpoint, CheckpointQueue } from '../engine/index.ts'
import type { QueueName } from './queue-name.ts'

/** A namespace as it was. @throws {BackendError} `ERR_MSGQ_UNSUPPORTED` it keeps no past; as `checkpointAt`. */
export async function checkpointAt(namespace: IpcNamespace, time: number): Promise<Checkpoint> {
  if (namespace.checkpointAt === undefined) throw withoutPast(namespace)
  return namespace.checkpointAt(time)
}

export function withoutPast({ url }: IpcNamespace): BackendError {
  return new BackendError('ERR_MSGQ_UNSUPPORTED', `${url} keeps no past: a daemon does, with msgq serve --retain`)
}

/** The queue of a checkpoint that a user names. @throws {SyscallError} `EINVAL`, `ENOENT` there is none. */
export function queueIn({ queues }: Checkpoint, name: QueueName): CheckpointQueue {
  const found = queues.find(({ msqid, perm }) => ('msqid' in name ? msqid === name.msqid : perm.key === (name.key | 0)))
  if (found !== undefined) return found
  const hint = 'there was no such queue then: `msgq log` tells when it was created and removed'
  if ('msqid' in name) throw new SyscallError('EINVAL', 'checkpointAt', { msqid: name.msqid, hint })
  throw new SyscallError('ENOENT', 'checkpointAt', { key: name.key, hint: `${formatKey(name.key)}: ${hint}` })
}
