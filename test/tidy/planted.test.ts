import { deepEqual, match } from 'node:assert/strict'
import { describe, test } from 'node:test'
import { brokenCode, brokenPurity } from './code.ts'
import { brokenDependencies } from './dependencies.ts'
import { brokenEntrance, brokenFloors, brokenLinux, brokenModules, circularImports } from './floors.ts'
import { brokenLengths, brokenNames } from './names.ts'
import { codeOf, importsOf } from './source.ts'
import { brokenErrorsPage, brokenPackage, brokenText } from './text.ts'
import type { Tree } from './tree.ts'

type Rule = (tree: Tree) => string[]

/** A tree with one fault, and what its rule must say about it. */
const PLANTED: readonly (readonly [fault: string, rule: Rule, files: Record<string, string>, said: RegExp])[] = [
  [
    'a folder without a floor',
    brokenFloors,
    { 'src/cellar/a.ts': '' },
    /^src\/cellar\/a\.ts: src\/cellar has no floor/,
  ],
  [
    'an import that points up',
    brokenFloors,
    { 'src/engine/a.ts': "import { b } from '../host/index.ts'", 'src/host/index.ts': '' },
    /^src\/engine\/a\.ts: imports src\/host\/index\.ts, which is no lower floor/,
  ],
  [
    'an import from a folder of the same floor, of a type, far down a file',
    brokenFloors,
    {
      'src/backends/kernel/a.ts': "const a = 1\nexport type {\n  B,\n} from '../embedded/index.ts'",
      'src/backends/embedded/index.ts': '',
    },
    /^src\/backends\/kernel\/a\.ts: imports src\/backends\/embedded\/index\.ts, which is no lower floor/,
  ],
  [
    'an import() that points up',
    brokenFloors,
    { 'src/queue/a.ts': "const { b } = await import('../open/index.ts')", 'src/open/index.ts': '' },
    /^src\/queue\/a\.ts: imports src\/open\/index\.ts, which is no lower floor/,
  ],
  [
    'an import past an index',
    brokenFloors,
    { 'src/host/a.ts': "import { b } from '../engine/b.ts'", 'src/engine/b.ts': '', 'src/engine/index.ts': '' },
    /^src\/host\/a\.ts: imports src\/engine\/b\.ts past src\/engine\/index\.ts/,
  ],
  [
    'an import of nothing',
    brokenFloors,
    { 'src/host/a.ts': "import { b } from './b.ts'" },
    /there is no src\/host\/b\.ts/,
  ],
  [
    'an import of a test',
    brokenFloors,
    { 'src/host/a.ts': "import { b } from './b.test.ts'", 'src/host/b.test.ts': '' },
    /imports src\/host\/b\.test\.ts, which is a test/,
  ],
  [
    'more than types from the engine',
    brokenFloors,
    { 'src/image/a.ts': "import { type A, b } from '../engine/index.ts'", 'src/engine/index.ts': '' },
    /imports more from the engine than types and the packing of messages/,
  ],
  [
    'a module of Node in the engine',
    brokenModules,
    { 'src/engine/a.ts': "import { b } from 'node:os'" },
    /imports node:os/,
  ],
  [
    'koffi outside linux',
    brokenModules,
    { 'src/backends/kernel/a.ts': "const koffi = createRequire(import.meta.url)('koffi')" },
    /^src\/backends\/kernel\/a\.ts: loads \^koffi\$, which only src\/linux may/,
  ],
  ['koffi in a test', brokenModules, { 'test/a.ts': "import koffi from 'koffi'" }, /loads \^koffi\$/],
  [
    'koffi behind the entrance',
    brokenEntrance,
    {
      'src/index.ts': "import type { A } from './host/index.ts'\nexport { b } from './open/index.ts'",
      'src/open/index.ts': "import { c } from '../backends/kernel/index.ts'",
      'src/backends/kernel/index.ts': "import { d } from '../../linux/index.ts'",
    },
    /^src\/index\.ts: loads src\/linux\/index\.ts/,
  ],
  [
    'decisions in linux',
    brokenLinux,
    { 'src/linux/a.ts': "import { Worker } from 'node:worker_threads'" },
    /declarations alone/,
  ],
  [
    'a circle of three',
    circularImports,
    {
      'src/queue/a.ts': "import { b } from './b.ts'",
      'src/queue/b.ts': "export { c } from './c.ts'",
      'src/queue/c.ts': "import { a } from './a.ts'",
    },
    /^src\/queue\/a\.ts → src\/queue\/b\.ts → src\/queue\/c\.ts → src\/queue\/a\.ts/,
  ],
  ['a name that says nothing', brokenNames, { 'src/host/time-utils.ts': '' }, /"utils" names nothing/],
  ['a folder that says nothing', brokenNames, { 'test/helpers/a.ts': '' }, /"helpers" names nothing/],
  ['a name in another case', brokenNames, { 'src/host/hostSession.ts': '' }, /hostSession\.ts is not kebab-case/],
  ['a decision without a number', brokenNames, { 'docs/decisions/why.md': '' }, /four digits/],
  ['a file of 401 lines', brokenLengths, { 'src/host/a.ts': '\n'.repeat(401) }, /401 lines: cut it/],
  ['a file of 601 lines', brokenLengths, { 'test/a.ts': '\n'.repeat(601) }, /no file passes 600/],
  ['any', brokenCode, { 'src/host/a.ts': 'const a = 1\nconst b = a as any' }, /^src\/host\/a\.ts:2: `any`/],
  ['any as an argument of a type', brokenCode, { 'src/host/a.ts': 'const b: Map<string, any> = c' }, /`any`/],
  ['enum', brokenCode, { 'src/host/a.ts': 'export const enum A { B }' }, /an enum/],
  ['export *', brokenCode, { 'src/host/a.ts': "export * as b from './b.ts'" }, /`export \*`/],
  ['export default', brokenCode, { 'src/host/a.ts': 'export default class {}' }, /a default export/],
  ['test.only', brokenCode, { 'test/a.test.ts': "test.only('a', b)" }, /only one test/],
  ['a skip without a reason', brokenCode, { 'test/a.test.ts': "test('a', (t) => t.skip())" }, /with its reason/],
  [
    'a test that is always skipped',
    brokenCode,
    { 'test/a.test.ts': "test('a', { skip: true }, b)" },
    /with its reason/,
  ],
  [
    'a clock in the engine',
    brokenPurity,
    { 'src/engine/a.ts': '\nconst now = Date.now()' },
    /^src\/engine\/a\.ts:2: Date/,
  ],
  ['randomness', brokenPurity, { 'src/engine/a.ts': 'const a = Math.random()' }, /Math\.random/],
  ['a timer', brokenPurity, { 'src/engine/a.ts': 'setTimeout(a, 1)' }, /setTimeout/],
  ['a promise', brokenPurity, { 'src/abi/a.ts': 'let a: Promise<number>' }, /Promise/],
  ['async', brokenPurity, { 'src/engine/a.ts': 'export async function a() {}' }, /async/],
  [
    'a throw in the engine',
    brokenPurity,
    { 'src/engine/a.ts': "if (a) throw new Error('no')" },
    /^src\/engine\/a\.ts:1: throws/,
  ],
  ['something unfinished', brokenText, { 'docs/a.md': `\n${'TO'}DO: say it` }, /^docs\/a\.md:2: unfinished/],
  ['what a patch left beside a file', brokenText, { 'src/host/a.ts.orig': '' }, /^src\/host\/a\.ts\.orig: left over/],
  ['the path of a machine', brokenText, { 'README.md': `cd ${'/ho'}me/me/msgq` }, /the path of one machine/],
  ['a registry', brokenText, { 'package-lock.json': `https://${'regi'}stry.example.org/a.tgz` }, /names a registry/],
  [
    'a code without a heading',
    brokenErrorsPage,
    { 'src/host/a.ts': "fail('ERR_MSGQ_TIRED')", 'docs/reference/errors.md': '' },
    /^src\/host\/a\.ts: ERR_MSGQ_TIRED has no heading/,
  ],
  [
    'an errno without a heading',
    brokenErrorsPage,
    { 'src/abi/errno.ts': '  E2BIG: 7,', 'docs/reference/errors.md': '' },
    /E2BIG has no heading/,
  ],
  [
    'a heading without a code',
    brokenErrorsPage,
    { 'docs/reference/errors.md': '### `ENOTUS`' },
    /nothing in src says ENOTUS/,
  ],
  [
    'an export that is not built',
    brokenPackage,
    { 'package.json': '{"bin":{"a":"dist/src/a.js"}}' },
    /built from src\/a\.ts/,
  ],
  [
    'a dependency of many versions',
    brokenDependencies,
    { 'package.json': '{"dependencies":{"a":"^1.2.3"}}' },
    /a \^1\.2\.3: write one version/,
  ],
  [
    'a dependency with an install script',
    brokenDependencies,
    { 'package-lock.json': '{"packages":{"node_modules/a":{"integrity":"sha512-","hasInstallScript":true}}}' },
    /node_modules\/a runs a script/,
  ],
  [
    'a package that may be another one tomorrow',
    brokenDependencies,
    { 'package-lock.json': '{"packages":{"node_modules/a":{}}}' },
    /node_modules\/a has no hash/,
  ],
]

describe('a planted fault is found by its rule', () => {
  for (const [fault, rule, files, said] of PLANTED) {
    test(fault, () => {
      const broken = rule(new Map(Object.entries(files)))
      match(broken.join('\n'), said)
      deepEqual(broken.length, 1, broken.join('\n'))
    })
  }
})

describe('what is no fault is left alone', () => {
  test('importsOf reads each kind of import, and nothing in a string', () => {
    const source = [
      "import './a.ts'",
      "import type { B } from './b.ts'",
      "import {\n  c,\n} from './c.ts'",
      "export { d } from './d.ts'",
      "export const e = './e.ts'",
      "type F = typeof import('./f.ts')",
    ].join('\n')
    deepEqual(
      importsOf(source).map(({ specifier, typesOnly }) => [specifier, typesOnly]),
      [
        ['./a.ts', false],
        ['./b.ts', true],
        ['./c.ts', false],
        ['./d.ts', false],
        ['./f.ts', true],
      ],
    )
  })

  test('codeOf leaves comments, strings and regular expressions out, and keeps what runs', () => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: this is the source of a template.
    const source = 'a /* any */ = "any" + `any ${b ? `x ${c}` : "any"}` // any\nd = e / f / g(/[/"]any/)'
    // biome-ignore lint/suspicious/noTemplateCurlyInString: this is what is left of it.
    deepEqual(codeOf(source).replace(/ +/g, ' '), 'a = "" + `${b ? `${c}` : ""}` \nd = e / f / g(/ /)')
  })

  test('words that only look like a fault', () => {
    const tree: Tree = new Map([
      [
        'src/engine/a.ts',
        "const selector = { mode: 'any' } // Date.now() as any\n  throw new Error('assertion: no')\nexport const process: number = a.async",
      ],
      ['test/a.test.ts', "test('a', (t) => t.skip('no kernel here'))\nAbortSignal.any([a])\nconst any = { any: 1 }"],
    ])
    deepEqual([...brokenCode(tree), ...brokenPurity(tree), ...brokenText(tree)], [])
  })
})
