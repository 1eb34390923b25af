import type { CheckpointPart } from '../../../wire/index.ts'
import type { Answer } from './service.ts'

/** Parts, and the answer that ends them. */
export function* inParts(number: number, parts: Iterable<CheckpointPart>): Generator<Answer> {
  for (const part of parts) yield { kind: 'part', number, part }
  yield { kind: 'answer', number, value: 0 }
}
