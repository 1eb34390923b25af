import { codeOf } from './source.ts'
import { sources, type Tree } from './tree.ts'

interface CodeRule {
  readonly pattern: RegExp
  readonly why: string
}

/** What no code of ours has. Comments and strings are left out before these are matched. */
const NOWHERE: readonly CodeRule[] = [
  { pattern: /(?:[:<|&,(=]|\bas|\bextends)\s*any\b(?!\s*[:(])/, why: '`any` switches the compiler off: `unknown`' },
  { pattern: /\benum\s+\w+\s*\{/, why: 'an enum is code where a union of literals is none' },
  { pattern: /\bexport\s*\*/, why: '`export *` hides what a folder offers' },
  { pattern: /\bexport\s+default\b/, why: 'a default export has no name to search for' },
  { pattern: /\b(?:test|it|describe|suite)\.only\s*\(|\bonly\s*:\s*true\b/, why: 'only one test would run' },
  {
    pattern: /\b(?:test|it|describe|suite)\.(?:skip|todo)\s*\(|\.(?:skip|todo)\(\s*\)|\b(?:skip|todo)\s*:\s*true\b/,
    why: 'a test is skipped only at run time, with its reason: t.skip(reason) or { skip: reason }',
  },
]

/** What a state machine must not know: the same entries give the same completions, anywhere. */
const PURE_FOLDERS = ['src/abi', 'src/engine']
const NOT_PURE =
  /(?<![.\w])(?:Date|performance|setTimeout|setInterval|setImmediate|queueMicrotask|process|crypto|console|globalThis|fetch|require|Promise|async|await)\b(?!\s*:)|\bMath\.random\b/

/** A broken assertion of ours may stop everything; what a caller did wrong has a code. */
const THROWS = /(?:^|[;{)]|\belse)[ \t]*throw\b(?! new Error\(['`]assertion: )/m

/** `any`, `enum`, `export *`, default exports, and tests that do not run. */
export function brokenCode(tree: Tree): string[] {
  const broken: string[] = []
  for (const [path, text] of sources(tree, ['src', 'test', 'examples', 'bench', 'packaging'], { withTests: true })) {
    const code = codeOf(text)
    for (const { pattern, why } of NOWHERE) {
      const line = lineOf(code, pattern)
      if (line !== undefined) broken.push(`${path}:${line}: ${why}`)
    }
  }
  return broken
}

/** `abi/` and `engine/` know no clock, randomness, timer, process or promise, and throw nothing. */
export function brokenPurity(tree: Tree): string[] {
  const broken: string[] = []
  for (const [path, text] of sources(tree, PURE_FOLDERS, { withTests: false })) {
    const code = codeOf(text)
    const found = NOT_PURE.exec(code)
    if (found !== null) broken.push(`${path}:${lineAt(code, found.index)}: ${found[0]}: the engine is a pure function`)
    const line = lineOf(text, THROWS)
    if (line !== undefined) broken.push(`${path}:${line}: throws, and the engine returns codes`)
  }
  return broken
}

function lineOf(code: string, pattern: RegExp): number | undefined {
  const found = pattern.exec(code)
  return found === null ? undefined : lineAt(code, found.index)
}

function lineAt(code: string, index: number): number {
  return code.slice(0, index).split('\n').length
}
