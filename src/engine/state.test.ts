import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Driven, msgsnd } from '../../test/engine/driven.ts'
import { saveState } from './index.ts'

/** A part has about so many bytes, a message 64 beside its own. */
const PART_BYTES = 262_144
const BESIDE_BYTES = 64

test('saveState cuts a queue before the message that would make a part too long, and tells each queue at least once', () => {
  const driven = new Driven({ limits: { msgmax: 2 ** 20, msgmnb: 2 ** 24 } })
  const rest = PART_BYTES - BESIDE_BYTES - 10
  const sizes = [[], [10, rest], [10, rest + 1], [PART_BYTES * 2, 0]]
  for (const [msqid, each] of sizes.entries()) {
    driven.queue()
    for (const sizeBytes of each) driven.call(msgsnd(msqid, 1, ' '.repeat(sizeBytes)))
  }
  const parts = [...saveState(driven.engine)].flatMap((part) => (part.part === 'queue' ? [part.queue] : []))
  const cut = parts.map(({ msqid, messages }) => [msqid, ...messages.map(({ mtext }) => mtext.length)])
  assert.deepEqual(cut, [[0], [1, 10, rest], [2, 10], [2, rest + 1], [3, PART_BYTES * 2], [3, 0]])
})
