import { posix } from 'node:path'

/** One import, export from, or `import()` of a file. */
export interface Import {
  readonly specifier: string
  /** It names types alone, and is gone from what runs. */
  readonly typesOnly: boolean
  /** What it names beside types: all of it, where it does not say. */
  readonly values: readonly string[] | undefined
  /** It is an `import()`, loaded when it is reached. */
  readonly isLazy: boolean
}

const QUOTES = '\'"`'
/** After one of these a slash begins a regular expression and divides nothing. */
const BEFORE_REGEXP = /(^|[(,=:[!&|?{};>]|\breturn)\s*$/
const REGEXP = /\/(?:\\.|\[(?:\\.|[^\]\n])*\]|[^/\\\n[])+\/[a-z]*/y
const COMMENT = /\/\/[^\n]*|\/\*[\s\S]*?\*\//y

/** A source without its comments, and with the text of strings and regular expressions left out: what a rule on code reads. */
export function codeOf(source: string): string {
  let code = ''
  let position = 0
  while (position < source.length) {
    const character = source.charAt(position)
    const comment = matchAt(COMMENT, source, position)
    if (comment !== undefined) {
      // Lines stay lines.
      code += comment.replace(/[^\n]+/g, ' ')
      position += comment.length
    } else if (QUOTES.includes(character)) {
      const end = endOfString(source, position)
      code += character === '`' ? template(source.slice(position, end)) : character + character
      position = end
    } else {
      const regexp =
        character === '/' && BEFORE_REGEXP.test(code.slice(-20)) ? matchAt(REGEXP, source, position) : undefined
      code += regexp === undefined ? character : '/ /'
      position += regexp?.length ?? 1
    }
  }
  return code
}

/** The imports of a source, with what the formatter leaves as the only way to write one. */
export function importsOf(source: string): Import[] {
  const found: Import[] = []
  for (const [, kind, clause = '', specifier = ''] of source.matchAll(
    /^(import|export)\b([^'"`;()]*?\bfrom\s*|\s*)'([^'\n]+)'/gm,
  )) {
    if (kind === 'export' && !/\bfrom\s*$/.test(clause)) continue
    const typesOnly = /^\s*type\b/.test(clause)
    found.push({ specifier, typesOnly, values: typesOnly ? [] : valuesOf(clause), isLazy: false })
  }
  for (const [, typeOf, specifier = ''] of source.matchAll(/(\btypeof\s+)?\bimport\('([^'\n]+)'\)/g)) {
    found.push({ specifier, typesOnly: typeOf !== undefined, values: undefined, isLazy: true })
  }
  return found
}

function valuesOf(clause: string): string[] | undefined {
  const [, names] = /\{([^}]*)\}/.exec(clause) ?? []
  const named = names?.split(',').map((name) => name.trim())
  return named?.filter((name) => name !== '' && !name.startsWith('type '))
}

/** The path of the file that a relative specifier names, from the project's root; `undefined` for a module's name. */
export function resolveImport(from: string, specifier: string): string | undefined {
  if (!specifier.startsWith('.')) return undefined
  return posix.join(posix.dirname(from), specifier)
}

/** Where the string that begins at `start` ends; a template is crossed with all that stands in it. */
function endOfString(source: string, start: number): number {
  const quote = source.charAt(start)
  let position = start + 1
  while (position < source.length && source.charAt(position) !== quote) {
    if (source.charAt(position) === '\\') position += 2
    else if (quote === '`' && source.startsWith('${', position)) position = endOfExpression(source, position + 2)
    else position++
  }
  return position + 1
}

/** Where the expression of a template ends: after its closing brace. */
function endOfExpression(source: string, start: number): number {
  let depth = 1
  let position = start
  while (position < source.length && depth > 0) {
    const character = source.charAt(position)
    if (QUOTES.includes(character)) {
      position = endOfString(source, position)
      continue
    }
    if (character === '{') depth++
    if (character === '}') depth--
    position++
  }
  return position
}

/** A template's expressions, without its text. */
function template(literal: string): string {
  let code = '`'
  let position = 1
  while (position < literal.length - 1) {
    if (literal.charAt(position) === '\\') position += 2
    else if (literal.startsWith('${', position)) {
      const end = endOfExpression(literal, position + 2)
      code += `\${${codeOf(literal.slice(position + 2, end - 1))}}`
      position = end
    } else position++
  }
  return `${code}\``
}

function matchAt(pattern: RegExp, source: string, position: number): string | undefined {
  pattern.lastIndex = position
  return pattern.exec(source)?.[0]
}
