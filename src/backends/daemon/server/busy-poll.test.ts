import { equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { BusyPoll } from './busy-poll.ts'

const TURNS = 10

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await setImmediate()
}

/** A poll that nobody answers within. */
async function miss(poll: BusyPoll): Promise<void> {
  poll.answered()
  ok(poll.isPolling)
  await turns(TURNS + 1)
  equal(poll.isPolling, false)
}

/** How many answers are followed by no poll, before one is. */
function passedOver(poll: BusyPoll): number {
  for (let answers = 0; ; answers++) {
    poll.answered()
    if (poll.isPolling) return answers
  }
}

test('a poll lasts so many turns after an answer and no longer', async () => {
  const poll = new BusyPoll(TURNS)
  equal(poll.isPolling, false)
  poll.answered()
  await turns(TURNS - 1)
  equal(poll.isPolling, true)
  await turns(2)
  equal(poll.isPolling, false)
})

test('each answer within it makes it begin anew', async () => {
  const poll = new BusyPoll(TURNS)
  for (let answers = 0; answers < 5; answers++) {
    poll.answered()
    await turns(TURNS - 1)
    equal(poll.isPolling, true)
  }
  await turns(2)
  equal(poll.isPolling, false)
})

test('polls that find nothing become rare, and are never given up', async () => {
  const poll = new BusyPoll(TURNS)
  for (const answers of [1, 3, 7, 15, 31, 63, 127, 255, 511, 1023, 1023, 1023]) {
    await miss(poll)
    // The next miss begins with the answer behind those.
    for (let answer = 0; answer < answers; answer++) poll.answered()
    equal(poll.isPolling, false)
  }
  await miss(poll)
})

test('polls that find something make up for those that did not', async () => {
  const poll = new BusyPoll(TURNS)
  await miss(poll)
  equal(passedOver(poll), 1)
  await turns(TURNS + 1)
  equal(passedOver(poll), 3)
  for (let answers = 0; answers < 10; answers++) {
    await turns(3)
    poll.answered()
    equal(poll.isPolling, true)
  }
  await turns(TURNS + 1)
  // Two misses had been made up for, and so this is the first again.
  equal(passedOver(poll), 1)
})

test('an answer at once ends it, and the next seven are followed by none: the client needs the processor', async () => {
  const poll = new BusyPoll(TURNS)
  poll.answered()
  await turns(1)
  poll.answered()
  equal(poll.isPolling, false)
  equal(passedOver(poll), 7)
  // What was scheduled before does not count.
  await turns(TURNS - 1)
  equal(poll.isPolling, true)
})

test('no turns: it never polls', async () => {
  const poll = new BusyPoll(0)
  for (let answers = 0; answers < 3; answers++) poll.answered()
  equal(poll.isPolling, false)
})
