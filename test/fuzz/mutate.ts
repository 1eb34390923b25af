import type { Random } from '../oracle/random.ts'

/** No input is longer: what takes long to read is no fault of short ones. */
const BYTES_MAX = 65_536
/** Bytes that mean something: ends of varints, flags, the largest, ends of lines and of words. */
const BYTES = [0, 1, 0x7f, 0x80, 0xff, 0x0a, 0x20, 0x22, 0x25, 0x2f, 0x3a, 0x5c, 0x7b]

/** A mutation of one of the inputs: some bytes changed, put in, left out, repeated, cut, or taken from another one. */
export function mutated(random: Random, inputs: readonly Uint8Array[], words: readonly string[]): Uint8Array {
  let bytes = Buffer.from(random.pick(inputs))
  for (let changes = random.between(1, 4); changes > 0; changes--) bytes = changed(random, bytes, inputs, words)
  return new Uint8Array(bytes.subarray(0, BYTES_MAX))
}

function changed(
  random: Random,
  bytes: Buffer,
  inputs: readonly Uint8Array[],
  words: readonly string[],
): Buffer<ArrayBuffer> {
  const at = random.between(0, bytes.length)
  const end = Math.min(bytes.length, at + random.between(1, 16))
  const [before, piece, after] = [bytes.subarray(0, at), bytes.subarray(at, end), bytes.subarray(end)]
  switch (random.below(words.length > 0 ? 8 : 7)) {
    case 0:
    case 1:
      return Buffer.concat([before, Uint8Array.of(random.pick(BYTES)), bytes.subarray(at + 1)])
    case 2:
      return Buffer.concat([before, Uint8Array.of(random.below(256)), bytes.subarray(at)])
    case 3:
      return Buffer.concat([before, after])
    case 4:
      return Buffer.concat([before, piece, ...Array.from({ length: random.below(20) }, () => piece), after])
    case 5:
      return Buffer.concat([before])
    case 6: {
      const other = random.pick(inputs)
      const from = random.between(0, other.length)
      return Buffer.concat([before, other.subarray(from, from + random.between(0, 64)), bytes.subarray(at)])
    }
    default:
      return Buffer.concat([before, Buffer.from(random.pick(words)), bytes.subarray(random.chance(50) ? at : end)])
  }
}
