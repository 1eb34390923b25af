import { type Engine, StateLoader } from '../engine/index.ts'
import { StateReader } from '../wire/index.ts'

/**
 * The engine of a state's bytes, as an image of a journal or of a log has them.
 *
 * @param pieces Of `encodeState`, cut anywhere. @throws {WireError} these bytes are no state, or not a whole one.
 */
export async function loadEngine(pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<Engine> {
  const reader = new StateReader()
  const loader = new StateLoader()
  for await (const piece of pieces) {
    reader.push(piece)
    for (let part = reader.next(); part !== undefined; part = reader.next()) loader.add(part)
  }
  reader.end()
  return loader.finish()
}
