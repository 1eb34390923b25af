import type {
  CheckpointHeader,
  CheckpointMessage,
  CheckpointQueue,
  Limits,
  Message,
  StateQueue,
} from '../engine/index.ts'
import type { ByteReader } from './byte-reader.ts'
import type { ByteWriter } from './byte-writer.ts'

/** Messages, queues and what an image keeps beside them. What its source did not tell is absent, and read as absent. */

const HAS_SEQUENCE = 1
const HAS_SENDER = 2
const HAS_TIME = 4
const WHOLE_MESSAGE = HAS_SEQUENCE | HAS_SENDER | HAS_TIME

export function writeMessage(writer: ByteWriter, { mtype, mtext, sequence, sender, time }: CheckpointMessage): void {
  writer.byte(
    (sequence === undefined ? 0 : HAS_SEQUENCE) |
      (sender === undefined ? 0 : HAS_SENDER) |
      (time === undefined ? 0 : HAS_TIME),
  )
  writer.long(mtype)
  writer.payload(mtext)
  if (sequence !== undefined) writer.uint(sequence)
  if (sender !== undefined) {
    writer.uint32(sender.pid)
    writer.uint32(sender.uid)
  }
  if (time !== undefined) writer.uint(time)
}

export function readMessage(reader: ByteReader): CheckpointMessage {
  const flags = reader.flags(WHOLE_MESSAGE)
  if (flags === WHOLE_MESSAGE) return readWholeBody(reader)
  return {
    mtype: reader.long(),
    mtext: reader.payload(),
    ...(flags & HAS_SEQUENCE && { sequence: reader.uint() }),
    ...(flags & HAS_SENDER && { sender: { pid: reader.uint32(), uid: reader.uint32() } }),
    ...(flags & HAS_TIME && { time: reader.uint() }),
  }
}

/** A message of an engine's, which tells everything. */
export function readWholeMessage(reader: ByteReader): Message {
  if (reader.flags(WHOLE_MESSAGE) !== WHOLE_MESSAGE) throw reader.error('a message that tells everything', 1)
  return readWholeBody(reader)
}

function readWholeBody(reader: ByteReader): Message {
  return {
    mtype: reader.long(),
    mtext: reader.payload(),
    sequence: reader.uint(),
    sender: { pid: reader.uint32(), uid: reader.uint32() },
    time: reader.uint(),
  }
}

const HAS_IDENTIFIERS = 1

/** Numbers may be any here: which of them a restore accepts is the engine's to say. */
export function writeHeader(writer: ByteWriter, { time, limits, nextId, identifiers }: CheckpointHeader): void {
  writer.byte(identifiers === undefined ? 0 : HAS_IDENTIFIERS)
  writer.int(time)
  writeLimits(writer, limits)
  writer.int(nextId)
  if (identifiers === undefined) return
  writer.int(identifiers.nextIndex)
  writer.int(identifiers.lastIndex)
  writer.int(identifiers.sequence)
}

export function readHeader(reader: ByteReader): CheckpointHeader {
  const flags = reader.flags(HAS_IDENTIFIERS)
  return {
    time: reader.int(),
    limits: readLimits(reader),
    nextId: reader.int(),
    ...(flags & HAS_IDENTIFIERS && {
      identifiers: { nextIndex: reader.int(), lastIndex: reader.int(), sequence: reader.int() },
    }),
  }
}

export function writeLimits(writer: ByteWriter, { msgmax, msgmnb, msgmni }: Limits): void {
  writer.int(msgmax)
  writer.int(msgmnb)
  writer.int(msgmni)
}

export function readLimits(reader: ByteReader): Limits {
  return { msgmax: reader.int(), msgmnb: reader.int(), msgmni: reader.int() }
}

/** What a queue may leave out; the place of each is its flag. Of the format: never change the order. */
const OPTIONAL = ['stime', 'rtime', 'ctime', 'lspid', 'lrpid', 'copyCounter', 'lastSequence'] as const
const WHOLE_QUEUE = 0x7f

export function writeQueue(writer: ByteWriter, queue: CheckpointQueue): void {
  const { msqid, perm, qbytes, messages } = queue
  writer.byte(OPTIONAL.reduce((flags, field, place) => (queue[field] === undefined ? flags : flags | (1 << place)), 0))
  writer.int32(msqid)
  writer.int(perm.key)
  writer.int(perm.uid)
  writer.int(perm.gid)
  writer.int(perm.cuid)
  writer.int(perm.cgid)
  writer.int(perm.mode)
  writer.qbytes(qbytes)
  for (const field of OPTIONAL) {
    const value = queue[field]
    if (value !== undefined) writer.int(value)
  }
  writer.uint(messages.length)
  for (const message of messages) writeMessage(writer, message)
}

export function readQueue(reader: ByteReader): CheckpointQueue {
  const flags = reader.flags(WHOLE_QUEUE)
  return { ...readQueueFields(reader, flags), messages: reader.list(readMessage) }
}

/** A queue of an engine's, which tells everything. */
export function readWholeQueue(reader: ByteReader): StateQueue {
  if (reader.flags(WHOLE_QUEUE) !== WHOLE_QUEUE) throw reader.error('a queue that tells everything', 1)
  const fields = readQueueFields(reader, WHOLE_QUEUE) as Omit<StateQueue, 'messages'>
  return { ...fields, messages: reader.list(readWholeMessage) }
}

function readQueueFields(reader: ByteReader, flags: number): Omit<CheckpointQueue, 'messages'> {
  const msqid = reader.int32()
  const perm = {
    key: reader.int(),
    uid: reader.int(),
    gid: reader.int(),
    cuid: reader.int(),
    cgid: reader.int(),
    mode: reader.int(),
  }
  const qbytes = reader.qbytes()
  const told: { -readonly [Field in (typeof OPTIONAL)[number]]?: number } = {}
  for (const [place, field] of OPTIONAL.entries()) if (flags & (1 << place)) told[field] = reader.int()
  return { msqid, perm, qbytes, ...told }
}
