import { deepEqual, equal, fail } from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { Answers } from './answers.ts'
import type { Completion, Value } from './entry.ts'

const SESSION = 2 ** 48 - 2
/** What does not fit beside the others into one array of bits, too. */
const BITS = 131_072

const numbers = fc.oneof(
  fc.integer({ min: 0, max: 200 }),
  fc.constantFrom(BITS - 1, BITS, BITS + 31, BITS + 32, BITS + 64, 2 * BITS, 2 ** 31, 2 ** 32 + 5, 2 ** 53 - 1),
)
const message = { mtype: 1, mtext: new Uint8Array(3), sequence: 1, sender: { pid: 1, uid: 0 }, time: 0 }
const outcome = fc.constantFrom<{ value: Value } | { code: 'ENOSPC' }>(
  { value: 0 },
  { value: 0 },
  { value: 7 },
  { value: message },
  { code: 'ENOSPC' },
)

describe('Answers', () => {
  test('passes over what has no zeros, and over nothing behind it', () => {
    // The one that is more than a zero lies within a word without any.
    const zeros = [0, 64, 65, 70, 128]
    const answers = new Answers(SESSION)
    for (const number of zeros) answers.set({ ticket: { session: SESSION, number }, value: 0 })
    answers.set({ ticket: { session: SESSION, number: 34 }, value: 7 })
    const listed = answers.values().map(({ ticket }) => ticket.number)
    deepEqual(listed, [0, 34, 64, 65, 70, 128])
  })

  test('has what a Map would have, after anything, by number', () => {
    const step = fc.oneof(
      { weight: 3, arbitrary: fc.record({ does: fc.constant('set' as const), number: numbers, outcome }) },
      { weight: 1, arbitrary: fc.record({ does: fc.constant('deleteUpTo' as const), number: numbers }) },
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const answers = new Answers(SESSION)
        const map = new Map<number, Completion>()
        for (const each of steps) {
          const { number } = each
          if (each.does === 'deleteUpTo') {
            const kept: Completion[] = []
            answers.deleteUpTo(number, (completion) => kept.push(completion))
            const gone = [...map].filter(([had]) => had <= number)
            for (const [had] of gone) map.delete(had)
            const told = gone.filter(([, completion]) => !isZero(completion) || kept.includes(completion))
            equal(kept.length, told.length)
          } else if (!map.has(number)) {
            // A call ends once.
            const completion = { ticket: { session: SESSION, number }, ...each.outcome }
            map.set(number, completion)
            answers.set(completion)
          }
          equal(answers.size, map.size)
          deepEqual(answers.get({ session: SESSION, number }), map.get(number))
        }
        const sorted = [...map.values()].sort((a, b) => a.ticket.number - b.ticket.number)
        deepEqual([...answers.values()], sorted)
      }),
    )
  })

  test('holds many, and few again, from any number on', () => {
    for (const from of [0, 31, 2 ** 31 - 40, 2 ** 53 - 65_536]) {
      const answers = new Answers(SESSION)
      for (let count = 0; count < 65_536; count++) answers.set(zero(from + count))
      equal(answers.size, 65_536)
      answers.deleteUpTo(from + 40_000)
      equal(answers.size, 25_535)
      equal(answers.get(zero(from + 40_000).ticket), undefined)
      deepEqual(answers.get(zero(from + 40_001).ticket), zero(from + 40_001))
      answers.deleteUpTo(from + 65_534)
      deepEqual([...answers.values()], [zero(from + 65_535)])
      answers.deleteUpTo(from + 65_535)
      equal(answers.size, 0)
      answers.set(zero(from + 3))
      deepEqual([...answers.values()], [zero(from + 3)])
    }
  })
})

test('Answers keeps the ends in 0 as bits from any number on: of them no end is told when they go', () => {
  // The first and the last of a word, of the whole array of bits, and between; low and beyond what an int32 holds.
  for (const from of [0, 32, 33, 63, 2 ** 31 + 1, 2 ** 40, 2 ** 52 + 7]) {
    const first = from - (from % 32)
    const bits = [...new Set([from, from + 1, first + 31, first + 32, first + 1_000, first + BITS - 1])].sort(
      (a, b) => a - b,
    )
    const answers = new Answers(SESSION)
    for (const number of bits) answers.set(zero(number))
    for (const number of bits) deepEqual(answers.get(zero(number).ticket), zero(number))
    if (from === 33) deepEqual([...answers.values()], bits.map(zero))
    answers.deleteUpTo(from + BITS, () => fail('a mere 0 was told'))
    equal(answers.size, 0)
  }
})

test('Answers takes a 0 that lies too far from the others, on either side, and tells what is more than a 0', () => {
  const answers = new Answers(SESSION)
  const numbers = [40, 100, 40 + BITS, 2 ** 32 + 100, 2 ** 53 - 1]
  for (const number of [100, 40, ...numbers.slice(2)]) answers.set(zero(number))
  answers.set({ ticket: { session: SESSION, number: 70 }, value: 7 })
  equal(answers.size, 6)
  for (const number of numbers) deepEqual(answers.get(zero(number).ticket), zero(number))
  const told: Completion[] = []
  answers.deleteUpTo(99, (completion) => told.push(completion))
  deepEqual(told.at(-1), { ticket: { session: SESSION, number: 70 }, value: 7 })
  deepEqual([...answers.values()], numbers.slice(1).map(zero))
})

test('Answers finds nothing at numbers that it has not, also where they are alike in their low 32 bits', () => {
  const [low, high] = [new Answers(SESSION), new Answers(SESSION)]
  low.set(zero(5))
  high.set(zero(2 ** 32 + 5))
  for (const number of [0, 4, 6, 37, 255, 256, BITS + 5, 2 ** 32 + 5, 2 ** 53 - 1]) {
    equal(low.get(zero(number).ticket), undefined, String(number))
  }
  for (const number of [0, 5, 2 ** 32, 2 ** 32 + 4, 2 ** 32 + 6, 2 ** 33 + 5]) {
    equal(high.get(zero(number).ticket), undefined, String(number))
  }
})

test('Answers.deleteUpTo takes the number itself, and leaves alone what is above, down to the first of all', () => {
  const answers = new Answers(SESSION)
  for (const number of [96, 100, 131, 400]) answers.set(zero(number))
  answers.deleteUpTo(10)
  answers.deleteUpTo(95)
  deepEqual([...answers.values()], [96, 100, 131, 400].map(zero))
  answers.deleteUpTo(96)
  deepEqual([...answers.values()], [100, 131, 400].map(zero))
  answers.deleteUpTo(127)
  deepEqual([...answers.values()], [131, 400].map(zero))
  answers.deleteUpTo(2 ** 40)
  equal(answers.size, 0)
  answers.set(zero(3))
  deepEqual([...answers.values()], [zero(3)])
})

function isZero(completion: Completion): boolean {
  return 'value' in completion && completion.value === 0
}

function zero(number: number): Completion {
  return { ticket: { session: SESSION, number }, value: 0 }
}
