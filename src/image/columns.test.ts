import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  areToldTogether,
  type Column,
  ColumnReader,
  ColumnWriter,
  isColumn,
  isRisingColumn,
  lastOf,
  NOT_TOLD,
  RisingColumnReader,
  RisingColumnWriter,
} from './columns.ts'

const SAFE = Number.MAX_SAFE_INTEGER

/** Numbers of messages, and the runs that stand for them. */
const COLUMNS: readonly (readonly [values: readonly (number | undefined)[], runs: Column])[] = [
  [[], []],
  [
    [undefined, undefined],
    [null, 2],
  ],
  [[0], [0, 1]],
  [
    [5, 5, 5, undefined, 0, 0, 7],
    [5, 3, null, 1, 0, 2, 7, 1],
  ],
]

/** Rising numbers, and the runs of their differences. */
const RISING: readonly (readonly [values: readonly (number | undefined)[], runs: Column])[] = [
  [[], []],
  [[undefined], [null, 1]],
  [
    [1, 2, 3, 5, 7],
    [1, 3, 2, 2],
  ],
  [
    [4, undefined, 6, undefined, 5],
    [4, 1, null, 1, 2, 1, null, 1, -1, 1],
  ],
  [
    [0, 0, SAFE],
    [0, 2, SAFE, 1],
  ],
]

test('ColumnWriter makes runs of equal values, and ColumnReader gives each again', () => {
  for (const [values, runs] of COLUMNS) {
    const writer = new ColumnWriter()
    for (const value of values) writer.add(value)
    assert.deepEqual(writer.end(), runs)
    const reader = new ColumnReader(runs)
    for (const value of values) {
      assert.equal(reader.next(), value ?? NOT_TOLD)
      assert.equal(reader.value, value ?? NOT_TOLD)
      assert.equal(reader.isTold, value !== undefined)
    }
    assert.equal(reader.next(), NOT_TOLD, 'nothing is told behind the end')
    assert.equal(reader.isTold, false)
  }
  const many = new ColumnWriter()
  many.add(3, 4)
  many.add(3, 2)
  many.add(undefined, 0)
  many.add(8, 1)
  assert.deepEqual(many.end(), [3, 6, 8, 1])
})

test('ColumnReader says how many more are the same, and goes over them', () => {
  const reader = new ColumnReader([5, 4, 6, 1])
  assert.equal(reader.next(), 5)
  assert.equal(reader.left, 3)
  reader.skip(2)
  assert.equal(reader.left, 1)
  assert.equal(reader.next(), 5)
  assert.equal(reader.next(), 6)
  assert.equal(reader.left, 0)
})

test('RisingColumnWriter makes runs of equal steps, and RisingColumnReader gives the numbers again', () => {
  for (const [values, runs] of RISING) {
    const writer = new RisingColumnWriter()
    for (const value of values) writer.add(value)
    assert.deepEqual(writer.end(), runs)
    const reader = new RisingColumnReader(runs)
    for (const value of values) assert.equal(reader.next(), value ?? NOT_TOLD)
  }
  const steps = new RisingColumnWriter()
  steps.add(10)
  steps.addSteps(2, 3)
  steps.addSteps(undefined, 2)
  steps.add(20)
  assert.deepEqual(steps.end(), [10, 1, 2, 3, null, 2, 4, 1])
  const reader = new RisingColumnReader([10, 1, 2, 3, null, 2, 4, 1])
  assert.deepEqual([reader.next(), reader.step, reader.left], [10, 10, 0])
  assert.deepEqual([reader.next(), reader.step, reader.left], [12, 2, 2])
  reader.skip(1)
  assert.deepEqual([reader.next(), reader.left], [16, 0])
  assert.deepEqual([reader.next(), reader.step, reader.left], [NOT_TOLD, 0, 1])
  reader.skip(1)
  assert.equal(reader.next(), 20)
})

test('isColumn takes runs that add up to the length, of numbers up to the most', () => {
  for (const [values, runs] of COLUMNS) {
    assert.equal(isColumn(runs, values.length, 7), true)
    assert.equal(isColumn(runs, values.length + 1, 7), false, 'too few')
    if (values.length > 0) assert.equal(isColumn(runs, values.length - 1, 7), false, 'too many')
  }
  assert.equal(isColumn([8, 1], 1, 7), false)
  assert.equal(isColumn([-1, 1], 1, 7), false)
  const broken: readonly (readonly unknown[])[] = [
    [1],
    [1, 0],
    [1, 0.5],
    [1, '1'],
    ['1', 1],
    [0.5, 1],
    [1, 2, 1, -1],
    [1, -1, 1, 2],
    [1, 1, 2, 0],
    [null],
  ]
  for (const runs of broken) assert.equal(isColumn(runs, 1, 7), false, JSON.stringify(runs))
  assert.equal(isColumn([1, 1.5, 2, 1.5], 3, 7), false, 'halves that add up')
})

test('isRisingColumn takes steps that stay from 0 to 2^53-1, none below the least', () => {
  for (const [values, runs] of RISING) assert.equal(isRisingColumn(runs, values.length, -1), true)
  assert.equal(isRisingColumn([1, 2, 0, 1], 3, 1), false)
  assert.equal(isRisingColumn([1, 2, 0, 1], 3, 0), true)
  assert.equal(isRisingColumn([2, 1, -1, 2], 3, -1), true, 'down to 0')
  assert.equal(isRisingColumn([2, 1, -1, 3], 4, -1), false, 'below 0')
  assert.equal(isRisingColumn([-1, 1], 1, -1), false, 'begins below 0')
  assert.equal(isRisingColumn([2, 1, -3, 1], 2, -9), false)
  assert.equal(isRisingColumn([SAFE, 1, 1, 1], 2, 1), false)
  assert.equal(isRisingColumn([2 ** 52, 2], 2, 1), false)
  assert.equal(isRisingColumn([SAFE, 1], 1, 1), true)
})

test('areToldTogether and lastOf know which messages tell, and what the last one tells', () => {
  assert.equal(areToldTogether([1, 2, null, 3, 5, 1], [7, 1, 9, 1, null, 3, 0, 1]), true)
  assert.equal(areToldTogether([1, 2, null, 3, 5, 1], [1, 1, null, 4, 5, 1]), false)
  assert.equal(areToldTogether([1, 2, null, 3], [null, 2, 1, 3]), false)
  assert.equal(areToldTogether([null, 2, null, 3], [null, 5]), true)
  assert.equal(lastOf([10, 1, 2, 3, null, 2, 4, 1]), 20)
  assert.equal(lastOf([null, 4]), 0)
  assert.equal(lastOf([]), 0)
})
