import { SyscallError } from '../../contract/index.ts'
import type { CheckpointQueue } from '../../engine/index.ts'
import { bytes, MessageQueue } from '../../queue/index.ts'
import { option } from '../arguments.ts'
import type { Command, CommandContext } from '../command.ts'
import { UsageError } from '../errors.ts'
import { instantFrom } from '../instant.ts'
import { formatOf, type MessageFormat, messageHeading, type ShownMessage, showMessage } from '../messages.ts'
import { countFrom, type IndexRange, rangeFrom } from '../numbers.ts'
import type { Output } from '../output.ts'
import { checkpointAt, queueIn } from '../past.ts'
import { findQueue, queueNameFrom } from '../queue-name.ts'
import { statOf } from '../queues.ts'
import { SELECTOR_OPTIONS, type Selection, selectorFrom } from '../selection.ts'
import { count } from '../words.ts'

const EVERYTHING: IndexRange = { first: 0, last: Number.MAX_SAFE_INTEGER }

/** `msgq copy QUEUE [INDEX]` */
export const copy: Command = {
  name: 'copy',
  summary: 'read messages without taking them (peek)',
  operands: 'QUEUE [INDEX]',
  operandCount: { least: 1, most: 2 },
  options: {
    ...SELECTOR_OPTIONS,
    range: { type: 'string', value: 'A..B', help: 'only the messages at indexes A to B, counted from the oldest, 0' },
    at: { type: 'string', value: 'TIME', help: 'as it was then, as far back as a daemon holds it' },
    raw: { type: 'boolean', help: 'print the payload alone, byte for byte, with nothing between messages' },
  },
  alsoKnownAs: ['peek', 'cat', 'browse', 'view'],
  details: `Copies the message at INDEX, counted from the oldest, 0; or without INDEX all messages, or those that the
options select. The queue is untouched: no message, time, pid or count of it changes, and no program that waits on it
notices. (Elsewhere this is called peek.) While programs receive, the kernel's indexes move: a message may then be
missed. For one whole picture: msgq checkpoint. --at is for root and the owner of a daemon (msgq serve --retain); a TIME
is 2026-11-24T13:00:05, 13:00 for today, -10min, or @ and seconds since 1970.`,
  examples: [
    { command: 'msgq -n linux: copy 3', does: 'all messages, oldest first' },
    { command: 'msgq -n linux: copy 3 0', does: 'the oldest message' },
    { command: 'msgq -n linux: copy 3 --range ..9', does: 'the ten oldest; 10.. are all others, 10..19 the next ten' },
    { command: 'msgq -n linux: copy 3 --type 7 --json', does: 'those of type 7, one JSON object a line' },
    { command: 'msgq -n linux: copy 3 12 --raw | hexdump -C', does: 'exact bytes of the 13th' },
    { command: 'msgq copy 0x4d5347 --at -10min', does: 'what was on it ten minutes ago' },
  ],
  async run(given, { output, openNamespace, interrupted }) {
    const [queueText = '', indexText] = given.operands
    const name = queueNameFrom(queueText)
    const index = indexText === undefined ? undefined : countFrom('INDEX', indexText, 0)
    const selection = selectorFrom(given)
    const range = option(given, 'range', rangeFrom) ?? EVERYTHING
    if (index !== undefined && range !== EVERYTHING) {
      throw new UsageError('INDEX and --range exclude each other', 'leave one out')
    }
    if (index !== undefined && selection.msgtyp !== 0) {
      throw new UsageError('INDEX and a type exclude each other', 'an index counts all messages: leave one out')
    }
    const format = formatOf(given, output)
    const at = option(given, 'at', instantFrom)

    const namespace = await openNamespace()
    if (at !== undefined) {
      const past = queueIn(await checkpointAt(namespace, at), name)
      const indexes = index === undefined ? range : { first: index, last: index }
      return showPast(past, { ...selection, ...indexes }, format, output)
    }
    const queue = await MessageQueue.at(namespace, await findQueue(namespace, name), bytes)
    if (index !== undefined) return showOne(queue, index, format, output)
    await showSome(queue, { ...selection, ...range }, format, { output, interrupted })
  },
}

async function showOne(queue: Bytes, index: number, format: MessageFormat, output: Output): Promise<void> {
  const copied = await copyAt(queue, index)
  if (copied === undefined) {
    const hint = `the queue has ${count((await queue.stat()).qnum, 'message')}, and the oldest has index 0`
    throw new SyscallError('ENOMSG', 'msgrcv', { msqid: queue.msqid, hint })
  }
  if (format === 'text') await output.lines(messageHeading(output, { index: true }))
  await showMessage(shown(copied, index), format, output)
}

/** Shows messages that were there. */
async function showPast(
  { messages }: CheckpointQueue,
  { selects, first, last }: Selection & IndexRange,
  format: MessageFormat,
  output: Output,
): Promise<void> {
  if (format === 'text') await output.lines(messageHeading(output, { index: true }))
  let index = 0
  for (const message of messages) {
    if (index >= first && index <= last && selects(message.mtype))
      await showMessage({ ...message, index }, format, output)
    index++
  }
}

/** Shows what is selected by type and by index: the index of a message is not its number among those of its type. */
async function showSome(
  queue: Bytes,
  { selects, ...range }: Selection & IndexRange,
  format: MessageFormat,
  { output, interrupted }: Pick<CommandContext, 'output' | 'interrupted'>,
): Promise<void> {
  if (format === 'text') await output.lines(messageHeading(output, { index: true }))
  let index = range.first
  for await (const copied of copiesIn(queue, range)) {
    interrupted.throwIfAborted()
    if (selects(copied.type)) await showMessage(shown(copied, index), format, output)
    index++
  }
}

async function* copiesIn(queue: Bytes, { first, last }: IndexRange): AsyncGenerator<Copied, void, undefined> {
  if (!queue.namespace.capabilities.cursors) {
    for (let index = first; index <= last; index++) {
      const copied = await copyAt(queue, index)
      if (copied === undefined) return
      yield copied
    }
    return
  }
  // A cursor begins at the oldest message; but no receive of others makes it skip one.
  let index = 0
  for await (const copied of queue.copies()) {
    if (index > last) return
    if (index++ >= first) yield copied
  }
}

/** @throws {SyscallError} `EINVAL` the message is longer than msgmax is now. Source: ipc/msgutil.c, copy_msg(). */
async function copyAt(queue: Bytes, index: number): Promise<Copied | undefined> {
  try {
    return await queue.copy(index)
  } catch (error) {
    if (!(error instanceof SyscallError) || error.code !== 'EINVAL') throw error
    const { namespace, msqid } = queue
    await statOf(namespace, msqid)
    const { msgmax } = await namespace.limits()
    const hint = `msgmax is ${msgmax}, and the message at index ${index} is longer: raise msgmax to copy it`
    throw new SyscallError('EINVAL', 'msgrcv', { msqid, hint })
  }
}

type Bytes = MessageQueue<Uint8Array>
type Copied = NonNullable<Awaited<ReturnType<Bytes['copy']>>>

function shown({ type, payload, ...rest }: Copied, index: number): ShownMessage {
  return { ...rest, index, mtype: type, mtext: payload }
}
