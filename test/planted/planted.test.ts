import { deepEqual, equal, ok } from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { plant } from './fault.ts'
import { FAULTS } from './faults.ts'
import { faultsOn } from './table.ts'

const ROOT = join(import.meta.dirname, '..', '..', '..')
/** So many kinds of fault are what the suites are to be trusted for. */
const FAULTS_LEAST = 25

test('every planted fault can be made in the source of today, and its suite is there', () => {
  const rotten = FAULTS.flatMap((fault) => {
    if (!existsSync(join(ROOT, fault.suite))) return [`${fault.fault}: there is no ${fault.suite}`]
    try {
      plant(readFileSync(join(ROOT, fault.file), 'utf8'), fault)
      return []
    } catch (error) {
      return [`${fault.fault}: ${error instanceof Error ? error.message : error}`]
    }
  })
  equal(rotten.join('\n'), '')
  ok(FAULTS.length >= FAULTS_LEAST)
})

test('docs/testing.md says of every planted fault what found it', () => {
  const page = readFileSync(join(ROOT, 'docs', 'testing.md'), 'utf8')
  deepEqual(
    faultsOn(page),
    FAULTS.map(({ fault }) => fault),
    'npm run plant -- --page',
  )
  ok(!page.includes('NOT FOUND'))
})
