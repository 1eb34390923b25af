import type { Style } from './output.ts'

/** One column: its heading, and on which side its words stand. */
export interface Column {
  readonly heading: string
  readonly align: 'left' | 'right'
}

/** Lines of a table whose columns are as wide as their longest words, two spaces apart. */
export function tableLines(columns: readonly Column[], rows: readonly (readonly string[])[], style: Style): string[] {
  const headings = columns.map(({ heading }) => heading)
  const widths = columns.map((_, column) => Math.max(...[headings, ...rows].map((row) => row[column]?.length ?? 0)))
  const line = (row: readonly string[]) =>
    columns
      .map(({ align }, column) => padded(row[column] ?? '', widths[column] ?? 0, align))
      .join('  ')
      .trimEnd()
  return [style.bold(line(headings)), ...rows.map(line)]
}

/** Lines of names and what they are, the names padded. */
export function listLines(pairs: readonly (readonly [name: string, value: string])[], style: Style): string[] {
  const width = Math.max(...pairs.map(([name]) => name.length))
  return pairs.map(([name, value]) => `${style.bold(name.padEnd(width))}  ${value}`)
}

function padded(words: string, width: number, align: Column['align']): string {
  return align === 'left' ? words.padEnd(width) : words.padStart(width)
}
