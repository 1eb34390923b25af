import { fromBase64 } from '../view/index.ts'

export type PayloadForm = 'text' | 'json' | 'hex'

const BYTES_A_LINE = 16

export function textOf(base64: string): string {
  return new TextDecoder().decode(fromBase64(base64))
}

/** Indented, digit for digit: JSON.parse would round long numbers. `undefined` where it is no JSON. */
export function jsonOf(base64: string): string | undefined {
  const text = textOf(base64)
  if (!/^\s*[{[]/.test(text)) return undefined
  try {
    JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
  return indented(text)
}

/** A valid JSON text with a member a line; strings and numbers stand as they were written. */
function indented(text: string): string {
  let depth = 0
  let result = ''
  const line = () => `\n${'  '.repeat(depth)}`
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g)) {
    if (token === '}' || token === ']') {
      depth--
      result += /[{[]$/.test(result) ? token : line() + token
      continue
    }
    if (/[{[]$/.test(result)) result += line()
    result += token
    if (token === '{' || token === '[') depth++
    if (token === ',') result += line()
    if (token === ':') result += ' '
  }
  return result
}

/** As `hexdump -C` prints it. */
export function hexOf(base64: string): string {
  const bytes = fromBase64(base64)
  const lines: string[] = []
  for (let start = 0; start < bytes.length; start += BYTES_A_LINE) {
    const row = [...bytes.subarray(start, start + BYTES_A_LINE)]
    const hex = row.map((byte) => byte.toString(16).padStart(2, '0')).join(' ')
    const characters = row.map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join('')
    lines.push(`${start.toString(16).padStart(8, '0')}  ${hex.padEnd(BYTES_A_LINE * 3)} |${characters}|`)
  }
  return lines.join('\n')
}

/** How a payload reads best: controls other than tab and line breaks make it bytes. */
export function bestForm(base64: string): PayloadForm {
  const text = textOf(base64)
  if (/[^\P{Cc}\t\r\n]|\ufffd/u.test(text)) return 'hex'
  return jsonOf(base64) === undefined ? 'text' : 'json'
}

/** One line for a list. Marks that turn the direction of writing would turn the whole line. */
export function lineOf(base64: string): string {
  return textOf(base64).replace(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069\ufffd]/gu, '·')
}
