import { deepEqual, equal, match } from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { roffPage } from '../../packaging/roff.ts'
import { COMMANDS } from '../../src/cli/commands/index.ts'
import { skippedWithout } from '../programs-needed.ts'

const MAN = join(import.meta.dirname, '..', '..', 'man')
const HEAD = { name: 'a-page', section: 7, date: '2026-01-02', source: 'msgq 1' }

describe('the man pages', { skip: skippedWithout('mandoc') }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'msgq-man-'))
  after(() => rmSync(folder, { recursive: true }))

  /** What a reader sees of a page, without bold and italics. */
  const shown = (page: string): string => {
    const { stdout } = spawnSync('mandoc', ['-T', 'utf8', page], { encoding: 'utf8' })
    return stdout.replace(/.[\b]/g, '')
  }

  const complaints = (page: string): string => {
    const { stdout, stderr, error } = spawnSync('mandoc', ['-T', 'lint', page], { encoding: 'utf8' })
    return `${stdout}${stderr}${error?.message ?? ''}`
  }

  for (const name of readdirSync(MAN)) {
    test(`mandoc finds nothing in ${name}, and it has a name and a section`, () => {
      const page = join(MAN, name)
      equal(complaints(page), '')
      const [title = '', section] = name.split('.')
      match(shown(page), new RegExp(`^${title.toUpperCase()}\\(${section}\\).*\\n\\nNAME\\n +${title} - `))
    })
  }

  test('msgq.1 has every command', () => {
    const page = shown(join(MAN, 'msgq.1'))
    deepEqual(
      COMMANDS.filter(({ name }) => !page.includes(`\n   msgq ${name.split(' ')[0]}`)).map(({ name }) => name),
      [],
    )
  })

  test('roffPage keeps backslashes, dots and quotes at the beginning of lines, and what is no ASCII', () => {
    const page = join(folder, 'a-page.7')
    const text = "a \\n b …\n\n```\n.SH no\n'no\n```\n\n- `--x`: **y** [z](w.md)\n"
    writeFileSync(page, roffPage(`# A page\n\n## Name\n\na-page - of all\n\n## Text\n\n${text}`, HEAD))
    equal(complaints(page), '')
    match(shown(page), /a \\n b …\n\n +\.SH no\n +'no\n\n +• --x: y z\n/)
  })

  test('a page that mandoc finds something in is found', () => {
    const page = join(folder, 'bad.7')
    writeFileSync(page, `${readFileSync(join(MAN, 'msgq.1'), 'utf8')}.NO SUCH MACRO\n`)
    match(complaints(page), /unknown macro/)
  })
})
