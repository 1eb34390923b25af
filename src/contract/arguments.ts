import {
  ALL_CAPABILITIES,
  INT_MAX,
  INT_MIN,
  isLong,
  type Long,
  long,
  type Msgbuf,
  type MsqidSettings,
  UINT_MAX,
} from '../abi/index.ts'
import type { Limits } from '../engine/index.ts'
import type { CallerOptions } from './ipc-namespace.ts'

/**
 * Checks of arguments before a call is made: what no C program could pass is the caller's mistake, a TypeError or a
 * RangeError. What a C program could pass, however wrong, goes through: the kernel's rules have an errno for it.
 */

/*
 * The checks that every send and receive makes ask one short question, and only what fails it is looked at closely: what
 * is long is not inlined by V8, and then costs a call or more.
 */

/** A C `int`: msqid, msgflg, cmd. */
export function int(name: string, value: number): number {
  if (typeof value === 'number' && (value | 0) === value) return value
  return integer(name, value, INT_MIN, INT_MAX)
}

/** A key, signed or unsigned 32 bits; returned as the signed number that the kernel shows. */
export function key(value: number): number {
  return integer('key', value, INT_MIN, UINT_MAX) | 0
}

/** A size or a limit: any integer. A negative one is EINVAL, as the kernel has it. */
export function size(name: string, value: number): number {
  if (Number.isSafeInteger(value)) return value
  return integer(name, value, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)
}

/** An unsigned count or position. */
export function unsigned(name: string, value: number, most: number = Number.MAX_SAFE_INTEGER): number {
  return integer(name, value, 0, most)
}

/** A C `long`, in its canonical form. */
export function longArgument(name: string, value: number | bigint): Long {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value
  return longer(name, value)
}

function longer(name: string, value: number | bigint): Long {
  if (typeof value !== 'number' && typeof value !== 'bigint') throw notA(name, 'a number or a bigint', value)
  if (isLong(value)) return long(value)
  const safe =
    typeof value === 'number' ? 'a whole number up to 2^53-1 (a bigint goes up to 2^63-1)' : 'from -2^63 to 2^63-1'
  throw outOfRange(name, safe, value)
}

/** A message to send; its bytes are not copied here. */
export function msgbuf(value: Msgbuf): Msgbuf {
  if (typeof value !== 'object' || value === null) throw notA('message', 'an object { mtype, mtext }', value)
  const { mtype, mtext } = value
  if (!(mtext instanceof Uint8Array)) throw notA('mtext', 'a Uint8Array', mtext)
  return { mtype: longArgument('mtype', mtype), mtext }
}

/** What IPC_SET takes; `undefined` goes through, as a null pointer would: EFAULT. */
export function msqidSettings(value: MsqidSettings | undefined): MsqidSettings | undefined {
  if (value === undefined) return undefined
  if (typeof value !== 'object' || value === null) throw notA('settings', 'an object { perm, qbytes }', value)
  if (typeof value.perm !== 'object' || value.perm === null)
    throw notA('perm', 'an object { uid, gid, mode }', value.perm)
  return {
    perm: {
      uid: integer('uid', value.perm.uid, -1, UINT_MAX),
      gid: integer('gid', value.perm.gid, -1, UINT_MAX),
      mode: unsigned('mode', value.perm.mode, UINT_MAX),
    },
    // What IPC_STAT shows must be fit for IPC_SET, an unsigned long that no number holds exactly included.
    qbytes: integer('qbytes', value.qbytes, 0, 2 ** 64),
  }
}

/** Limits to set: integers, which the kernel's ranges then judge. */
export function limits(value: Partial<Limits>): Partial<Limits> {
  if (typeof value !== 'object' || value === null) throw notA('limits', 'an object { msgmax, msgmnb, msgmni }', value)
  const known = ['msgmax', 'msgmnb', 'msgmni'] as const
  for (const name of Object.keys(value)) {
    if (!known.some((limit) => limit === name))
      throw new TypeError(`there is no limit ${name}: use ${known.join(', ')}`)
  }
  return Object.fromEntries(Object.entries(value).map(([name, limit]) => [name, size(name, limit)]))
}

/** Who `as` speaks for: an object; its numbers are checked where they are used. */
export function callerOptions(value: CallerOptions): CallerOptions {
  if (typeof value !== 'object' || value === null) throw notA('caller', 'an object { uid, gid, groups … }', value)
  if (value.groups !== undefined && !Array.isArray(value.groups)) throw notA('groups', 'an array', value.groups)
  const unknown = value.capabilities?.find((name) => !ALL_CAPABILITIES.includes(name))
  if (unknown !== undefined)
    throw new TypeError(`there is no capability ${unknown}: use ${ALL_CAPABILITIES.join(', ')}`)
  return value
}

/** A signal to abort a wait with; an aborted one ends the call before it is made. */
export function abortSignal(value: AbortSignal | undefined): AbortSignal | undefined {
  if (value !== undefined && !(value instanceof AbortSignal)) throw notA('signal', 'an AbortSignal', value)
  value?.throwIfAborted()
  return value
}

function integer(name: string, value: number, least: number, most: number): number {
  if (typeof value !== 'number') throw notA(name, 'a number', value)
  if (!Number.isInteger(value) || value < least || value > most) {
    throw outOfRange(name, `a whole number from ${least} to ${most}`, value)
  }
  return value
}

function notA(name: string, what: string, value: unknown): TypeError {
  const got =
    value === null ? 'null' : typeof value === 'object' ? `a ${value.constructor?.name ?? 'n object'}` : typeof value
  return new TypeError(`${name} must be ${what}, not ${got}`)
}

function outOfRange(name: string, range: string, value: number | bigint): RangeError {
  return new RangeError(`${name} must be ${range}, not ${value}`)
}
