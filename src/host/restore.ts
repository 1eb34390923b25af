import { IPC_PRIVATE, MSG_INFO, MSG_STAT_ANY } from '../abi/index.ts'
import { formatKey, missingFrom, type NotRestored, type RestoreReport, SyscallError } from '../contract/index.ts'
import type { Checkpoint, CheckpointMessages, CheckpointQueue, NamespaceInfo } from '../engine/index.ts'
import type { HostSession } from './host-session.ts'

/** Restores a checkpoint into the engine of a host: all of it, or nothing. */
export function restore(session: HostSession, checkpoint: Checkpoint): RestoreReport {
  const { queues, waiting: _, ...header } = checkpointArgument(checkpoint)
  const wasEmpty = queuesInUse(session) === 0
  const begun = session.begin({ name: 'restoreBegin', header })
  session.perform({ name: 'restoreChunk', restore: begun, queues })
  try {
    session.perform({ name: 'restoreCommit', restore: begun })
  } catch (error) {
    throw namingConflict(session, queues, error)
  }
  const notRestored = missingFrom(checkpoint)
  if (!wasEmpty) notRestored.push(...NAMESPACE_HAD_QUEUES)
  return { msqids: queues.map(({ msqid }) => msqid), notRestored }
}

const NAMESPACE_HAD_QUEUES: readonly NotRestored[] = ['nextId', 'identifiers'].map((field) => ({
  field,
  reason: 'the namespace had queues of its own',
}))

function checkpointArgument(checkpoint: Checkpoint): Checkpoint {
  const looksRight =
    typeof checkpoint === 'object' &&
    checkpoint !== null &&
    Array.isArray(checkpoint.queues) &&
    checkpoint.queues.every((queue) => areMessages(queue?.messages))
  if (!looksRight) throw new TypeError('checkpoint must be what checkpoint() or readImage() gave')
  return checkpoint
}

/** An array is the caller's own making; what else is iterated is a namespace's or an image's. */
function areMessages(messages: CheckpointMessages | undefined): boolean {
  if (Array.isArray(messages)) return messages.every((message) => message?.mtext instanceof Uint8Array)
  return messages?.[Symbol.iterator] !== undefined
}

function queuesInUse(session: HostSession): number {
  const value = session.perform({ name: 'msgctl', msqid: 0, cmd: MSG_INFO }) as NamespaceInfo
  return value.info.pool
}

/** An EEXIST that names the first queue which is in the way. */
function namingConflict(session: HostSession, queues: readonly CheckpointQueue[], error: unknown): unknown {
  if (!(error instanceof SyscallError) || error.code !== 'EEXIST') return error
  for (const { msqid, perm } of queues) {
    if (succeeds(() => session.perform({ name: 'msgctl', msqid, cmd: MSG_STAT_ANY }))) {
      return new SyscallError('EEXIST', 'restore', { msqid, hint: 'its index is in use here; nothing was restored' })
    }
    if (perm.key !== IPC_PRIVATE && succeeds(() => session.perform({ name: 'msgget', key: perm.key, msgflg: 0 }))) {
      const hint = `queue ${msqid} of the image has it, and so has a queue here (${formatKey(perm.key)}); nothing was restored`
      return new SyscallError('EEXIST', 'restore', { key: perm.key, hint })
    }
  }
  return error
}

function succeeds(call: () => unknown): boolean {
  try {
    call()
    return true
  } catch (error) {
    if (error instanceof SyscallError) return false
    throw error
  }
}
