import { LONG_MAX, type Long, long, type Msgbuf } from '../abi/index.ts'
import { InputError } from './errors.ts'

/** What `receive --json` and `copy --json` print in front of a payload; of these a line needs `type` alone. */
const MEMBERS = ['index', 'type', 'bytes', 'sequence', 'sender', 'time', 'encoding', 'payload']
const FORM = 'a line is what `receive --json` prints: {"type":1,"encoding":"utf-8","payload":"hello"}'

/**
 * The message of one line of NDJSON, as `receive --json` and `copy --json` print it: the same type, the same bytes.
 *
 * `encoding` may be left out: a string is then text, an object or array is JSON, taken as it stands in the line.
 *
 * @param where For errors: `line 3 of orders.ndjson`.
 * @throws {InputError} it is none: nothing of it was sent.
 */
export function messageFrom(line: Uint8Array, where: string): Msgbuf {
  const text = textOf(line, where)
  const members = membersOf(text, where)
  const unknown = Object.keys(members).find((name) => !MEMBERS.includes(name))
  if (unknown !== undefined) throw wrong(where, `has ${JSON.stringify(unknown)}, which no message has`)
  return { mtype: typeIn(members, where), mtext: payloadIn(members, text, where) }
}

type Members = Readonly<Record<string, unknown>>

function textOf(line: Uint8Array, where: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(line)
  } catch (error) {
    if (error instanceof TypeError) throw wrong(where, 'is not UTF-8')
    throw error
  }
}

function membersOf(text: string, where: string): Members {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) throw wrong(where, `is not JSON (${error.message})`)
    throw error
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong(where, 'is not a JSON object')
  return value as Members
}

/** A number beyond 2^53 was rounded before we see it: it must be a string of digits. */
function typeIn({ type }: Members, where: string): Long {
  if (type === undefined) throw wrong(where, 'has no "type"')
  const isExact = Number.isSafeInteger(type) || (typeof type === 'string' && /^[1-9]\d{0,18}$/.test(type))
  const value = isExact ? BigInt(type as number | string) : 0n
  if (value >= 1n && value <= BigInt(LONG_MAX)) return long(value)
  const range = 'a type is 1 to 9223372036854775807, beyond 2^53 in quotes'
  throw new InputError(`${where} has the type ${JSON.stringify(type)}`, range)
}

function payloadIn({ encoding, payload }: Members, text: string, where: string): Uint8Array {
  if (payload === undefined) throw wrong(where, 'has no "payload"')
  switch (encoding ?? (typeof payload === 'string' ? 'utf-8' : 'json')) {
    case 'utf-8':
      if (typeof payload !== 'string') throw wrong(where, 'has a payload that is no string, as utf-8 is')
      return new TextEncoder().encode(payload)
    case 'base64':
      return fromBase64(payload, where)
    case 'json':
      if (typeof payload !== 'object' || payload === null)
        throw wrong(where, 'has a payload that is no object or array, as json is')
      return new TextEncoder().encode(sourceOf('payload', text))
    default:
      throw wrong(where, `has the encoding ${JSON.stringify(encoding)}; there are utf-8, json and base64`)
  }
}

/** Buffer passes over what is no base64, silently. */
function fromBase64(payload: unknown, where: string): Uint8Array {
  const bytes = typeof payload === 'string' ? Buffer.from(payload, 'base64') : undefined
  if (bytes === undefined || bytes.toString('base64') !== payload) throw wrong(where, 'has a payload that is no base64')
  return bytes
}

/**
 * A member of a JSON object as it is written there: JSON.parse would round its numbers and drop its repeated members.
 *
 * @param text A valid JSON object that has the member; the last one counts, as for JSON.parse.
 */
function sourceOf(member: string, text: string): string {
  let depth = 0
  let name = ''
  let start = 0
  let source = ''
  for (const { 0: token, index } of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\],:]/g)) {
    const isEnd = depth === 1 && (token === ',' || token === '}')
    if (isEnd && name === member) source = text.slice(start, index).trim()
    if (token === '{' || token === '[') depth++
    else if (token === '}' || token === ']') depth--
    else if (depth === 1 && token === ':') start = index + 1
    else if (depth === 1 && token === ',') start = 0
    else if (depth === 1 && start === 0) name = JSON.parse(token) as string
  }
  return source
}

function wrong(where: string, what: string): InputError {
  return new InputError(`${where} ${what}`, FORM)
}
