import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { bytes, emptyCheckpoint, goldenCheckpoint, unpacked } from '../../test/golden/checkpoints.ts'
import type { Checkpoint, CheckpointMessage, CheckpointQueue } from '../engine/index.ts'
import { decodeImage, diffImages, diffInSteps, encodeImage } from './index.ts'

const PERM = { key: 5, uid: 1, gid: 2, cuid: 3, cgid: 4, mode: 0o600 }
const TOLD = {
  ...{ msqid: 7, perm: PERM, qbytes: 8, stime: 9, rtime: 10, ctime: 11 },
  ...{ lspid: 12, lrpid: 13, copyCounter: 14, lastSequence: 15, messages: [] },
} satisfies CheckpointQueue

function imageOf(...queues: readonly CheckpointQueue[]): Checkpoint {
  return { ...emptyCheckpoint(), queues }
}

/** A queue of these messages, each of type 1 but where its text says another; numbered where a sequence is given. */
function queueOf(texts: readonly string[], sequences?: readonly number[]): CheckpointQueue {
  return { ...TOLD, messages: texts.map((text, index) => messageOf(text, sequences?.[index])) }
}

function messageOf(text: string, sequence?: number): CheckpointMessage {
  const message = { mtype: 1, mtext: bytes(text) }
  return sequence === undefined ? message : { ...message, sequence }
}

/** What became of the messages of a queue: how, where, and which. */
function changes(before: CheckpointQueue, after: CheckpointQueue): string[] {
  const { fields, queues } = diffImages(imageOf(before), imageOf(after))
  assert.deepEqual(fields, [])
  assert.ok(queues.length <= 1)
  return (queues[0]?.messages ?? []).map(({ change, index, message }) => {
    return `${change} ${index}: ${new TextDecoder().decode(message.mtext)}`
  })
}

describe('diffImages', () => {
  test('diffImages finds nothing between an image and itself, however it is kept', async () => {
    const golden = goldenCheckpoint()
    const read = (await decodeImage(await encodeImage(golden))).checkpoint
    for (const other of [golden, read, unpacked(read)]) {
      assert.deepEqual(diffImages(golden, other), { fields: [], queues: [] })
      assert.deepEqual(diffImages(other, golden), { fields: [], queues: [] })
    }
  })

  test('diffImages tells which limits have changed, and the pending identifier', () => {
    const before = emptyCheckpoint()
    const after = { ...before, time: 9_999, nextId: 3, limits: { msgmax: 1, msgmnb: 2, msgmni: 3 } }
    assert.deepEqual(diffImages(before, after), {
      fields: [
        { field: 'msgmax', before: 8_192, after: 1 },
        { field: 'msgmnb', before: 16_384, after: 2 },
        { field: 'msgmni', before: 32_000, after: 3 },
        { field: 'nextId', before: -1, after: 3 },
      ],
      queues: [],
    })
  })

  test('diffImages tells which fields of a queue have changed, each by its name', () => {
    const { messages: _, msqid: __, perm, ...others } = TOLD
    for (const [field, value] of Object.entries(others)) {
      const [queue, ...rest] = diffImages(imageOf(TOLD), imageOf({ ...TOLD, [field]: value + 100 })).queues
      assert.deepEqual(rest, [])
      const fields = [{ field, before: value, after: value + 100 }]
      assert.deepEqual(queue, { change: 'changed', msqid: 7, key: 5, fields, messages: [] })
    }
    for (const [field, value] of Object.entries(perm)) {
      const after = imageOf({ ...TOLD, perm: { ...perm, [field]: value + 100 } })
      const [queue] = diffImages(imageOf(TOLD), after).queues
      assert.deepEqual(queue?.fields, [{ field, before: value, after: value + 100 }])
      assert.equal(queue?.key, field === 'key' ? 105 : 5, 'the key that it has now')
    }
  })

  test('diffImages does not compare what only one of two images tells', () => {
    const kernel: CheckpointQueue = { msqid: 7, perm: PERM, qbytes: 8, messages: [] }
    assert.deepEqual(diffImages(imageOf(TOLD), imageOf(kernel)).queues, [])
    assert.deepEqual(diffImages(imageOf(kernel), imageOf(TOLD)).queues, [])
  })

  test('diffImages tells of queues that were removed and made, with all of their messages, in the order of the images', () => {
    const queue = (msqid: number, ...texts: string[]): CheckpointQueue => {
      return { ...queueOf(texts), msqid, perm: { ...PERM, key: msqid + 100 } }
    }
    const before = imageOf(queue(1, 'a', 'b'), queue(2, 'same'), queue(3))
    const after = imageOf(queue(4, 'c'), queue(2, 'same'), queue(5))
    assert.deepEqual(diffImages(before, after).queues, [
      {
        ...{ change: 'taken', msqid: 1, key: 101, fields: [] },
        messages: [
          { change: 'taken', index: 0, message: messageOf('a') },
          { change: 'taken', index: 1, message: messageOf('b') },
        ],
      },
      { change: 'taken', msqid: 3, key: 103, fields: [], messages: [] },
      {
        ...{ change: 'added', msqid: 4, key: 104, fields: [] },
        messages: [{ change: 'added', index: 0, message: messageOf('c') }],
      },
      { change: 'added', msqid: 5, key: 105, fields: [], messages: [] },
    ])
  })
})

describe('diffImages of messages that tell their sequence numbers', () => {
  test('diffImages matches by sequence number: what is gone, what is new, and where each stands', () => {
    const before = queueOf(['a', 'b', 'c', 'd'], [1, 2, 5, 9])
    const after = queueOf(['b', 'd', 'e', 'f'], [2, 9, 10, 11])
    assert.deepEqual(changes(before, after), ['taken 0: a', 'taken 2: c', 'added 2: e', 'added 3: f'])
    assert.deepEqual(changes(before, before), [])
  })

  test('diffImages takes equal bytes under another number for another message', () => {
    assert.deepEqual(changes(queueOf(['a'], [1]), queueOf(['a'], [2])), ['taken 0: a', 'added 0: a'])
  })

  test('diffImages tells of a message that has changed under its number, as it is now and where', () => {
    const before = queueOf(['a', 'same', 'abc'], [1, 2, 3])
    assert.deepEqual(changes(before, queueOf(['same', 'abd'], [2, 3])), ['taken 0: a', 'changed 1: abd'])
    assert.deepEqual(changes(before, queueOf(['a', 'same', 'ab'], [1, 2, 3])), ['changed 2: ab'])
    assert.deepEqual(changes(before, queueOf(['a', 'same', 'abcd'], [1, 2, 3])), ['changed 2: abcd'])
    const typed = { ...before, messages: [...before.messages].map((each) => ({ ...each, mtype: 2 })) }
    assert.deepEqual(changes(before, typed), ['changed 0: a', 'changed 1: same', 'changed 2: abc'])
  })
})

describe('diffImages of messages of which some tell no sequence number', () => {
  test('diffImages matches them by type and bytes, in runs', () => {
    const before = queueOf(['a', 'b', 'c', 'd'])
    const after = queueOf(['c', 'd', 'e'])
    assert.deepEqual(changes(before, after), ['taken 0: a', 'taken 1: b', 'added 2: e'])
    assert.deepEqual(changes(queueOf(['x', 'a']), queueOf(['y', 'a'])), ['taken 0: x', 'added 0: y'])
  })

  test('diffImages matches them so when one image alone does not tell, or of one message alone', () => {
    const told = queueOf(['a', 'b'], [3, 4])
    assert.deepEqual(changes(told, queueOf(['a', 'b'])), [])
    assert.deepEqual(changes(queueOf(['a', 'b']), told), [])
    const half = { ...TOLD, messages: [messageOf('a', 30), messageOf('b')] }
    assert.deepEqual(changes(told, half), [])
  })

  test('diffImages tells types apart, and bytes that are no text', () => {
    const one = (mtype: number | bigint, ...mtext: number[]): CheckpointQueue => {
      return { ...TOLD, messages: [{ mtype, mtext: Uint8Array.from(mtext) }] }
    }
    assert.deepEqual(changes(one(1, 0x80), one(1, 0x80)), [])
    assert.equal(changes(one(1, 0x80), one(1, 0x81)).length, 2)
    assert.equal(changes(one(1, 0xff), one(1, 0xfe)).length, 2)
    assert.equal(changes(one(1), one(1, 0)).length, 2)
    assert.equal(changes(one(1, 0x31), one(11)).length, 2)
    assert.equal(changes(one(1), one(2)).length, 2)
    assert.deepEqual(changes(one(2n ** 60n), one(2n ** 60n)), [])
  })
})

describe('diffInSteps', () => {
  const MANY = 5_000
  const texts = Array.from({ length: MANY }, (_, index) => `${index % 10}`)
  const numbers = texts.map((_, index) => index + 1)

  function stepsOf(before: Checkpoint, after: Checkpoint): number {
    const diffing = diffInSteps(before, after)
    let steps = 0
    while (diffing.next().done !== true) steps++
    return steps
  }

  test('diffInSteps stops every few thousand messages, however they are matched', () => {
    const told = imageOf(queueOf(texts, numbers))
    const untold = imageOf(queueOf(texts))
    // Each goes through all messages once or more, and stops twice in each pass; three times where it counts from 0.
    for (const [stops, before, after] of [
      [2, told, imageOf()],
      [2, imageOf(), told],
      [2 + 2 + 3 * 3, told, told],
      [4 * 2, untold, untold],
    ] as const) {
      assert.equal(stepsOf(before, after), stops)
    }
  })

  test('diffInSteps does not stop for a few messages', () => {
    const few = imageOf(queueOf(texts.slice(0, 5)))
    assert.deepEqual([stepsOf(few, imageOf()), stepsOf(few, few)], [0, 0])
  })
})
