import type { ByteReader } from './byte-reader.ts'
import type { ByteWriter } from './byte-writer.ts'

/** The versions of frames that are spoken here. A new version is added, the golden frames of an old one stay readable. */
export const MIN_VERSION = 1
export const MAX_VERSION = 1

/** Bytes of a session's secret: 128 random bits, which nobody guesses. */
export const SECRET_BYTES = 16

/** What proves that a client is the one that a session was opened for. */
export interface SessionKey {
  readonly session: number
  /** SECRET_BYTES of them. */
  readonly secret: Uint8Array
}

/** The highest version that both sides speak, or `undefined`: then the server says so in an `error` frame, and closes. */
export function agreedVersion(hello: { readonly minVersion: number; readonly maxVersion: number }): number | undefined {
  const version = Math.min(MAX_VERSION, hello.maxVersion)
  return version >= Math.max(MIN_VERSION, hello.minVersion) ? version : undefined
}

export function writeSessionKey(writer: ByteWriter, { session, secret }: SessionKey): void {
  if (secret.length !== SECRET_BYTES) {
    throw new RangeError(`cannot be encoded: a secret has ${SECRET_BYTES} bytes, not ${secret.length}`)
  }
  writer.uint(session)
  writer.raw(secret)
}

/** The secret is kept, whatever becomes of the frame. */
export function readSessionKey(reader: ByteReader): SessionKey {
  return { session: reader.uint(), secret: reader.raw(SECRET_BYTES).slice() }
}
