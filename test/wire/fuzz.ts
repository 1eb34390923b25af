import assert from 'node:assert/strict'
import fc from 'fast-check'
import { WireError } from '../../src/wire/index.ts'
import { CODECS, type Codec } from './codecs.ts'

/** How often, and from which seed if not from any. */
interface Runs {
  readonly numRuns: number
  readonly seed?: number
}

/** Changes of bytes on their way: a byte changed, some put in, some left out, or cut short. */
type Change =
  | { readonly kind: 'set' | 'insert'; readonly at: number; readonly byte: number }
  | { readonly kind: 'remove' | 'cut'; readonly at: number }

const at = fc.nat(1_000)
/** Bytes that mean something: ends of varints, flags, the largest. */
const byte = fc.oneof(fc.constantFrom(0, 1, 0x7f, 0x80, 0xff), fc.nat(255))
const change: fc.Arbitrary<Change> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constantFrom('set' as const, 'insert' as const), at, byte }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('remove' as const, 'cut' as const), at }) },
)

function changed(bytes: Uint8Array, changes: readonly Change[]): Uint8Array {
  const array = [...bytes]
  for (const { kind, at, ...rest } of changes) {
    const index = at % (array.length + 1)
    if (kind === 'cut') array.length = index
    else if (kind === 'remove') array.splice(index, 1)
    else array.splice(index, kind === 'set' ? 1 : 0, 'byte' in rest ? rest.byte : 0)
  }
  return Uint8Array.from(array)
}

/**
 * Decodes mutated bytes. They are refused with a `WireError`, or they are the bytes of another value: every value has
 * one form, so that it is written again as it was read.
 *
 * @returns How many were read as another value.
 */
export function fuzz({ name, arbitrary, encode, decode }: Codec, runs: Runs): number {
  let valid = 0
  fc.assert(
    fc.property(arbitrary, fc.array(change, { minLength: 1, maxLength: 3 }), (value, changes) => {
      const bytes = changed(encode(value), changes)
      let read: unknown
      try {
        read = decode(bytes)
      } catch (error) {
        assert.ok(error instanceof WireError, String(error))
        assert.ok(error.offset >= 0 && error.offset <= bytes.length, `offset ${error.offset} of ${bytes.length}`)
        return
      }
      valid++
      assert.deepEqual(Buffer.from(encode(read)), Buffer.from(bytes), name)
    }),
    runs,
  )
  return valid
}

/** Decodes random bytes, which begin as what they are taken for. */
export function fuzzNoise({ encode, decode, arbitrary }: Codec, runs: Runs): void {
  fc.assert(
    fc.property(arbitrary, fc.nat(12), fc.uint8Array({ maxLength: 64 }), (value, head, noise) => {
      const bytes = Uint8Array.from([...encode(value).subarray(0, head), ...noise])
      try {
        decode(bytes)
      } catch (error) {
        assert.ok(error instanceof WireError, String(error))
      }
    }),
    runs,
  )
}

/** Every codec, `count` mutations and as much noise each. A failure prints what repeats it. @returns What was done, a line a codec. */
export function fuzzAll(seed: number, count: number): string[] {
  const runs = { seed, numRuns: count }
  return CODECS.map((codec) => {
    const valid = fuzz(codec, runs)
    fuzzNoise(codec, runs)
    return `${codec.name}: ${count} mutations, ${valid} of them other values; ${count} times noise`
  })
}
