import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { CheckpointQueue, MessageView } from '../engine/index.ts'
import { JsonObject } from './json-line.ts'
import { MessageColumns, NOTHING_TOLD, ToldColumns } from './message-columns.ts'

const SAFE = Number.MAX_SAFE_INTEGER

/** What a line of ours tells of three messages. */
const LINE = { count: 3, sequence: [5, 3], pid: [7, 3], uid: [8, 2, 9, 1], time: [100, 1, 0, 1, null, 1] }

const told = (line: object, qnum = 3) => new ToldColumns(new JsonObject('a-file', 9, 'queue.messages', line), qnum)

describe('ToldColumns', () => {
  test('ToldColumns refuses columns that are not of as many messages as CRIU’s file has, and names the one', () => {
    assert.equal(told(LINE).lastSequence, 15)
    const cases: readonly (readonly [change: object, name: string])[] = [
      ...[{ count: 2 }, { count: '3' }, { count: undefined }].map((change) => [change, 'count'] as const),
      ...[[5, 2], [5, 4], [0, 3], [1, 3, 1], ['5', 3], 5, [SAFE, 2, 1, 1]].map(
        (sequence) => [{ sequence }, 'sequence'] as const,
      ),
      ...[[7, 2], [7, 4], [-1, 3], [2 ** 31, 3], [0.5, 3], {}].map((pid) => [{ pid }, 'pid'] as const),
      ...[[8, 2], [-1, 3], [2 ** 32, 3], [null, 3], [8, 2, null, 1], 'x'].map((uid) => [{ uid }, 'uid'] as const),
      ...[[1, 2], [-1, 3], [1, 1, -2, 2], [0.5, 3], null].map((time) => [{ time }, 'time'] as const),
    ]
    for (const [change, name] of cases) {
      const message = new RegExp(`expected queue\\.messages\\.${name} to be `)
      assert.throws(
        () => told({ ...LINE, ...change }),
        { name: 'ImageError', file: 'a-file', offset: 9, message },
        JSON.stringify(change),
      )
    }
    told({ ...LINE, pid: [2 ** 31 - 1, 3], uid: [2 ** 32 - 1, 3], time: [5, 1, -5, 1, 9, 1] })
  })
})

test('ToldColumns.take goes on by the steps of sequence numbers, and takes one by one what has other times', () => {
  const columns = told({ count: 9, sequence: [2, 5, null, 4], pid: [7, 9], uid: [8, 9], time: [0, 5, 1, 4] }, 9)
  const taken = (most: number) => [columns.take(most), columns.sequence, columns.time]
  assert.deepEqual(
    [taken(2), taken(2), taken(9)],
    [
      [2, 2, 0],
      [2, 6, 0],
      [1, 10, 0],
    ],
  )
  assert.deepEqual(
    [taken(9), taken(9), taken(9), taken(9)],
    [
      [1, -1, 1],
      [1, -1, 2],
      [1, -1, 3],
      [1, -1, 4],
    ],
  )
})

test('ToldColumns.take gives what the next messages tell alike, and no more of them than are asked for', () => {
  const columns = told({ count: 6, sequence: [4, 1, 1, 5], pid: [7, 5, 9, 1], uid: [8, 6], time: [100, 1, 0, 5] }, 6)
  const taken = (most: number) => {
    const count = columns.take(most)
    const { sequence, step, pid, uid, time } = columns
    return { count, sequence, step, pid, uid, time }
  }
  assert.deepEqual(taken(9), { count: 1, sequence: 4, step: 4, pid: 7, uid: 8, time: 100 })
  assert.deepEqual(taken(1), { count: 1, sequence: 5, step: 1, pid: 7, uid: 8, time: 100 })
  assert.deepEqual(taken(2), { count: 2, sequence: 6, step: 1, pid: 7, uid: 8, time: 100 })
  assert.deepEqual(taken(9), { count: 1, sequence: 8, step: 1, pid: 7, uid: 8, time: 100 })
  assert.deepEqual(taken(9), { count: 1, sequence: 9, step: 1, pid: 9, uid: 8, time: 100 })
})

test('NOTHING_TOLD tells of any number of messages at once, and nothing of them', () => {
  assert.deepEqual([NOTHING_TOLD.take(1), NOTHING_TOLD.take(1_000)], [1, 1_000])
  const { take: _, ...told } = NOTHING_TOLD
  assert.deepEqual(told, { sequence: -1, step: 0, pid: -1, uid: -1, time: -1 })
})

describe('MessageColumns', () => {
  const QUEUE: CheckpointQueue = {
    ...{ msqid: 4, perm: { key: 1, uid: 2, gid: 3, cuid: 4, cgid: 5, mode: 0o600 }, qbytes: 9 },
    messages: [],
  }
  const source = new DataView(new ArrayBuffer(0))
  const view = (message: object) => ({ mtype: 1, source, start: 0, end: 0, ...message }) as MessageView

  /** The columns of these messages. */
  function columnsOf(messages: readonly MessageView[], change: Partial<CheckpointQueue> = {}): object {
    const columns = new MessageColumns({ ...QUEUE, ...change, messages: Array(messages.length).fill(view({})) })
    for (const message of messages) columns.add(message)
    return columns.end()
  }

  test('MessageColumns notes messages that tell alike as it notes them one by one', () => {
    const [one, other] = [
      { pid: 1, uid: 2 },
      { pid: 3, uid: 2 },
    ]
    const messages: Partial<MessageView>[] = [
      ...[1, 2, 3].map((sequence) => ({ sequence, sender: one, time: 50 })),
      ...[4, 5].map((sequence) => ({ sequence, sender: other, time: 50 })),
      ...[7, 8].map((sequence) => ({ sequence, sender: other, time: 51 })),
      ...[9, 10].map((sequence) => ({ sequence, sender: other })),
      ...[{}, {}],
      ...[11, 12].map((sequence) => ({ sequence })),
    ]
    const wanted = {
      count: 13,
      sequence: [1, 5, 2, 1, 1, 3, null, 2, 1, 2],
      pid: [1, 3, 3, 6, null, 4],
      uid: [2, 9, null, 4],
      time: [50, 1, 0, 4, 1, 1, 0, 1, null, 6],
    }
    assert.deepEqual(columnsOf(messages.map((message) => view(message))), wanted)
    // Without a place for its bytes each is looked at by itself.
    const alone = messages.map((message) => ({ mtype: 1, mtext: new Uint8Array(0), ...message }))
    assert.deepEqual(columnsOf(alone), wanted)
  })

  test('MessageColumns refuses a message that cannot be written, though it tells as the one before does, by its index', () => {
    const sender = { pid: 1, uid: 2 }
    const first = [1, 2].map((sequence) => view({ sequence, sender, time: 5 }))
    for (const [change, fault] of [
      [{ mtype: 0 }, 'mtype'],
      [{ mtype: 0.5 }, 'mtype'],
      [{ mtype: 2 ** 53 }, 'mtype'],
      [{ sequence: 2 }, 'sequence'],
      [{ sequence: 1 }, 'sequence'],
      [{ source: undefined, mtext: 'text' }, 'mtext'],
      [{ time: -1 }, 'time'],
      [{ sender: { pid: -1, uid: 2 } }, 'the sender'],
    ] as const) {
      const wrong = view({ sequence: 3, sender, time: 5, ...change })
      const says = { name: 'RangeError', message: new RegExp(`^queue 4, message 2: ${fault} must `) }
      assert.throws(() => columnsOf([...first, wrong]), says, JSON.stringify(change))
    }
    const last = [SAFE - 1, SAFE, SAFE + 1].map((sequence) => view({ sequence, sender, time: 5 }))
    assert.throws(() => columnsOf(last), /message 2: sequence must rise/)
    assert.deepEqual(columnsOf([view({ mtype: 2n ** 60n, sequence: 1 }), view({ mtype: 1, sequence: 2 })]), {
      ...{ count: 2, sequence: [1, 2], pid: [null, 2], uid: [null, 2], time: [null, 2] },
    })
  })

  test('MessageColumns refuses another number of messages than the queue tells', () => {
    for (const length of [0, 2]) {
      const columns = new MessageColumns({ ...QUEUE, messages: Array(length).fill(view({})) })
      columns.add(view({}))
      assert.throws(() => columns.end(), new RegExp(`^RangeError: queue 4: ${length} messages must be, not 1$`))
    }
  })

  test('MessageColumns refuses a lastSequence below that of a message', () => {
    const messages = [view({ sequence: 1 }), view({ sequence: 2 })]
    columnsOf(messages, { lastSequence: 2 })
    assert.throws(
      () => columnsOf(messages, { lastSequence: 1 }),
      /^RangeError: queue 4: lastSequence must be at least 2$/,
    )
  })
})
