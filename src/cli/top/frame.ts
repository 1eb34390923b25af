import type { Capabilities } from '../../contract/index.ts'
import {
  byOrder,
  bytesWords,
  columnsThere,
  type QueueColumn,
  type QueueOrder,
  type Seen,
  waitWords,
} from '../../view/index.ts'
import { PLAIN, type Style } from '../output.ts'
import { tableLines } from '../table.ts'
import { count } from '../words.ts'

/** What a frame is made of. */
export interface Shown {
  readonly url: string
  readonly capabilities: Capabilities
  readonly seen: Seen
  readonly order: QueueOrder
  /** Why nothing newer comes. */
  readonly lost?: string | undefined
}

export interface Size {
  readonly columns: number
  readonly rows: number
}

/** What a narrow terminal goes without, the first first; the rest is what one looks for. */
const DROPPED: readonly string[] = [
  'perms',
  'owner',
  'key',
  'used',
  'change',
  'received',
  'sent',
  'sending',
  'receiving',
  'oldest',
]
/** Waiting calls that are listed even where the queues need all lines. */
const WAITS_LEAST = 3
const KEYS = 'q ends, < and > sort by another column, r turns the order'

/** All queues, and who waits, at any length and width. */
export function wholeFrame(shown: Shown, style: Style): string[] {
  return [summary(shown), ...queueTable(shown, style, Number.POSITIVE_INFINITY), ...waitLines(shown.seen, style)]
}

/** As much as a screen has room for. */
export function screenFrame(shown: Shown, { columns, rows }: Size, style: Style): string[] {
  const cut = (line: string) => line.slice(0, columns)
  const head = [cut(summary(shown)), style.dim(cut(shown.lost ?? KEYS))]
  const table = queueTable(shown, PLAIN, columns)
  const headingCount = table.length - shown.seen.queues.length
  const room = Math.max(0, rows - head.length)
  const allWaits = waitLines(shown.seen, PLAIN)
  const waitsLeast = allWaits.length === 0 ? 0 : Math.min(allWaits.length, WAITS_LEAST + 2)
  const queues = fitting(table, Math.max(room - waitsLeast, headingCount + 1), 'queue')
  const waits = fitting(allWaits, room - queues.length, 'call')
  const bold = (line: string, at: number) => (at < headingCount ? style.bold(cut(line)) : cut(line))
  return [...head, ...queues.map(bold), ...waits.map(cut)].slice(0, rows)
}

/** The first lines, and how many of what they are about are not shown. */
function fitting(lines: readonly string[], room: number, noun: string): readonly string[] {
  if (lines.length <= room) return lines
  if (room < 1) return []
  const hidden = lines.length - room + 1
  return [...lines.slice(0, room - 1), `and ${count(hidden, `more ${noun}`)}`]
}

function summary({ url, seen: { time, queues, waiting }, order }: Shown): string {
  const messages = queues.reduce((sum, { qnum }) => sum + qnum, 0)
  const bytes = queues.reduce((sum, { cbytes }) => sum + cbytes, 0)
  const now = new Date(time)
  const clock = [now.getHours(), now.getMinutes(), now.getSeconds()]
    .map((part) => String(part).padStart(2, '0'))
    .join(':')
  const what = [
    count(queues.length, 'queue'),
    count(messages, 'message'),
    bytesWords(bytes),
    `${waiting.length} waiting`,
  ]
  return `${clock}  ${what.join(', ')}, by ${order.name}${order.isDown ? ' down' : ''}  ${url}`
}

/** The widest table that fits: with headings of one line, then of two, then without what can be missed. */
function queueTable({ capabilities, seen, order }: Shown, style: Style, width: number): string[] {
  const queues = [...seen.queues].sort(byOrder(order))
  const table = (columns: readonly QueueColumn[]) =>
    tableLines(
      columns.map(({ heading, isNumber }) => ({ heading, align: isNumber ? 'right' : 'left' })),
      queues.map((queue) => columns.map(({ words }) => words(queue, seen.time))),
      style,
    )
  const columns = columnsThere(capabilities)
  let lines = table(columns)
  if (isWithin(lines, width)) return lines
  let folded = columns.map((column) => ({ ...column, heading: column.heading.replace(/ (?=\S+$)/, '\n') }))
  for (const dropped of ['', ...DROPPED]) {
    if (dropped === order.name) continue
    folded = folded.filter(({ name }) => name !== dropped)
    lines = table(folded)
    if (isWithin(lines, width)) break
  }
  return lines
}

function isWithin(lines: readonly string[], width: number): boolean {
  return lines.every(({ length }) => length <= width)
}

function waitLines({ waiting }: Seen, style: Style): string[] {
  if (waiting.length === 0) return []
  const lines = waiting.map((wait) => `queue ${wait.msqid}: ${waitWords(wait)}`)
  return ['', style.bold('who waits'), ...lines]
}
