/** What our file says of another file of the image: enough to know it again. */
export interface FileSeal {
  readonly sizeBytes: number
  /** SHA-256 in lower-case hexadecimal. */
  readonly sha256: string
}

export async function sealOf(bytes: Uint8Array): Promise<FileSeal> {
  return { sizeBytes: bytes.length, sha256: await sha256(bytes) }
}

export async function isSealed(bytes: Uint8Array, seal: FileSeal): Promise<boolean> {
  return bytes.length === seal.sizeBytes && (await sha256(bytes)) === seal.sha256
}

/** By the Web Crypto that Node and browsers share. */
export async function sha256(bytes: Uint8Array): Promise<string> {
  // Bytes that several threads share cannot be hashed by it, and no file's are.
  const digest = await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>)
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('')
}
