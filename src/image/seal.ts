/** What our file says of another file of the image: enough to know it again. */
export interface FileSeal {
  readonly sizeBytes: number
  /** SHA-256 in lower-case hexadecimal. */
  readonly sha256: string
}

/** A file that was read: what it is known by, and what it holds. */
export interface SealedResult<Result> {
  readonly seal: FileSeal
  /** @throws {ImageError} It holds something else. */
  result(): Result
}

export async function sealOf(bytes: Uint8Array): Promise<FileSeal> {
  return { sizeBytes: bytes.length, sha256: await sha256(bytes) }
}

export function isSame(one: FileSeal, other: FileSeal): boolean {
  return one.sizeBytes === other.sizeBytes && one.sha256 === other.sha256
}

/** By the Web Crypto that Node and browsers share. */
export async function sha256(bytes: Uint8Array): Promise<string> {
  // Bytes that several threads share cannot be hashed by it, and no file's are.
  const digest = await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>)
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('')
}
