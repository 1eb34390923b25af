import { equal } from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'

const ROOT = join(import.meta.dirname, '..', '..', '..')

const RULES = join(ROOT, 'examples', 'prometheus', 'msgq.rules.yml')
const SERIES = join(ROOT, 'test', 'programs', 'msgq.rules.test.yml')

const { CI } = process.env
const isThere = spawnSync('promtool', ['--version']).status === 0
const skip = isThere || CI !== undefined ? false : 'there is no promtool (Debian package prometheus)'

test('the alerts of examples/prometheus ring when they must, and only then, as promtool runs them', { skip }, () => {
  const { status, stdout, stderr } = spawnSync('promtool', ['test', 'rules', SERIES], { encoding: 'utf8' })
  equal(status, 0, `${stdout}${stderr}`)
})

test('promtool finds nothing wrong with the rules', { skip }, () => {
  const { status, stdout, stderr } = spawnSync('promtool', ['check', 'rules', RULES], { encoding: 'utf8' })
  equal(status, 0, `${stdout}${stderr}`)
})
