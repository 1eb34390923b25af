import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PlainMessages, ToldAlike } from './plain-messages.ts'
import { payloadOf, recordWords, senderOf, sequenceOf, sizeOf, timeOf, typeOf, UNTOLD, writeRecord } from './record.ts'
import { SEGMENT_WORDS, Segment } from './segment.ts'

const EMPTY_WORDS = recordWords(0)
/** More than three times the 32 records between two marks. */
const MANY = 100

function segmentOf(words: number): Segment {
  return new Segment(3, new Int32Array(words))
}

/** Adds records without payload, numbered 10, 20, 30 …; their offsets. */
function fill(segment: Segment, count: number): number[] {
  return Array.from({ length: count }, (_, index) => {
    const sequence = 10 * (segment.records + 1)
    const offset = segment.add(EMPTY_WORDS, sequence)
    writeRecord(segment.words, offset, 0, index + 1, sequence, 1, 2, 3)
    return offset
  })
}

/** What a segment finds, against a list of the offsets that live. */
function check(segment: Segment, live: readonly number[]): void {
  assert.equal(segment.live, live.length)
  assert.deepEqual(
    live.map((_, rank) => segment.atRank(rank)),
    live,
  )
  for (let sequence = 0; sequence <= 10 * segment.records; sequence += 5) {
    const wanted = live.find((offset) => segment.sequenceAt(offset) > sequence) ?? segment.end
    assert.equal(segment.firstAfter(sequence), wanted, `after ${sequence}`)
  }
}

test('Segment.add takes room up to the last word, and knows the first and the last sequence number', () => {
  const segment = segmentOf(3 * EMPTY_WORDS + 5)
  assert.deepEqual([segment.slot, segment.end, segment.live, segment.records], [3, 0, 0, 0])
  assert.deepEqual([segment.hasRoomFor(3 * EMPTY_WORDS + 5), segment.hasRoomFor(3 * EMPTY_WORDS + 6)], [true, false])
  assert.deepEqual(fill(segment, 3), [0, EMPTY_WORDS, 2 * EMPTY_WORDS])
  assert.deepEqual([segment.firstSequence, segment.lastSequence, segment.end], [10, 30, 3 * EMPTY_WORDS])
  assert.deepEqual([segment.live, segment.records], [3, 3])
  assert.deepEqual([segment.hasRoomFor(5), segment.hasRoomFor(6)], [true, false])
})

for (const count of [1, 32, 33, 64, 65, MANY]) {
  test(`Segment finds by rank and by sequence number among ${count} records, as they are added and killed`, () => {
    const segment = segmentOf(2 * MANY * EMPTY_WORDS)
    const live = fill(segment, count)
    check(segment, live)
    // The marks that were made for this go on counting what is added and killed from here on.
    live.push(...fill(segment, MANY - count))
    check(segment, live)
    for (const rank of [0, 30, 30, 31, 62, 40, 93, 0]) {
      segment.kill(live.splice(rank, 1)[0] ?? 0)
      check(segment, live)
    }
    // A whole block between two marks, and what is around it.
    for (const offset of live.splice(25, 45)) segment.kill(offset)
    check(segment, live)
  })
}

test('Segment finds among records of which some were killed before it had marks', () => {
  for (const killed of [3, 50]) {
    const segment = segmentOf(MANY * EMPTY_WORDS)
    const live = fill(segment, MANY)
    for (const offset of live.splice(20, killed)) segment.kill(offset)
    for (const offset of live.splice(0, 3)) segment.kill(offset)
    check(segment, live)
  }
})

test('Segment.firstAfter finds among many records though nobody has asked for a rank before', () => {
  const segment = segmentOf(MANY * EMPTY_WORDS)
  const live = fill(segment, MANY)
  assert.deepEqual([segment.firstAfter(700), segment.firstAfter(0)], [live[70], live[0]])
})

test('Segment.liveFrom and after step over dead records, to the end', () => {
  const segment = segmentOf(MANY * EMPTY_WORDS)
  const [first = 0, second = 0, third = 0, last = 0] = fill(segment, 4)
  segment.kill(first)
  segment.kill(third)
  segment.kill(last)
  assert.deepEqual(
    [segment.liveFrom(0), segment.liveFrom(second), segment.liveFrom(third)],
    [second, second, segment.end],
  )
  assert.deepEqual([segment.after(first), segment.after(second)], [second, third])
  assert.deepEqual([segment.sequenceAt(first), segment.sequenceAt(last)], [10, 40])
})

test('Segment.reset makes room for other records, and finds nothing of those before', () => {
  const segment = segmentOf(MANY * EMPTY_WORDS)
  const old = fill(segment, MANY)
  segment.atRank(MANY - 1)
  for (const offset of old) segment.kill(offset)
  segment.reset()
  assert.deepEqual([segment.end, segment.live, segment.records], [0, 0, 0])
  const offset = segment.add(recordWords(5), 5_000)
  writeRecord(segment.words, offset, 5, 9, 5_000, 1, 2, 3)
  const next = segment.add(EMPTY_WORDS, 5_010)
  writeRecord(segment.words, next, 0, 9, 5_010, 1, 2, 3)
  assert.deepEqual([offset, segment.firstSequence, segment.lastSequence], [0, 5_000, 5_010])
  assert.deepEqual([segment.atRank(0), segment.atRank(1)], [0, next])
  assert.deepEqual(
    [segment.firstAfter(4_999), segment.firstAfter(5_000), segment.firstAfter(5_010)],
    [0, next, segment.end],
  )
})

test('what Segment.share gives stays as it was: what is added goes behind it, what is killed is killed in a copy', () => {
  const segment = segmentOf(10 * EMPTY_WORDS)
  const [first = 0, second = 0, dead = 0] = fill(segment, 3)
  const { words } = segment
  segment.kill(dead)
  assert.equal(segment.words, words, 'nobody shares them yet')
  const shared = segment.share()
  assert.deepEqual(
    { ...shared, words: shared.words === words },
    { words: true, end: 3 * EMPTY_WORDS, live: 2, records: 3, firstSequence: 10, lastSequence: 30 },
  )
  fill(segment, 1)
  assert.equal(segment.words, words, 'to add takes no copy')
  segment.kill(first)
  assert.notEqual(segment.words, words)
  assert.deepEqual([sizeOf(words, first), sizeOf(words, second)], [0, 0])
  assert.deepEqual([segment.bytes.buffer, segment.view.buffer], [segment.words.buffer, segment.words.buffer])
  assert.equal(segment.liveFrom(0), second)
  const own = segment.words
  segment.own()
  segment.kill(second)
  assert.equal(segment.words, own, 'one copy is enough')
})

test('Segment.share of few records in an ordinary segment copies them: what is killed afterwards copies nothing', () => {
  const segment = segmentOf(SEGMENT_WORDS)
  const [first = 0, second = 0] = fill(segment, 2)
  const { words } = segment
  const shared = segment.share()
  assert.equal(shared.words.length, shared.end)
  segment.kill(first)
  assert.equal(segment.words, words, 'its own all the time')
  check(Segment.of(7, shared), [first, second])
})

test('Segment.of has the records of another, no room, and leaves them to the other', () => {
  const segment = segmentOf(10 * EMPTY_WORDS)
  const [first = 0, second = 0] = fill(segment, 2)
  const other = Segment.of(7, segment.share())
  assert.deepEqual([other.slot, other.live, other.records, other.end], [7, 2, 2, 2 * EMPTY_WORDS])
  assert.deepEqual([other.firstSequence, other.lastSequence, other.hasRoomFor(1)], [10, 20, false])
  other.kill(first)
  assert.deepEqual([other.liveFrom(0), segment.liveFrom(0)], [second, first])
})

/** Messages of these sizes, each with its own bytes, and types from 100 on. */
function plainOf(sizes: readonly number[]): PlainMessages & { readonly payloads: readonly Uint8Array[] } {
  let at = 1
  const starts = sizes.map((sizeBytes) => {
    const start = at
    at += sizeBytes
    return start
  })
  const bytes = Uint8Array.from({ length: at }, (_, index) => index * 7 + 3)
  return {
    source: new DataView(bytes.buffer),
    types: Int32Array.from(sizes, (_, index) => 100 + index),
    starts: Int32Array.from(starts),
    sizes: Int32Array.from(sizes),
    payloads: sizes.map((sizeBytes, index) => bytes.slice(starts[index], (starts[index] ?? 0) + sizeBytes)),
  }
}

/** Each live record of a segment, as it was told. */
function recordsOf(segment: Segment): unknown[] {
  const records: unknown[] = []
  const { words, bytes, end } = segment
  for (let at = segment.liveFrom(0); at < end; at = segment.liveFrom(segment.after(at))) {
    const payload = payloadOf(words, bytes, at, sizeOf(words, at))
    records.push([typeOf(words, at), sequenceOf(words, at), senderOf(words, at), timeOf(words, at), payload])
  }
  return records
}

const ALIKE: ToldAlike = { sequence: 40, step: 2, pid: 7, uid: 8, time: 9 }

test('Segment.addPlain adds messages from one index up to another, numbered in steps', () => {
  const segment = segmentOf(1_000)
  const messages = plainOf([1, 0, 17, 200, 4])
  assert.equal(segment.addPlain(messages, 1, 4, ALIKE), 217)
  const sender = { pid: 7, uid: 8 }
  assert.deepEqual(recordsOf(segment), [
    [101, 40, sender, 9, messages.payloads[1]],
    [102, 42, sender, 9, messages.payloads[2]],
    [103, 44, sender, 9, messages.payloads[3]],
  ])
  assert.deepEqual([segment.firstSequence, segment.lastSequence, segment.live, segment.records], [40, 44, 3, 3])
  assert.equal(segment.end, recordWords(0) + recordWords(17) + recordWords(200))
  assert.equal(segment.addPlain(messages, 4, 5, { ...ALIKE, sequence: 50 }), 4)
  assert.deepEqual([segment.firstSequence, segment.lastSequence, segment.live, segment.records], [40, 50, 4, 4])
  assert.equal(recordsOf(segment).length, 4)
})

test('Segment.addPlain adds as many as it has room for, up to its last word', () => {
  const messages = plainOf([5, 6, 7])
  const two = recordWords(5) + recordWords(6)
  for (const [words, count] of [
    [two - 1, 1],
    [two, 2],
    [two + recordWords(7) - 1, 2],
    [two + recordWords(7), 3],
  ] as const) {
    const segment = segmentOf(words)
    assert.equal(segment.addPlain(messages, 0, 3, ALIKE), [0, 5, 11, 18][count])
    assert.deepEqual([segment.records, segment.live, segment.lastSequence], [count, count, 38 + 2 * count])
    assert.equal(recordsOf(segment).length, count)
  }
})

test('Segment.addPlain notes what is not told as such', () => {
  const segment = segmentOf(1_000)
  segment.addPlain(plainOf([1]), 0, 1, { sequence: -1, step: 0, pid: -1, uid: 5, time: -1 })
  segment.addPlain(plainOf([1]), 0, 1, { sequence: 0, step: 0, pid: 0, uid: 5, time: 0 })
  const untold = { pid: UNTOLD.pid, uid: UNTOLD.uid }
  assert.deepEqual(
    recordsOf(segment).map((record) => (record as unknown[]).slice(1, 4)),
    [
      [UNTOLD.sequence, untold, UNTOLD.time],
      [0, { pid: 0, uid: 5 }, 0],
    ],
  )
})

test('Segment finds what addPlain added behind records that it had marked', () => {
  const segment = segmentOf(3 * MANY * EMPTY_WORDS)
  const live = fill(segment, 40)
  check(segment, live)
  const { end } = segment
  segment.addPlain(plainOf(Array.from({ length: 40 }, () => 0)), 0, 40, { ...ALIKE, sequence: 410, step: 10 })
  live.push(...Array.from({ length: 40 }, (_, index) => end + index * EMPTY_WORDS))
  check(segment, live)
})
