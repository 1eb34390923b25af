import { INT_MAX, IPC_PRIVATE } from '../abi/index.ts'
import type { IpcNamespace } from '../contract/index.ts'
import { UsageError } from './errors.ts'
import { ftokFrom } from './ftok.ts'
import { keyFrom } from './numbers.ts'

const WAYS = 'name a queue by its id (3, as ipcs prints it) or its key (0x4d5347, key:5067591, ftok:PATH:PROJ)'

/** How a user names a queue. */
export type QueueName = { readonly msqid: number } | { readonly key: number }

/** Reads a queue's name: `3` is an id; `0x4d5347`, `key:5067591` and `ftok:PATH:PROJ` are keys. @throws {UsageError} it is neither. */
export function queueNameFrom(text: string): QueueName {
  if (/^\d+$/.test(text)) {
    const msqid = Number(text)
    if (msqid <= INT_MAX) return { msqid }
    throw new UsageError(`${text} is too large for a queue's id`, WAYS)
  }
  const key = ftokFrom(text) ?? keyIn(text)
  // msgget with IPC_PRIVATE would make a queue. Source: ipc/util.c, ipcget().
  if (key === IPC_PRIVATE) throw new UsageError('key 0 is IPC_PRIVATE and names no queue', 'name it by its id')
  return { key }
}

function keyIn(text: string): number {
  const [, digits] = /^(?:key:)?(0[xX].*)$/.exec(text) ?? /^key:(.+)$/.exec(text) ?? []
  if (digits === undefined) throw new UsageError(`${text} does not name a queue`, WAYS)
  return keyFrom('key', digits)
}

/** The id of a queue. An id is taken as it is: the call that uses it says whether there is such a queue. */
export async function findQueue(namespace: IpcNamespace, name: QueueName): Promise<number> {
  return 'msqid' in name ? name.msqid : namespace.msgget(name.key, 0)
}
