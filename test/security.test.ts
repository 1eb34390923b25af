import { equal, ok } from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { PARSERS } from './fuzz/parsers.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const PAGE = readFileSync(join(ROOT, 'SECURITY.md'), 'utf8')
const LINK = /\[([^\]]+)\]\(((?:src|test)\/[^)]+\.test\.ts)\)/g

/** Of tests that are made in a loop, the names. */
const MADE: ReadonlyMap<string, readonly string[]> = new Map([
  ['test/fuzz/fuzz.test.ts', PARSERS.map(({ name }) => `${name}: its corpus, and mutations of it`)],
])

test('SECURITY.md names tests that are there', () => {
  const missing = [...PAGE.matchAll(LINK)].flatMap(([, name = '', file = '']) => {
    if (!existsSync(join(ROOT, file))) return [`there is no ${file}`]
    const isThere = MADE.get(file)?.includes(name) || readFileSync(join(ROOT, file), 'utf8').includes(`'${name}'`)
    return isThere ? [] : [`${file} has no test: ${name}`]
  })
  equal(missing.join('\n'), '')
})

test('SECURITY.md has a test behind every line of its tables', () => {
  const rows = PAGE.split('\n').filter((line) => line.startsWith('| ') && !/^\| (?:---|\| shown by)/.test(line))
  const bare = rows.filter((row) => row.search(LINK) < 0)
  ok(rows.length > 30)
  equal(bare.join('\n'), '')
})
