import { strict as assert } from 'node:assert'
import { type ErrnoName, INT_MAX } from '../abi/index.ts'
import { type ReceivedMessage, SyscallError } from '../contract/index.ts'
import { message, textOf } from './calls.ts'
import type { Context, Process } from './case.ts'

/** A call that waits, or has waited. */
export interface Waiting<Value> {
  readonly process: Process
  readonly msqid: number
  /** The thread that began to wait. */
  readonly tid: number
  /** How it ended; never rejects. */
  readonly end: Promise<End<Value>>
}

export type End<Value> = { readonly value: Value } | { readonly error: unknown }

/** Begins a receive that has to wait, and resolves once it does. */
export function waitingReceive(
  context: Context,
  process: Process,
  msqid: number,
  { msgtyp = 0, msgflg = 0, msgsz = INT_MAX }: { msgtyp?: number | bigint; msgflg?: number; msgsz?: number } = {},
): Promise<Waiting<ReceivedMessage>> {
  return waiting(context, process, msqid, () => process.namespace.msgrcv(msqid, msgsz, msgtyp, msgflg))
}

/** Begins a send that has to wait, and resolves once it does. */
export function waitingSend(
  context: Context,
  process: Process,
  msqid: number,
  mtype: number,
  text = '',
): Promise<Waiting<void>> {
  return waiting(context, process, msqid, () => process.namespace.msgsnd(msqid, message(mtype, text), 0))
}

/** Begins a call that has to wait, and resolves once it does. */
export async function waiting<Value>(
  context: Context,
  process: Process,
  msqid: number,
  call: () => Promise<Value>,
): Promise<Waiting<Value>> {
  const end = endOf(call())
  const tid = await Promise.race([
    context.untilWaiting(process, msqid),
    end.then((end) => assert.fail(`the call should wait, but ${describe(end)}`)),
  ])
  return { process, msqid, tid, end }
}

/** Fails unless the call waits still, or again. */
export async function stillWaits(context: Context, call: Waiting<unknown>): Promise<void> {
  await Promise.race([
    call.end.then((end) => assert.fail(`the call should wait on, but ${describe(end)}`)),
    context.untilWaiting(call.process, call.msqid),
  ])
}

/** Fails unless the receive ends with this message, written as `fill` writes it. */
export async function receives(call: Waiting<ReceivedMessage>, expected: string): Promise<void> {
  const end = await call.end
  if ('error' in end) throw end.error
  assert.equal(`${textOf(end.value)}${end.value.mtype}`, expected)
}

/** Fails unless the call succeeds. */
export async function succeeds<Value>(call: Waiting<Value>): Promise<Value> {
  const end = await call.end
  if ('error' in end) throw end.error
  return end.value
}

/** Fails unless the call ends with this errno. */
export async function endsIn(call: Waiting<unknown>, code: ErrnoName): Promise<void> {
  const end = await call.end
  if ('value' in end) assert.fail(`${code} was expected, but ${describe(end)}`)
  if (!(end.error instanceof SyscallError)) throw end.error
  assert.equal(end.error.code, code)
}

export function endOf<Value>(call: Promise<Value>): Promise<End<Value>> {
  return call.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  )
}

function describe(end: End<unknown>): string {
  return 'error' in end ? `it failed: ${end.error}` : 'it succeeded'
}
