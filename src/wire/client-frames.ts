import type { Call } from '../engine/index.ts'
import { type ByteReader, decodeWhole } from './byte-reader.ts'
import type { ByteWriter } from './byte-writer.ts'
import { readSpokenFor, type SpokenFor, writeSpokenFor } from './callers.ts'
import { readCall, writeCall } from './calls.ts'
import { readSessionKey, type SessionKey, writeSessionKey } from './session.ts'

/** "MSGQ" in little-endian bytes: whoever speaks another protocol is seen in the first eight bytes. */
const MAGIC = Uint8Array.of(0x4d, 0x53, 0x47, 0x51)

/** A client's first frame. Its layout is the same in every version: what it wants beside is in `features`. */
export interface HelloFrame {
  readonly kind: 'hello'
  /** The versions that the client speaks. */
  readonly minVersion: number
  readonly maxVersion: number
  /** The session to go on with; absent for a new one. */
  readonly resume?: SessionKey
  /** What it would like, by name. What the server does not know it leaves out of its welcome. */
  readonly features: readonly string[]
}

/** A call: the server adds who, when and the session. */
export interface CallFrame {
  readonly kind: 'call'
  /** The ticket's number: 1 or more, never used before in the session but to ask again. */
  readonly number: number
  readonly call: Call
  /** The process to speak for, if it is another one. */
  readonly as?: SpokenFor
}

/** What is asked of a namespace and is no entry: it changes nothing, and is in no journal. */
export type RequestName = 'checkpoint' | 'waiting' | 'limits' | 'nextId'

export interface RequestFrame {
  readonly kind: 'request'
  /** Names the request as a ticket's number names a call: from the same numbers. */
  readonly number: number
  readonly request: RequestName
  readonly as?: SpokenFor
}

/** Asks what happened, for the owner of the namespace and root; the answer comes in parts. */
export interface HistoryFrame {
  readonly kind: 'history'
  readonly number: number
  /** Milliseconds since 1970, both included. */
  readonly from: number
  readonly to: number
  /** Only of this queue, only by this process. */
  readonly msqid?: number
  readonly pid?: number
}

/** Asks for a checkpoint of the past, for the same. */
export interface PastFrame {
  readonly kind: 'past'
  readonly number: number
  /** Milliseconds since 1970. */
  readonly time: number
}

export type ClientFrame =
  | HelloFrame
  | CallFrame
  | RequestFrame
  | HistoryFrame
  | PastFrame
  /** All answers up to this number have come: they may be forgotten. */
  | { readonly kind: 'acknowledge'; readonly number: number }
  /** The session is not needed any more: it may expire at once. */
  | { readonly kind: 'goodbye' }

/** The first byte of a frame. Of the format: never change one, only add. A server's have the highest bit set. */
const HELLO = 0x01
const CALL = 0x02
const REQUEST = 0x03
const ACKNOWLEDGE = 0x04
const GOODBYE = 0x05
const HISTORY = 0x06
const PAST = 0x07

const REQUEST_TAG: Readonly<Record<RequestName, number>> = { checkpoint: 1, waiting: 2, limits: 3, nextId: 4 }
const REQUESTS = new Map((Object.keys(REQUEST_TAG) as RequestName[]).map((name) => [REQUEST_TAG[name], name]))

const HAS_AS = 1
const HAS_RESUME = 1
const HAS_MSQID = 1
const HAS_PID = 2

export function writeClientFrame(writer: ByteWriter, frame: ClientFrame): void {
  switch (frame.kind) {
    case 'call':
      writer.byte(CALL)
      writer.uint(frame.number)
      writeAs(writer, frame.as)
      return writeCall(writer, frame.call)
    case 'request':
      writer.byte(REQUEST)
      writer.uint(frame.number)
      writer.byte(REQUEST_TAG[frame.request])
      return writeAs(writer, frame.as)
    case 'acknowledge':
      writer.byte(ACKNOWLEDGE)
      return writer.uint(frame.number)
    case 'goodbye':
      return writer.byte(GOODBYE)
    case 'history':
      writer.byte(HISTORY)
      return writeHistory(writer, frame)
    case 'past':
      writer.byte(PAST)
      writer.uint(frame.number)
      return writer.uint(frame.time)
    case 'hello':
      writer.byte(HELLO)
      return writeHello(writer, frame)
  }
}

/**
 * What a client sent: a frame of `FrameReader`. Payloads are views of it: the engine copies what it keeps.
 *
 * @throws {WireError} these bytes are no frame of a client's.
 */
export function decodeClientFrame(bytes: Uint8Array): ClientFrame {
  return decodeWhole(bytes, false, readClientFrame)
}

function readClientFrame(reader: ByteReader): ClientFrame {
  const kind = reader.byte('the kind of a frame')
  switch (kind) {
    case CALL: {
      const number = reader.uint()
      const as = readAs(reader)
      const call = readCall(reader)
      return as === undefined ? { kind: 'call', number, call } : { kind: 'call', number, call, as }
    }
    case REQUEST: {
      const number = reader.uint()
      const request = REQUESTS.get(reader.byte('the number of a request'))
      if (request === undefined) throw reader.error('the number of a request', 1)
      const as = readAs(reader)
      return as === undefined ? { kind: 'request', number, request } : { kind: 'request', number, request, as }
    }
    case ACKNOWLEDGE:
      return { kind: 'acknowledge', number: reader.uint() }
    case GOODBYE:
      return { kind: 'goodbye' }
    case HELLO:
      return readHello(reader)
    case HISTORY:
      return readHistory(reader)
    case PAST:
      return { kind: 'past', number: reader.uint(), time: reader.uint() }
    default:
      throw reader.error(`a frame of a client's, not ${kind}`, 1)
  }
}

function writeHello(writer: ByteWriter, { minVersion, maxVersion, resume, features }: HelloFrame): void {
  writer.raw(MAGIC)
  writer.uint32(minVersion)
  writer.uint32(maxVersion)
  writer.byte(resume === undefined ? 0 : HAS_RESUME)
  if (resume !== undefined) writeSessionKey(writer, resume)
  writer.uint(features.length)
  for (const feature of features) writer.text(feature)
}

function readHello(reader: ByteReader): HelloFrame {
  for (const byte of MAGIC) if (reader.byte('"MSGQ"') !== byte) throw reader.error('"MSGQ"', 1)
  const minVersion = reader.uint32()
  const maxVersion = reader.uint32()
  if (minVersion > maxVersion) throw reader.error('versions from the lowest to the highest')
  const resume = reader.flags(HAS_RESUME) & HAS_RESUME ? { resume: readSessionKey(reader) } : {}
  return { kind: 'hello', minVersion, maxVersion, ...resume, features: reader.list((each) => each.text()) }
}

function writeHistory(writer: ByteWriter, { number, from, to, msqid, pid }: HistoryFrame): void {
  writer.uint(number)
  writer.uint(from)
  writer.uint(to)
  writer.byte((msqid === undefined ? 0 : HAS_MSQID) | (pid === undefined ? 0 : HAS_PID))
  if (msqid !== undefined) writer.int32(msqid)
  if (pid !== undefined) writer.uint32(pid)
}

function readHistory(reader: ByteReader): HistoryFrame {
  const frame = { kind: 'history', number: reader.uint(), from: reader.uint(), to: reader.uint() } as const
  const flags = reader.flags(HAS_MSQID | HAS_PID)
  return {
    ...frame,
    ...(flags & HAS_MSQID && { msqid: reader.int32() }),
    ...(flags & HAS_PID && { pid: reader.uint32() }),
  }
}

function writeAs(writer: ByteWriter, as: SpokenFor | undefined): void {
  writer.byte(as === undefined ? 0 : HAS_AS)
  if (as !== undefined) writeSpokenFor(writer, as)
}

function readAs(reader: ByteReader): SpokenFor | undefined {
  return reader.flags(HAS_AS) & HAS_AS ? readSpokenFor(reader) : undefined
}
