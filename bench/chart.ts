import type { Growth } from './growth.ts'
import { duration } from './report.ts'

const COLUMNS = 4
const PANEL = { width: 150, height: 160 }
/** Room around the panels and between them, for what is written there. */
const MARGIN = { left: 64, top: 76, between: 70, below: 56 }
/** Two lines of text closer than this cannot be read. */
const LINE_HEIGHT = 14

/** It brings its own background, so that it can be read wherever it is shown. */
const STYLE = `
  svg { --ground: #ffffff; --text: #24292f; --faint: #57606a; --line: #d0d7de; --ours: #0072b2; --kernel: #c2410c }
  @media (prefers-color-scheme: dark) {
    svg { --ground: #0d1117; --text: #e6edf3; --faint: #9198a1; --line: #30363d; --ours: #56b4e9; --kernel: #f0a35e }
  }
  text { font: 12px sans-serif; fill: var(--text) }
  .title { font-size: 16px; font-weight: bold }
  .call { font-size: 13px; font-weight: bold }
  .tick { fill: var(--faint) }
  .grid { stroke: var(--line) }
  .ours { --colour: var(--ours) }
  .kernel { --colour: var(--kernel); stroke-dasharray: 6 4 }
  polyline, line.ours, line.kernel { stroke: var(--colour); stroke-width: 2; fill: none }
  circle { fill: var(--colour) }
  text.ours, text.kernel { fill: var(--colour) }`

/** The powers of ten that each axis shows, by their exponents. */
interface Axes {
  readonly depths: readonly number[]
  readonly times: readonly number[]
}

/** A panel for each call: time against pending messages, both in powers of ten, ours and the kernel's. */
export function chart(growth: readonly Growth[]): string {
  const points = growth.flatMap(({ points }) => points)
  const axes = {
    depths: powersAround(points.map(({ depth }) => depth)),
    times: powersAround(points.flatMap(({ oursNs, kernelNs }) => [oursNs, kernelNs])),
  }
  const rows = Math.ceil((growth.length + 1) / COLUMNS)
  const width = MARGIN.left + COLUMNS * (PANEL.width + MARGIN.between)
  const height = MARGIN.top + rows * (PANEL.height + MARGIN.below)
  const panels = growth.map((each, index) => placed(index, panel(each, axes, index % COLUMNS === 0)))
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img">
<title>Time of one call against the number of pending messages: msgq in memory, and the kernel</title>
<style>${STYLE}
</style>
<rect width="${width}" height="${height}" fill="var(--ground)"/>
<text class="title" x="16" y="30">Time of one call against the number of messages pending</text>
${panels.join('\n')}
${placed(growth.length, legend())}
</svg>
`
}

/** The powers of ten from the one at or below all values to the one at or above them. */
function powersAround(values: readonly number[]): number[] {
  const exponents = values.map((value) => Math.log10(value))
  const [least, most] = [Math.floor(Math.min(...exponents)), Math.ceil(Math.max(...exponents))]
  return Array.from({ length: most - least + 1 }, (_, index) => least + index)
}

/** In the cell of this number, row by row. */
function placed(index: number, drawn: string): string {
  const x = MARGIN.left + (index % COLUMNS) * (PANEL.width + MARGIN.between)
  const y = MARGIN.top + Math.floor(index / COLUMNS) * (PANEL.height + MARGIN.below)
  return `<g transform="translate(${x} ${y})">\n${drawn}\n</g>`
}

function panel({ call, points }: Growth, axes: Axes, withTimes: boolean): string {
  return [
    `<text class="call" x="0" y="-14">${call}</text>`,
    ...axes.times.map((exponent) => horizontal(10 ** exponent, axes, withTimes)),
    ...axes.depths.map((exponent) => tick(10 ** exponent, axes)),
    ...line(
      'kernel',
      points.map(({ depth, kernelNs }) => [depth, kernelNs]),
      axes,
    ),
    ...line(
      'ours',
      points.map(({ depth, oursNs }) => [depth, oursNs]),
      axes,
    ),
    ...points.slice(-1).map((last) => lastTimes(last, axes)),
  ].join('\n')
}

function horizontal(ns: number, axes: Axes, withTime: boolean): string {
  const y = yOf(ns, axes)
  const time = `<text class="tick" x="-8" y="${y + 4}" text-anchor="end">${duration(ns)}</text>`
  return `<line class="grid" x1="0" y1="${y}" x2="${PANEL.width}" y2="${y}"/>${withTime ? time : ''}`
}

function tick(depth: number, axes: Axes): string {
  const exponent = `<tspan dy="-5" font-size="9">${Math.log10(depth)}</tspan>`
  return `<text class="tick" x="${xOf(depth, axes)}" y="${PANEL.height + 20}" text-anchor="middle">10${exponent}</text>`
}

/** A line through some points. */
function line(
  side: 'ours' | 'kernel',
  points: readonly (readonly [depth: number, ns: number])[],
  axes: Axes,
): string[] {
  const places = points.map(([depth, ns]) => [xOf(depth, axes), yOf(ns, axes)] as const)
  return [
    `<polyline class="${side}" points="${places.map((place) => place.join()).join(' ')}"/>`,
    ...places.map(([cx, cy]) => `<circle class="${side}" cx="${cx}" cy="${cy}" r="3"/>`),
  ]
}

/** The times at the ends of both lines, beside them and apart from each other. */
function lastTimes({ depth, oursNs, kernelNs }: Growth['points'][number], axes: Axes): string {
  const x = xOf(depth, axes) + 8
  const [ours, kernel] = [yOf(oursNs, axes), yOf(kernelNs, axes)]
  const apart = Math.max(0, LINE_HEIGHT - Math.abs(ours - kernel)) / 2
  const down = ours > kernel ? apart : -apart
  return [
    `<text class="ours" x="${x}" y="${ours + down + 4}">${duration(oursNs)}</text>`,
    `<text class="kernel" x="${x}" y="${kernel - down + 4}">${duration(kernelNs)}</text>`,
  ].join('\n')
}

function legend(): string {
  return [
    `<line class="ours" x1="0" y1="20" x2="32" y2="20"/><text x="42" y="24">msgq, memory:</text>`,
    `<line class="kernel" x1="0" y1="44" x2="32" y2="44"/><text x="42" y="48">a C loop on the kernel</text>`,
    `<text class="tick" x="0" y="84">Messages of 64 bytes, of 100</text>`,
    `<text class="tick" x="0" y="102">types where nothing else is</text>`,
    `<text class="tick" x="0" y="120">said. Powers of ten.</text>`,
  ].join('\n')
}

function xOf(depth: number, { depths }: Axes): number {
  return along(depth, depths, 0, PANEL.width)
}

function yOf(ns: number, { times }: Axes): number {
  return along(ns, times, PANEL.height, 0)
}

/** Where a value lies between the ends of an axis, to a tenth of a point. */
function along(value: number, exponents: readonly number[], from: number, to: number): number {
  const [least = 0, most = 1] = [exponents[0], exponents.at(-1)]
  return Number((from + ((to - from) * (Math.log10(value) - least)) / (most - least)).toFixed(1))
}
