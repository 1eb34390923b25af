import { equal } from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { brokenCode, brokenPurity } from './tidy/code.ts'
import { brokenDependencies } from './tidy/dependencies.ts'
import { brokenEntrance, brokenFloors, brokenLinux, brokenModules, circularImports } from './tidy/floors.ts'
import { brokenLengths, brokenNames } from './tidy/names.ts'
import { brokenErrorsPage, brokenPackage, brokenText } from './tidy/text.ts'
import { readTree, type Tree } from './tidy/tree.ts'

/** Every rule of the house, with the function that says which file breaks it. ARCHITECTURE.md says why. */
const RULES: readonly (readonly [rule: string, broken: (tree: Tree) => string[]])[] = [
  ['imports point down, to the index of a lower floor, and tests are imported by nobody', brokenFloors],
  ["import 'msgq' loads no koffi", brokenEntrance],
  ['koffi and NATS are loaded in one folder each, and abi and engine load nothing', brokenModules],
  ['src/linux is declarations alone', brokenLinux],
  ['no file imports itself by way of others', circularImports],
  ['file names are kebab-case and say something', brokenNames],
  ['files are short enough to be read at once', brokenLengths],
  ['code has no any, enum, export *, default export, nor a test that does not run', brokenCode],
  ['abi and engine know no clock, randomness, timer, process or promise, and throw nothing', brokenPurity],
  ['nothing committed is unfinished, or names a machine or a registry', brokenText],
  ['docs/reference/errors.md has a heading for every code, and no other', brokenErrorsPage],
  ['package.json promises only what is built', brokenPackage],
  ['dependencies are pinned, and run nothing when they are installed', brokenDependencies],
]

describe('the tidy rules', () => {
  const tree = readTree(join(import.meta.dirname, '..', '..'))
  for (const [rule, broken] of RULES) test(rule, () => equal(broken(tree).join('\n'), ''))
})
