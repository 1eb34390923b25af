import { IPC_CREAT, IPC_EXCL, IPC_NOWAIT, IPC_PRIVATE, IPC_RMID, IPC_SET, IPCMNI, MSG_INFO } from '../../abi/index.ts'
import { BackendError, formatKey, type RestoreReport, SyscallError } from '../../contract/index.ts'
import type { Checkpoint, CheckpointQueue, Limits } from '../../engine/index.ts'
import type { KernelCalls } from './kernel-calls.ts'
import { nextId, setLimits, setNextId } from './limits.ts'
import { checkCheckpoint, planLimits } from './restore-plan.ts'
import { notRestored } from './restore-report.ts'

/** A queue that is being filled: its owner may write, nobody may read. */
const CLOSED_MODE = 0o200

/**
 * Makes every queue of a checkpoint, with its id, or none. Queues are filled while they are closed, and opened when all
 * are whole. Nothing else of this thread runs meanwhile; other processes see closed queues, and the higher limits.
 *
 * @throws {SyscallError} `EEXIST`, `ENOSPC`, `EINVAL`, `EACCES`, `EPERM`, `ENOSYS`: nothing has changed.
 * @throws {BackendError} `ERR_MSGQ_IN_DOUBT` it failed, and what it had done could not be undone.
 */
export function restore(calls: KernelCalls, checkpoint: Checkpoint): RestoreReport {
  checkCheckpoint(checkpoint)
  return calls.scope.within(() => restoreWithin(calls, checkpoint))
}

function restoreWithin(calls: KernelCalls, checkpoint: Checkpoint): RestoreReport {
  const inUse = calls.info(MSG_INFO).info.pool
  const limits = calls.limits()
  const planned = planLimits(checkpoint, limits, inUse)
  for (const queue of checkpoint.queues) checkConflict(calls, queue)

  const before: Before = { limits, nextId: nextId(calls) }
  const made: number[] = []
  try {
    writeLimits(calls, planned.during)
    for (const queue of checkpoint.queues) makeQueue(calls, queue, made)
    for (const queue of checkpoint.queues) openQueue(calls, queue)
    writeLimits(calls, planned.after)
    writeNextId(calls, inUse === 0 ? checkpoint.nextId : before.nextId)
  } catch (error) {
    undo(calls, made, before, error)
    throw ofRestore(error)
  }
  return { msqids: checkpoint.queues.map(({ msqid }) => msqid), notRestored: notRestored(checkpoint, inUse > 0) }
}

interface Before {
  readonly limits: Limits
  readonly nextId: number
}

/** @throws {SyscallError} `EEXIST`, naming what is in the way. */
function checkConflict(calls: KernelCalls, { msqid, perm: { key } }: CheckpointQueue): void {
  const standing = calls.queueAt(msqid % IPCMNI)
  if (standing !== undefined) {
    const hint = `its index is that of queue ${standing.msqid}, which stands here; nothing was restored`
    throw new SyscallError('EEXIST', 'restore', { msqid, hint })
  }
  if (key === IPC_PRIVATE) return
  const holder = holderOf(calls, key)
  if (holder === undefined) return
  const hint = `queue ${msqid} of the image has it, and so has queue ${holder} here; nothing was restored`
  throw new SyscallError('EEXIST', 'restore', { key, hint })
}

function holderOf(calls: KernelCalls, key: number): number | undefined {
  try {
    return calls.msgget({ name: 'msgget', key, msgflg: 0 })
  } catch (error) {
    if (error instanceof SyscallError && error.code === 'ENOENT') return undefined
    throw error
  }
}

/** Makes one queue with its id, closed, and fills it. */
function makeQueue(calls: KernelCalls, queue: CheckpointQueue, made: number[]): void {
  const { msqid, perm, messages } = queue
  setNextId(calls, { name: 'setNextId', nextId: msqid })
  const id = calls.msgget({ name: 'msgget', key: perm.key, msgflg: IPC_CREAT | IPC_EXCL | CLOSED_MODE })
  made.push(id)
  if (id !== msqid) {
    const hint = `the kernel gave ${id} instead: the index or the request for it was taken; nothing was restored`
    throw new SyscallError('EEXIST', 'restore', { msqid, hint })
  }
  for (const { mtype, mtext } of messages) {
    calls.send({ name: 'msgsnd', msqid, mtype, mtext, msgflg: IPC_NOWAIT })
  }
}

/** Gives a whole queue its owner, mode and qbytes. */
function openQueue(calls: KernelCalls, { msqid, perm, qbytes }: CheckpointQueue): void {
  calls.msgctl({ name: 'msgctl', msqid, cmd: IPC_SET, settings: { perm, qbytes } })
}

/** Writes what differs alone: a restore that needs no other limits needs no right to set them. */
function writeLimits(calls: KernelCalls, limits: Limits): void {
  setLimits(calls, { name: 'setLimits', limits })
}

/** The kernel takes no -1: a pending msg_next_id ends with the queue that takes it. */
function writeNextId(calls: KernelCalls, wanted: number): void {
  if (nextId(calls) === wanted) return
  if (wanted >= 0) return setNextId(calls, { name: 'setNextId', nextId: wanted })
  const msqid = calls.msgget({ name: 'msgget', key: IPC_PRIVATE, msgflg: CLOSED_MODE })
  calls.msgctl({ name: 'msgctl', msqid, cmd: IPC_RMID })
}

/** Puts everything back, as far as it goes. */
function undo(calls: KernelCalls, made: readonly number[], before: Before, cause: unknown): void {
  const steps = [
    ...made.map((msqid) => () => calls.msgctl({ name: 'msgctl', msqid, cmd: IPC_RMID })),
    () => writeNextId(calls, before.nextId),
    () => writeLimits(calls, before.limits),
  ]
  const failures = steps.flatMap((step) => {
    try {
      step()
      return []
    } catch (error) {
      return [error instanceof Error ? error.message : String(error)]
    }
  })
  if (failures.length === 0) return
  const why = `the restore failed, and could not be undone: ${failures.join('; ')}`
  throw new BackendError('ERR_MSGQ_IN_DOUBT', why, { cause })
}

/** The error as the restore's own, so that nobody looks for a msgsnd of theirs. */
function ofRestore(error: unknown): unknown {
  if (!(error instanceof SyscallError) || error.syscall === 'restore') return error
  const { code, msqid, key, syscall, hint } = error
  const queue = key === undefined ? '' : ` of key ${formatKey(key)}`
  // Who may not write msg_next_id may not restore: EPERM, whatever the file says.
  const refused = syscall === 'setNextId' && code === 'EACCES' ? 'EPERM' : code
  return new SyscallError(refused, 'restore', {
    ...(msqid === undefined ? {} : { msqid }),
    ...(key === undefined ? {} : { key }),
    hint: `${syscall}${queue} failed${hint === undefined ? '' : `: ${hint}`}; nothing was restored`,
  })
}
