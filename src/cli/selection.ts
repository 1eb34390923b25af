import { type Long, MSG_EXCEPT } from '../abi/index.ts'
import { onlyOneOf, option } from './arguments.ts'
import type { Arguments, Options } from './command.ts'
import { messageTypeFrom } from './numbers.ts'

/** Options that select messages by type. */
export const SELECTOR_OPTIONS: Options = {
  type: { type: 'string', short: 't', value: 'N', help: 'only messages of type N' },
  except: { type: 'string', value: 'N', help: 'only messages of any other type' },
  'at-most': { type: 'string', value: 'N', help: 'only types 1 to N; receive takes the lowest first' },
}

/** A selection as msgrcv takes it, and as a test of a type. */
export interface Selection {
  readonly msgtyp: Long
  readonly msgflg: number
  selects(mtype: Long): boolean
}

/** The messages that the user means; without an option all. @throws {UsageError} */
export function selectorFrom(given: Arguments): Selection {
  onlyOneOf(given, Object.keys(SELECTOR_OPTIONS))
  const type = option(given, 'type', messageTypeFrom)
  if (type !== undefined) return { msgtyp: type, msgflg: 0, selects: (mtype) => mtype === type }
  const except = option(given, 'except', messageTypeFrom)
  if (except !== undefined) return { msgtyp: except, msgflg: MSG_EXCEPT, selects: (mtype) => mtype !== except }
  const atMost = option(given, 'at-most', messageTypeFrom)
  if (atMost !== undefined) return { msgtyp: -atMost, msgflg: 0, selects: (mtype) => mtype <= atMost }
  return { msgtyp: 0, msgflg: 0, selects: () => true }
}
