import type { Caller, Completion, Entry } from '../engine/index.ts'
import { type ByteReader, decodeWhole } from './byte-reader.ts'
import { ByteWriter } from './byte-writer.ts'
import { readCaller, readTicket, writeCaller, writeTicket } from './callers.ts'
import { readCall, writeCall } from './calls.ts'
import { isAnswer, readOutcome, writeCode, writeValue } from './outcomes.ts'

/** One for all, so that small records share a buffer. */
const scratch: ByteWriter = new ByteWriter()

/**
 * An entry as one record of a journal: bytes that are written once, in a buffer shared with other records.
 *
 * @throws {RangeError} a number that the format does not carry: see docs/reference/wire.md.
 */
export function encodeEntry(entry: Entry): Uint8Array {
  return encoded((writer) => writeEntry(writer, entry))
}

/**
 * An entry behind what was written before.
 *
 * @param callerBytes Its caller as `encodeCaller` gave it, for one who writes many of one caller.
 * @throws {RangeError} as `encodeEntry`; a part of it may be written.
 */
export function writeEntry(writer: ByteWriter, { ticket, now, caller, call }: Entry, callerBytes?: Uint8Array): void {
  writeTicket(writer, ticket)
  writer.uint(now)
  if (callerBytes === undefined) writeCaller(writer, caller)
  else writer.raw(callerBytes)
  writeCall(writer, call)
}

/** What an entry has of its caller. @throws {RangeError} as `encodeEntry`. */
export function encodeCaller(caller: Caller): Uint8Array {
  return encoded((writer) => writeCaller(writer, caller))
}

/**
 * The entry of a record.
 *
 * @param bytes One record, whole. Payloads are views of it: the engine copies what it keeps.
 * @throws {WireError} these bytes are no entry.
 */
export function decodeEntry(bytes: Uint8Array): Entry {
  return decodeWhole(bytes, false, (reader) => ({
    ticket: readTicket(reader),
    now: reader.uint(),
    caller: readCaller(reader),
    call: readCall(reader),
  }))
}

/** A completion as bytes. @throws {RangeError} as `encodeEntry`. */
export function encodeCompletion(completion: Completion): Uint8Array {
  return encoded((writer) => writeCompletion(writer, completion))
}

/** The completion of `encodeCompletion`; its payload has bytes of its own. @throws {WireError} these bytes are no completion. */
export function decodeCompletion(bytes: Uint8Array): Completion {
  return decodeWhole(bytes, true, readCompletion)
}

export function writeCompletion(writer: ByteWriter, completion: Completion): void {
  writeTicket(writer, completion.ticket)
  if ('value' in completion) writeValue(writer, completion.value)
  else writeCode(writer, completion.code)
}

export function readCompletion(reader: ByteReader): Completion {
  const ticket = readTicket(reader)
  const outcome = readOutcome(reader)
  if ('code' in outcome) return { ticket, code: outcome.code }
  const { value } = outcome
  if (isAnswer(value)) throw reader.error('what an engine answers: a message that tells everything, a struct, a number')
  return { ticket, value }
}

function encoded(write: (writer: ByteWriter) => void): Uint8Array {
  // What an encoding that failed left behind is gone.
  scratch.cutTo(0)
  write(scratch)
  return scratch.take()
}
