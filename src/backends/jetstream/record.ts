/** What a record of the log is. Of the format: never change one, only add. */
export const BEGIN = 1
export const BATCH = 2
export const EXPIRE = 3
/** What a replica had at a check point. */
export const CHECK = 4
/** An image of a check point is kept, and is where replicas begin. */
export const IMAGE = 5

/** Records of a newer version stop a replica: it cannot know what they do. */
export const RECORD_VERSION = 1

/** The batch goes on in the next record of its session. */
const GOES_ON = 1

export const HEADER_BYTES = 19
/** Before each entry of a body stands its length. */
export const LENGTH_BYTES = 4

export interface LogMessage {
  readonly version: number
  readonly kind: number
  /** The next record of the session belongs to the same batch. */
  readonly goesOn: boolean
  /** Whose it is; for EXPIRE, whose end. */
  readonly session: number
  /**
   * Counts the records of a session, from 1; for EXPIRE, the last one that was seen; for CHECK and IMAGE, the record that
   * is the check point; for BEGIN, what lies between two check points, 0 for the usual.
   */
  readonly number: number
  readonly body: Uint8Array
}

/** Room for a body in a record of so many bytes. */
export function bodyBytesMax(recordBytesMax: number): number {
  return recordBytesMax - HEADER_BYTES
}

export function encodeRecord({ body, ...header }: Omit<LogMessage, 'version'>): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES + body.length)
  bytes.set(body, HEADER_BYTES)
  writeHeader(bytes, header)
  return bytes
}

/** Writes what stands before the body of a record, which is there already. */
export function writeHeader(
  bytes: Uint8Array,
  { kind, goesOn, session, number }: Omit<LogMessage, 'version' | 'body'>,
): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, HEADER_BYTES)
  view.setUint8(0, RECORD_VERSION)
  view.setUint8(1, kind)
  view.setUint8(2, goesOn ? GOES_ON : 0)
  view.setFloat64(3, session, true)
  view.setFloat64(11, number, true)
}

/** @returns `undefined` for bytes that are no record: they are skipped, and counted, by every replica. */
export function decodeRecord(bytes: Uint8Array): LogMessage | undefined {
  if (bytes.length < HEADER_BYTES) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const session = view.getFloat64(3, true)
  const number = view.getFloat64(11, true)
  const areNumbers = Number.isSafeInteger(session) && session >= 0 && Number.isSafeInteger(number) && number >= 0
  const version = view.getUint8(0)
  // A newer one may have others.
  if (!areNumbers && version <= RECORD_VERSION) return undefined
  const [kind, goesOn] = [view.getUint8(1), view.getUint8(2) === GOES_ON]
  return { version, kind, goesOn, session, number, body: bytes.subarray(HEADER_BYTES) }
}

/** Entries as one body, each behind its length. */
export function packEntries(entries: readonly Uint8Array[]): Uint8Array {
  const sizeBytes = entries.reduce((sum, { length }) => sum + LENGTH_BYTES + length, 0)
  const body = new Uint8Array(sizeBytes)
  const view = new DataView(body.buffer)
  let offset = 0
  for (const entry of entries) {
    view.setUint32(offset, entry.length, true)
    body.set(entry, offset + LENGTH_BYTES)
    offset += LENGTH_BYTES + entry.length
  }
  return body
}

/** The entries of a body; `undefined` where it is none. */
export function unpackEntries(body: Uint8Array): Uint8Array[] | undefined {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength)
  const entries: Uint8Array[] = []
  let offset = 0
  while (offset < body.length) {
    if (offset + LENGTH_BYTES > body.length) return undefined
    const start = offset + LENGTH_BYTES
    offset = start + view.getUint32(offset, true)
    if (offset > body.length) return undefined
    entries.push(body.subarray(start, offset))
  }
  return entries
}
