import type { Capability } from '../abi/index.ts'
import type { Caller, Ticket } from '../engine/index.ts'
import type { ByteReader } from './byte-reader.ts'
import type { ByteWriter } from './byte-writer.ts'

/** Who calls, and what names the call. */

/** The bit of each capability. Of the format: never change one, only add. */
const CAPABILITY_FLAG: Readonly<Record<Capability, number>> = {
  CAP_IPC_OWNER: 1,
  CAP_SYS_ADMIN: 2,
  CAP_SYS_RESOURCE: 4,
  CAP_CHECKPOINT_RESTORE: 8,
}
const CAPABILITIES = Object.keys(CAPABILITY_FLAG) as Capability[]
const ALL_FLAGS = 0x0f

/** Most callers that may do anything have all, and most others none: both lists are there already. */
const LISTS: readonly (readonly Capability[])[] = Array.from({ length: ALL_FLAGS + 1 }, (_, flags) =>
  CAPABILITIES.filter((name) => flags & CAPABILITY_FLAG[name]),
)

/** The process that `as` speaks for: what is left out is the server's to fill in. As `CallerOptions` of the contract. */
export interface SpokenFor {
  readonly uid: number
  readonly gid?: number
  readonly groups?: readonly number[]
  readonly pid?: number
  readonly tid?: number
  readonly capabilities?: readonly Capability[]
}

export function writeTicket(writer: ByteWriter, { session, number }: Ticket): void {
  writer.uint(session)
  writer.uint(number)
}

export function readTicket(reader: ByteReader): Ticket {
  return { session: reader.uint(), number: reader.uint() }
}

/** Capabilities are a set: they are read in one order, each once. */
export function writeCaller(writer: ByteWriter, { pid, tid, uid, gid, groups, capabilities }: Caller): void {
  writer.pid(pid)
  writer.pid(tid)
  writer.uint32(uid)
  writer.uint32(gid)
  writeGroups(writer, groups)
  writeCapabilities(writer, capabilities)
}

export function readCaller(reader: ByteReader): Caller {
  return {
    pid: reader.pid(),
    tid: reader.pid(),
    uid: reader.uint32(),
    gid: reader.uint32(),
    groups: readGroups(reader),
    capabilities: readCapabilities(reader),
  }
}

const HAS_GID = 1
const HAS_PID = 2
const HAS_TID = 4
const HAS_GROUPS = 8
const HAS_CAPABILITIES = 16

export function writeSpokenFor(writer: ByteWriter, { uid, gid, groups, pid, tid, capabilities }: SpokenFor): void {
  writer.byte(
    (gid === undefined ? 0 : HAS_GID) |
      (pid === undefined ? 0 : HAS_PID) |
      (tid === undefined ? 0 : HAS_TID) |
      (groups === undefined ? 0 : HAS_GROUPS) |
      (capabilities === undefined ? 0 : HAS_CAPABILITIES),
  )
  writer.uint32(uid)
  if (gid !== undefined) writer.uint32(gid)
  if (pid !== undefined) writer.pid(pid)
  if (tid !== undefined) writer.pid(tid)
  if (groups !== undefined) writeGroups(writer, groups)
  if (capabilities !== undefined) writeCapabilities(writer, capabilities)
}

export function readSpokenFor(reader: ByteReader): SpokenFor {
  const flags = reader.flags(HAS_GID | HAS_PID | HAS_TID | HAS_GROUPS | HAS_CAPABILITIES)
  return {
    uid: reader.uint32(),
    ...(flags & HAS_GID && { gid: reader.uint32() }),
    ...(flags & HAS_PID && { pid: reader.pid() }),
    ...(flags & HAS_TID && { tid: reader.pid() }),
    ...(flags & HAS_GROUPS && { groups: readGroups(reader) }),
    ...(flags & HAS_CAPABILITIES && { capabilities: readCapabilities(reader) }),
  }
}

function writeGroups(writer: ByteWriter, groups: readonly number[]): void {
  writer.uint(groups.length)
  for (const group of groups) writer.uint32(group)
}

function readGroups(reader: ByteReader): number[] {
  return reader.list((each) => each.uint32())
}

function writeCapabilities(writer: ByteWriter, capabilities: readonly Capability[]): void {
  let flags = 0
  for (const name of capabilities) flags |= CAPABILITY_FLAG[name]
  writer.byte(flags)
}

function readCapabilities(reader: ByteReader): readonly Capability[] {
  return LISTS[reader.flags(ALL_FLAGS)] ?? []
}
