import { strict as assert } from 'node:assert'
import {
  type ErrnoName,
  INT_MAX,
  IPC_NOWAIT,
  IPC_PRIVATE,
  IPC_RMID,
  IPC_SET,
  IPC_STAT,
  type Long,
  MSG_COPY,
  type MsqidDs,
} from '../abi/index.ts'
import { BackendError, type BackendErrorCode, type IpcNamespace, SyscallError } from '../contract/index.ts'
import type { Checkpoint } from '../engine/index.ts'

/** The calls as cases make them. */

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** Makes a queue without a key. */
export function make(namespace: IpcNamespace, mode = 0o600): Promise<number> {
  return namespace.msgget(IPC_PRIVATE, mode)
}

/** Makes a queue that admits `qbytes` payload bytes and as many messages. */
export async function makeWithRoom(namespace: IpcNamespace, qbytes: number, mode = 0o600): Promise<number> {
  const msqid = await make(namespace, mode)
  await change(namespace, msqid, { qbytes })
  return msqid
}

/** Sends, and never waits. */
export function send(namespace: IpcNamespace, msqid: number, mtype: Long, text = ''): Promise<void> {
  return namespace.msgsnd(msqid, message(mtype, text), IPC_NOWAIT)
}

/** Sends messages written as a type and a text: `A5` is the text `A` of type 5. */
export async function fill(namespace: IpcNamespace, msqid: number, words: string): Promise<void> {
  for (const [, text = '', mtype = ''] of words.matchAll(/([a-z]+)(\d+)/gi)) {
    await send(namespace, msqid, Number(mtype), text)
  }
}

/** Receives without waiting, and tells what came as `fill` writes it. */
export async function take(
  namespace: IpcNamespace,
  msqid: number,
  msgtyp: number | bigint = 0,
  msgflg = 0,
): Promise<string> {
  const { mtype, mtext } = await namespace.msgrcv(msqid, INT_MAX, msgtyp, msgflg | IPC_NOWAIT)
  return `${decoder.decode(mtext)}${mtype}`
}

/** Receives all that is there, and tells it as `fill` writes it. */
export async function drain(namespace: IpcNamespace, msqid: number, msgtyp = 0, msgflg = 0): Promise<string> {
  const taken: string[] = []
  for (;;) {
    const next = await take(namespace, msqid, msgtyp, msgflg).catch((error: unknown) => error)
    if (typeof next === 'string') taken.push(next)
    else if (next instanceof SyscallError && next.code === 'ENOMSG') return taken.join(' ')
    else throw next
  }
}

/** Copies by index. */
export async function copyAt(namespace: IpcNamespace, msqid: number, index: number | bigint): Promise<string> {
  const { mtype, mtext } = await namespace.msgrcv(msqid, INT_MAX, index, IPC_NOWAIT | MSG_COPY)
  return `${decoder.decode(mtext)}${mtype}`
}

export function stat(namespace: IpcNamespace, msqid: number): Promise<MsqidDs> {
  return namespace.msgctl(msqid, IPC_STAT)
}

/** Removes the queues of a checkpoint. */
export async function removeAll(namespace: IpcNamespace, { queues }: Checkpoint): Promise<void> {
  for (const { msqid } of queues) await namespace.msgctl(msqid, IPC_RMID)
}

/** What IPC_SET can change. */
export interface Changes {
  readonly uid?: number
  readonly gid?: number
  readonly mode?: number
  readonly qbytes?: number
}

/** Changes some of a queue's settings; the others stay. */
export async function change(namespace: IpcNamespace, msqid: number, changes: Changes): Promise<void> {
  const { perm, qbytes } = await stat(namespace, msqid)
  await namespace.msgctl(msqid, IPC_SET, { perm: { ...perm, ...changes }, qbytes: changes.qbytes ?? qbytes })
}

export function message(mtype: Long, text = ''): { mtype: Long; mtext: Uint8Array } {
  return { mtype, mtext: encoder.encode(text) }
}

export function textOf({ mtext }: { readonly mtext: Uint8Array }): string {
  return decoder.decode(mtext)
}

/** Bytes of every value, in an order that a shifted or swapped page would show. */
export function pattern(sizeBytes: number): Uint8Array {
  return Uint8Array.from({ length: sizeBytes }, (_, index) => (index + (index >> 8) * 7) & 0xff)
}

/** Fails unless the call fails with this errno. */
export async function refused(code: ErrnoName, call: Promise<unknown>): Promise<void> {
  const error = await failure(call, code)
  if (!(error instanceof SyscallError)) throw error
  assert.equal(error.code, code)
}

/** Fails unless the namespace could not be asked for this reason. */
export async function notAsked(code: BackendErrorCode, call: () => Promise<unknown>): Promise<void> {
  const error = await failure((async () => call())(), code)
  if (!(error instanceof BackendError)) throw error
  assert.equal(error.code, code)
}

/** Fails unless the arguments themselves are refused. */
export async function wrong(kind: typeof TypeError | typeof RangeError, call: () => unknown): Promise<void> {
  const error = await failure((async () => call())(), kind.name)
  if (!(error instanceof kind)) throw error
}

async function failure(call: Promise<unknown>, expected: string): Promise<unknown> {
  try {
    await call
  } catch (error) {
    return error
  }
  throw new assert.AssertionError({ message: `${expected} was expected, but the call succeeded`, expected })
}

/** Whole seconds now, for `assertSince`. */
export function secondsNow(): number {
  return Math.floor(Date.now() / 1000)
}

/** Fails unless a struct's time lies between `before` and now. The kernel's clock may lag a tick. */
export function assertSince(before: number, time: number): void {
  const now = secondsNow()
  assert.ok(time >= before - 1 && time <= now, `the time ${time} should be from ${before} to ${now}`)
}
