import { INT_MAX, LONG_MAX, type Long, S_IRWXUGO, UINT_MAX } from '../abi/index.ts'
import { ByteReader } from './byte-reader.ts'
import { ByteWriter } from './byte-writer.ts'
import { readMagic, writeMagic } from './magic.ts'
import { ProtobufFields, readVarint, writeMessage, writeUint32, writeUint64 } from './protobuf.ts'

/**
 * CRIU's file of message queues, `ipcns-msg-N.img`. N is the number that CRIU gave to the IPC namespace.
 *
 *   file    = u32 0x54564319, u32 0x55453737, { queue }               ends where the file ends; no queue: no file
 *   queue   = u32 length, ipc_msg_entry, { message } as often as its qnum says
 *   message = u32 length, ipc_msg, msize bytes, zeros up to a multiple of 8 bytes
 *
 *   ipc_msg_entry  = 1 desc: ipc_desc_entry, 2 qbytes: uint32, 3 qnum: uint32
 *   ipc_desc_entry = 1 key, 2 uid, 3 gid, 4 cuid, 5 cgid, 6 mode, 7 id: uint32
 *   ipc_msg        = 1 mtype: uint64, 2 msize: uint32
 *
 * Every u32 is little-endian; the messages are protobuf (proto2), every field required. CRIU and crit do not look at
 * the zeros, nor does this reader. Source: criu/ipc_ns.c, dump_ipc_msg(); images/ipc-msg.proto, ipc-desc.proto.
 */

/** One queue as CRIU keeps it. */
export interface IpcnsQueue {
  /** The key, unsigned here. */
  readonly key: number
  readonly uid: number
  readonly gid: number
  readonly cuid: number
  readonly cgid: number
  readonly mode: number
  readonly id: number
  /** The low 32 bits of the kernel's unsigned long. */
  readonly qbytes: number
  /** In the order of the queue, oldest first; `qnum` is how many there are. */
  readonly messages: readonly IpcnsMessage[]
  /** Fields of a newer CRIU, as bytes: of `ipc_desc_entry`, and of `ipc_msg_entry`. */
  readonly unknownDesc?: Uint8Array
  readonly unknown?: Uint8Array
}

/** One message as CRIU keeps it. */
export interface IpcnsMessage {
  readonly mtype: Long
  readonly mtext: Uint8Array
  /** Fields of a newer CRIU, as bytes. */
  readonly unknown?: Uint8Array
}

const MAGIC = 0x55453737

/** Payloads are padded to the size of a u64. Source: criu/ipc_ns.c, dump_ipc_msg_queue_messages(). */
const PAYLOAD_ALIGNMENT_BYTES = 8

/** `1 mtype` and `2 msize` as every writer puts them: varints, in this order. */
const TAG_MTYPE = 0x08
const TAG_MSIZE = 0x10

/**
 * Reads `ipcns-msg-N.img`.
 *
 * @param bytes The whole file. The payloads of the result are views of it.
 * @param file What to call it in errors.
 * @throws {ImageError} It is cut short, damaged, or another kind of file.
 */
export function decodeIpcnsMsg(bytes: Uint8Array, file = 'ipcns-msg.img'): IpcnsQueue[] {
  const reader = new ByteReader(file, bytes)
  readMagic(reader, MAGIC, 'IPCNS_MSG')
  const ids = new Set<number>()
  const queues: IpcnsQueue[] = []
  while (reader.position < reader.end) {
    const offset = reader.position
    const queue = readQueue(reader)
    if (ids.has(queue.id)) throw reader.error('each queue once', offset, `queue ${queue.id} again`)
    ids.add(queue.id)
    queues.push(queue)
  }
  return queues
}

/** Writes `ipcns-msg-N.img`, byte for byte as CRIU does. */
export function encodeIpcnsMsg(queues: readonly IpcnsQueue[], file = 'ipcns-msg.img'): Uint8Array {
  const writer = new ByteWriter(file, expectedBytes(queues))
  writeMagic(writer, MAGIC)
  for (const queue of queues) {
    writeQueueEntry(writer, queue)
    for (const message of queue.messages) writeMessageRecord(writer, message)
  }
  return writer.written()
}

function readQueue(reader: ByteReader): IpcnsQueue {
  const record = reader.part(reader.uint32('the length of an ipc_msg_entry'))
  const entry = new ProtobufFields(record, 'ipc_msg_entry', 3)
  const place = entry.message(1, 'desc')
  const desc = new ProtobufFields(place, 'ipc_desc_entry', 7)
  const mode = desc.uint32(6, 'mode')
  const id = desc.uint32(7, 'id')
  if (id > INT_MAX) throw place.error(`an id from 0 to ${INT_MAX}`, place.start, `${id}`)
  // A queue's mode has nine bits. Source: ipc/msg.c, newque(); ipc/util.c, ipc_update_perm().
  if (mode > S_IRWXUGO) throw place.error('a mode of nine bits', place.start, `0o${mode.toString(8)}`)
  const qnum = entry.uint32(3, 'qnum')
  const messages: IpcnsMessage[] = []
  // Each message has bytes of its own in the file, so a false count ends at the file's end.
  while (messages.length < qnum) messages.push(readMessage(reader))
  return {
    key: desc.uint32(1, 'key'),
    uid: desc.uint32(2, 'uid'),
    gid: desc.uint32(3, 'gid'),
    cuid: desc.uint32(4, 'cuid'),
    cgid: desc.uint32(5, 'cgid'),
    mode,
    id,
    qbytes: entry.uint32(2, 'qbytes'),
    messages,
    ...(desc.unknown !== undefined && { unknownDesc: desc.unknown }),
    ...(entry.unknown !== undefined && { unknown: entry.unknown }),
  }
}

function readMessage(reader: ByteReader): IpcnsMessage {
  const length = reader.uint32('the length of an ipc_msg')
  const header = readPlainHeader(reader, length) ?? readHeader(reader.part(length))
  const mtext = reader.bytes(header.msize)
  reader.bytes(paddingOf(header.msize))
  if (header.unknown !== undefined) return { mtype: header.mtype, mtext, unknown: header.unknown }
  return { mtype: header.mtype, mtext }
}

interface MessageHeader {
  readonly mtype: Long
  readonly msize: number
  readonly unknown?: Uint8Array
}

/** A header as every writer puts it, read without an object for each field: there may be a million of them. */
function readPlainHeader(reader: ByteReader, length: number): MessageHeader | undefined {
  const start = reader.position
  const end = start + length
  if (end > reader.end || reader.whole[start] !== TAG_MTYPE) return undefined
  reader.position = start + 1
  const mtype = readVarint(reader)
  if (reader.whole[reader.position] === TAG_MSIZE) {
    reader.position++
    const msize = readVarint(reader)
    if (reader.position === end && mtype >= 1 && mtype <= LONG_MAX && msize <= UINT_MAX) {
      return { mtype, msize: Number(msize) }
    }
  }
  reader.position = start
  return undefined
}

function readHeader(record: ByteReader): MessageHeader {
  const message = new ProtobufFields(record, 'ipc_msg', 2)
  const mtype = message.uint64(1, 'mtype')
  if (mtype < 1 || mtype > LONG_MAX) {
    throw record.error('an mtype from 1 to 2^63-1', record.start, `${mtype}`)
  }
  const msize = message.uint32(2, 'msize')
  return message.unknown === undefined ? { mtype, msize } : { mtype, msize, unknown: message.unknown }
}

function writeQueueEntry(writer: ByteWriter, queue: IpcnsQueue): void {
  const desc = new ByteWriter('ipc_desc_entry')
  writeUint32(desc, 1, queue.key)
  writeUint32(desc, 2, queue.uid)
  writeUint32(desc, 3, queue.gid)
  writeUint32(desc, 4, queue.cuid)
  writeUint32(desc, 5, queue.cgid)
  writeUint32(desc, 6, queue.mode)
  writeUint32(desc, 7, queue.id)
  if (queue.unknownDesc !== undefined) desc.bytes(queue.unknownDesc)

  const start = writer.beginRecord()
  writeMessage(writer, 1, desc.written())
  writeUint32(writer, 2, queue.qbytes)
  writeUint32(writer, 3, queue.messages.length)
  if (queue.unknown !== undefined) writer.bytes(queue.unknown)
  writer.endRecord(start)
}

function writeMessageRecord(writer: ByteWriter, { mtype, mtext, unknown }: IpcnsMessage): void {
  const start = writer.beginRecord()
  writeUint64(writer, 1, mtype)
  writeUint32(writer, 2, mtext.length)
  if (unknown !== undefined) writer.bytes(unknown)
  writer.endRecord(start)
  writer.bytes(mtext)
  writer.zeros(paddingOf(mtext.length))
}

/** At most this much, but for unknown fields. A record has its length, its tags, its varints and its padding. */
function expectedBytes(queues: readonly IpcnsQueue[]): number {
  let total = 8
  for (const { messages } of queues) {
    total += 64
    for (const { mtext } of messages) total += mtext.length + 28
  }
  return total
}

function paddingOf(sizeBytes: number): number {
  return (PAYLOAD_ALIGNMENT_BYTES - (sizeBytes % PAYLOAD_ALIGNMENT_BYTES)) % PAYLOAD_ALIGNMENT_BYTES
}
