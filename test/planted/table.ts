import type { Fault } from './fault.ts'
import type { Verdict } from './workshop.ts'

/** What was found of a fault. */
export interface Found extends Verdict {
  readonly fault: Fault
}

const BEGIN = '<!-- planted faults, written by npm run plant -->'
const END = '<!-- end of planted faults -->'
const HEAD = '| the fault | found by | the first test that fails | seconds |\n| --- | --- | --- | --- |'

/**
 * The page of docs with what was found in its table; what it says of faults that were not planted now stays.
 *
 * @param faults All there are, in the order of the table.
 * @throws {Error} The page says nowhere where the table goes.
 */
export function pageWith(page: string, faults: readonly Fault[], found: readonly Found[]): string {
  const [before, rest] = page.split(BEGIN)
  const [old, after] = rest?.split(END) ?? []
  if (before === undefined || old === undefined || after === undefined) throw new Error('the page has no place for it')
  const rows = rowsOf(old)
  for (const each of found) rows.set(each.fault.fault, row(each))
  const table = faults.flatMap(({ fault }) => rows.get(fault) ?? [])
  return `${before}${BEGIN}\n${[HEAD, ...table].join('\n')}\n${END}${after}`
}

/** The faults that a page says were found. */
export function faultsOn(page: string): string[] {
  return [...rowsOf(page.split(BEGIN)[1]?.split(END)[0] ?? '').keys()]
}

function rowsOf(table: string): Map<string, string> {
  const rows = table.split('\n').filter((line) => line.startsWith('| ') && !HEAD.includes(line))
  return new Map(rows.map((line) => [line.split(' | ')[0]?.slice(2) ?? '', line]))
}

function row({ fault, failed, seconds }: Found): string {
  const suite = fault.suite.replace(/\.test\.ts$/, '')
  const name = (failed ?? 'NOT FOUND').replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll('\\#', '#')
  return `| ${fault.fault} | \`${suite}\` | ${name} | ${seconds.toFixed(1)} |`
}
