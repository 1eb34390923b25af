import { IPCMNI, MSG_INFO } from '../abi/index.ts'
import { BackendError, type IpcNamespace, queueAt } from '../contract/index.ts'
import { syscallNumbers } from '../linux/index.ts'
import { allPids, callOf, ipcOf, type Process, processOf, processOfThread, threadsOf } from './processes.ts'

/** Whose processes share an IPC namespace, and which of them use its queues. */

/**
 * The IPC namespace behind the URL of a namespace.
 *
 * @throws {TypeError} It is none of the kernel's.
 * @throws {BackendError} `ERR_MSGQ_UNAVAILABLE` its process has ended.
 */
export function ipcOfUrl(url: string): string {
  const [, pid] = /^linux:(?:\?pid=(\d+))?$/.exec(url) ?? [undefined, null]
  if (pid === null) throw new TypeError(`${url} is not the kernel's: no other process uses its queues`)
  // A thread may live in another namespace than its process.
  const ipc = ipcOf(pid ?? 'thread-self')
  if (ipc === undefined) throw new BackendError('ERR_MSGQ_UNAVAILABLE', `process ${pid} has ended`)
  return ipc
}

/**
 * The first process of a PID namespace: the kernel gives it no SIGSTOP from inside, and it may have rights by which
 * nobody looks into it. Source: kernel/signal.c, sig_task_ignored().
 */
export const INIT = 1

/**
 * The processes one of whose threads is in an IPC namespace; init too when it does not let us see.
 *
 * @throws {BackendError} `ERR_MSGQ_UNAVAILABLE` another does not let us see.
 */
export function membersOf(ipc: string): Process[] {
  const isMember = (pid: number) => threadsOf(pid).some((tid) => ipcOf(`${pid}/task/${tid}`) === ipc)
  return allPids()
    .filter((pid) => (pid === INIT ? orIfHidden(true, () => isMember(pid)) : isMember(pid)))
    .map(processOf)
    .filter((process) => process !== undefined)
}

/**
 * Those of a namespace's members that are known to use its queues: the last that sent to one, the last that received
 * from it, and all that wait on it.
 *
 * @throws {BackendError} `ERR_MSGQ_UNAVAILABLE` what one does may not be seen.
 */
export async function usersAmong(members: readonly Process[], namespace: IpcNamespace): Promise<Process[]> {
  const last = new Set<number>()
  const msqids = new Set<number>()
  const { maxIndex } = await namespace.msgctl(0, MSG_INFO)
  for (let index = 0; index <= Math.min(maxIndex, IPCMNI - 1); index++) {
    const queue = await queueAt(namespace, index)
    if (queue === undefined) continue
    msqids.add(queue.msqid)
    // A receiver that was waiting is told by its thread's number. Source: ipc/msg.c, pipelined_send().
    for (const number of [queue.stat.lspid, queue.stat.lrpid]) if (number !== 0) last.add(processOfThread(number))
  }
  return members.filter(({ pid }) => {
    if (last.has(pid)) return true
    return pid === INIT ? orIfHidden(false, () => waits(pid, msqids)) : waits(pid, msqids)
  })
}

/** Whether a thread of the process waits in msgsnd or msgrcv on one of the queues. */
function waits(pid: number, msqids: ReadonlySet<number>): boolean {
  const { msgsnd, msgrcv } = syscallNumbers()
  return threadsOf(pid).some((tid) => {
    const call = callOf(pid, tid)
    return call !== undefined && [msgsnd, msgrcv].includes(call.number) && msqids.has(call.argument)
  })
}

/** Init's own affair: of any other process it is an error that it may not be looked into. */
function orIfHidden(otherwise: boolean, look: () => boolean): boolean {
  try {
    return look()
  } catch (error) {
    if (error instanceof BackendError) return otherwise
    throw error
  }
}
