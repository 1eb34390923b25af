import { strict as assert } from 'node:assert'
import { test } from 'node:test'
import { conformance, type Target } from '../../src/conformance/index.ts'

/** What the suite must hold at least: fewer means that cases were lost, or a capability that was declared no more. */
const CASES_AT_LEAST = 200

/** Runs the suite on a target, and then tells how many cases ran and how many do not apply. */
export function conformanceWithCounts(target: Target): void {
  let ran = 0
  const { applicable, notApplicable } = conformance({
    test: (name, run) =>
      test(name, async () => {
        await run()
        ran++
      }),
    target,
  })
  test(`${target.name} conformance counts its cases`, (t) => {
    t.diagnostic(`${ran} cases ran and passed on ${target.name}, ${notApplicable.length} are not applicable`)
    assert.equal(ran, applicable.length)
    assert.ok(ran >= CASES_AT_LEAST, `${ran} cases ran, and there should be ${CASES_AT_LEAST} at least`)
    assert.equal(new Set(applicable.map(({ name }) => name)).size, applicable.length, 'names are unique')
  })
}
