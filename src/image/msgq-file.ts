import { INT_MAX, IPCID_SEQ_MAX, IPCMNI } from '../abi/index.ts'
import type { Checkpoint, CheckpointHeader, IdentifierCursor } from '../engine/index.ts'
import { ByteWriter } from './byte-writer.ts'
import { ImageError } from './errors.ts'
import { type JsonObject, lineOf, parseLine } from './json-line.ts'
import type { MessageColumns } from './message-columns.ts'
import { queueAsJson } from './queue-line.ts'
import { type FileSeal, sha256 } from './seal.ts'
import { waitingAsJson } from './waiting-line.ts'

/**
 * Our own file beside CRIU's, `msgq-N.ndjson`: all that CRIU forgets, one JSON object a line.
 *
 *   file   = header, { queue } in the order of ipcns-msg-N.img, { waiting }, end
 *   header = { "format": "msgq image", "version": 1, "time", "nextId", "identifiers"?, "files", "queues", "waiting" }
 *            files: each other file's name with its size in bytes and SHA-256; queues, waiting: how many lines follow
 *   queue  = { "queue": { "msqid", "creator", "qbytes", … , "messages": { "count", columns } } }
 *   waiting= { "waiting": { "ticket", "msqid", "caller", "call" } }
 *   end    = { "sha256": of every byte before this line }
 *
 * A line a queue keeps every string far below an engine's longest, and CRIU opens no file whose name does not end in
 * `.img`.
 */

/** The newest format that this reads, and the one that it writes. */
export const IMAGE_VERSION = 1

const FORMAT = 'msgq image'
const NEWLINE = 0x0a
export const SHA256: RegExp = /^[0-9a-f]{64}$/

/** Our file, read: its head checked, the lines of queues and waiting calls still to be read. */
export interface MsgqFile extends Pick<CheckpointHeader, 'time' | 'nextId' | 'identifiers'> {
  readonly files: ReadonlyMap<string, FileSeal>
  readonly queues: readonly JsonObject[]
  readonly waiting: readonly JsonObject[]
}

/**
 * Puts what CRIU forgets into our file.
 *
 * @param checkpoint The waiting calls are read before this returns, so that their bytes may change afterwards.
 * @param columns What each queue's messages tell: complete when the file is asked for.
 */
export function beginMsgqFile(
  name: string,
  checkpoint: Checkpoint,
  columns: readonly MessageColumns[],
): (files: ReadonlyMap<string, FileSeal>) => Promise<Uint8Array> {
  const { time, nextId, identifiers, queues } = checkpoint
  const waiting = checkpoint.waiting.map((call) => lineOf({ waiting: waitingAsJson(call) }))

  return async (files) => {
    const seals = Object.fromEntries(
      [...files].map(([file, seal]) => [file, { bytes: seal.sizeBytes, sha256: seal.sha256 }]),
    )
    const header = { format: FORMAT, version: IMAGE_VERSION, time, nextId, identifiers, files: seals }
    const whole = new ByteWriter(name)
    whole.bytes(lineOf({ ...header, queues: queues.length, waiting: waiting.length }))
    for (const [index, queue] of queues.entries()) whole.bytes(lineOf({ queue: queueAsJson(queue, columns[index]) }))
    for (const line of waiting) whole.bytes(line)
    whole.bytes(lineOf({ sha256: await sha256(whole.written()) }))
    return whole.written()
  }
}

/**
 * Reads our file and checks that it is whole.
 *
 * @throws {ImageError} It is cut short, damaged, another kind of file, or of a newer format.
 */
export async function readMsgqFile(name: string, bytes: Uint8Array): Promise<MsgqFile> {
  const headerEnd = endOfLine(bytes, 0)
  const header = parseLine(name, 0, 'header', bytes.subarray(0, headerEnd))
  if (!header.has('format')) throw header.error(`a header of a ${FORMAT}`, header.names().join(', '))
  header.string('format', new RegExp(`^${FORMAT}$`))
  const version = header.integer('version', 1, Number.MAX_SAFE_INTEGER)
  if (version > IMAGE_VERSION) {
    throw new ImageError(name, `format version ${IMAGE_VERSION} or older: a newer msgq wrote this image`, {
      offset: 0,
      found: `version ${version}`,
    })
  }
  const lines = await sealedLines(name, bytes)
  const queues = header.integer('queues', 0, IPCMNI)
  const waiting = header.integer('waiting', 0, Number.MAX_SAFE_INTEGER)
  if (lines.length !== 1 + queues + waiting) {
    throw header.error(`${queues} lines of queues and ${waiting} of waiting calls`, `${lines.length - 1} lines`)
  }
  const body = (path: string, from: number, count: number) =>
    lines
      .slice(from, from + count)
      .map(({ start, end }) => parseLine(name, start, path, bytes.subarray(start, end)).object(path))
  return {
    time: header.integer('time', 0, Number.MAX_SAFE_INTEGER),
    nextId: header.integer('nextId', -1, INT_MAX),
    ...(header.has('identifiers') && { identifiers: readIdentifiers(header.object('identifiers')) }),
    files: readSeals(header.object('files')),
    queues: body('queue', 1, queues),
    waiting: body('waiting', 1 + queues, waiting),
  }
}

/** The lines before the last, which holds their hash. */
async function sealedLines(name: string, bytes: Uint8Array): Promise<{ start: number; end: number }[]> {
  const lines: { start: number; end: number }[] = []
  for (let start = 0; start < bytes.length; ) {
    const end = endOfLine(bytes, start)
    lines.push({ start, end })
    start = end + 1
  }
  const last = lines.pop()
  if (last === undefined || last.end === bytes.length) {
    throw new ImageError(name, 'a last line that ends', { offset: bytes.length, found: 'the end' })
  }
  const seal = parseLine(name, last.start, 'end', bytes.subarray(last.start, last.end))
  if (!seal.has('sha256')) throw seal.error('a last line with the SHA-256 of the others', 'another line')
  const expected = seal.string('sha256', SHA256)
  const found = await sha256(bytes.subarray(0, last.start))
  if (found !== expected) throw seal.error(`the lines before to have the SHA-256 ${expected}`, found)
  return lines
}

function readSeals(files: JsonObject): Map<string, FileSeal> {
  return new Map(
    files.names().map((file) => {
      const seal = files.object(file)
      const sizeBytes = seal.integer('bytes', 0, Number.MAX_SAFE_INTEGER)
      return [file, { sizeBytes, sha256: seal.string('sha256', SHA256) }]
    }),
  )
}

export function readIdentifiers(cursor: JsonObject): IdentifierCursor {
  return {
    nextIndex: cursor.integer('nextIndex', 0, IPCMNI),
    lastIndex: cursor.integer('lastIndex', -1, IPCMNI - 1),
    sequence: cursor.integer('sequence', 0, IPCID_SEQ_MAX - 1),
  }
}

function endOfLine(bytes: Uint8Array, start: number): number {
  const end = bytes.indexOf(NEWLINE, start)
  return end === -1 ? bytes.length : end
}
