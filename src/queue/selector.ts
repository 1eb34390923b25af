import { type Long, MSG_EXCEPT } from '../abi/index.ts'
import { longArgument } from '../contract/index.ts'

/** Which messages are meant; nothing means all. A type is 1 to 2^63-1. */
export type Selector =
  | { readonly type?: undefined; readonly except?: undefined; readonly atMost?: undefined }
  /** The oldest of this type. */
  | { readonly type: number | bigint; readonly except?: undefined; readonly atMost?: undefined }
  /** The oldest of any other type. */
  | { readonly type?: undefined; readonly except: number | bigint; readonly atMost?: undefined }
  /** The oldest of the lowest type, if that is at most this: urgent first, when low types are urgent. */
  | { readonly type?: undefined; readonly except?: undefined; readonly atMost: number | bigint }

/** A selector as msgrcv takes it. */
export interface SelectorArguments {
  readonly msgtyp: Long
  readonly msgflg: number
}

/** @throws {TypeError | RangeError} more than one is given, or it is not a type. */
export function selectorArguments({ type, except, atMost }: Selector): SelectorArguments {
  if (Number(type !== undefined) + Number(except !== undefined) + Number(atMost !== undefined) > 1) {
    throw new TypeError('a selector is one of type, except and atMost')
  }
  if (type !== undefined) return { msgtyp: messageType('type', type), msgflg: 0 }
  if (except !== undefined) return { msgtyp: messageType('except', except), msgflg: MSG_EXCEPT }
  if (atMost !== undefined) return { msgtyp: -messageType('atMost', atMost), msgflg: 0 }
  return { msgtyp: 0, msgflg: 0 }
}

/** Whether a type is one that the selector selects. */
export function selects({ type, except, atMost }: Selector, mtype: Long): boolean {
  if (type !== undefined) return BigInt(mtype) === BigInt(type)
  if (except !== undefined) return BigInt(mtype) !== BigInt(except)
  return atMost === undefined || mtype <= atMost
}

/** A message type as the kernel takes it. */
export function messageType(name: string, value: number | bigint): Long {
  const mtype = longArgument(name, value)
  if (mtype < 1) throw new RangeError(`${name} must be 1 or more, not ${value}`)
  return mtype
}
