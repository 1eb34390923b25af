/** How a payload reads best: a JSON object or array on one line, text, or bytes. */
export type PayloadKind = 'json' | 'utf-8' | 'base64'

/** A payload, seen through: `text` is its characters, where it has any. */
export type Payload =
  | { readonly kind: 'json' | 'utf-8'; readonly text: string }
  | { readonly kind: 'base64'; readonly bytes: Uint8Array }

const BYTES_A_LINE = 16

/** Sees what a payload is. Control characters make it bytes: a queue's message must not drive the user's terminal. */
export function payloadOf(mtext: Uint8Array): Payload {
  const text = decoded(mtext)
  if (text === undefined || !isPrintable(text)) return { kind: 'base64', bytes: mtext }
  return { kind: isJsonDocument(text) ? 'json' : 'utf-8', text }
}

/** The payload for people: its lines of text, or a hex dump as `hexdump -C` prints it. */
export function payloadLines(mtext: Uint8Array): string[] {
  if (mtext.length === 0) return ['(empty)']
  const payload = payloadOf(mtext)
  if (payload.kind === 'base64') return hexDump(payload.bytes)
  // The last line break ends the last line; it does not begin another.
  return payload.text.replace(/\n$/, '').split('\n')
}

/** The payload as one JSON text, from which `message-line.ts` makes the same bytes again. */
export function payloadJson(mtext: Uint8Array): { readonly encoding: PayloadKind; readonly json: string } {
  const payload = payloadOf(mtext)
  switch (payload.kind) {
    case 'json':
      // As it stands, digit for digit: JSON.parse would round them.
      return { encoding: 'json', json: payload.text }
    case 'utf-8':
      return { encoding: 'utf-8', json: JSON.stringify(payload.text) }
    case 'base64':
      return { encoding: 'base64', json: JSON.stringify(Buffer.from(payload.bytes).toString('base64')) }
  }
}

function decoded(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (error) {
    if (error instanceof TypeError) return undefined
    throw error
  }
}

/** Tab and line feed are text; other controls, and the marks that turn the direction of writing, are not. */
function isPrintable(text: string): boolean {
  return !/[^\P{Cc}\t\n]|[\u2028\u2029\u202a-\u202e\u2066-\u2069]/u.test(text)
}

/**
 * An object or an array: a number or a word alone is text to a person. With a line break, or space around it, it could
 * not stand in a line of JSON and be the same bytes again.
 */
function isJsonDocument(text: string): boolean {
  if (!/^[{[].*[}\]]$/.test(text)) return false
  try {
    JSON.parse(text)
    return true
  } catch (error) {
    if (error instanceof SyntaxError) return false
    throw error
  }
}

function hexDump(bytes: Uint8Array): string[] {
  const lines: string[] = []
  for (let start = 0; start < bytes.length; start += BYTES_A_LINE) {
    const row = [...bytes.subarray(start, start + BYTES_A_LINE)]
    const hex = row.map(
      (byte, column) => `${column === BYTES_A_LINE / 2 ? ' ' : ''}${byte.toString(16).padStart(2, '0')}`,
    )
    const characters = row.map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join('')
    lines.push(`${start.toString(16).padStart(8, '0')}  ${hex.join(' ').padEnd(BYTES_A_LINE * 3)}  |${characters}|`)
  }
  return lines
}
