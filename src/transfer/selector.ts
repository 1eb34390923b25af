import { LONG_MIN, MSG_EXCEPT, type Msgbuf } from '../abi/index.ts'
import { longArgument } from '../contract/index.ts'

/** Which messages, in the words of msgrcv(2). */
export interface Selector {
  readonly msgtyp: number | bigint
  /** `MSG_EXCEPT`, or 0. */
  readonly msgflg: number
  /** Whether a message of this type is one of them. */
  selects(mtype: Msgbuf['mtype']): boolean
}

/** @throws {TypeError|RangeError} `msgtyp` is no long. @throws {TypeError} `msgflg` has more than `MSG_EXCEPT`. */
export function selectorOf(msgtyp: number | bigint = 0, msgflg = 0): Selector {
  const wanted = longArgument('msgtyp', msgtyp)
  if ((msgflg & ~MSG_EXCEPT) !== 0) throw new TypeError('msgflg may be MSG_EXCEPT alone: every message is moved whole')
  return { msgtyp: wanted, msgflg, selects: testOf(wanted, msgflg) }
}

function testOf(msgtyp: number | bigint, msgflg: number): Selector['selects'] {
  if (msgtyp === 0) return () => true
  // LONG_MIN has no positive; the kernel takes LONG_MAX, which is every type. Source: ipc/msg.c, convert_mode().
  if (msgtyp < 0) return msgtyp === LONG_MIN ? () => true : (mtype) => mtype <= -msgtyp
  return msgflg & MSG_EXCEPT ? (mtype) => mtype !== msgtyp : (mtype) => mtype === msgtyp
}
