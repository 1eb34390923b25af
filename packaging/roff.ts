/** Longer lines of roff are hard to read, and mandoc says so. */
const COLUMNS = 76

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\e', '`': '\\(ga', '^': '\\(ha', '~': '\\(ti' }

/** A page's head: what man(1) shows in the corners. */
export interface PageHead {
  readonly name: string
  readonly section: number
  readonly date: string
  readonly source: string
}

/** A page of our documentation, whose first line is its title, as a man page. Of Markdown it knows what our pages use. */
export function roffPage(markdown: string, { name, section, date, source }: PageHead): string {
  const blocks = markdown.trim().split('\n').slice(1).join('\n')
  const lines = [`.TH ${name.toUpperCase()} ${section} ${date} "${source}"`, ...blockLines(blocks)]
  return `${lines.join('\n')}\n`
}

function* blockLines(markdown: string): Generator<string> {
  const lines = markdown.split('\n')
  /** A section that has begun shows its first paragraph without a macro before it. */
  let isFresh = true
  for (let at = 0; at < lines.length; ) {
    const line = lines[at] ?? ''
    const taken = (matches: (text: string) => boolean) => {
      const start = at
      while (at < lines.length && matches(lines[at] ?? '')) at++
      return lines.slice(start, at)
    }
    const [, marks, title = ''] = /^(#+) (.*)$/.exec(line) ?? []
    if (line === '') {
      at++
    } else if (marks !== undefined) {
      at++
      yield marks === '##' ? `.SH ${inline(title).toUpperCase()}` : `.SS ${inline(title)}`
      isFresh = true
    } else if (line.startsWith('```')) {
      at++
      const code = taken((text) => !text.startsWith('```'))
      at++
      yield* [...(isFresh ? [] : ['.PP']), '.RS 4', '.nf', ...code.map((text) => protect(escaped(text))), '.fi', '.RE']
      isFresh = false
    } else if (line.startsWith('|')) {
      yield* tableLines(taken((text) => text.startsWith('|')))
      isFresh = false
    } else if (/^(- |\d+\. )/.test(line)) {
      const [, mark = '', text = ''] = /^(-|\d+\.) (.*)$/.exec(line) ?? []
      at++
      const rest = taken((next) => /^\s+\S|^[A-Za-z`(]/.test(next)).map((next) => next.trim())
      yield mark === '-' ? '.IP \\(bu 2' : `.IP ${mark} 4`
      yield* filled([text, ...rest].join(' '))
      isFresh = false
    } else {
      const text = taken((next) => next !== '' && !/^(#|```|\||- |\d+\. )/.test(next)).join(' ')
      yield* [...(isFresh ? [] : ['.PP']), ...filled(text)]
      isFresh = false
    }
  }
}

/** A table's rows as terms, each with what the table says of it; of several columns each has its heading. */
function* tableLines(rows: readonly string[]): Generator<string> {
  const [headings = [], , ...body] = rows.map(cellsOf)
  for (const [term = '', ...cells] of body) {
    yield '.TP'
    yield term === '' ? '\\&' : protect(inline(term))
    const said = cells.map((cell, index) => {
      const heading = headings[index + 1] ?? ''
      return cells.length === 1 || heading === '' ? cell : `${heading}: ${cell === '' ? '–' : cell}`
    })
    yield* filled(said.join('; '))
  }
}

function cellsOf(row: string): string[] {
  // A bar in a cell is written with a backslash.
  const cells = row
    .trim()
    .slice(1, -1)
    .split(/(?<!\\)\|/)
  return cells.map((cell) => cell.trim().replaceAll('\\|', '|'))
}

/** Text in lines that fit. */
function filled(text: string): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of inline(text)
    .split(/ +/)
    .filter((each) => each !== '')) {
    if (line !== '' && line.length + word.length >= COLUMNS) {
      lines.push(protect(line))
      line = ''
    }
    line = line === '' ? word : `${line} ${word}`
  }
  return line === '' ? lines : [...lines, protect(line)]
}

/** Code and what is strong in bold, what is stressed in italics, links by their words alone. */
function inline(text: string): string {
  return text
    .split(/(`[^`]+`)/)
    .map((part) => {
      if (/^`.+`$/.test(part)) return `\\fB${escaped(part.slice(1, -1)).replaceAll('-', '\\-')}\\fR`
      const words = part.replace(/\]\((?:[^)\s]+)\)/g, ']').replace(/!?\[([^\]]*)\]/g, '$1')
      return escaped(words)
        .replace(/\*\*([^*]+)\*\*/g, '\\fB$1\\fR')
        .replace(/\*([^*]+)\*/g, '\\fI$1\\fR')
    })
    .join('')
}

/** Characters that roff reads as its own, and those that are no ASCII. */
function escaped(text: string): string {
  const own = text.replace(/[\\`^~]/g, (character) => ESCAPES[character] ?? character)
  return own.replace(/[^\x20-\x7e]/gu, (character) => {
    const code = character.codePointAt(0) ?? 0
    return `\\[u${code.toString(16).toUpperCase().padStart(4, '0')}]`
  })
}

/** A line that begins as a macro does is text here. */
function protect(line: string): string {
  return /^[.']/.test(line) ? `\\&${line}` : line
}
