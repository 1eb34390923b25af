import { deepEqual, equal, match, throws } from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { chart } from '../../bench/chart.ts'
import { type Comparison, figure } from '../../bench/comparison.ts'
import { COMPARISONS } from '../../bench/comparisons.ts'
import { pageWith } from '../../bench/page.ts'

const PAGE = readFileSync(join(import.meta.dirname, '..', '..', '..', 'docs', 'performance.md'), 'utf8')
const GROWTH = [
  {
    call: 'copy',
    points: [
      { depth: 100, oursNs: 50, kernelNs: 1_000 },
      { depth: 1_000, oursNs: 60, kernelNs: 250_000 },
    ],
  },
]

function comparisonNamed(name: string): Comparison {
  const found = COMPARISONS.find((each) => each.name === name)
  if (found === undefined) throw new Error(`there is no ${name}`)
  return found
}

describe('docs/performance.md', () => {
  test('has a row, or the reason why not, for each figure that npm run bench measures', () => {
    const named = [...PAGE.matchAll(/^(?:\|| -|-) `([a-z0-9-]+)`/gm)].map(([, name = '']) => name)
    deepEqual(named.sort(), COMPARISONS.map(({ name }) => name).sort())
  })

  test('pageWith writes figures, reasons and growth between the marks, and keeps the words around them', () => {
    const pairs = comparisonNamed('pair-sync-64')
    const growth = comparisonNamed('depth-growth')
    const outcomes = new Map([
      [pairs, { figure: figure(pairs, { ratios: [5, 6, 7] }), oursNs: 200, peerNs: 1_200 }],
      [growth, { figure: figure(growth, { ratios: [4.5], of: 'send' }) }],
    ])
    const skipped = new Map([[comparisonNamed('kernel-pair-svmq'), 'no compiler']])
    const page = pageWith(PAGE, { outcomes, skipped, growth: GROWTH })
    match(
      page,
      /^\| `pair-sync-64` \| .* \| C loop on the kernel \| \*\*6 \(5 to 7\)\*\* times the rate \| at least 4 \| 200 ns \| 1.2 µs \|$/m,
    )
    match(page, /^\| `depth-growth` \| .* \(send\) \| \*\*4.5 .* \| at most 4, missed \|/m)
    match(page, /^- `kernel-pair-svmq` was not measured: no compiler$/m)
    match(page, /^- C loop on the kernel: It does more/m)
    match(page, /^\| {2}\| kernel \| 1 µs \| 250 µs \|$/m)
    deepEqual(wordsOf(page), wordsOf(PAGE))
    equal(pageWith(page, { outcomes, skipped, growth: GROWTH }), page)
  })

  test('pageWith says which mark a page lacks', () => {
    throws(() => pageWith('', { outcomes: new Map(), skipped: new Map(), growth: GROWTH }), /<!-- machine -->/)
  })
})

test('chart draws a panel for each call, with a line and its last time for each side', () => {
  const drawn = chart([...GROWTH, ...GROWTH])
  equal(drawn.match(/class="call"/g)?.length, 2)
  for (const side of ['ours', 'kernel']) {
    equal(drawn.match(new RegExp(`<polyline class="${side}"`, 'g'))?.length, 2)
    equal(drawn.match(new RegExp(`<circle class="${side}"`, 'g'))?.length, 4)
  }
  match(drawn, /<text class="ours" [^>]*>60 ns<\/text>/)
  match(drawn, /<text class="kernel" [^>]*>250 µs<\/text>/)
  // From 10 ns at the bottom to 1 ms at the top, and from 10² at the left to 10³ at the right.
  match(drawn, /<polyline class="kernel" points="0,96 150,19\.3"\/>/)
})

/** The page without what stands between its marks. */
function wordsOf(page: string): string {
  return page.replace(/<!-- (\w+) -->[\s\S]*?<!-- \/\1 -->/g, '')
}
