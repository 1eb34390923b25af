import type { CheckpointHeader, CheckpointQueue, Code, HistoryEvent, WaitingCall } from '../engine/index.ts'
import { type ByteReader, decodeWhole } from './byte-reader.ts'
import type { ByteWriter } from './byte-writer.ts'
import { readWaitingCall, writeWaitingCall } from './calls.ts'
import { type AnswerValue, readOutcome, writeCode, writeValue } from './outcomes.ts'
import { readHeader, readQueue, writeHeader, writeQueue } from './queues.ts'
import { readSessionKey, type SessionKey, writeSessionKey } from './session.ts'

/** The server's first frame. */
export interface WelcomeFrame {
  readonly kind: 'welcome'
  readonly version: number
  /** The session: the one that the hello asked to resume, or a new one where that was gone. */
  readonly key: SessionKey
  /** What is served: the url of the namespace behind the socket. */
  readonly url: string
  /** What it can and cannot promise, by name. A client takes the names that it knows. */
  readonly capabilities: Readonly<Record<string, boolean | string>>
  /** Of the features that the hello asked for those that it gets. */
  readonly features: readonly string[]
}

/** What a refused call was about, where the client cannot tell from its own arguments. */
export interface RefusalDetails {
  readonly msqid?: number
  readonly key?: number
  readonly hint?: string
}

/** The end of the call or the request with this number. */
export type AnswerFrame =
  | { readonly kind: 'answer'; readonly number: number; readonly value: AnswerValue }
  | { readonly kind: 'answer'; readonly number: number; readonly code: Code; readonly details?: RefusalDetails }

/** A piece of a checkpoint, or of the list of waiting calls. A queue goes on where a part before brought it. */
export type CheckpointPart =
  | { readonly part: 'header'; readonly header: CheckpointHeader }
  | { readonly part: 'queues'; readonly queues: readonly CheckpointQueue[] }
  | { readonly part: 'waiting'; readonly waiting: readonly WaitingCall[] }

/** A piece of what happened. */
export interface HistoryPart {
  readonly part: 'history'
  readonly events: readonly HistoryEvent[]
}

export type ServerFrame =
  | WelcomeFrame
  | AnswerFrame
  /** The namespace behind the socket could not be asked: the code and the text of a `BackendError`. */
  | { readonly kind: 'failure'; readonly number: number; readonly code: string; readonly message: string }
  /** Comes before the answer to a `checkpoint` or `waiting` request, as often as needed; that answer is 0. */
  | { readonly kind: 'part'; readonly number: number; readonly part: CheckpointPart | HistoryPart }
  /** The client broke the protocol, or none is agreed: the last frame of the connection. */
  | { readonly kind: 'error'; readonly code: string; readonly message: string }
  /** The server stops: no call is taken any more; answers may still come. */
  | { readonly kind: 'going'; readonly message: string }

/** The first byte of a frame. Of the format: never change one, only add. */
const WELCOME = 0x81
const ANSWER = 0x82
const REFUSAL = 0x83
const FAILURE = 0x84
const PART = 0x85
const ERROR = 0x86
const GOING = 0x87

const PART_HEADER = 1
const PART_QUEUES = 2
const PART_WAITING = 3
const PART_HISTORY = 4

export function writeServerFrame(writer: ByteWriter, frame: ServerFrame): void {
  switch (frame.kind) {
    case 'answer':
      return writeAnswer(writer, frame)
    case 'failure':
      writer.byte(FAILURE)
      writer.uint(frame.number)
      writer.text(frame.code)
      return writer.text(frame.message)
    case 'part':
      writer.byte(PART)
      writer.uint(frame.number)
      return writePart(writer, frame.part)
    case 'welcome':
      writer.byte(WELCOME)
      return writeWelcome(writer, frame)
    case 'error':
      writer.byte(ERROR)
      writer.text(frame.code)
      return writer.text(frame.message)
    case 'going':
      writer.byte(GOING)
      return writer.text(frame.message)
  }
}

/**
 * What a server sent: a frame of `FrameReader`. Payloads have bytes of their own.
 *
 * @throws {WireError} these bytes are no frame of a server's.
 */
export function decodeServerFrame(bytes: Uint8Array): ServerFrame {
  return decodeWhole(bytes, true, readServerFrame)
}

function readServerFrame(reader: ByteReader): ServerFrame {
  const kind = reader.byte('the kind of a frame')
  switch (kind) {
    case ANSWER: {
      const number = reader.uint()
      const outcome = readOutcome(reader)
      return 'value' in outcome
        ? { kind: 'answer', number, value: outcome.value }
        : { kind: 'answer', number, code: outcome.code }
    }
    case REFUSAL:
      return readRefusal(reader)
    case FAILURE:
      return { kind: 'failure', number: reader.uint(), code: reader.text(), message: reader.text() }
    case PART:
      return { kind: 'part', number: reader.uint(), part: readPart(reader) }
    case WELCOME:
      return readWelcome(reader)
    case ERROR:
      return { kind: 'error', code: reader.text(), message: reader.text() }
    case GOING:
      return { kind: 'going', message: reader.text() }
    default:
      throw reader.error(`a frame of a server's, not ${kind}`, 1)
  }
}

const HAS_MSQID = 1
const HAS_KEY = 2
const HAS_HINT = 4

function writeAnswer(writer: ByteWriter, frame: AnswerFrame): void {
  if ('value' in frame) {
    writer.byte(ANSWER)
    writer.uint(frame.number)
    return writeValue(writer, frame.value)
  }
  const { number, code, details } = frame
  writer.byte(details === undefined ? ANSWER : REFUSAL)
  writer.uint(number)
  writeCode(writer, code)
  if (details === undefined) return
  const { msqid, key, hint } = details
  writer.byte(
    (msqid === undefined ? 0 : HAS_MSQID) | (key === undefined ? 0 : HAS_KEY) | (hint === undefined ? 0 : HAS_HINT),
  )
  if (msqid !== undefined) writer.int32(msqid)
  if (key !== undefined) writer.int32(key)
  if (hint !== undefined) writer.text(hint)
}

function readRefusal(reader: ByteReader): AnswerFrame {
  const number = reader.uint()
  const outcome = readOutcome(reader)
  if (!('code' in outcome)) throw reader.error('a code')
  const flags = reader.flags(HAS_MSQID | HAS_KEY | HAS_HINT)
  const details = {
    ...(flags & HAS_MSQID ? { msqid: reader.int32() } : {}),
    ...(flags & HAS_KEY ? { key: reader.int32() } : {}),
    ...(flags & HAS_HINT ? { hint: reader.text() } : {}),
  }
  return { kind: 'answer', number, code: outcome.code, details }
}

function writePart(writer: ByteWriter, part: CheckpointPart | HistoryPart): void {
  switch (part.part) {
    case 'header':
      writer.byte(PART_HEADER)
      return writeHeader(writer, part.header)
    case 'queues':
      writer.byte(PART_QUEUES)
      writer.uint(part.queues.length)
      for (const queue of part.queues) writeQueue(writer, queue)
      return
    case 'waiting':
      writer.byte(PART_WAITING)
      writer.uint(part.waiting.length)
      for (const waiting of part.waiting) writeWaitingCall(writer, waiting)
      return
    case 'history':
      writer.byte(PART_HISTORY)
      writer.uint(part.events.length)
      for (const event of part.events) writeEvent(writer, event)
      return
  }
}

function readPart(reader: ByteReader): CheckpointPart | HistoryPart {
  const part = reader.byte('a part')
  switch (part) {
    case PART_HEADER:
      return { part: 'header', header: readHeader(reader) }
    case PART_QUEUES:
      return { part: 'queues', queues: reader.list(readQueue) }
    case PART_WAITING:
      return { part: 'waiting', waiting: reader.list(readWaitingCall) }
    case PART_HISTORY:
      return { part: 'history', events: reader.list(readEvent) }
    default:
      throw reader.error(`a part, not ${part}`, 1)
  }
}

/** The number of each event. Of the format: never change one, only add. */
const EVENT_TAG: Readonly<Record<HistoryEvent['event'], number>> = {
  created: 1,
  sent: 2,
  received: 3,
  changed: 4,
  removed: 5,
  restored: 6,
}
const EVENTS = new Map((Object.keys(EVENT_TAG) as HistoryEvent['event'][]).map((event) => [EVENT_TAG[event], event]))
const HAS_MESSAGE = 1

function writeEvent(writer: ByteWriter, event: HistoryEvent): void {
  const { mtype, sizeBytes, sequence } = event
  writer.byte(EVENT_TAG[event.event])
  writer.uint(event.time)
  writer.int32(event.msqid)
  writer.int32(event.key)
  writer.uint32(event.pid)
  writer.uint32(event.uid)
  if (mtype === undefined || sizeBytes === undefined || sequence === undefined) return writer.byte(0)
  writer.byte(HAS_MESSAGE)
  writer.long(mtype)
  writer.uint(sizeBytes)
  writer.uint(sequence)
}

function readEvent(reader: ByteReader): HistoryEvent {
  const event = EVENTS.get(reader.byte('an event'))
  if (event === undefined) throw reader.error('an event', 1)
  const [time, msqid, key] = [reader.uint(), reader.int32(), reader.int32()]
  const told = { event, time, msqid, key, pid: reader.uint32(), uid: reader.uint32() }
  if ((reader.flags(HAS_MESSAGE) & HAS_MESSAGE) === 0) return told
  return { ...told, mtype: reader.long(), sizeBytes: reader.uint(), sequence: reader.uint() }
}

const FALSE = 0
const TRUE = 1
const TEXT = 2

function writeWelcome(writer: ByteWriter, { version, key, url, capabilities, features }: WelcomeFrame): void {
  writer.uint32(version)
  writeSessionKey(writer, key)
  writer.text(url)
  const named = Object.entries(capabilities).sort(([a], [b]) => (a < b ? -1 : 1))
  writer.uint(named.length)
  for (const [name, value] of named) {
    writer.text(name)
    writer.byte(typeof value === 'string' ? TEXT : value ? TRUE : FALSE)
    if (typeof value === 'string') writer.text(value)
  }
  writer.uint(features.length)
  for (const feature of features) writer.text(feature)
}

function readWelcome(reader: ByteReader): WelcomeFrame {
  return {
    kind: 'welcome',
    version: reader.uint32(),
    key: readSessionKey(reader),
    url: reader.text(),
    capabilities: readCapabilities(reader),
    features: reader.list((each) => each.text()),
  }
}

/** Names rise, so that each is there once. */
function readCapabilities(reader: ByteReader): Record<string, boolean | string> {
  const named = reader.list(readCapability)
  for (const [index, [name]] of named.entries()) {
    const before = named[index - 1]
    if (before !== undefined && before[0] >= name) throw reader.error('names of capabilities that rise')
  }
  return Object.fromEntries(named)
}

function readCapability(reader: ByteReader): [name: string, value: boolean | string] {
  const name = reader.text()
  const kind = reader.byte('the kind of a capability')
  if (kind > TEXT) throw reader.error(`the kind of a capability, not ${kind}`, 1)
  return [name, kind === TEXT ? reader.text() : kind === TRUE]
}
