import { equal, match } from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { KERNEL_SKIPPED, PrivateNamespace } from './cli/private-namespace.ts'
import { Terminal } from './cli/terminal.ts'
import { problemOf } from './verdict.ts'

const RUN = join(import.meta.dirname, 'run.js')

describe('npm test', () => {
  const directory = mkdtempSync(join(tmpdir(), 'msgq-verdict-'))
  after(() => rmSync(directory, { recursive: true }))

  /** What the runner reports of a file. */
  const tapOf = (script: string) => {
    const file = join(directory, 'some.test.mjs')
    writeFileSync(file, script)
    const { NODE_TEST_CONTEXT: _, ...env } = process.env
    return spawnSync(process.execPath, ['--test', '--test-reporter=tap', file], { env, encoding: 'utf8' }).stdout
  }

  test('problemOf a run in which something is skipped is that, with CI=true alone', () => {
    const tap = tapOf(
      "import test from 'node:test'; test('one', () => {}); test('two', { skip: 'no koffi' }, () => {})",
    )
    equal(problemOf(tap, { CI: 'true' }), 'with CI=true nothing is skipped, but two')
    equal(problemOf(tap, {}), undefined)
  })

  test('problemOf a run without a test, or with a skipped one alone, is that', () => {
    const tap = tapOf("import test from 'node:test'; test('one', { skip: true }, () => {})")
    equal(problemOf(tap, {}), 'no test ran')
    match(problemOf(tap.replace('ok 1 - one # SKIP', 'ok 1 - /some.test.js'), {}) ?? '', /no test in .*some\.test\.js/)
  })

  test('at a terminal it asks before it installs, and without a yes runs what it can', {
    skip: KERNEL_SKIPPED,
  }, async () => {
    await using namespace = await PrivateNamespace.open()
    const command = `env -u CI -u NODE_TEST_CONTEXT PATH=/nowhere '${process.execPath}' '${RUN}' abi/long; echo ended $?`
    await using terminal = new Terminal(namespace, command)
    await terminal.until(/missing: chromium, for .*apt-get install chromium/)
    await terminal.until(/install them now, by apt-get\?.*\[y\/N\] /)
    terminal.type('n\r')
    await terminal.until(/pass [1-9].*ended 0/s)
  })
})
