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

test('BusyPoll polls for so many turns after an answer and no longer', async () => {
  const poll = new BusyPoll(TURNS)
  equal(poll.isPolling, false)
  poll.answered()
  await turns(TURNS - 1)
  equal(poll.isPolling, true)
  await turns(2)
  equal(poll.isPolling, false)
})

test('BusyPoll begins anew with each answer within a poll', async () => {
  const poll = new BusyPoll(TURNS)
  for (let answers = 0; answers < 5; answers++) {
    poll.answered()
    await turns(TURNS - 1)
    equal(poll.isPolling, true)
  }
  await turns(2)
  equal(poll.isPolling, false)
})

test('BusyPoll polls ever more rarely where that finds nothing, and never gives up', async () => {
  const poll = new BusyPoll(TURNS)
  for (const answers of [1, 3, 7, 15, 31, 63, 127, 255, 511, 1023, 1023, 1023]) {
    await miss(poll)
    // The next miss begins with the answer behind those.
    for (let answer = 0; answer < answers; answer++) poll.answered()
    equal(poll.isPolling, false)
  }
  await miss(poll)
})

test('BusyPoll lets a poll that found something make up for one that did not', async () => {
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

test('BusyPoll ends with an answer at once, and polls after none of the next seven: the client needs the processor', async () => {
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

test('BusyPoll never polls where it is given no turns', async () => {
  const poll = new BusyPoll(0)
  for (let answers = 0; answers < 3; answers++) poll.answered()
  equal(poll.isPolling, false)
})
