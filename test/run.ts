/** `npm test`: see `HELP`. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { createInterface } from 'node:readline/promises'
import { readCommandLine } from './command-line.ts'
import { installMissingPrograms, missingPrograms } from './programs-needed.ts'
import { problemOf } from './verdict.ts'

const DIST = join(import.meta.dirname, '..')
/** Two processors is what the smallest machine that runs these tests has. */
const FILES_AT_ONCE = 2
/** A test that waits for ever ends here: the longest takes a few minutes. */
const TIMEOUT_MS = 10 * 60_000

const HELP = `npm test -- [WORD…]

Lint, build and all tests; with words, the tests whose file has one of them in its path. With CI=true it first installs the
programs that the tests need, and no test may be skipped; at a terminal it asks.

  npm test
  npm test -- oracle queue`

process.exitCode = await main(readCommandLine(HELP, { allowPositionals: true }, (_, words) => words))

async function main(words: readonly string[]): Promise<number> {
  const files = testFiles().filter((file) => words.length === 0 || words.some((word) => file.includes(word)))
  if (files.length === 0) return failure(`no test file has ${words.join(' or ')} in its path`)
  const { CI } = process.env
  if (CI === 'true' || (await isInstallingWanted())) {
    const problem = installMissingPrograms()
    if (problem !== undefined) return failure(problem)
  }
  return run(files)
}

/** Says which programs are missing. Tests that need them are skipped, unless somebody at a terminal has them installed. */
async function isInstallingWanted(): Promise<boolean> {
  const missing = missingPrograms()
  for (const { program, debianPackage, neededBy } of missing) {
    console.error(`missing: ${program}, for ${neededBy} (Debian: apt-get install ${debianPackage})`)
  }
  if (missing.length === 0) return false
  if (!process.stdin.isTTY || process.getuid?.() !== 0) {
    console.error('tests that need them are skipped; CI=true npm test, as root, installs them first')
    return false
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return /^y/i.test(
      await terminal.question('install them now, by apt-get? Else tests that need them are skipped. [y/N] '),
    )
  } finally {
    terminal.close()
  }
}

/** Paths of all compiled tests, relative to dist/. */
function testFiles(): string[] {
  return readdirSync(DIST, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.test.js'))
    .map((entry) => relative(DIST, join(entry.parentPath, entry.name)))
    .sort()
}

function run(files: readonly string[]): number {
  const directory = mkdtempSync(join(tmpdir(), 'msgq-test-'))
  const tap = join(directory, 'tap')
  try {
    const { status, signal } = spawnSync(
      process.execPath,
      [
        '--enable-source-maps',
        '--test',
        `--test-concurrency=${FILES_AT_ONCE}`,
        `--test-timeout=${TIMEOUT_MS}`,
        // The second report is for the count below; the first is for the reader.
        '--test-reporter=tap',
        `--test-reporter-destination=${tap}`,
        '--test-reporter=spec',
        '--test-reporter-destination=stdout',
        ...files.map((file) => join(DIST, file)),
      ],
      { stdio: 'inherit' },
    )
    if (status !== 0) return failure(`tests failed (${signal ?? `exit code ${status}`})`)
    const problem = problemOf(readFileSync(tap, 'utf8'), process.env)
    return problem === undefined ? 0 : failure(problem)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

function failure(why: string): number {
  console.error(`npm test: ${why}`)
  return 1
}
