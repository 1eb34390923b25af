import type { Style } from './output.ts'

/** One column: its heading, which may have several lines, and on which side its words stand. */
export interface Column {
  readonly heading: string
  readonly align: 'left' | 'right'
}

/** Lines of a table whose columns are as wide as their longest words, two spaces apart. */
export function tableLines(columns: readonly Column[], rows: readonly (readonly string[])[], style: Style): string[] {
  const headings = headingRows(columns.map(({ heading }) => heading.split('\n')))
  // Not spread into Math.max(): a call takes fewer arguments than a table may have rows.
  const widths = columns.map((_, column) =>
    [...headings, ...rows].reduce((width, row) => Math.max(width, row[column]?.length ?? 0), 0),
  )
  const line = (row: readonly string[]) =>
    columns
      .map(({ align }, column) => padded(row[column] ?? '', widths[column] ?? 0, align))
      .join('  ')
      .trimEnd()
  return [...headings.map((row) => style.bold(line(row))), ...rows.map(line)]
}

/** The lines of all headings; a short one stands at the bottom. */
function headingRows(headings: readonly (readonly string[])[]): string[][] {
  const height = Math.max(...headings.map(({ length }) => length))
  return Array.from({ length: height }, (_, row) => headings.map((lines) => lines[row - height + lines.length] ?? ''))
}

/** Lines of names and what they are, the names padded. */
export function listLines(pairs: readonly (readonly [name: string, value: string])[], style: Style): string[] {
  const width = Math.max(...pairs.map(([name]) => name.length))
  return pairs.map(([name, value]) => `${style.bold(name.padEnd(width))}  ${value}`)
}

function padded(words: string, width: number, align: Column['align']): string {
  return align === 'left' ? words.padEnd(width) : words.padStart(width)
}
