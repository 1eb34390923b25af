/** Fewer arguments than any engine refuses of one call. */
const CHUNK_BYTES = 0x2000

/** Bytes as base64. `Buffer` is not there in a browser, and `btoa` takes characters. */
export function toBase64(bytes: Uint8Array): string {
  let characters = ''
  for (let start = 0; start < bytes.length; start += CHUNK_BYTES) {
    characters += String.fromCharCode(...bytes.subarray(start, start + CHUNK_BYTES))
  }
  return btoa(characters)
}

/** @throws {RangeError} it is no base64. */
export function fromBase64(text: string): Uint8Array {
  let characters: string
  try {
    characters = atob(text)
  } catch (error) {
    throw new RangeError('a payload must be base64', { cause: error })
  }
  return Uint8Array.from(characters, (character) => character.charCodeAt(0))
}
