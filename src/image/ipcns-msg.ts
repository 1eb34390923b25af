import type { Long } from '../abi/index.ts'
import type { MessageView } from '../engine/index.ts'
import { ByteWriter, CHUNK_BYTES, copyShort, joined } from './byte-writer.ts'
import { writeMagic } from './magic.ts'
import { writeMessage, writeUint32, writeUint64 } from './protobuf.ts'

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
export interface IpcnsQueue<Message extends IpcnsMessage = IpcnsMessage> {
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
  readonly messages: Iterable<Message> & { readonly length: number }
  /** Fields of a newer CRIU, as bytes: of `ipc_desc_entry`, and of `ipc_msg_entry`. */
  readonly unknownDesc?: Uint8Array
  readonly unknown?: Uint8Array
}

/** Where a payload lies, if that is known: to copy it from there spares making `mtext`. */
type PayloadPlace = Pick<MessageView, 'source' | 'start' | 'end'>

/** One message as CRIU keeps it. */
export interface IpcnsMessage {
  readonly mtype: Long
  readonly mtext: Uint8Array
  /** Fields of a newer CRIU, as bytes. */
  readonly unknown?: Uint8Array
}

export const IPCNS_MSG_MAGIC = 0x55453737

/** Whether a file begins as this one does. */
export function isIpcnsMsg(bytes: Uint8Array): boolean {
  return bytes.length >= 8 && new DataView(bytes.buffer, bytes.byteOffset).getUint32(4, true) === IPCNS_MSG_MAGIC
}

/** Writes `ipcns-msg-N.img`, byte for byte as CRIU does. */
export function encodeIpcnsMsg(queues: readonly IpcnsQueue[], file = 'ipcns-msg.img'): Uint8Array {
  return joined(file, ipcnsMsgChunks(queues, file))
}

/**
 * The file of `encodeIpcnsMsg` in chunks, each good until the next but one.
 *
 * @param note Is told of each message, and of the index of its queue, when it is reached.
 */
export function* ipcnsMsgChunks<Message extends IpcnsMessage>(
  queues: readonly IpcnsQueue<Message>[],
  file: string,
  note: (message: Message, index: number) => void = () => undefined,
): Generator<Uint8Array> {
  const writer = new ByteWriter(file)
  writeMagic(writer, IPCNS_MSG_MAGIC)
  for (const [index, queue] of queues.entries()) {
    writeQueueEntry(writer, queue)
    for (const message of queue.messages) {
      if (writer.length >= CHUNK_BYTES) yield writer.take()
      note(message, index)
      writeMessageRecord(writer, message)
    }
  }
  yield writer.take()
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

/** What a short record's payload, and its type, are below: each is then a varint of one byte. */
const SHORT_END = 0x80

/** A length of 4 bytes, `1 mtype` and `2 msize` of two bytes each. */
const SHORT_HEADER_BYTES = 8

/**
 * Writes a short record in one go, word by word: of millions of messages most are such. As a word, its header is a tag,
 * the type, a tag and the size.
 */
function writeShortRecord(writer: ByteWriter, mtype: number, source: DataView, start: number, sizeBytes: number): void {
  const padding = paddingOf(sizeBytes)
  const to = writer.room(SHORT_HEADER_BYTES + sizeBytes + padding)
  const { view } = writer
  view.setInt32(to, 4, true)
  view.setInt32(to + 4, 0x10_0008 | (mtype << 8) | (sizeBytes << 24), true)
  copyShort(view, to + SHORT_HEADER_BYTES, source, start, start + sizeBytes)
  const end = to + SHORT_HEADER_BYTES + sizeBytes
  for (let zero = 0; zero < padding; zero++) view.setUint8(end + zero, 0)
}

function writeMessageRecord(writer: ByteWriter, message: IpcnsMessage & PayloadPlace): void {
  const { mtype, source, unknown } = message
  if (source !== undefined && unknown === undefined && typeof mtype === 'number' && mtype > 0 && mtype < SHORT_END) {
    const { start = 0, end = 0 } = message
    if (end - start < SHORT_END) return writeShortRecord(writer, mtype, source, start, end - start)
  }
  // Making `mtext` is what a place for it spares.
  const { start = 0, end = message.mtext.length } = message
  const record = writer.beginRecord()
  writeUint64(writer, 1, mtype)
  writeUint32(writer, 2, end - start)
  if (unknown !== undefined) writer.bytes(unknown)
  writer.endRecord(record)
  if (source === undefined) writer.bytes(message.mtext)
  else writer.copy(source, start, end)
  writer.zeros(paddingOf(end - start))
}

/** How many zeros follow a payload: up to the size of a u64. Source: criu/ipc_ns.c, dump_ipc_msg_queue_messages(). */
export function paddingOf(sizeBytes: number): number {
  return (8 - (sizeBytes % 8)) % 8
}
