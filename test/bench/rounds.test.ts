import { deepEqual, equal, ok, rejects } from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Contender, expect, WrongResult } from '../../bench/contender.ts'
import { arrayPairs } from '../../bench/contenders/in-process.ts'
import { compare, rates, spread, times } from '../../bench/rounds.ts'

const PACE = { rounds: 4, warmMs: 1, roundMs: 1 }

/** A contender that takes a fixed time and writes down what it is asked. */
function noting(side: string, ns: number, asked: string[] = []): Contender {
  return {
    check: async () => void asked.push(`${side} check`),
    time: async () => {
      asked.push(side)
      return ns
    },
    close: async () => undefined,
  }
}

describe('compare', () => {
  test('compare checks both sides before the first round and after the last', async () => {
    const asked: string[] = []
    await compare(noting('ours', 1e6, asked), noting('peer', 1e6, asked), PACE)
    deepEqual(asked.slice(0, 2), ['ours check', 'peer check'])
    deepEqual(asked.slice(-2), ['ours check', 'peer check'])
    equal(asked.filter((each) => each.endsWith('check')).length, 4)
  })

  test('compare lets each side go first in every other round', async () => {
    const asked: string[] = []
    await compare(noting('ours', 1e6, asked), noting('peer', 1e6, asked), PACE)
    deepEqual(asked.slice(-10, -2), ['ours', 'peer', 'peer', 'ours', 'ours', 'peer', 'peer', 'ours'])
  })

  test('compare warms both sides until a round lasts as long as it should', async () => {
    const counts: number[] = []
    const counting: Contender = {
      ...noting('ours', 1e3),
      time: async (count) => {
        counts.push(count)
        return 1e3
      },
    }
    await compare(counting, noting('peer', 1e6), PACE)
    deepEqual(counts.slice(-PACE.rounds), [1_000, 1_000, 1_000, 1_000])
    ok(counts.slice(0, -PACE.rounds).includes(1_000), 'a whole round goes before the first that counts')
  })

  test('compare gives no figure for a side that loses a byte', async () => {
    const right = await arrayPairs(64)
    const wrong = { ...right, check: async () => expect(new Uint8Array(63).length === 64, 'the length') }
    await rejects(compare(right, wrong, PACE), WrongResult)
    await rejects(compare(wrong, right, PACE), WrongResult)
  })

  test('rates and times are of one round each: twice the time is half the rate', async () => {
    const rounds = await compare(noting('ours', 2e6), noting('peer', 1e6), PACE)
    deepEqual(rates(rounds), [0.5, 0.5, 0.5, 0.5])
    deepEqual(times(rounds), [2, 2, 2, 2])
  })

  test('spread is the median, the lowest and the highest, in whatever order they come', () => {
    deepEqual(spread([10, 9, 100]), { median: 10, low: 9, high: 100 })
    deepEqual(spread([4, 1, 2, 30]), { median: 3, low: 1, high: 30 })
  })
})
