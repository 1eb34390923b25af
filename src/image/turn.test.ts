import assert from 'node:assert/strict'
import { test } from 'node:test'
import { turn } from './turn.ts'

/** Runs some work where `setImmediate` is another one, or none. */
async function where(other: typeof setImmediate | undefined, work: () => Promise<void>): Promise<void> {
  const { setImmediate } = globalThis
  Object.assign(globalThis, { setImmediate: other })
  try {
    await work()
  } finally {
    Object.assign(globalThis, { setImmediate })
  }
}

test('turn takes Node’s own way, which costs microseconds', async () => {
  const { setImmediate } = globalThis
  let calls = 0
  const counting = (resolve: () => void) => {
    calls++
    return setImmediate(resolve)
  }
  await where(counting as typeof setImmediate, turn)
  assert.equal(calls, 1)
})

test('turn takes a browser’s way where there is no other', () => where(undefined, turn))
