import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { matchInSteps, type Unmatched } from './match-runs.ts'

function matched(before: readonly number[], after: readonly number[]): { result: Unmatched; steps: number } {
  const matching = matchInSteps(before, after)
  for (let steps = 0; ; steps++) {
    const { done, value } = matching.next()
    if (done === true) return { result: value, steps }
  }
}

function only(before: string, after: string): [string, string] {
  const codes = (text: string) => Array.from(text, (character) => character.charCodeAt(0))
  const { onlyBefore, onlyAfter } = matched(codes(before), codes(after)).result
  return [onlyBefore.join(' '), onlyAfter.join(' ')]
}

test('matchInSteps tells what one list alone has, by index', () => {
  assert.deepEqual(only('', ''), ['', ''])
  assert.deepEqual(only('abc', 'abc'), ['', ''])
  assert.deepEqual(only('abc', ''), ['0 1 2', ''])
  assert.deepEqual(only('', 'abc'), ['', '0 1 2'])
  assert.deepEqual(only('abc', 'xyz'), ['0 1 2', '0 1 2'])
})

test('matchInSteps sees what was taken from the head and added at the end', () => {
  assert.deepEqual(only('abcdef', 'cdefgh'), ['0 1', '4 5'])
  assert.deepEqual(only('aaaa', 'aaa'), ['3', ''])
  assert.deepEqual(only('aaa', 'aaaa'), ['', '3'])
  assert.deepEqual(only('abcab', 'ab'), ['2 3 4', ''])
})

test('matchInSteps keeps what both begin and end with, whatever is between', () => {
  assert.deepEqual(only('ab-yz', 'ab+yz'), ['2', '2'])
  assert.deepEqual(only('ab--yz', 'abyz'), ['2 3', ''])
  assert.deepEqual(only('a-z', 'a+++z'), ['1', '1 2 3'])
})

test('matchInSteps takes the longest run first, then what is before and behind it, in order', () => {
  assert.deepEqual(only('1abc2xyz3', '4xyz5abc6'), ['0 4 5 6 7 8', '0 1 2 3 4 8'], 'of two as long, the first')
  assert.deepEqual(only('1ab2wxyz3', '4wxyz5ab6'), ['0 1 2 3 8', '0 5 6 7 8'])
  assert.deepEqual(only('1a2bcde3f4', '5a6bcde7f8'), ['0 2 7 9', '0 2 7 9'])
  assert.deepEqual(only('-bcd-e-', '+e+bcd+'), ['0 4 5 6', '0 1 2 6'])
})

test('matchInSteps looks no further than to what both end with, where one has nothing left before that', () => {
  assert.deepEqual(only('-abzz', '+abz'), ['0 3', '0'])
  assert.deepEqual(only('+abz', '-abzz'), ['0', '0 3'])
})

test('matchInSteps leaves the same of both when what one alone has is taken away', () => {
  const list = fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 12 })
  fc.assert(
    fc.property(list, list, (before, after) => {
      const { onlyBefore, onlyAfter } = matched(before, after).result
      const left = (all: readonly number[], taken: readonly number[]) =>
        all.filter((_, index) => !taken.includes(index))
      assert.deepEqual(left(before, onlyBefore), left(after, onlyAfter))
      for (const indexes of [onlyBefore, onlyAfter])
        assert.deepEqual(
          indexes,
          [...new Set(indexes)].sort((a, b) => a - b),
        )
      const common = new Set(before.filter((each) => after.includes(each)))
      assert.equal(left(before, onlyBefore).length > 0, common.size > 0, 'what both have is never unmatched altogether')
    }),
    { numRuns: 500 },
  )
})

test('matchInSteps stops after about a million pairs each', () => {
  const unlike = (length: number, first: number) => Array.from({ length }, (_, index) => first + index)
  // 500 rows of 2001 pairs are a step.
  assert.deepEqual(
    [499, 500, 999, 1_000].map((rows) => matched(unlike(rows, 0), unlike(2_000, 5_000)).steps),
    [0, 1, 1, 2],
  )
  assert.equal(matched(unlike(3, 0), unlike(3, 5)).steps, 0)
})

test('matchInSteps takes what would be too many pairs for unlike, but for what both begin and end with', () => {
  const odd = Array.from({ length: 10_001 }, (_, index) => 2 * index + 1)
  const even = Array.from({ length: 10_001 }, (_, index) => 2 * index)
  odd[5_000] = 4
  const { result, steps } = matched([9, ...odd, 9], [9, ...even, 9])
  assert.equal(steps, 0)
  assert.deepEqual(
    result.onlyBefore,
    Array.from(odd, (_, index) => index + 1),
  )
  assert.deepEqual(result.onlyAfter, result.onlyBefore)
})

test('matchInSteps counts the pairs that it compares, however long what both begin with is', () => {
  const rising = (length: number, first: number) => Array.from({ length }, (_, index) => first + index)
  const [head, middle] = [rising(100_000, 0), rising(600, 200_000)]
  const { onlyBefore, onlyAfter } = matched([...head, -1, ...middle, -2], [...head, -3, ...middle, -4]).result
  assert.deepEqual(
    [onlyBefore, onlyAfter],
    [
      [100_000, 100_601],
      [100_000, 100_601],
    ],
  )
})

test('matchInSteps compares a hundred million pairs, and not one row more', () => {
  const odd = (length: number) => Array.from({ length }, (_, index) => 2 * index + 1)
  const even = Array.from({ length: 10_000 }, (_, index) => 2 * index)
  assert.equal(matchInSteps(odd(10_000), even).next().done, false, 'it has begun to')
  assert.equal(matchInSteps(odd(10_001), even).next().done, true, 'it gave up at once')
})
