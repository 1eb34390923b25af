import { IPC_NOWAIT, type Msgbuf } from '../../abi/index.ts'
import { SyscallError } from '../../contract/index.ts'
import { flag, onlyOneOf, option, textOption } from '../arguments.ts'
import type { Arguments, Command } from '../command.ts'
import { UsageError } from '../errors.ts'
import { type Input, inputFrom, whileReading } from '../input.ts'
import { messageTypeFrom, timeoutMsFrom } from '../numbers.ts'
import { findQueue, queueNameFrom } from '../queue-name.ts'
import { statOf } from '../queues.ts'
import { sendLines } from '../send-lines.ts'
import { waitAtMost } from '../waiting.ts'

/** `msgq send QUEUE [TEXT]` */
export const send: Command = {
  name: 'send',
  summary: 'send a text, a file or standard input',
  operands: 'QUEUE [TEXT]',
  operandCount: { least: 1, most: 2 },
  options: {
    type: { type: 'string', short: 't', value: 'N', help: 'message type, 1 to 2^63-1; 1 if not given' },
    file: { type: 'string', value: 'PATH', help: 'send what is in this file, byte for byte; - is standard input' },
    ndjson: { type: 'boolean', help: 'send a message for each line of JSON, as `receive --json` prints them' },
    nowait: { type: 'boolean', help: 'fail (EAGAIN) when the queue is full, instead of waiting for room' },
    timeout: { type: 'string', value: 'SECONDS', help: 'wait no longer for room, for each message; then exit 124' },
  },
  alsoKnownAs: ['put', 'push', 'post', 'publish', 'msgsnd', 'write'],
  details: `Sends one message: TEXT in UTF-8, or all of a file, or without both (or with - for TEXT) all of standard input,
byte for byte, a line break at its end too. Waits for room on a full queue. A TEXT that begins with - goes after --.
With --ndjson a line of the file, or of standard input, is a message:
{"type":7,"encoding":"utf-8","payload":"hello"}, where encoding is utf-8 (a string), json (an object or array, sent as
it is written) or base64. A line that is none ends it: what was sent before stays sent, and is told.`,
  examples: [
    { command: "msgq -n linux: send 3 'hello'", does: 'a message of type 1' },
    { command: 'msgq -n linux: send 0x4d5347 --type 2 --file order.json', does: "a file's content, of type 2" },
    { command: "printf '' | msgq -n linux: send 3 --nowait", does: 'an empty message, only if there is room' },
    { command: 'msgq -n linux: copy 3 --json | msgq -n linux: send 4 --ndjson', does: 'copies of all messages' },
    { command: 'msgq -n linux: send 3 -- -5', does: 'a text that looks like an option' },
  ],
  async run(given, context) {
    const { output, openNamespace, interrupted } = context
    const [queue = '', text = '-'] = given.operands
    const name = queueNameFrom(queue)
    const mtype = option(given, 'type', messageTypeFrom) ?? 1
    const timeoutMs = option(given, 'timeout', timeoutMsFrom)
    const isLines = flag(given, 'ndjson')
    onlyOneOf(given, ['nowait', 'timeout'])
    checkSources(given)
    const input = text === '-' ? inputFrom(given, context) : undefined

    const namespace = await openNamespace()
    const msqid = await findQueue(namespace, name)
    const msgflg = flag(given, 'nowait') ? IPC_NOWAIT : 0
    const send = (message: Msgbuf) =>
      waitAtMost(timeoutMs, 'there was no room', interrupted, (signal) =>
        namespace.msgsnd(msqid, message, msgflg, { signal }),
      )
    if (input?.isTerminal) await output.note(`type ${isLines ? 'a message a line' : 'the message'}; Ctrl-D ends it`)
    const { msgmax } = await namespace.limits()
    if (isLines && input !== undefined) {
      // No line, no error of a queue that is not there.
      await statOf(namespace, msqid)
      return whileReading(input, interrupted, () => sendLines({ input, msqid, msgmax, send }, output))
    }
    const mtext =
      input === undefined
        ? new TextEncoder().encode(text)
        : await whileReading(input, interrupted, () => readMessage(input, msgmax, msqid))
    await send({ mtype, mtext })
    if (output.isJson) await output.json({ msqid, type: mtype, bytes: mtext.length })
  },
}

/** @throws {UsageError} a message from two places, or a type beside those of the lines. */
function checkSources(given: Arguments): void {
  onlyOneOf(given, ['ndjson', 'type'])
  const text = given.operands[1]
  const other = ['file', 'ndjson'].find((name) => given.options[name] !== undefined)
  if (text === undefined || other === undefined || (text === '-' && textOption(given, 'file') === undefined)) return
  throw new UsageError(`TEXT and --${other} exclude each other`, 'leave one out')
}

/** All of the input, if a message may be that long: an endless one must not fill the memory first. */
async function readMessage({ stream, name }: Input, msgmax: number, msqid: number): Promise<Uint8Array> {
  const chunks: Buffer[] = []
  let sizeBytes = 0
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length
    // What msgsnd answers to a message that is too long, before it looks for the queue. Source: ipc/msg.c, do_msgsnd().
    if (sizeBytes > msgmax) {
      throw new SyscallError('EINVAL', 'msgsnd', { msqid, hint: `msgmax is ${msgmax}: ${name} is longer` })
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
