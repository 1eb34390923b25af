/**
 * `npm run plant [-- --only WORD] [--page] [--unchecked]`: plants each fault into a copy of the tree and runs the suite that
 * must find it. Fails where one is not found, or a suite fails without a fault, which `--unchecked` takes for granted that
 * it does not. `--page` writes what was found into the table of docs/testing.md.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Fault } from './fault.ts'
import { FAULTS } from './faults.ts'
import { pageWith } from './table.ts'
import { Workshop } from './workshop.ts'

const ROOT = join(import.meta.dirname, '..', '..', '..')
const PAGE = join(ROOT, 'docs', 'testing.md')

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    page: { type: 'boolean', default: false },
    unchecked: { type: 'boolean', default: false },
  },
})
process.exitCode = await main(values)

async function main({ only, page, unchecked }: typeof values): Promise<number> {
  const isMeant = ({ fault, file, suite }: Fault) => only === undefined || `${fault} ${file} ${suite}`.includes(only)
  const faults = FAULTS.filter(isMeant)
  using workshop = new Workshop(ROOT)
  for (const suite of new Set(unchecked ? [] : faults.map(({ suite }) => suite))) {
    const { failed, seconds } = await workshop.run(suite)
    console.log(`${seconds.toFixed(1).padStart(6)} s  ${suite} without a fault`)
    if (failed !== undefined) return failure(`${suite} fails without a fault: ${failed}`)
  }
  const missed: string[] = []
  for (const fault of faults) {
    const verdict = await workshop.runWith(fault)
    console.log(`${verdict.seconds.toFixed(1).padStart(6)} s  ${fault.fault}: ${verdict.failed ?? 'NOT FOUND'}`)
    if (verdict.failed === undefined) missed.push(fault.fault)
    // After each: a run takes minutes.
    else if (page) writeFileSync(PAGE, pageWith(readFileSync(PAGE, 'utf8'), FAULTS, [{ fault, ...verdict }]))
  }
  console.log(`${faults.length - missed.length} of ${faults.length} planted faults are found`)
  return missed.length === 0 ? 0 : failure(`not found: ${missed.join('; ')}`)
}

function failure(why: string): number {
  console.error(`npm run plant: ${why}`)
  return 1
}
