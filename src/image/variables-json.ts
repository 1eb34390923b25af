import { UINT_MAX } from '../abi/index.ts'
import type { IpcVar, KernelVariables } from './ipcns-var.ts'
import type { JsonObject } from './json-line.ts'
import { present } from './present.ts'
import type { Uint64 } from './protobuf.ts'

/** The variables of an IPC namespace in JSON, in the names of CRIU's fields; those of a newer CRIU are left out. */

/** A uint32 where no other kind is told. */
type Field = readonly [name: keyof IpcVar, kind?: 'uint64' | 'optional']

/** In the order of CRIU's file: what concerns message queues, and the rest before and behind it. */
const FIELDS: readonly Field[] = [
  ['msgCtlmax'],
  ['msgCtlmnb'],
  ['msgCtlmni'],
  ['autoMsgmni'],
  ['shmCtlmax', 'uint64'],
  ['shmCtlall', 'uint64'],
  ['shmCtlmni'],
  ['shmRmidForced'],
  ['mqQueuesMax'],
  ['mqMsgMax'],
  ['mqMsgsizeMax'],
  ['mqMsgDefault', 'optional'],
  ['mqMsgsizeDefault', 'optional'],
  ['msgNextId', 'optional'],
  ['semNextId', 'optional'],
  ['shmNextId', 'optional'],
]
const OF_MESSAGE_QUEUES: readonly (keyof IpcVar)[] = ['msgCtlmax', 'msgCtlmnb', 'msgCtlmni', 'msgNextId']

/** All but `sem_ctls`; what is not told is `undefined`. */
export function variableMembers(variables: Partial<IpcVar>): Record<string, Uint64 | undefined> {
  return Object.fromEntries(FIELDS.map(([name]) => [snake(name), variables[name] as Uint64 | undefined]))
}

export function readIpcVar(entry: JsonObject): IpcVar {
  return readFields(entry, FIELDS) as unknown as IpcVar
}

/** What concerns message queues is not asked for. */
export function readKernelVariables(entry: JsonObject): KernelVariables {
  const fields = FIELDS.filter(([name]) => !OF_MESSAGE_QUEUES.includes(name))
  entry.only('sem_ctls', ...fields.map(([name]) => snake(name)))
  return readFields(entry, fields) as unknown as KernelVariables
}

function readFields(entry: JsonObject, fields: readonly Field[]): object {
  const semCtls = entry.array('sem_ctls')
  const isUint32 = (value: unknown): value is number =>
    typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= UINT_MAX
  if (semCtls.length !== 4 || !semCtls.every(isUint32)) throw entry.member('sem_ctls', 'four numbers of 32 bits')
  const rest = fields.map(([name, kind]): [string, Uint64 | undefined] => {
    if (kind === 'uint64') return [name, uint64(entry, snake(name))]
    if (kind === 'optional') return [name, entry.optionalInteger(snake(name), 0, UINT_MAX)]
    return [name, entry.integer(snake(name), 0, UINT_MAX)]
  })
  return { semCtls, ...present(Object.fromEntries(rest)) }
}

function uint64(entry: JsonObject, name: string): Uint64 {
  const text = entry.digits(name)
  const value = BigInt(text)
  if (value >= 2n ** 64n) throw entry.member(name, 'of at most 64 bits')
  return value <= Number.MAX_SAFE_INTEGER ? Number(value) : value
}

function snake(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}
