import type { ReceivedMessage } from '../contract/index.ts'
import { flag, onlyOneOf } from './arguments.ts'
import type { Arguments } from './command.ts'
import type { Output } from './output.ts'
import { payloadJson, payloadLines } from './payload.ts'

/** A message, and where it stands on its queue when it was copied. */
export interface ShownMessage extends ReceivedMessage {
  readonly index?: number
}

/** How messages are written: untouched bytes, a JSON object a line, or lines for people. */
export type MessageFormat = 'raw' | 'json' | 'text'

// Messages are shown as they come, so columns have a width before their words are known.
const INDEX_COLUMNS = 5
const TYPE_COLUMNS = 6
const BYTES_COLUMNS = 6

/** Writes one message to standard output; it is with the reader, or its pipe, when this returns. */
export async function showMessage(message: ShownMessage, format: MessageFormat, output: Output): Promise<void> {
  switch (format) {
    case 'raw':
      return output.bytes(message.mtext)
    case 'json':
      return output.lines(messageJson(message))
    case 'text':
      return output.lines(...messageLines(message, output))
  }
}

/** The heading over messages shown as text. */
export function messageHeading(output: Output, { index }: { readonly index: boolean }): string {
  return output.style.bold(`${prefix(index ? 'index' : undefined, 'type', 'bytes')}payload`)
}

function messageLines(message: ShownMessage, output: Output): string[] {
  const index = message.index === undefined ? undefined : String(message.index)
  const start = prefix(index, String(message.mtype), String(message.mtext.length))
  return payloadLines(message.mtext).map((line, number) =>
    number === 0 ? `${output.style.dim(start)}${line}` : `${' '.repeat(start.length)}${line}`,
  )
}

function prefix(index: string | undefined, type: string, bytes: string): string {
  const before = index === undefined ? '' : `${index.padStart(INDEX_COLUMNS)}  `
  return `${before}${type.padStart(TYPE_COLUMNS)}  ${bytes.padStart(BYTES_COLUMNS)}  `
}

/** Written by hand: the payload's own JSON goes in as it stands, its digits too. */
function messageJson({ index, mtype, mtext, sequence, sender, time }: ShownMessage): string {
  const type = typeof mtype === 'bigint' ? mtype.toString() : mtype
  const head = JSON.stringify({ index, type, bytes: mtext.length, sequence, sender, time })
  const { encoding, json } = payloadJson(mtext)
  return `${head.slice(0, -1)},"encoding":"${encoding}","payload":${json}}`
}

/** The format that the user asks for. @throws {UsageError} two of them. */
export function formatOf(given: Arguments, output: Output): MessageFormat {
  onlyOneOf(given, ['raw', 'json'])
  if (flag(given, 'raw')) return 'raw'
  return output.isJson ? 'json' : 'text'
}
