import type { Msgbuf } from '../abi/index.ts'
import { InputError } from './errors.ts'
import type { Input } from './input.ts'
import { linesOf } from './lines.ts'
import { messageFrom } from './message-line.ts'
import type { Output } from './output.ts'
import { Progress } from './progress.ts'
import { bytesOf, count } from './words.ts'

/** JSON may write each byte of a payload as \uXXXX. */
const LONGEST_ESCAPE = 6
/** The other members of a line, with room to spare. */
const MEMBERS_BYTES = 4_096

/** What lines are sent from, and how. */
export interface LinesToSend {
  readonly input: Input
  readonly msqid: number
  /** Most bytes of a message: no line is read that can only be of a longer one. */
  readonly msgmax: number
  /** Sends one message, or throws: then it was not sent. */
  send(message: Msgbuf): Promise<void>
}

/**
 * Sends the messages of NDJSON, one after the other, and tells how many they were; also when it ends early.
 *
 * @throws {InputError} a line is no message: it and what follows were not sent. @throws what `send` throws.
 */
export async function sendLines({ input, msqid, msgmax, send }: LinesToSend, output: Output): Promise<void> {
  let sent = 0
  let bytes = 0
  let line = 0
  let isSent = true
  const longest = LONGEST_ESCAPE * msgmax + MEMBERS_BYTES
  const tooLong = (number: number) => {
    line = number
    isSent = false
    return new InputError(`line ${number} of ${input.name} is too long`, `msgmax is ${msgmax}`)
  }
  try {
    using progress = new Progress(output, { doing: 'sending', unit: 'bytes', total: input.sizeBytes })
    for await (const { number, bytes: text, end } of linesOf(input.stream, longest, tooLong)) {
      line = number
      if (isBlank(text)) continue
      isSent = false
      const message = messageFrom(text, `line ${number} of ${input.name}`)
      await send(message)
      isSent = true
      sent++
      bytes += message.mtext.length
      progress.update(end)
    }
  } catch (error) {
    if (output.isJson) await output.json({ msqid, sent, bytes, line })
    else await output.note(`sent ${sentWords(sent, bytes)}, then it ended ${isSent ? 'after' : 'at'} line ${line}`)
    throw error
  }
  if (output.isJson) await output.json({ msqid, sent, bytes })
  else await output.note(`sent ${sentWords(sent, bytes)}`)
}

function sentWords(sent: number, bytes: number): string {
  return `${count(sent, 'message')}, ${bytesOf(bytes)}`
}

/** Space, tab and carriage return. */
function isBlank(line: Uint8Array): boolean {
  return line.every((byte) => byte === 0x20 || byte === 0x09 || byte === 0x0d)
}
