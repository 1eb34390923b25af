/** A fenced block of code. */
export interface CodeBlock {
  /** The line of its first line of code, from 1. */
  readonly line: number
  /** The words after the fence: the language, then marks of ours. */
  readonly words: readonly string[]
  readonly code: string
}

export interface Link {
  readonly line: number
  readonly target: string
}

const FENCE = /^```(.*)$/

/** The fenced blocks of a page. */
export function codeBlocks(page: string): CodeBlock[] {
  const blocks: CodeBlock[] = []
  let open: { line: number; words: string[]; code: string[] } | undefined
  page.split('\n').forEach((text, index) => {
    const [, words] = FENCE.exec(text) ?? []
    if (words === undefined) open?.code.push(text)
    else if (open === undefined) open = { line: index + 2, words: words.trim().split(/\s+/), code: [] }
    else {
      blocks.push({ ...open, code: open.code.join('\n') })
      open = undefined
    }
  })
  if (open !== undefined) throw new Error(`a fence of line ${open.line - 1} is never closed`)
  return blocks
}

/** The links of a page, those in its code left out. */
export function links(page: string): Link[] {
  return withoutCode(page).flatMap((text, index) =>
    [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => ({ line: index + 1, target })),
  )
}

/** The headings of a page. */
export function headings(page: string): string[] {
  return withoutCode(page).flatMap((text) => /^#+ (.*)$/.exec(text)?.[1] ?? [])
}

/** The anchor that code hosts give a heading: small letters, no punctuation, hyphens for spaces. */
export function anchor(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replace(/\s/g, '-')
}

function withoutCode(page: string): string[] {
  let isCode = false
  return page.split('\n').map((text) => {
    if (!FENCE.test(text)) return isCode ? '' : text
    isCode = !isCode
    return ''
  })
}
