import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { COMMANDS } from '../../src/cli/commands/index.ts'
import { msgq } from './child.ts'

const ROOT = join(import.meta.dirname, '..', '..', '..')
const NAMES = COMMANDS.map(({ name }) => name)

describe('msgq --help', () => {
  const { status, stdout, stderr } = msgq(['--help'])
  const lines = stdout.trimEnd().split('\n')

  test('fits one screen of 80 by 24', () => {
    equal(status, 0)
    equal(stderr, '')
    ok(lines.length <= 24, `${lines.length} lines`)
    deepEqual(
      lines.filter((line) => [...line].length > 80),
      [],
    )
  })

  test('lists every command, and the namespaces', () => {
    for (const name of NAMES) match(stdout, new RegExp(`^  (\\w+, )*${name}\\b.*  \\S`, 'm'))
    for (const url of ['memory:', 'linux:', 'linux:?pid=N']) ok(stdout.includes(url), url)
  })

  test('brings someone who looks for "peek" to copy', () => {
    match(lines.find((line) => line.includes('peek')) ?? '', /^ {2}copy, /)
    match(msgq(['peek', '3']).stderr, /did you mean `msgq copy`/)
  })

  test('is what `msgq help`, `msgq -h` and `msgq --json --help` print too', () => {
    equal(msgq(['help']).stdout, stdout)
    equal(msgq(['-h']).stdout, stdout)
    equal(msgq(['--json', '--help']).stdout, stdout)
  })
})

describe('msgq COMMAND --help', () => {
  for (const name of NAMES) {
    test(`${name} shows its usage, every option and at least one example, in 80 columns`, () => {
      const { status, stdout, stderr } = msgq([name, '--help'])
      equal(status, 0)
      equal(stderr, '')
      const command = COMMANDS.find((each) => each.name === name)
      match(stdout, new RegExp(`^usage: msgq .*${name}`, 'm'))
      for (const option of Object.keys(command?.options ?? {})) match(stdout, new RegExp(`--${option}\\b`))
      match(stdout, /^examples:\n {2}.*msgq .*\n {6}\S/m)
      deepEqual(
        stdout.split('\n').filter((line) => [...line].length > 80),
        [],
      )
      equal(msgq(['help', name]).stdout, stdout)
    })
  }

  test('tells that memory: is empty at each start', () => {
    match(msgq(['receive', '--help']).stdout, /`memory:` is empty at each start/)
  })
})

describe('msgq --version', () => {
  test('prints the version of package.json', () => {
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string }
    equal(msgq(['--version']).stdout, `${version}\n`)
    equal(msgq(['ls', '--version']).stdout, `${version}\n`)
  })
})

describe('docs/reference/cli.md', () => {
  const page = readFileSync(join(ROOT, 'docs', 'reference', 'cli.md'), 'utf8')

  for (const { name, options, operands } of COMMANDS) {
    test(`has a heading for ${name}, with its operands and its options`, () => {
      const [, section = ''] = page.split(`\n### \`msgq ${`${name} ${operands}`.trimEnd()}`)
      ok(section !== '', `no heading for ${name} ${operands}`)
      const own = section.split('\n### ')[0] ?? ''
      for (const option of Object.keys(options)) ok(own.includes(`--${option}`), `${name}: no --${option}`)
    })
  }
})
