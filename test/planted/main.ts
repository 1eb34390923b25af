/** `npm run plant`: see `HELP`. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { FLAG, readCommandLine, TEXT } from '../command-line.ts'
import type { Fault } from './fault.ts'
import { FAULTS } from './faults.ts'
import { pageWith } from './table.ts'
import { Workshop } from './workshop.ts'

const ROOT = join(import.meta.dirname, '..', '..', '..')
const PAGE = join(ROOT, 'docs', 'testing.md')

const HELP = `npm run plant -- [OPTION…]

Plants each fault into a copy of the tree and runs the suite that must find it. The exit status is 1 where one is not found,
or a suite fails without a fault.

  --only PART  only faults whose name, file or suite has this
  --page       puts what was found, and how fast, into docs/testing.md
  --unchecked  takes for granted that no suite fails without a fault
  --help       prints this

  npm run plant
  npm run plant -- --only journal --unchecked`

const options = { only: { ...TEXT, default: '' }, page: FLAG, unchecked: FLAG }
const { faults, page, unchecked } = readCommandLine(HELP, { options }, ({ only, page, unchecked }) => {
  const isMeant = ({ fault, file, suite }: Fault) => `${fault} ${file} ${suite}`.includes(only)
  const faults = FAULTS.filter(isMeant)
  if (faults.length === 0) throw new RangeError(`no fault has ${only} in its name, file or suite`)
  return { faults, page, unchecked }
})
process.exitCode = await main()

async function main(): Promise<number> {
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
