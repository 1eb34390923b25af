import { deepEqual, equal } from 'node:assert/strict'
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

function isZero(completion: Completion): boolean {
  return 'value' in completion && completion.value === 0
}

function zero(number: number): Completion {
  return { ticket: { session: SESSION, number }, value: 0 }
}
