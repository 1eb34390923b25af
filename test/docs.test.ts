import { equal, match, ok } from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { before, describe, test } from 'node:test'
import { openEmbeddedNamespace } from '../src/backends/embedded/index.ts'
import { bytes, MessageQueue } from '../src/queue/index.ts'
import { KERNEL_SKIPPED } from './cli/private-namespace.ts'
import { anchor, type CodeBlock, codeBlocks, headings, links } from './docs/markdown.ts'
import { meet, meets, packagesOf } from './docs/meeting.ts'
import { PAGES, ROOT, TREE } from './docs/pages.ts'
import { compile, promisedOutput, run, writePrograms } from './docs/programs.ts'
import { skippedWithout } from './programs-needed.ts'

/**
 * What blocks are in: programs, which are run here and in meetings, files, commands (`test/docs/shell.test.ts`), answers
 * (`test/docs/answers.test.ts`); and, without a language, outputs that `shell.test.ts` sees, and layouts of bytes.
 */
const LANGUAGES = ['ts', 'php', 'python', 'ini', 'yaml', 'sh', 'json', '']

describe('the code blocks of README and docs', () => {
  const blocks = [...PAGES].flatMap(([page, text]) =>
    codeBlocks(text)
      .filter(({ words }) => words[0] === 'ts')
      .map((block): [string, CodeBlock] => [page, block]),
  )
  const { folder, programs } = writePrograms(ROOT, blocks)
  let complaints = 'not compiled'

  before(() => {
    complaints = compile(ROOT, folder)
  })

  test('compile, each on its own, against what the package exports', () => equal(complaints, ''))

  for (const { name, block, file } of programs) {
    if (!block.words.includes('run')) continue
    test(`${name} runs and prints what it says`, async () => {
      equal(await run(file), promisedOutput(block.code))
    })
  }

  test('are run, where they are of another language', () => {
    const lone = [...PAGES].flatMap(([page, text]) =>
      codeBlocks(text)
        .filter((block) => ['php', 'python'].includes(block.words[0] ?? '') && !meets(block))
        .map(({ line }) => `${page}:${line}`),
    )
    equal(lone.join('\n'), '')
  })

  for (const [page, text] of PAGES) {
    const meeting = codeBlocks(text).filter(meets)
    if (meeting.length === 0) continue
    const skip = KERNEL_SKIPPED || skippedWithout(...packagesOf(meeting))
    for (const place of ['linux:', 'unix:'] as const) {
      test(`${page}: its programs meet in ${place} and print what they say`, { skip }, () =>
        meet(place, page, meeting, programs),
      )
    }
  }
})

describe('blocks of README and docs that are no program', () => {
  const blocks = [...PAGES].flatMap(([page, text]) => codeBlocks(text).map((block) => ({ page, ...block })))

  test('are of a kind that is tried: files here, the rest with its language', () => {
    const unknown = blocks.filter(({ words: [language = ''] }) => !LANGUAGES.includes(language))
    equal(unknown.map(({ page, line, words }) => `${page}:${line}: ${words[0]}`).join('\n'), '')
  })

  test('show what is in the file that they name', () => {
    const named = blocks.filter(({ words }) => words[0] === 'ini' || words[0] === 'yaml')
    const others = named.filter(
      ({ words: [, file = ''], code }) => !readFileSync(join(ROOT, file), 'utf8').includes(code),
    )
    equal(others.map(({ page, line, words }) => `${page}:${line}: ${words[1]} has other lines`).join('\n'), '')
    ok(named.length > 0)
  })
})

describe('the links of README and docs', () => {
  test('lead to files and headings that are there', () => {
    const broken: string[] = []
    for (const [page, text] of PAGES) {
      for (const { line, target } of links(text)) {
        if (/^[a-z]+:/.test(target)) continue
        const [path = '', heading] = target.split('#')
        const linked = path === '' ? page : posix.join(posix.dirname(page), path)
        const anchors = headings(PAGES.get(linked) ?? '').map(anchor)
        if (!existsSync(join(ROOT, linked))) broken.push(`${page}:${line}: there is no ${linked}`)
        else if (heading !== undefined && !anchors.includes(heading)) {
          broken.push(`${page}:${line}: ${linked} has no heading #${heading}`)
        }
      }
    }
    equal(broken.join('\n'), '')
  })

  test('reach every page of docs from README', () => {
    const reached = new Set(['README.md'])
    for (const page of reached) {
      for (const { target } of links(PAGES.get(page) ?? '')) {
        const linked = posix.join(posix.dirname(page), target.split('#')[0] ?? '')
        if (PAGES.has(linked)) reached.add(linked)
      }
    }
    const lost = [...PAGES.keys()].filter((page) => page.startsWith('docs/') && !reached.has(page))
    equal(lost.join('\n'), '')
  })
})

describe('the reference', () => {
  const namespace = openEmbeddedNamespace()

  test('docs/reference/namespace.md has a heading for every call of IpcNamespace', () => {
    headed('docs/reference/namespace.md', membersOf(namespace))
  })

  test('docs/reference/message-queue.md has a heading for every method of MessageQueue', async () => {
    headed('docs/reference/message-queue.md', [
      ...membersOf(await MessageQueue.temporary(namespace, bytes)),
      ...Object.getOwnPropertyNames(MessageQueue).filter((name) => !['length', 'name', 'prototype'].includes(name)),
    ])
  })

  test('docs/reference/capabilities.md has a heading for every capability', () => {
    headed('docs/reference/capabilities.md', Object.keys(namespace.capabilities))
  })

  test('docs/decisions are numbered without a gap', () => {
    const numbers = [...PAGES.keys()].flatMap((page) => /^docs\/decisions\/(\d+)/.exec(page)?.[1] ?? []).sort()
    equal(numbers.join(), numbers.map((_, index) => String(index + 1).padStart(4, '0')).join())
    ok(numbers.length > 0)
  })
})

describe('the command lines of README and docs', () => {
  test('name commands that msgq has', () => {
    const commands = [...TREE.keys()].flatMap((path) => /^src\/cli\/commands\/([a-z]+)\.ts$/.exec(path)?.[1] ?? [])
    const unknown: string[] = []
    for (const [page, text] of PAGES) {
      for (const { words, code, line } of codeBlocks(text)) {
        if (words[0] !== 'sh') continue
        for (const [shown, command = ''] of code.matchAll(/^msgq(?: (?:-n|--namespace) \S+)? ([a-z]+)\b/gm)) {
          if (!commands.includes(command)) unknown.push(`${page}:${line}: ${shown}`)
        }
      }
    }
    ok(commands.length > 0)
    equal(unknown.join('\n'), '')
  })
})

describe('README.md', () => {
  const readme = PAGES.get('README.md') ?? ''

  test('says in two commands how to start and how to test, and .ci/run runs the second', () => {
    const shell = codeBlocks(readme).filter(({ words }) => words[0] === 'sh')
    const commands = shell.flatMap(({ code }) => code.split('\n')).filter((line) => line.startsWith('npm ci'))
    equal(commands.map((line) => line.replace(/\s*#.*/, '')).join('\n'), 'npm ci && npm start\nnpm ci && npm test')
    match(TREE.get('.ci/run') ?? '', /^npm ci && npm test$/m)
  })

  test('shows the program of examples/readme.ts', () => {
    const example = TREE.get('examples/readme.ts') ?? ''
    const [block] = codeBlocks(readme).filter(({ words }) => words[0] === 'ts')
    ok(block !== undefined && example.includes(block.code), 'README.md and examples/readme.ts differ')
  })
})

/** The public names of an object's class. */
function membersOf(instance: object): string[] {
  return Object.getOwnPropertyNames(Object.getPrototypeOf(instance)).filter((name) => name !== 'constructor')
}

function headed(page: string, names: readonly string[]): void {
  const text = headings(PAGES.get(page) ?? '').join('\n')
  equal(names.filter((name) => !new RegExp(`\`${name}\\b`).test(text)).join('\n'), '', `${page} lacks a heading`)
}
