import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import type { Figure } from '../../bench/comparison.ts'
import { COMPARISONS } from '../../bench/comparisons.ts'

const MAIN = join(import.meta.dirname, '..', '..', 'bench', 'main.js')
const NAMES = COMPARISONS.map(({ name }) => name)
/** What npm says when it reaches no network: nothing else excuses CI from measuring against packages. */
const NO_NETWORK =
  /(npm install in bench\/peers failed|svmq does not compile): .*\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ERR_SOCKET_TIMEOUT|ENETUNREACH)\b/

function bench(args: readonly string[], env: NodeJS.ProcessEnv = process.env) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8', env })
  return { status, stdout, stderr }
}

describe('npm run bench', () => {
  test('bench --quick --json finds every result right, and prints nothing but the figures', (t) => {
    const { status, stdout, stderr } = bench(['--quick', '--json'])
    const skips = [...stderr.matchAll(/^(\S+): skipped: (.*)$/gm)]
    for (const [skip] of skips) t.diagnostic(skip)
    equal(stderr.replace(/^\S+: skipped: .*\n/gm, ''), '')
    equal(status, 0)

    const figures = JSON.parse(stdout) as Figure[]
    const skipped = skips.map(([, name]) => name)
    deepEqual(
      figures.map(({ name }) => name),
      NAMES.filter((name) => !skipped.includes(name)),
    )
    for (const each of figures) {
      deepEqual(Object.keys(each), ['name', 'peer', 'ratio', 'low', 'high', 'unit'])
      ok(0 < each.low && each.low <= each.ratio && each.ratio <= each.high && each.high < 1e9, JSON.stringify(each))
    }
    const { CI } = process.env
    if (CI === 'true') for (const [, , reason = ''] of skips) match(reason, NO_NETWORK)
  })

  test('bench skips what it has no program for, says why, and that is no failure', () => {
    const { status, stdout, stderr } = bench(['--quick', '--json', '--only', 'pair-sync-64'], { PATH: '' })
    deepEqual(JSON.parse(stdout), [])
    match(stderr, /^pair-sync-64: skipped: no IPC namespace of its own .*unshare/m)
    equal(status, 0)
  })

  test('bench without --json says what each peer does otherwise', () => {
    const { status, stdout } = bench(['--quick', '--only', 'pair-array'])
    match(
      stdout,
      /^pair-array: results are right, against array, push and shift\narray, push and shift: It does less: /,
    )
    equal(status, 0)
  })

  test('bench names the figures that there are when one is asked for that is not', () => {
    const { status, stderr } = bench(['--only', 'pair-array', '--only', 'pear-sync'])
    match(stderr, /^npm run bench: there is no figure pear-sync; there are pair-sync-8, /)
    equal(status, 2)
  })

  test('bench --page refuses to write figures that mean nothing', () => {
    const { status, stderr } = bench(['--page', '--quick'])
    match(stderr, /^npm run bench: --page is of everything, measured in full/)
    equal(status, 2)
  })

  test('COMPARISONS has no name twice, and each that was ever promised', () => {
    equal(new Set(NAMES).size, NAMES.length)
    const promised = [
      ...['pair-sync-64', 'pair-async-64', 'selective-50000', 'copy-all-50000', 'checkpoint-files', 'restore-files'],
      ...['kernel-pair-sync', 'kernel-pair-svmq', 'depth-growth', 'copy-growth', 'bytes-per-message'],
      'run-pair',
    ]
    deepEqual(
      promised.filter((name) => !NAMES.includes(name)),
      [],
    )
  })
})
