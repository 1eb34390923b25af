import type { Ignorer, NodePath } from '@stryker-mutator/api/ignore'

/** What is used of a node of Babel's and of the path to it; Stryker's own type tells nothing. */
interface Path {
  readonly type: string
  readonly node: Node
  readonly parentPath: Path | null
}
interface Node {
  readonly value?: unknown
  readonly quasis?: readonly { readonly value: { readonly raw: string } }[]
  readonly id?: { readonly name?: string }
  readonly callee?: { readonly name?: string; readonly property?: { readonly name?: string } }
}

const REASON =
  'Words for people: tests hold what a program goes by, the code, the offset, the file; a change of words is no fault.'

/** Functions whose strings end in the message of an error, or say which invariant is broken. */
const TAKE_WORDS: readonly string[] = ['error', 'member', 'must', 'there', 'within']

/** Variables that hold such a message until it is used. */
const NAMES_OF_WORDS: readonly string[] = ['message', 'expected']

/** Leaves out the texts of errors and of broken invariants; nothing else. */
export const wordsForPeople: Ignorer = {
  shouldIgnore(given: NodePath) {
    const path = given as Path
    return isText(path) && endsInWords(path) ? REASON : undefined
  },
}

/** A string of several words: what a program compares has no space. */
function isText({ type, node }: Path): boolean {
  if (type === 'StringLiteral') return String(node.value).includes(' ')
  return type === 'TemplateLiteral' && (node.quasis ?? []).some(({ value }) => value.raw.includes(' '))
}

function endsInWords({ parentPath }: Path): boolean {
  for (let path = parentPath; path !== null; path = path.parentPath) {
    if (path.type === 'ThrowStatement') return true
    if (path.type === 'NewExpression' && path.node.callee?.name?.endsWith('Error')) return true
    const { callee } = path.node
    if (path.type === 'CallExpression' && TAKE_WORDS.includes(callee?.property?.name ?? callee?.name ?? '')) return true
    if (path.type === 'VariableDeclarator' && NAMES_OF_WORDS.includes(path.node.id?.name ?? '')) return true
    if (path.type.endsWith('Statement') || path.type.startsWith('Function')) return false
  }
  return false
}
