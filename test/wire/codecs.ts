import type fc from 'fast-check'
import {
  decodeClientFrame,
  decodeCompletion,
  decodeEntry,
  decodeServerFrame,
  decodeState,
  encodeCompletion,
  encodeEntry,
  encodeState,
  FrameWriter,
} from '../../src/wire/index.ts'
import {
  arbitraryClientFrame,
  arbitraryCompletion,
  arbitraryEntry,
  arbitraryServerFrame,
  arbitraryStatePart,
} from './arbitraries.ts'

/** One kind of bytes: how it is written, read, and made up. */
export interface Codec {
  readonly name: string
  readonly arbitrary: fc.Arbitrary<unknown>
  encode(value: unknown): Uint8Array
  decode(bytes: Uint8Array): unknown
}

function codec<T>(
  name: string,
  arbitrary: fc.Arbitrary<T>,
  encode: (value: T) => Uint8Array,
  decode: (bytes: Uint8Array) => T,
): Codec {
  return { name, arbitrary, encode: (value) => encode(value as T), decode }
}

/** A frame without its length, as `FrameReader` gives it. */
export function frameBytes(frame: Parameters<FrameWriter['write']>[0]): Uint8Array {
  const writer = new FrameWriter()
  writer.write(frame)
  return writer.take().subarray(4)
}

/** Everything that is decoded from bytes of others. */
export const CODECS: readonly Codec[] = [
  codec('entry', arbitraryEntry, encodeEntry, decodeEntry),
  codec('completion', arbitraryCompletion, encodeCompletion, decodeCompletion),
  codec('client frame', arbitraryClientFrame, frameBytes, decodeClientFrame),
  codec('server frame', arbitraryServerFrame, frameBytes, decodeServerFrame),
  codec(
    'state part',
    arbitraryStatePart,
    (part) => Buffer.concat([...encodeState([part])]),
    (bytes) => {
      const [part, ...others] = decodeState([bytes])
      if (part === undefined || others.length > 0) throw new Error('there is one part')
      return part
    },
  ),
]
