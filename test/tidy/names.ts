import { sources, type Tree } from './tree.ts'

/** Words that name nothing. Source: ARCHITECTURE.md, "Names". */
const FORBIDDEN_WORDS = ['util', 'utils', 'helper', 'helpers', 'common', 'shared', 'misc', 'types', 'base', 'manager']

const KEBAB_CASE = /^[a-z0-9]+(-[a-z0-9]+)*$/
const DECISION = /^docs\/decisions\/\d{4}-[a-z0-9-]+\.md$/

/** A longer file has two subjects. */
const LINES_TO_THINK_AT = 400
const LINES_AT_MOST = 600
/** Files above the first limit, each with the reason that keeps it whole. */
const LONG_FILES: ReadonlyMap<string, string> = new Map([])

/** File names: kebab-case, and words that say something. */
export function brokenNames(tree: Tree): string[] {
  const broken: string[] = []
  for (const path of tree.keys()) {
    const isOurs = /^(src|test|examples|docs|bench|packaging)\//.test(path)
    if (!isOurs || !/\.(tsx?|md)$/.test(path)) continue
    for (const part of path.split('/').slice(1)) {
      const name = part.replace(/(\.test)?\.(tsx?|md)$/, '')
      if (!KEBAB_CASE.test(name) && part !== 'README.md') broken.push(`${path}: ${part} is not kebab-case`)
      const word = name.split('-').find((each) => FORBIDDEN_WORDS.includes(each))
      if (word !== undefined) broken.push(`${path}: "${word}" names nothing: say what is in it`)
    }
    if (path.startsWith('docs/decisions/') && !DECISION.test(path)) {
      broken.push(`${path}: a decision's name is four digits and a title: 0001-some-title.md`)
    }
  }
  return broken
}

/** File length, of code that people read. */
export function brokenLengths(tree: Tree): string[] {
  const broken: string[] = []
  for (const [path, text] of sources(tree, ['src', 'test', 'examples', 'bench', 'packaging'], { withTests: true })) {
    const lines = text.split('\n').length - 1
    if (lines > LINES_AT_MOST) broken.push(`${path}: ${lines} lines, and no file passes ${LINES_AT_MOST}`)
    else if (lines > LINES_TO_THINK_AT && !LONG_FILES.has(path)) {
      broken.push(`${path}: ${lines} lines: cut it, or enter it in LONG_FILES (test/tidy/names.ts) with a reason`)
    }
  }
  for (const path of LONG_FILES.keys()) {
    const lines = tree.get(path)?.split('\n').length ?? 0
    if (lines <= LINES_TO_THINK_AT) broken.push(`${path}: is in LONG_FILES and no longer long`)
  }
  const architecture = tree.get('ARCHITECTURE.md')?.split('\n').length ?? 0
  if (architecture > 201) broken.push(`ARCHITECTURE.md: ${architecture - 1} lines, and it has 200 at most`)
  return broken
}
