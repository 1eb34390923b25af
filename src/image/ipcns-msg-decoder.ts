import { INT_MAX, LONG_MAX, type Long, S_IRWXUGO, UINT_MAX } from '../abi/index.ts'
import type { PlainMessages } from '../engine/index.ts'
import type { ByteReader } from './byte-reader.ts'
import { ChunkReader, type FileDecoder } from './chunk-reader.ts'
import { IPCNS_MSG_MAGIC, type IpcnsMessage, type IpcnsQueue, paddingOf } from './ipcns-msg.ts'
import { readMagic } from './magic.ts'
import { ProtobufFields, readVarint } from './protobuf.ts'

/** A queue of CRIU's file, before its messages. */
export interface IpcnsEntry extends Omit<IpcnsQueue, 'messages'> {
  readonly qnum: number
}

/** Is told what a file holds, in its order. */
export interface IpcnsVisitor<Result> {
  queue(entry: IpcnsEntry): void
  /** @param message Good until this returns. */
  message(message: IpcnsMessageView): void
  /** Some messages at once. @param messages Good until this returns. */
  plain(messages: PlainMessages, count: number): void
  end(): Result
}

/** `1 mtype` and `2 msize` as every writer puts them: varints, in this order. */
const TAG_MTYPE = 0x08
const TAG_MSIZE = 0x10
/** A length, two tags and two varints of up to 4 bytes. */
const HEADER_BYTES_MAX = 4 + 2 * (1 + 4)
/** Messages told at once: what they are in numbers stays in the processor's nearest cache. */
const PLAIN_MESSAGES_MAX = 1024

/** Reads `ipcns-msg-N.img` chunk by chunk. */
export class IpcnsMsgDecoder<Result> implements FileDecoder<Result> {
  readonly #reader: ChunkReader
  readonly #visitor: IpcnsVisitor<Result>
  readonly #reading: Generator<void>

  /** @param file What to call it in errors. */
  constructor(file: string, visitor: IpcnsVisitor<Result>) {
    this.#reader = new ChunkReader(file)
    this.#visitor = visitor
    this.#reading = readQueues(this.#reader, visitor)
  }

  feed(chunk: Uint8Array): void {
    const reader = this.#reader
    for (let fed = 0; fed < chunk.length; ) {
      // A message that the chunk before began gets what it misses and no more: all others are read where they are.
      const piece = chunk.subarray(fed, reader.isEmpty ? chunk.length : fed + Math.max(reader.missing, 1))
      fed += piece.length
      reader.feed(piece)
      this.#reading.next()
      reader.letGo()
    }
  }

  end(): Result {
    this.#reader.finish()
    this.#reading.next()
    return this.#visitor.end()
  }
}

/**
 * Reads `ipcns-msg-N.img`.
 *
 * @param bytes The whole file. The payloads of the result are views of it.
 * @param file What to call it in errors.
 * @throws {ImageError} It is cut short, damaged, or another kind of file.
 */
export function decodeIpcnsMsg(bytes: Uint8Array, file = 'ipcns-msg.img'): IpcnsQueue[] {
  const queues: (IpcnsQueue & { readonly messages: IpcnsMessage[] })[] = []
  const decoder = new IpcnsMsgDecoder(file, {
    queue: ({ qnum: _, ...entry }) => queues.push({ ...entry, messages: [] }),
    message: ({ mtype, mtext, unknown }) =>
      queues.at(-1)?.messages.push(unknown === undefined ? { mtype, mtext } : { mtype, mtext, unknown }),
    plain({ source, types, starts, sizes }, count) {
      for (let index = 0; index < count; index++) {
        const mtext = new Uint8Array(source.buffer, source.byteOffset + (starts[index] ?? 0), sizes[index])
        queues.at(-1)?.messages.push({ mtype: types[index] ?? 0, mtext })
      }
    },
    end: () => queues,
  })
  decoder.feed(bytes)
  return decoder.end()
}

/** Yields where the file must go on first. */
function* readQueues(reader: ChunkReader, visitor: Omit<IpcnsVisitor<unknown>, 'end'>): Generator<void> {
  const ids = new Set<number>()
  const message = new IpcnsMessageView()
  const plain = new PlainReader()
  while (!reader.has(8)) yield
  readMagic(reader, IPCNS_MSG_MAGIC, 'IPCNS_MSG')
  for (;;) {
    while (!reader.has(4)) yield
    if (reader.isAtEnd) return
    const start = reader.position
    const length = reader.uint32('the length of an ipc_msg_entry')
    while (!reader.has(length)) yield
    const entry = readEntry(reader.part(length))
    if (ids.has(entry.id)) throw reader.error('each queue once', start, `queue ${entry.id} again`)
    ids.add(entry.id)
    visitor.queue(entry)
    // Each message has bytes of its own in the file, so a false count ends at the file's end.
    for (let count = 0; count < entry.qnum; count++) {
      for (let found = 1; found > 0; count += found) {
        found = plain.read(reader, entry.qnum - count)
        if (found > 0) visitor.plain(plain, found)
      }
      if (count === entry.qnum) break
      while (!reader.has(4)) yield
      const length = reader.uint32('the length of an ipc_msg')
      while (!reader.has(length)) yield
      const msize = message.readHeader(reader, length)
      while (!reader.has(msize + paddingOf(msize))) yield
      message.readPayload(reader, msize)
      visitor.message(message)
    }
  }
}

function readEntry(record: ByteReader): IpcnsEntry {
  const entry = new ProtobufFields(record, 'ipc_msg_entry', 3)
  const place = entry.message(1, 'desc')
  const desc = new ProtobufFields(place, 'ipc_desc_entry', 7)
  const mode = desc.uint32(6, 'mode')
  const id = desc.uint32(7, 'id')
  if (id > INT_MAX) throw place.error(`an id from 0 to ${INT_MAX}`, place.start, `${id}`)
  // A queue's mode has nine bits. Source: ipc/msg.c, newque(); ipc/util.c, ipc_update_perm().
  if (mode > S_IRWXUGO) throw place.error('a mode of nine bits', place.start, `0o${mode.toString(8)}`)
  return {
    key: desc.uint32(1, 'key'),
    uid: desc.uint32(2, 'uid'),
    gid: desc.uint32(3, 'gid'),
    cuid: desc.uint32(4, 'cuid'),
    cgid: desc.uint32(5, 'cgid'),
    mode,
    id,
    qbytes: entry.uint32(2, 'qbytes'),
    qnum: entry.uint32(3, 'qnum'),
    ...(desc.unknown !== undefined && { unknownDesc: desc.unknown }),
    ...(entry.unknown !== undefined && { unknown: entry.unknown }),
  }
}

/** The message at which a reader has arrived: a million of them need no object each. */
export class IpcnsMessageView {
  mtype: Long = 0
  mtext: Uint8Array = new Uint8Array(0)
  unknown: Uint8Array | undefined

  /** @returns The size of the payload. */
  readHeader(reader: ByteReader, length: number): number {
    const record = reader.part(length)
    return this.#readPlainHeader(record) ?? this.#readFields(record)
  }

  /** Reads the payload and its padding. */
  readPayload(reader: ByteReader, msize: number): void {
    const start = reader.skip(msize)
    this.mtext = reader.window.subarray(start, reader.position)
    reader.skip(paddingOf(msize))
  }

  /** Reads a header as every writer puts it, without an object for each field. */
  #readPlainHeader(record: ByteReader): number | undefined {
    const { window, start, end } = record
    if (start === end || window[start] !== TAG_MTYPE) return undefined
    record.position++
    const mtype = readVarint(record)
    if (record.position < end && window[record.position] === TAG_MSIZE) {
      record.position++
      const msize = readVarint(record)
      if (record.position === end && mtype >= 1 && mtype <= LONG_MAX && msize <= UINT_MAX) {
        this.mtype = mtype
        this.unknown = undefined
        return Number(msize)
      }
    }
    record.position = start
    return undefined
  }

  #readFields(record: ByteReader): number {
    const fields = new ProtobufFields(record, 'ipc_msg', 2)
    const mtype = fields.uint64(1, 'mtype')
    if (mtype < 1 || mtype > LONG_MAX) throw record.error('an mtype from 1 to 2^63-1', record.start, `${mtype}`)
    this.mtype = mtype
    this.unknown = fields.unknown
    return fields.uint32(2, 'msize')
  }
}

/**
 * Reads messages as every writer puts them that are wholly there: in a loop without a call for each byte, which all but a
 * chunk's last message and those of types from 2^28 on are read by.
 */
class PlainReader implements PlainMessages {
  readonly types = new Int32Array(PLAIN_MESSAGES_MAX)
  readonly starts = new Int32Array(PLAIN_MESSAGES_MAX)
  readonly sizes = new Int32Array(PLAIN_MESSAGES_MAX)
  #window: Uint8Array = new Uint8Array(0)
  source: DataView = new DataView(this.#window.buffer)

  /**
   * Reads the messages that come next.
   *
   * @param most How many there may be.
   * @returns How many there were.
   */
  read(reader: ByteReader, most: number): number {
    this.#lookAt(reader.window)
    const { source, types, starts, sizes } = this
    const { end } = reader
    const countMax = Math.min(most, PLAIN_MESSAGES_MAX)
    let position = reader.position
    let count = 0
    for (; count < countMax && end - position >= HEADER_BYTES_MAX; count++) {
      const header = position + 4
      if (source.getUint8(header) !== TAG_MTYPE) break
      const mtype = shortVarint(source, header + 1)
      const tag = header + 1 + bytesOf(mtype)
      if (mtype < 1 || source.getUint8(tag) !== TAG_MSIZE) break
      const msize = shortVarint(source, tag + 1)
      const start = tag + 1 + bytesOf(msize)
      const next = start + msize + paddingOf(msize)
      if (msize < 0 || next > end || source.getUint32(position, true) !== start - header) break
      types[count] = mtype
      starts[count] = start
      sizes[count] = msize
      position = next
    }
    reader.position = position
    return count
  }

  #lookAt(window: Uint8Array): void {
    if (window === this.#window) return
    this.#window = window
    this.source = new DataView(window.buffer, window.byteOffset, window.byteLength)
  }
}

/** The varint at a place if it is of up to 4 bytes, in its shortest form; else -1. */
function shortVarint(bytes: DataView, at: number): number {
  const first = bytes.getUint8(at)
  if (first < 0x80) return first
  let value = first & 0x7f
  for (let shift = 7; shift < 28; shift += 7) {
    const byte = bytes.getUint8(at + shift / 7)
    value |= (byte & 0x7f) << shift
    if (byte < 0x80) return byte === 0 ? -1 : value
  }
  return -1
}

/** How many bytes a varint takes in its shortest form: one that is none takes one. */
function bytesOf(varint: number): number {
  if (varint < 0x80) return 1
  return varint < 0x4000 ? 2 : varint < 0x20_0000 ? 3 : 4
}
