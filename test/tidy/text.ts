import { sources, type Tree } from './tree.ts'

/** Written in parts, so that this file does not have them. */
const UNFINISHED = new RegExp(`\\b(?:${['TO' + 'DO', 'FIX' + 'ME', 'XX' + 'X'].join('|')})\\b`)
const MACHINE_PATH = new RegExp(
  `(?<![\\w.~-])(?:/(?:${['home', 'root', 'Users', 'work'].join('|')})/\\w|[A-Z]:\\\\\\w)`,
)
const REGISTRY_HOST = new RegExp(`\\bregistry\\.[a-z0-9-]+\\.[a-z]+|"${'resolved'}": *"[a-z+]+:`)

/** What patch(1) and merges leave beside a file. */
const LEFT_OVER = /\.(?:orig|rej)$/

const ERRORS_PAGE = 'docs/reference/errors.md'

/** Words that no committed file has, and files that nobody means to commit. */
export function brokenText(tree: Tree): string[] {
  const broken: string[] = []
  for (const [path, text] of tree) {
    if (LEFT_OVER.test(path)) broken.push(`${path}: left over: take it away`)
    text.split('\n').forEach((line, index) => {
      const where = `${path}:${index + 1}`
      if (UNFINISHED.test(line)) broken.push(`${where}: unfinished: do it, or make an issue of it`)
      if (MACHINE_PATH.test(line)) broken.push(`${where}: the path of one machine: ${MACHINE_PATH.exec(line)?.[0]}…`)
      if (REGISTRY_HOST.test(line)) broken.push(`${where}: names a registry: any mirror must do`)
    })
  }
  return broken
}

/** Every code that a caller can be given has a heading on the page of errors, and the page has no other. */
export function brokenErrorsPage(tree: Tree): string[] {
  const headings = new Set(
    [...(tree.get(ERRORS_PAGE) ?? '').matchAll(/^##+ `(E[A-Z0-9_]+)`/gm)].map(([, code]) => code),
  )
  const used = new Map<string, string>()
  for (const [path, text] of sources(tree, ['src'], { withTests: false })) {
    // Ours wherever they stand; errno values where they are declared, since no other can be a SyscallError's code.
    for (const [, ours, declared] of text.matchAll(/\b(ERR_MSGQ_[A-Z]+(?:_[A-Z]+)*)\b|^ {2}(E[A-Z0-9]+): \d+,$/gm)) {
      const code = ours ?? declared
      if (code !== undefined && !used.has(code)) used.set(code, path)
    }
  }
  const broken = [...used]
    .filter(([code]) => !headings.has(code))
    .map(([code, path]) => `${path}: ${code} has no heading in ${ERRORS_PAGE}`)
  for (const code of headings) {
    if (code !== undefined && !used.has(code)) broken.push(`${ERRORS_PAGE}: nothing in src says ${code}`)
  }
  return broken
}

/** What package.json promises to whoever installs the package is built from a source that exists. */
export function brokenPackage(tree: Tree): string[] {
  const { exports = {}, bin = {} } = JSON.parse(tree.get('package.json') ?? '{}') as {
    exports?: Record<string, string | { types: string; default: string }>
    bin?: Record<string, string>
  }
  const promised = [...Object.values(exports), ...Object.values(bin)].flatMap((entry) =>
    typeof entry === 'string' ? [entry] : [entry.types, entry.default],
  )
  return (
    promised
      // Of what the bundler makes, test/package/ sees that it is there.
      .filter((path) => path.includes('dist/') && !path.includes('dist/package/'))
      .map((path) => path.replace(/^(\.\/)?dist\//, '').replace(/(\.d\.ts|\.js)$/, '.ts'))
      .filter((source, index, all) => all.indexOf(source) === index && !tree.has(source))
      .map((source) => `package.json: promises what is built from ${source}, and there is none`)
  )
}
