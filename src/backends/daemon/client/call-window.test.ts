import { deepEqual, equal } from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { CallWindow } from './call-window.ts'

test('CallWindow has what a Map would have, however long the oldest call waits', () => {
  // Numbers rise; what ends is one of those that wait, now the oldest, now a later one.
  const step = fc.oneof(fc.constant('add' as const), fc.nat({ max: 300 }))
  fc.assert(
    fc.property(fc.array(step, { maxLength: 400, size: 'max' }), (steps) => {
      const window = new CallWindow<{ readonly of: number }>()
      const map = new Map<number, { readonly of: number }>()
      let last = 0
      for (const does of steps) {
        const waiting = [...map.keys()]
        const ended = does === 'add' ? undefined : (waiting[does] ?? does)
        if (ended === undefined) {
          last++
          window.add(last, { of: last })
          map.set(last, { of: last })
        } else {
          window.delete(ended)
          map.delete(ended)
        }
        equal(window.size, map.size)
        equal(window.oldest, map.keys().next().value)
        equal(window.get(last)?.of, map.get(last)?.of)
      }
      deepEqual(window.entries(), [...map])
    }),
  )
})

test('CallWindow keeps one that waits while many thousands go by', () => {
  const window = new CallWindow<{ readonly of: number }>()
  window.add(1, { of: 1 })
  for (let number = 2; number < 30_000; number++) {
    window.add(number, { of: number })
    window.delete(number)
  }
  deepEqual(window.entries(), [[1, { of: 1 }]])
  window.delete(1)
  equal(window.oldest, undefined)
  window.add(30_000, { of: 30_000 })
  equal(window.oldest, 30_000)
})
