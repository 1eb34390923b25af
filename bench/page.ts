import { readFileSync, writeFileSync } from 'node:fs'
import { cpus, release, totalmem } from 'node:os'
import { join } from 'node:path'
import { chart } from './chart.ts'
import type { Comparison } from './comparison.ts'
import type { Growth } from './growth.ts'
import { peerVersions } from './peers.ts'
import { differences, digits, duration, isReached, spreadText, wantedText } from './report.ts'
import type { Outcome } from './run.ts'

const DOCS = join(import.meta.dirname, '..', '..', 'docs')
const PAGE = join(DOCS, 'performance.md')
const PICTURE = join(DOCS, 'performance.svg')

/** All that was measured, and why the rest was not. */
export interface Results {
  readonly outcomes: ReadonlyMap<Comparison, Outcome>
  readonly skipped: ReadonlyMap<Comparison, string>
  readonly growth: readonly Growth[]
}

/** Puts results into docs/performance.md and the picture beside it. */
export function writePage(results: Results): void {
  const page = pageWith(readFileSync(PAGE, 'utf8'), results)
  writeFileSync(PICTURE, chart(results.growth))
  writeFileSync(PAGE, page)
}

/** The page with these results between its marks; the words around them stay. @throws {Error} A mark is missing. */
export function pageWith(page: string, { outcomes, skipped, growth }: Results): string {
  const parts = {
    machine: machine(),
    figures: figureTable(outcomes, skipped),
    peers: differences(outcomes.keys())
      .map((difference) => `- ${difference}`)
      .join('\n'),
    growth: growthTable(growth),
  }
  return Object.entries(parts).reduce((written, [mark, text]) => between(written, mark, text), page)
}

function between(page: string, mark: string, text: string): string {
  const [begin, end] = [`<!-- ${mark} -->`, `<!-- /${mark} -->`]
  const [from, to] = [page.indexOf(begin), page.indexOf(end)]
  if (from < 0 || to < from) throw new Error(`docs/performance.md has no marks ${begin} and ${end}`)
  return `${page.slice(0, from + begin.length)}\n\n${text}\n\n${page.slice(to)}`
}

function machine(): string {
  const processors = cpus()
  const model = processors[0]?.model.trim() || process.arch
  const memoryGiB = Math.round(totalmem() / 2 ** 30)
  const software = [`Linux ${release()}`, `Node ${process.version.slice(1)}`, ...peerVersions()].join(', ')
  return `Measured on ${processors.length} × ${model}, ${memoryGiB} GiB; ${software}.`
}

function figureTable(outcomes: ReadonlyMap<Comparison, Outcome>, skipped: ReadonlyMap<Comparison, string>): string {
  const rows = [...outcomes].map(([comparison, { figure, oursNs, peerNs }]) => {
    const reached = isReached(comparison, figure) ? '' : ', missed'
    return [
      `\`${figure.name}\``,
      comparison.work,
      figure.peer,
      `**${spreadText(figure)}** ${figure.unit}`,
      `${wantedText(comparison)}${reached}`,
      oursNs === undefined ? '' : duration(oursNs),
      peerNs === undefined ? '' : duration(peerNs),
    ]
  })
  const table = tableOf(['name', 'work', 'against', 'median (lowest to highest)', 'wanted', 'ours', 'theirs'], rows)
  const reasons = [...skipped].map(([{ name }, reason]) => `- \`${name}\` was not measured: ${reason}`)
  return reasons.length === 0 ? table : `${table}\n\n${reasons.join('\n')}`
}

function growthTable(growth: readonly Growth[]): string {
  const depths = growth[0]?.points.map(({ depth }) => digits(depth)) ?? []
  const rows = growth.flatMap(({ call, points }) => [
    [call, 'msgq', ...points.map(({ oursNs }) => duration(oursNs))],
    ['', 'kernel', ...points.map(({ kernelNs }) => duration(kernelNs))],
  ])
  return tableOf(['call', 'by', ...depths], rows)
}

function tableOf(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}
