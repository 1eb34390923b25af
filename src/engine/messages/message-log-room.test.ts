import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MessageLog } from './message-log.ts'
import { recordWords } from './record.ts'
import { SEGMENT_WORDS } from './segment.ts'

const SMALL_WORDS = recordWords(8)
/** Five fill an ordinary segment. */
const FIFTH_WORDS = Math.floor(SEGMENT_WORDS / 5)
const HALF_WORDS = SEGMENT_WORDS / 2
/** It stands in a segment of its own. */
const LONG_WORDS = SEGMENT_WORDS + 1

/** A log, and how to put a message at its end whose record takes so many words. */
function logged() {
  const log = new MessageLog()
  let sequence = 0
  const append = (words: number): number => {
    const mtext = new Uint8Array((words - recordWords(0)) * 4).fill(++sequence)
    return log.append({ mtype: 1, mtext }, sequence, { pid: 1, uid: 1 }, 1)
  }
  return { log, append }
}

/** The same, whose first segment is an ordinary one, and empty. */
function loggedOrdinary() {
  const { log, append } = logged()
  log.kill(append(SEGMENT_WORDS))
  return { log, append }
}

test('MessageLog.isSparse is false while the log is two ordinary segments, however little of them lives', () => {
  const { log, append } = loggedOrdinary()
  for (let segment = 0; segment < 2; segment++) {
    append(SMALL_WORDS)
    log.kill(append(SEGMENT_WORDS - SMALL_WORDS))
  }
  assert.equal(log.isSparse, false)
  append(SMALL_WORDS)
  assert.equal(log.isSparse, true, 'a third segment')
})

test('MessageLog.isSparse is false while half of the room lives, and true when one message less does', () => {
  const { log, append } = loggedOrdinary()
  const small: number[] = []
  for (let segment = 0; segment < 3; segment++) {
    append(HALF_WORDS - SMALL_WORDS)
    small.push(append(SMALL_WORDS))
    log.kill(append(HALF_WORDS))
  }
  assert.equal(log.isSparse, false)
  log.kill(small[1] ?? 0)
  assert.equal(log.isSparse, true)
})

test('MessageLog through which much has passed is not sparse: a segment goes with its last message', () => {
  const { log, append } = logged()
  const live = [append(FIFTH_WORDS), append(FIFTH_WORDS)]
  for (let count = 0; count < 40; count++) {
    live.push(append(FIFTH_WORDS))
    log.kill(live.shift() ?? 0)
    assert.equal(log.isSparse, false, `${count} passed`)
  }
})

test('MessageLog gives back the segment of a long message with it, though it is the last', () => {
  const { log, append } = logged()
  log.kill(append(3 * SEGMENT_WORDS))
  assert.equal(log.isSparse, false)
})

test('MessageLog gives back an empty segment when a message comes that it has no room for', () => {
  const { log, append } = logged()
  let long = append(LONG_WORDS)
  for (let count = 0; count < 4; count++) {
    log.kill(append(SMALL_WORDS))
    const next = append(LONG_WORDS)
    log.kill(long)
    long = next
  }
  assert.equal(log.isSparse, false)
})

test('MessageLog keeps no segment for later that is shorter than others: what comes has room', () => {
  const { log, append } = logged()
  const first = append(SMALL_WORDS)
  const addresses = [append(FIFTH_WORDS)]
  log.kill(first)
  for (let count = 0; count < 6; count++) addresses.push(append(FIFTH_WORDS))
  for (const [index, address] of addresses.entries()) {
    const { mtext, sequence } = log.read(address, 3)
    assert.deepEqual([sequence, ...mtext], [index + 2, index + 2, index + 2, index + 2])
  }
})

test('MessageLog.share tells how many words the records take that live, as does a log that took them', () => {
  const { log, append } = logged()
  append(SMALL_WORDS)
  const dead = append(FIFTH_WORDS)
  append(HALF_WORDS)
  assert.equal(log.share(0).liveWords, SMALL_WORDS + FIFTH_WORDS + HALF_WORDS)
  log.kill(dead)
  assert.equal(log.share(0).liveWords, SMALL_WORDS + HALF_WORDS)
  const other = new MessageLog()
  other.take(log.share(0))
  other.append({ mtype: 1, mtext: new Uint8Array(8) }, 9, { pid: 1, uid: 1 }, 1)
  assert.equal(other.share(0).liveWords, 2 * SMALL_WORDS + HALF_WORDS)
})

test('MessageLog that fills and drains again and again stays in the same few slots: an address has 16 bits for one', () => {
  const { log, append } = logged()
  let highest = 0
  for (let round = 0; round < 6; round++) {
    const live = [
      append(FIFTH_WORDS),
      append(LONG_WORDS),
      append(SEGMENT_WORDS),
      append(SEGMENT_WORDS),
      append(FIFTH_WORDS),
    ]
    highest = Math.max(highest, ...live)
    for (const address of live) log.kill(address)
  }
  assert.ok(highest < 6 * SEGMENT_WORDS, `slot ${highest >>> 16}`)
})
