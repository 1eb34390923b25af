import assert from 'node:assert/strict'
import { test } from 'node:test'
import { emptyCheckpoint, goldenCheckpoint, smallCheckpoint } from '../../test/golden/checkpoints.ts'
import type { CheckpointQueue } from '../engine/index.ts'
import { decodeImage, encodeImage } from './image.ts'
import { imageParts } from './image-parts.ts'

test('imageParts says about how long the file of messages will be: eight bytes each, and their payloads where it knows', async () => {
  const sizes = (queues: readonly CheckpointQueue[]) =>
    imageParts({ ...emptyCheckpoint(), queues }).map(({ sizeBytes }) => sizeBytes)
  const { queues } = goldenCheckpoint()
  assert.deepEqual(sizes([]), [undefined, undefined], 'there is none')
  assert.deepEqual(sizes(queues), [8 * 5, undefined, undefined])
  const read = (await decodeImage(await encodeImage(goldenCheckpoint()))).checkpoint.queues
  const payloads = 5 + 0 + 256 + 9_000 + 'of the kernel'.length
  assert.deepEqual(sizes(read), [payloads + 8 * 5, undefined, undefined])
})

test('encodeImage refuses messages that are more or fewer than their queue says', async () => {
  const [queue] = smallCheckpoint('x').queues
  assert.ok(queue !== undefined)
  const [message] = queue.messages
  assert.ok(message !== undefined)
  for (const length of [0, 2]) {
    const messages = { length, [Symbol.iterator]: () => [message].values() }
    const wrong = { ...emptyCheckpoint(), queues: [{ ...queue, messages }] }
    const says = { name: 'RangeError', message: `queue ${queue.msqid}: ${length} messages must be, not 1` }
    await assert.rejects(encodeImage(wrong), says)
  }
})
