import { strict as assert } from 'node:assert'
import { IPC_NOWAIT, IPC_RMID, IPC_SET } from '../abi/index.ts'
import { refused, send, stat, take } from './calls.ts'
import type { Process } from './case.ts'

/** What a process may do with a queue. */

/** Fails unless the process may receive from the queue and stat it. */
export async function mayRead({ namespace }: Process, msqid: number): Promise<void> {
  assert.match(String(await outcome(take(namespace, msqid))), /^(ENOMSG|\w*\d)$/)
  await stat(namespace, msqid)
}

/** Fails unless all that reads the queue is EACCES for the process. */
export async function mayNotRead({ namespace }: Process, msqid: number): Promise<void> {
  await refused('EACCES', namespace.msgrcv(msqid, 10, 0, IPC_NOWAIT))
  // A receive that would wait is refused too, not made to wait.
  await refused('EACCES', namespace.msgrcv(msqid, 10, 0, 0))
  await refused('EACCES', stat(namespace, msqid))
}

/** Fails unless the process may send. */
export async function mayWrite({ namespace }: Process, msqid: number): Promise<void> {
  await send(namespace, msqid, 1)
}

/** Fails unless a send of the process is EACCES. */
export async function mayNotWrite({ namespace }: Process, msqid: number): Promise<void> {
  await refused('EACCES', send(namespace, msqid, 1))
}

/** Fails unless changing and removing the queue are EPERM for the process. */
export async function mayNotManage({ namespace }: Process, msqid: number): Promise<void> {
  const settings = { perm: { uid: 1000, gid: 1000, mode: 0o700 }, qbytes: 10 }
  await refused('EPERM', namespace.msgctl(msqid, IPC_SET, settings))
  await refused('EPERM', namespace.msgctl(msqid, IPC_RMID))
}

async function outcome(call: Promise<string>): Promise<string> {
  return call.catch((error: { code?: string }) => error.code ?? String(error))
}
