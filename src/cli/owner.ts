import { readFileSync } from 'node:fs'
import { UINT_MAX } from '../abi/index.ts'
import { UsageError } from './errors.ts'
import { parseInteger } from './numbers.ts'

const WAYS = 'write USER, USER:GROUP or :GROUP, as for chown; names or numbers'

/** Who owns a queue, as far as the user says. */
export interface Owner {
  readonly uid?: number
  readonly gid?: number
}

/** Reads `USER`, `USER:GROUP` or `:GROUP`, as chown(1) does. @throws {UsageError} no such user or group on this machine. */
export function ownerFrom(text: string): Owner {
  const [user = '', group = '', ...rest] = text.split(':')
  if (rest.length > 0 || (user === '' && group === '')) throw new UsageError(`${text} is not an owner`, WAYS)
  return {
    ...(user !== '' && { uid: idOf('user', user, '/etc/passwd') }),
    ...(group !== '' && { gid: idOf('group', group, '/etc/group') }),
  }
}

function idOf(kind: 'user' | 'group', word: string, file: string): number {
  const id = parseInteger(word) ?? idIn(file, word)
  if (id === undefined) throw new UsageError(`there is no ${kind} ${word} in ${file}`, WAYS)
  // The last number is (uid_t) -1, which no user has. Source: include/linux/uidgid.h, uid_valid().
  if (id >= 0n && id < UINT_MAX) return Number(id)
  throw new UsageError(`${word} is out of range for a ${kind}'s id`, 'it goes from 0 to 4294967294')
}

/** passwd(5) and group(5): `name:password:id:…`. */
function idIn(file: string, name: string): bigint | undefined {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    // No such file on Windows: numbers do as well.
    if (error instanceof Error && 'code' in error) return undefined
    throw error
  }
  for (const line of text.split('\n')) {
    const [found, , id = ''] = line.split(':')
    if (found === name && /^\d+$/.test(id)) return BigInt(id)
  }
  return undefined
}
