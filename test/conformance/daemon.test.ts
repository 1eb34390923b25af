import { strict as assert } from 'node:assert'
import { test } from 'node:test'
import { lentTarget, restarts, servedTarget } from '../daemon/served-target.ts'
import { conformanceWithCounts } from './counts.ts'

conformanceWithCounts(servedTarget('unix:', false))
conformanceWithCounts(servedTarget('unix: restarted', true))
conformanceWithCounts(lentTarget)

test('restarted daemons were used in most cases', (t) => {
  t.diagnostic(`${restarts.count} daemons were killed, and brought everything back from their journals`)
  assert.ok(restarts.count >= 150, `${restarts.count} restarts`)
})
