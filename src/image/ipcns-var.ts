import { MSGMAX, MSGMNB, MSGMNI } from '../abi/index.ts'
import { ByteReader } from './byte-reader.ts'
import { ByteWriter } from './byte-writer.ts'
import { readMagic, writeMagic } from './magic.ts'
import { present } from './present.ts'
import { ProtobufFields, type Uint64, writeUint32, writeUint64 } from './protobuf.ts'

/**
 * CRIU's file of an IPC namespace's variables, `ipcns-var-N.img`.
 *
 *   file = u32 0x54564319, u32 0x53115007, u32 length, ipc_var_entry          nothing follows
 *
 *   ipc_var_entry = 1 sem_ctls: repeated uint32, not packed (always four), 2 msg_ctlmax, 3 msg_ctlmnb, 4 msg_ctlmni,
 *                   5 auto_msgmni: uint32, 6 shm_ctlmax, 7 shm_ctlall: uint64, 8 shm_ctlmni, 9 shm_rmid_forced,
 *                   10 mq_queues_max, 11 mq_msg_max, 12 mq_msgsize_max: uint32, all of these required,
 *                   13 mq_msg_default, 14 mq_msgsize_default, 15 msg_next_id, 16 sem_next_id, 17 shm_next_id: uint32,
 *                   optional; a next_id of -1 is left out
 *
 * Source: criu/ipc_ns.c, dump_ipc_var(); images/ipc-var.proto.
 */
export interface IpcVar extends KernelVariables {
  readonly msgCtlmax: number
  readonly msgCtlmnb: number
  readonly msgCtlmni: number
  readonly msgNextId?: number
}

/** What `ipcns-var-N.img` holds beside what concerns message queues: msgq takes it along and restores none of it. */
export interface KernelVariables {
  /** kernel.sem: semmsl, semmns, semopm, semmni. */
  readonly semCtls: readonly number[]
  readonly autoMsgmni: number
  readonly shmCtlmax: Uint64
  readonly shmCtlall: Uint64
  readonly shmCtlmni: number
  readonly shmRmidForced: number
  readonly mqQueuesMax: number
  readonly mqMsgMax: number
  readonly mqMsgsizeMax: number
  readonly mqMsgDefault?: number
  readonly mqMsgsizeDefault?: number
  readonly semNextId?: number
  readonly shmNextId?: number
  /** Fields of a newer CRIU, as bytes. */
  readonly unknown?: Uint8Array
}

const MAGIC = 0x53115007
const SEM_CTLS = 4

/** ULONG_MAX - (1UL << 24). Source: include/uapi/linux/shm.h, SHMMAX, SHMALL. */
const SHMMAX: Uint64 = 2n ** 64n - 1n - 2n ** 24n

/** A new namespace's variables. Source: include/uapi/linux/sem.h, shm.h; include/linux/ipc_namespace.h, DFLT_*. */
export const LINUX_VARIABLES: KernelVariables = {
  semCtls: [32_000, 1_024_000_000, 500, 32_000],
  autoMsgmni: 0,
  shmCtlmax: SHMMAX,
  shmCtlall: SHMMAX,
  shmCtlmni: 4096,
  shmRmidForced: 0,
  mqQueuesMax: 256,
  mqMsgMax: 10,
  mqMsgsizeMax: 8192,
  mqMsgDefault: 10,
  mqMsgsizeDefault: 8192,
}

/** What stands for `ipcns-var-N.img` where there is none. */
export const LINUX_IPC_VAR: IpcVar = { ...LINUX_VARIABLES, msgCtlmax: MSGMAX, msgCtlmnb: MSGMNB, msgCtlmni: MSGMNI }

/**
 * Reads `ipcns-var-N.img`.
 *
 * @throws {ImageError} It is cut short, damaged, or another kind of file.
 */
export function decodeIpcnsVar(bytes: Uint8Array, file = 'ipcns-var.img'): IpcVar {
  const reader = new ByteReader(file, bytes)
  readMagic(reader, MAGIC, 'IPC_VAR')
  const record = reader.part(reader.uint32('the length of an ipc_var_entry'))
  if (reader.position < reader.end) throw reader.error('the end of the file')
  const fields = new ProtobufFields(record, 'ipc_var_entry', 17)
  const semCtls = fields.repeatedUint32(1, 'sem_ctls')
  if (semCtls.length !== SEM_CTLS) throw record.error('four sem_ctls', record.start, `${semCtls.length}`)
  const optional = {
    mqMsgDefault: fields.optionalUint32(13, 'mq_msg_default'),
    mqMsgsizeDefault: fields.optionalUint32(14, 'mq_msgsize_default'),
    msgNextId: fields.optionalUint32(15, 'msg_next_id'),
    semNextId: fields.optionalUint32(16, 'sem_next_id'),
    shmNextId: fields.optionalUint32(17, 'shm_next_id'),
    unknown: fields.unknown,
  }
  return {
    semCtls,
    msgCtlmax: fields.uint32(2, 'msg_ctlmax'),
    msgCtlmnb: fields.uint32(3, 'msg_ctlmnb'),
    msgCtlmni: fields.uint32(4, 'msg_ctlmni'),
    autoMsgmni: fields.uint32(5, 'auto_msgmni'),
    shmCtlmax: fields.uint64(6, 'shm_ctlmax'),
    shmCtlall: fields.uint64(7, 'shm_ctlall'),
    shmCtlmni: fields.uint32(8, 'shm_ctlmni'),
    shmRmidForced: fields.uint32(9, 'shm_rmid_forced'),
    mqQueuesMax: fields.uint32(10, 'mq_queues_max'),
    mqMsgMax: fields.uint32(11, 'mq_msg_max'),
    mqMsgsizeMax: fields.uint32(12, 'mq_msgsize_max'),
    ...present(optional),
  }
}

/** Writes `ipcns-var-N.img`, byte for byte as CRIU does. */
export function encodeIpcnsVar(entry: IpcVar, file = 'ipcns-var.img'): Uint8Array {
  if (entry.semCtls.length !== SEM_CTLS) throw new RangeError(`semCtls must be four, not ${entry.semCtls.length}`)
  const writer = new ByteWriter(file)
  writeMagic(writer, MAGIC)
  const start = writer.beginRecord()
  for (const value of entry.semCtls) writeUint32(writer, 1, value)
  writeUint32(writer, 2, entry.msgCtlmax)
  writeUint32(writer, 3, entry.msgCtlmnb)
  writeUint32(writer, 4, entry.msgCtlmni)
  writeUint32(writer, 5, entry.autoMsgmni)
  writeUint64(writer, 6, entry.shmCtlmax)
  writeUint64(writer, 7, entry.shmCtlall)
  writeUint32(writer, 8, entry.shmCtlmni)
  writeUint32(writer, 9, entry.shmRmidForced)
  writeUint32(writer, 10, entry.mqQueuesMax)
  writeUint32(writer, 11, entry.mqMsgMax)
  writeUint32(writer, 12, entry.mqMsgsizeMax)
  writeUint32(writer, 13, entry.mqMsgDefault)
  writeUint32(writer, 14, entry.mqMsgsizeDefault)
  writeUint32(writer, 15, entry.msgNextId)
  writeUint32(writer, 16, entry.semNextId)
  writeUint32(writer, 17, entry.shmNextId)
  if (entry.unknown !== undefined) writer.bytes(entry.unknown)
  writer.endRecord(start)
  return writer.written()
}
