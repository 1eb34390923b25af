import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { roffPage } from './roff.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const MAN = join(ROOT, 'dist', 'man')

/** The man pages, by the pages of documentation that they are made of. `man` of package.json names the same. */
const PAGES: readonly (readonly [page: string, name: string, section: number])[] = [
  ['cli', 'msgq', 1],
  ['msgget', 'msgq-msgget', 3],
  ['msgsnd', 'msgq-msgsnd', 3],
  ['msgrcv', 'msgq-msgrcv', 3],
  ['msgctl', 'msgq-msgctl', 3],
]

makePages()

function makePages(): void {
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string }
  const { SOURCE_DATE_EPOCH } = process.env
  const time = SOURCE_DATE_EPOCH === undefined ? Date.now() : Number(SOURCE_DATE_EPOCH) * 1_000
  const date = new Date(time).toISOString().slice(0, 10)
  rmSync(MAN, { recursive: true, force: true })
  mkdirSync(MAN, { recursive: true })
  for (const [page, name, section] of PAGES) {
    const markdown = readFileSync(join(ROOT, 'docs', 'reference', `${page}.md`), 'utf8')
    // Beside the page of section 2, which is the kernel's, ours has the package's name before it.
    const named = markdown.replace(`\n${page} - `, `\n${name} - `)
    writeFileSync(join(MAN, `${name}.${section}`), roffPage(named, { name, section, date, source: `msgq ${version}` }))
  }
}
