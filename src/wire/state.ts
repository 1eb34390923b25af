import type { StatePart } from '../engine/index.ts'
import { ByteReader } from './byte-reader.ts'
import { ByteWriter } from './byte-writer.ts'
import { readCaller, readTicket, writeCaller, writeTicket } from './callers.ts'
import { readWaitingCall, writeWaitingCall } from './calls.ts'
import { readCompletion, writeCompletion } from './entries.ts'
import { WireError } from './errors.ts'
import { FrameReader, LENGTH_BYTES, littleEndian32 } from './frame-reader.ts'
import { endFrame } from './frames.ts'
import { FRAME_BYTES_MAX, PART_BYTES, STATE_PIECE_BYTES_MAX } from './limits.ts'
import { readHeader, readLimits, readQueue, readWholeQueue, writeHeader, writeLimits, writeQueue } from './queues.ts'

/** "MSGS" in little-endian bytes. */
const MAGIC = 0x5347_534d
const STATE_VERSION = 1
const HEADER_BYTES = 8
/** A few queues, and what some sessions were answered, are as much; a writer that began small would grow four times until then. */
const STATE_BUFFER_BYTES = 16_384

/** What a part is. Of the format: never change one, only add. */
const END = 0
const NAMESPACE = 1
const QUEUE = 2
const SESSION = 3
const ANSWER = 4
const WAITING = 5
const HELD = 6
const RESTORE = 7
const STAGED = 8

const COUNTER = 1
const CHECKPOINT_RESTORE = 2

/**
 * An engine's state as bytes, in pieces of at most STATE_PIECE_BYTES_MAX.
 *
 * @param parts Of `saveState`: they are asked for as the pieces are.
 * @param writer Of one who encodes states again and again, one after the other: its buffers are used, and no new ones grow.
 * @throws {RangeError} a message is longer than MESSAGE_BYTES_MAX.
 */
export function* encodeState(
  parts: Iterable<StatePart>,
  writer: ByteWriter = new ByteWriter(undefined, STATE_BUFFER_BYTES),
): Generator<Uint8Array> {
  // What an encoding that failed left behind is gone.
  writer.cutTo(0)
  writer.fixed32(MAGIC)
  writer.fixed32(STATE_VERSION)
  let count = 0
  for (const part of parts) {
    const start = writer.length
    writer.fixed32(0)
    writePart(writer, part)
    endFrame(writer, start)
    count++
    if (writer.length >= PART_BYTES) yield* piecesOf(writer.take())
  }
  const start = writer.length
  writer.fixed32(0)
  writer.byte(END)
  writer.uint(count)
  endFrame(writer, start)
  yield* piecesOf(writer.take())
}

function* piecesOf(bytes: Uint8Array): Generator<Uint8Array> {
  for (let start = 0; start < bytes.length; start += STATE_PIECE_BYTES_MAX) {
    yield bytes.subarray(start, start + STATE_PIECE_BYTES_MAX)
  }
}

/**
 * The parts of `encodeState`, for `loadState`.
 *
 * @param pieces The bytes, cut anywhere.
 * @throws {WireError} these bytes are no state, or not a whole one. Damage that looks like a state is for a checksum to see.
 */
export function* decodeState(pieces: Iterable<Uint8Array>): Generator<StatePart> {
  const reader = new StateReader()
  for (const piece of pieces) {
    reader.push(piece)
    for (let part = reader.next(); part !== undefined; part = reader.next()) yield part
  }
  reader.end()
}

/** `decodeState` for pieces that come one by one: `push` each, then take `next` until there is none; `end` after the last. */
export class StateReader {
  readonly #frames = new FrameReader(FRAME_BYTES_MAX)
  readonly #header: number[] = []
  #count = 0
  #isWhole = false

  /** Adds a piece, which must not change any more. */
  push(piece: Uint8Array): void {
    const ofHeader = Math.min(HEADER_BYTES - this.#header.length, piece.length)
    if (ofHeader === 0) return this.#frames.push(piece)
    this.#header.push(...piece.subarray(0, ofHeader))
    if (this.#header.length < HEADER_BYTES) return
    const header = Uint8Array.from(this.#header)
    if (littleEndian32(header, 0) !== MAGIC) throw new WireError(0, '"MSGS"')
    const version = littleEndian32(header, LENGTH_BYTES)
    if (version !== STATE_VERSION) throw new WireError(LENGTH_BYTES, `version ${STATE_VERSION}, not ${version}`)
    this.#frames.push(piece.subarray(ofHeader))
  }

  /** The next part, or `undefined` until more was pushed. @throws {WireError} these bytes are no state. */
  next(): StatePart | undefined {
    const bytes = this.#frames.next()
    if (bytes === undefined) return undefined
    if (this.#isWhole) throw new WireError(0, 'nothing behind the end of a state')
    // A queue's messages are copied by the engine, everything else it keeps.
    const reader = new ByteReader(bytes, bytes[0] !== QUEUE)
    const part = readPart(reader, this.#count)
    reader.end()
    if (part === undefined) this.#isWhole = true
    else this.#count++
    return part
  }

  /** @throws {WireError} the state is not whole. */
  end(): void {
    this.#frames.end()
    if (!this.#isWhole) throw new WireError(this.#header.length, 'the end of a state')
  }
}

function writePart(writer: ByteWriter, part: StatePart): void {
  switch (part.part) {
    case 'namespace':
      writer.byte(NAMESPACE)
      return writeNamespace(writer, part)
    case 'queue':
      writer.byte(QUEUE)
      return writeQueue(writer, part.queue)
    case 'session':
      writer.byte(SESSION)
      writer.uint(part.session)
      return writer.uint(part.acknowledged)
    case 'answer':
      writer.byte(ANSWER)
      return writeCompletion(writer, part.completion)
    case 'waiting':
      writer.byte(WAITING)
      writer.uint(part.order)
      return writeWaitingCall(writer, part.call)
    case 'held':
      writer.byte(HELD)
      writeTicket(writer, part.receive)
      writeCaller(writer, part.caller)
      writer.int32(part.msqid)
      return writer.uint(part.sequence)
    case 'restore':
      writer.byte(RESTORE)
      writeTicket(writer, part.ticket)
      return writeHeader(writer, part.header)
    case 'staged':
      writer.byte(STAGED)
      writeTicket(writer, part.restore)
      return writeQueue(writer, part.queue)
  }
}

/** The end is no part; it says how many there were. */
function readPart(reader: ByteReader, count: number): StatePart | undefined {
  const tag = reader.byte('a part')
  switch (tag) {
    case END:
      if (reader.uint() !== count) throw reader.error(`the end after ${count} parts`)
      return undefined
    case NAMESPACE:
      return readNamespace(reader)
    case QUEUE:
      return { part: 'queue', queue: readWholeQueue(reader) }
    case SESSION:
      return { part: 'session', session: reader.uint(), acknowledged: reader.uint() }
    case ANSWER:
      return { part: 'answer', completion: readCompletion(reader) }
    case WAITING:
      return { part: 'waiting', order: reader.uint(), call: readWaitingCall(reader) }
    case HELD:
      return {
        part: 'held',
        receive: readTicket(reader),
        caller: readCaller(reader),
        msqid: reader.int32(),
        sequence: reader.uint(),
      }
    case RESTORE:
      return { part: 'restore', ticket: readTicket(reader), header: readHeader(reader) }
    case STAGED:
      return { part: 'staged', restore: readTicket(reader), queue: readQueue(reader) }
    default:
      throw reader.error(`a part of a state, not ${tag}`, 1)
  }
}

type NamespacePart = Extract<StatePart, { part: 'namespace' }>

function writeNamespace(writer: ByteWriter, { options, now, limits, nextId, identifiers }: NamespacePart): void {
  writer.byte((options.msgCopy === 'counter' ? COUNTER : 0) | (options.checkpointRestore ? CHECKPOINT_RESTORE : 0))
  writer.uint32(options.ownerUid)
  writer.uint(now)
  writeLimits(writer, limits)
  writer.int(nextId)
  writer.int(identifiers.nextIndex)
  writer.int(identifiers.lastIndex)
  writer.int(identifiers.sequence)
}

function readNamespace(reader: ByteReader): NamespacePart {
  const flags = reader.flags(COUNTER | CHECKPOINT_RESTORE)
  return {
    part: 'namespace',
    options: {
      msgCopy: flags & COUNTER ? 'counter' : 'index',
      checkpointRestore: (flags & CHECKPOINT_RESTORE) !== 0,
      ownerUid: reader.uint32(),
    },
    now: reader.uint(),
    limits: readLimits(reader),
    nextId: reader.int(),
    identifiers: { nextIndex: reader.int(), lastIndex: reader.int(), sequence: reader.int() },
  }
}
