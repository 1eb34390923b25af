import { SyscallError } from '../../contract/index.ts'
import { bytes, MessageQueue } from '../../queue/index.ts'
import type { Command } from '../command.ts'
import { UsageError } from '../errors.ts'
import { formatOf, type MessageFormat, messageHeading, type ShownMessage, showMessage } from '../messages.ts'
import { countFrom } from '../numbers.ts'
import type { Output } from '../output.ts'
import { findQueue, queueNameFrom } from '../queue-name.ts'
import { SELECTOR_OPTIONS, type Selection, selectorFrom } from '../selection.ts'
import { count } from '../words.ts'

/** `msgq copy QUEUE [INDEX]` */
export const copy: Command = {
  name: 'copy',
  summary: 'read messages without taking them (peek)',
  operands: 'QUEUE [INDEX]',
  operandCount: { least: 1, most: 2 },
  options: {
    ...SELECTOR_OPTIONS,
    raw: { type: 'boolean', help: 'print the payload alone, byte for byte, with nothing between messages' },
  },
  alsoKnownAs: ['peek', 'cat', 'browse', 'view'],
  details: `Copies the message at INDEX, counted from the oldest, 0; or without INDEX all messages. The queue is untouched:
no message, time, pid or count of it changes, and no program that waits on it notices. While programs receive,
the kernel's indexes move: a message may then be missed. For one whole picture: msgq checkpoint.`,
  examples: [
    { command: 'msgq -n linux: copy 3', does: 'all messages, oldest first' },
    { command: 'msgq -n linux: copy 3 0', does: 'the oldest message' },
    { command: 'msgq -n linux: copy 3 --type 7 --json', does: 'those of type 7, one JSON object a line' },
    { command: 'msgq -n linux: copy 3 12 --raw | hexdump -C', does: 'exact bytes of the 13th' },
  ],
  async run(given, { output, openNamespace, interrupted }) {
    const [queueText = '', indexText] = given.operands
    const name = queueNameFrom(queueText)
    const index = indexText === undefined ? undefined : countFrom('INDEX', indexText, 0)
    const selection = selectorFrom(given)
    if (index !== undefined && selection.msgtyp !== 0) {
      throw new UsageError('INDEX and a type exclude each other', 'an index counts all messages: leave one out')
    }
    const format = formatOf(given, output)

    const namespace = await openNamespace()
    const queue = await MessageQueue.at(namespace, await findQueue(namespace, name), bytes)
    if (index !== undefined) return showOne(queue, index, format, output)
    await showAll(queue, selection, format, { output, interrupted })
  },
}

async function showOne(
  queue: MessageQueue<Uint8Array>,
  index: number,
  format: MessageFormat,
  output: Output,
): Promise<void> {
  const copied = await queue.copy(index)
  if (copied === undefined) {
    const hint = `the queue has ${count((await queue.stat()).qnum, 'message')}, and the oldest has index 0`
    throw new SyscallError('ENOMSG', 'msgrcv', { msqid: queue.msqid, hint })
  }
  if (format === 'text') await output.lines(messageHeading(output, { index: true }))
  await showMessage(shown(copied, index), format, output)
}

/** Counts all messages itself: the index of one of them is not its number among those of its type. */
async function showAll(
  queue: MessageQueue<Uint8Array>,
  { selects }: Selection,
  format: MessageFormat,
  { output, interrupted }: { readonly output: Output; readonly interrupted: AbortSignal },
): Promise<void> {
  if (format === 'text') await output.lines(messageHeading(output, { index: true }))
  let index = 0
  for await (const copied of queue.copies()) {
    interrupted.throwIfAborted()
    if (selects(copied.type)) await showMessage(shown(copied, index), format, output)
    index++
  }
}

type Copied = NonNullable<Awaited<ReturnType<MessageQueue<Uint8Array>['copy']>>>

function shown({ type, payload, ...rest }: Copied, index: number): ShownMessage {
  return { ...rest, index, mtype: type, mtext: payload }
}
