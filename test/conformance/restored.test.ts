import { strict as assert } from 'node:assert'
import { test } from 'node:test'
import { conformanceWithCounts } from './counts.ts'
import { midways, restoredTarget } from './restored-target.ts'

conformanceWithCounts(restoredTarget)

test('restored namespaces were used in most cases', (t) => {
  t.diagnostic(`${midways.count} namespaces were moved into another one by way of an image`)
  assert.ok(midways.count >= 150, `${midways.count} moves`)
})
