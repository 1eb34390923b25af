/** `npm run bench`: what msgq and others take, side by side. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Comparison, Setting } from './comparison.ts'
import { COMPARISONS } from './comparisons.ts'
import { type Options, readOptions } from './options.ts'
import { writePage } from './page.ts'
import { differences, line } from './report.ts'
import { meetRequirements, type Requirement } from './requirements.ts'
import { GROWTH_REQUIREMENTS, type Outcome, runComparison, runGrowth } from './run.ts'

/** Exit codes: what could be measured was; a result was wrong, or a measurement failed. */
const MEASURED = 0
const FAILED = 1

process.exitCode = await main()

async function main(): Promise<number> {
  const options = readOptions(COMPARISONS.map(({ name }) => name))
  const scratch = mkdtempSync(join(tmpdir(), 'msgq-bench-'))
  process.once('exit', () => rmSync(scratch, { recursive: true, force: true }))
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(FAILED))
  return run(options, scratch)
}

async function run(options: Options, scratch: string): Promise<number> {
  const { only, quick, json, page } = options
  const setting = { quick, scratch }
  const asked = COMPARISONS.filter(({ name }) => only.length === 0 || only.includes(name))
  const needed = [...asked.flatMap(({ requirements }) => requirements), ...(page ? GROWTH_REQUIREMENTS : [])]
  const missing = meetRequirements(new Set(needed), scratch)
  const whyNoPage = page ? whyNot(GROWTH_REQUIREMENTS, missing) : undefined
  if (whyNoPage !== undefined) {
    console.error(`no page, for it shows the kernel too: ${whyNoPage}`)
    return FAILED
  }

  const { outcomes, skipped, failures } = await measureAll(asked, missing, setting, json)
  const figures = [...outcomes.values()].map(({ figure }) => figure)
  if (json) console.log(JSON.stringify(figures, null, 2))
  else for (const difference of differences(outcomes.keys())) console.log(difference)
  if (failures > 0) return FAILED
  if (page) writePage({ outcomes, skipped, growth: await runGrowth(setting) })
  return MEASURED
}

async function measureAll(
  asked: readonly Comparison[],
  missing: ReadonlyMap<Requirement, string>,
  setting: Setting,
  json: boolean,
) {
  const outcomes = new Map<Comparison, Outcome>()
  const skipped = new Map<Comparison, string>()
  let failures = 0
  for (const comparison of asked) {
    const reason = whyNot(comparison.requirements, missing)
    if (reason !== undefined) {
      skipped.set(comparison, reason)
      console.error(`${comparison.name}: skipped: ${reason}`)
      continue
    }
    try {
      const outcome = await runComparison(comparison, setting)
      outcomes.set(comparison, outcome)
      if (!json) console.log(line(comparison, outcome, setting.quick))
    } catch (error) {
      failures++
      console.error(error instanceof Error ? error.message : error)
    }
  }
  return { outcomes, skipped, failures }
}

/** Why something cannot be measured; `undefined` when it can. */
function whyNot(needed: readonly Requirement[], missing: ReadonlyMap<Requirement, string>): string | undefined {
  return needed.map((requirement) => missing.get(requirement)).find((reason) => reason !== undefined)
}
