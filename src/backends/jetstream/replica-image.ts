import { BackendError } from '../../contract/index.ts'
import type { Engine } from '../../engine/index.ts'
import { loadEngine } from '../../host/index.ts'
import { type ByteReader, ByteWriter, decodeWhole, WireError } from '../../wire/index.ts'
import { decodeRecord, encodeRecord, type LogMessage } from './record.ts'

/**
 * An image of a replica: "MSGL", version, length, so many bytes of what came of the log, and behind them the engine's
 * state. The same for all replicas that have applied the same records; its SHA-256 is what they compare.
 */
const MAGIC = 0x4c47_534d
const IMAGE_VERSION = 1
const HEADER_BYTES = 12

/** What has come of a session's records. */
export interface Progress {
  /** All up to this one are applied. */
  last: number
  /** Those that came before one in front of them. */
  readonly early: Map<number, LogMessage>
  /** The beginning of a batch that goes on. */
  begun: Uint8Array[]
}

/** What a replica has beside its engine. */
export interface ReplicaFields {
  /** The record applied last. */
  sequence: number
  /** Records and entries that were none. */
  skipped: number
  /** Records and entries between two check points. */
  checkEvery: number
  /** Records and entries since the last one, and their bytes. */
  work: number
  workBytes: number
  /** Bytes of all records that the log ever had. */
  loggedBytes: number
  readonly progress: Map<number, Progress>
  /** Sessions that have ended, so that a record which comes late brings none back. */
  readonly ended: Set<number>
}

/** What stands before the state. */
export function encodeFields(fields: ReplicaFields): Uint8Array {
  const writer = new ByteWriter()
  writer.fixed32(MAGIC)
  writer.fixed32(IMAGE_VERSION)
  writer.fixed32(0)
  for (const count of [fields.sequence, fields.skipped, fields.checkEvery]) writer.uint(count)
  for (const count of [fields.work, fields.workBytes, fields.loggedBytes]) writer.uint(count)
  writer.uint(fields.progress.size)
  for (const [session, { last, early, begun }] of fields.progress) {
    writer.uint(session)
    writer.uint(last)
    writer.uint(begun.length)
    for (const bytes of begun) writer.payload(bytes)
    writer.uint(early.size)
    for (const message of early.values()) writer.payload(encodeRecord(message))
  }
  writer.uint(fields.ended.size)
  for (const session of fields.ended) writer.uint(session)
  writer.fixed32At(8, writer.length - HEADER_BYTES)
  return writer.take()
}

/**
 * The replica of an image.
 *
 * @param pieces Its bytes, cut anywhere. @throws {WireError} they are no image.
 * @throws {BackendError} `ERR_MSGQ_PROTOCOL` a newer msgq wrote it.
 */
export async function loadReplica(
  pieces: AsyncIterable<Uint8Array>,
): Promise<{ readonly fields: ReplicaFields; readonly engine: Engine }> {
  const iterator = pieces[Symbol.asyncIterator]()
  let start = new Uint8Array()
  const untilThere = async (sizeBytes: number) => {
    while (start.length < sizeBytes) {
      const next = await iterator.next()
      if (next.done) throw new WireError(start.length, `${sizeBytes} bytes of an image`)
      start = Buffer.concat([start, next.value])
    }
    return new DataView(start.buffer, start.byteOffset, start.byteLength)
  }
  const view = await untilThere(HEADER_BYTES)
  if (view.getUint32(0, true) !== MAGIC) throw new WireError(0, '"MSGL"')
  const version = view.getUint32(4, true)
  if (version !== IMAGE_VERSION) {
    const what = `the image of the log has version ${version}, and this msgq knows ${IMAGE_VERSION}`
    throw new BackendError('ERR_MSGQ_PROTOCOL', `${what}: update it`)
  }
  const end = HEADER_BYTES + view.getUint32(8, true)
  await untilThere(end)
  const fields = decodeWhole(start.subarray(HEADER_BYTES, end), true, readFields)
  const rest = async function* () {
    if (start.length > end) yield start.slice(end)
    for (let next = await iterator.next(); !next.done; next = await iterator.next()) yield next.value
  }
  return { fields, engine: await loadEngine(rest()) }
}

function readFields(reader: ByteReader): ReplicaFields {
  const [sequence, skipped, checkEvery] = [reader.uint(), reader.uint(), reader.uint()]
  const [work, workBytes, loggedBytes] = [reader.uint(), reader.uint(), reader.uint()]
  const progress = new Map<number, Progress>()
  for (let rest = reader.count(); rest > 0; rest--) {
    const session = reader.uint()
    const last = reader.uint()
    const begun = reader.list((each) => each.payload())
    const early = reader.list((each) => readEarly(each))
    progress.set(session, { last, begun, early: new Map(early.map((message) => [message.number, message])) })
  }
  const ended = new Set(reader.list((each) => each.uint()))
  return { sequence, skipped, checkEvery, work, workBytes, loggedBytes, progress, ended }
}

function readEarly(reader: ByteReader): LogMessage {
  const message = decodeRecord(reader.payload())
  if (message === undefined) throw reader.error('a record')
  return message
}
