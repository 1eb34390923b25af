import { equal, match, ok } from 'node:assert/strict'
import { describe, test } from 'node:test'
import { KERNEL_SKIPPED } from '../cli/private-namespace.ts'
import { skippedWithout } from '../programs-needed.ts'
import { type CodeBlock, codeBlocks } from './markdown.ts'
import { PAGES, TREE } from './pages.ts'
import { Place } from './place.ts'
import { NOT_RUN, SCENES, type Scene } from './scenes.ts'

const { scripts } = JSON.parse(TREE.get('package.json') ?? '') as { scripts: Record<string, string> }

/** The blocks of commands of each page. */
const BLOCKS = [...PAGES].flatMap(([page, text]): [page: string, block: CodeBlock][] =>
  codeBlocks(text)
    .filter(({ words }) => words[0] === 'sh')
    .map((block) => [page, block]),
)

const isOfNpm = ({ code }: CodeBlock) => code.split('\n').every((line) => line.startsWith('npm '))
const nameOf = (page: string, { code }: CodeBlock) => `${page}: ${code.split('\n')[0]?.replace(/ +# .*/, '')}`
const isRun = (page: string, block: CodeBlock) => !isOfNpm(block) && !NOT_RUN.has(nameOf(page, block))

describe('the commands of README and docs', () => {
  test('are npm’s, or are run here, or it is said why not', () => {
    const others = BLOCKS.filter(([page, block]) => isRun(page, block) && SCENES[page] === undefined)
    equal(others.map(([page, block]) => nameOf(page, block)).join('\n'), '')
    const names = BLOCKS.map(([page, block]) => nameOf(page, block))
    equal([...NOT_RUN.keys()].filter((name) => !names.includes(name)).join('\n'), '')
  })

  test('name scripts that package.json has', () => {
    const named = BLOCKS.flatMap(([page, { code }]) =>
      [...code.matchAll(/\bnpm (?:(?:run (?:--silent )?)([a-z]+)|(start|test))\b/g)].map(([, script, own]) => ({
        page,
        script: script ?? own ?? '',
      })),
    )
    ok(named.length > 0)
    equal(
      named
        .filter(({ script }) => scripts[script] === undefined)
        .map(({ page, script }) => `${page}: npm run ${script}`)
        .join('\n'),
      '',
    )
  })
})

describe('the commands of', { skip: KERNEL_SKIPPED || notRoot() }, () => {
  for (const [page, scene] of Object.entries(SCENES)) {
    const skip = skippedWithout(...(scene.debianPackages ?? []))
    test(`${page} do what it says`, { skip }, async () => {
      const told = await play(page, scene)
      // What the page shows of an output stands in a block without a language.
      for (const { code } of codeBlocks(PAGES.get(page) ?? '').filter(({ words }) => words[0] === '')) {
        ok(told.includes(code), `none of them told\n${code}\nbut\n${told}`)
      }
    })
  }
})

/** Runs the commands of a page one after the other. @returns All that they told. */
async function play(page: string, scene: Scene): Promise<string> {
  await using place = await Place.open()
  const given = place.run(`set -e; ${scene.given}`)
  equal(given.status, 0, given.stderr)
  const stands = new Map(Object.entries(scene.stands ?? {}))
  for (const [number, words] of Object.entries(scene.processes ?? {})) {
    stands.set(number, String(await place.startBeside(words)))
  }
  const unseen = new Set([scene.before, scene.endless, scene.tells].flatMap((each) => Object.keys(each ?? {})))
  let told = ''
  for (const written of linesOf(page)) {
    const line = [...stands].reduce((text, [theirs, ours]) => text.replaceAll(theirs, ours), written)
    /** What a table has for the line. */
    const of = <T>(table: Readonly<Record<string, T>> = {}): T | undefined => {
      const start = Object.keys(table).find((each) => line.startsWith(each))
      if (start === undefined) return undefined
      unseen.delete(start)
      return table[start]
    }
    const prepared = place.run(`set -e; ${of(scene.before) ?? 'true'}`)
    equal(prepared.status, 0, `before ${line}: ${prepared.stderr}`)
    const said = await saidBy(place, line, of(scene.endless))
    match(said, of(scene.tells) ?? /^/, line)
    told += said
  }
  equal([...unseen].join('\n'), '', `no line of ${page} begins so`)
  return told
}

/** Runs a line, which must end well, or go on until it has said enough. @returns What it said on both streams. */
async function saidBy(place: Place, line: string, enough: RegExp | string | undefined): Promise<string> {
  if (enough !== undefined) return place.runUntil(line, enough)
  const { status, stdout, stderr } = place.run(line)
  equal(status, 0, `${line}: ${stderr}`)
  return stdout + stderr
}

function linesOf(page: string): string[] {
  return BLOCKS.flatMap(([of, block]) => (of === page && isRun(page, block) ? block.code.split('\n') : []))
}

function notRoot(): string | false {
  return process.geteuid?.() === 0 ? false : 'a namespace of another process, limits and mounts are for root'
}
