/** Turns payloads into bytes and back. `decode` throws when the bytes are not one. */
export interface Codec<T> {
  encode(payload: T): Uint8Array
  decode(bytes: Uint8Array): T
}

/** Payloads that are bytes already. */
export const bytes: Codec<Uint8Array> = {
  encode: (payload) => payload,
  decode: (mtext) => mtext,
}

/** Payloads that are text, in UTF-8. Bytes that are not UTF-8 do not decode. */
export const text: Codec<string> = {
  encode: (payload) => {
    if (typeof payload !== 'string') throw new TypeError(`payload must be a string, not ${typeof payload}`)
    return new TextEncoder().encode(payload)
  },
  decode: (mtext) => new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(mtext),
}

/** Payloads that are values of JSON. What JSON has no words for (`undefined`, a function) is a TypeError. */
export function json<T>(): Codec<T> {
  return {
    encode: (payload) => {
      const encoded: string | undefined = JSON.stringify(payload)
      if (encoded === undefined) throw new TypeError(`payload must be a value of JSON, not ${typeof payload}`)
      return text.encode(encoded)
    },
    decode: (mtext) => JSON.parse(text.decode(mtext)) as T,
  }
}
