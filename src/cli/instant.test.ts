import { equal, throws } from 'node:assert/strict'
import { test } from 'node:test'
import { instantFrom } from './instant.ts'

const NOON = new Date(2026, 10, 24, 12).getTime()

test('instantFrom reads instants as people write them', () => {
  const read = (text: string) => instantFrom('--at', text, NOON)
  equal(read('2026-11-24T12:00:00Z'), Date.UTC(2026, 10, 24, 12))
  equal(read('2026-11-24T12:00:00.250+01:00'), Date.UTC(2026, 10, 24, 11, 0, 0, 250))
  equal(read('2026-11-24 12:00'), NOON)
  equal(read('2026-11-24'), new Date(2026, 10, 24).getTime())
  equal(read('12:00:01'), NOON + 1000)
  equal(read('-10min'), NOON - 600_000)
  equal(read('@1764000000.5'), 1_764_000_000_500)
})

test('instantFrom refuses what is no instant', () => {
  for (const text of ['', 'noon', '25:00', '2026-13-01', '-10', '@', '12', '2026-11-24T']) {
    throws(() => instantFrom('--at', text, NOON), { code: 'ERR_MSGQ_USAGE' }, text)
  }
})
