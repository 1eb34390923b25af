import { INT_MAX, IPC_NOWAIT } from '../../abi/index.ts'
import { SyscallError } from '../../contract/index.ts'
import { flag, onlyOneOf, option, textOption } from '../arguments.ts'
import type { Arguments, Command, CommandContext } from '../command.ts'
import { ClosedPipe, UsageError } from '../errors.ts'
import { executeForMessages } from '../message-command.ts'
import { formatOf, type MessageFormat, messageHeading, type ShownMessage, showMessage } from '../messages.ts'
import { countFrom, timeoutMsFrom } from '../numbers.ts'
import type { Output } from '../output.ts'
import { Progress } from '../progress.ts'
import { findQueue, queueNameFrom } from '../queue-name.ts'
import type { Receiving } from '../receiving.ts'
import { SELECTOR_OPTIONS, selectorFrom } from '../selection.ts'
import { waitAtMost } from '../waiting.ts'
import { count } from '../words.ts'

/** `msgq receive QUEUE` */
export const receive: Command = {
  name: 'receive',
  summary: 'take a message, waiting for one',
  operands: 'QUEUE',
  operandCount: { least: 1, most: 1 },
  options: {
    ...SELECTOR_OPTIONS,
    count: { type: 'string', short: 'c', value: 'N', help: 'take N messages; 1 if not given' },
    follow: { type: 'boolean', short: 'f', help: 'take messages as they come, until the queue is removed' },
    nowait: { type: 'boolean', help: 'fail (ENOMSG) when there is none, instead of waiting' },
    timeout: { type: 'string', value: 'SECONDS', help: 'wait no longer than this for each message; then exit 124' },
    raw: { type: 'boolean', help: 'print the payload alone, byte for byte, with nothing between messages' },
    exec: { type: 'string', value: 'CMD', help: 'run CMD for each message, which is removed if CMD exits with 0' },
    spool: { type: 'string', value: 'DIR', help: 'with --exec: where a message of the kernel is until CMD is done' },
  },
  alsoKnownAs: ['recv', 'get', 'take', 'pop', 'read', 'msgrcv', 'consume'],
  details: `Takes messages off the queue and prints them: the type, the length and the payload as text, JSON or a hex dump;
with --json one object a line. An interrupt or a time-out takes no message. Where the namespace can hold
(not the kernel's), a message is removed only once it is printed. To look without taking: msgq copy.
With --exec the shell runs CMD for each message: the payload is its standard input; MSGQ_TYPE, MSGQ_LENGTH, MSGQ_MSQID
and MSGQ_NAMESPACE are in its environment. A CMD that exits with anything but 0 ends receive, and the message is not
lost: it is at its place again or, from the kernel, in a file of the spool, and the next receive --exec from this
queue begins with it.`,
  examples: [
    { command: 'msgq -n linux: receive 3', does: 'the oldest message, waiting for it' },
    { command: 'msgq -n linux: receive 3 --at-most 2 --timeout 5', does: 'the most urgent of types 1 and 2, in 5 s' },
    { command: 'msgq -n linux: receive 3 --nowait --raw > payload', does: 'exact bytes into a file' },
    { command: 'msgq -n linux: receive 3 --follow --json', does: 'all that come, one JSON object a line' },
    { command: "msgq -n linux: receive 3 -f --exec './job $MSGQ_TYPE'", does: 'a job for each that comes' },
  ],
  async run(given, context) {
    const name = queueNameFrom(given.operands[0] ?? '')
    const { msgtyp, msgflg } = selectorFrom(given)
    const number = option(given, 'count', (option, text) => countFrom(option, text, 1)) ?? 1
    const timeoutMs = option(given, 'timeout', timeoutMsFrom)
    const isFollowing = flag(given, 'follow')
    checkTogether(given)
    const format = formatOf(given, context.output)
    const command = textOption(given, 'exec')
    const spool = textOption(given, 'spool')

    const namespace = await context.openNamespace()
    const msqid = await findQueue(namespace, name)
    const most = isFollowing ? Number.POSITIVE_INFINITY : number
    const nowait = flag(given, 'nowait')
    const receiving: Receiving = { namespace, msqid, msgtyp, msgflg, nowait, timeoutMs, most }
    let taken = 0
    const onTaken = () => taken++
    try {
      if (command !== undefined) await executeForMessages(receiving, { command, spool, onTaken }, context)
      else await printMessages(receiving, { format, onTaken }, context)
    } catch (error) {
      if (!isFollowing || !isRemoved(error, taken)) throw error
    }
  },
}

/** @throws {UsageError} */
function checkTogether(given: Arguments): void {
  for (const pair of [
    ['nowait', 'timeout'],
    ['follow', 'nowait'],
    ['follow', 'count'],
    ['exec', 'raw'],
  ]) {
    onlyOneOf(given, pair)
  }
  if (textOption(given, 'spool') !== undefined && textOption(given, 'exec') === undefined) {
    throw new UsageError('--spool is for --exec', 'leave it out: a message that is printed is in no file')
  }
}

/** Following a queue ends well when the queue does: while we waited (EIDRM), or between two messages (EINVAL). */
function isRemoved(error: unknown, taken: number): boolean {
  return error instanceof SyscallError && (error.code === 'EIDRM' || (error.code === 'EINVAL' && taken > 0))
}

async function printMessages(
  receiving: Receiving,
  { format, onTaken }: { readonly format: MessageFormat; onTaken(): void },
  context: CommandContext,
): Promise<void> {
  const { most, timeoutMs } = receiving
  using progress = new Progress(context.output, { doing: 'receiving', unit: 'messages', total: finite(most) })
  for (let taken = 0; taken < most; taken++) {
    const message = await waitAtMost(timeoutMs, 'no message came', context.interrupted, (signal) =>
      takeOne(receiving, signal),
    )
    const isFirst = taken === 0 && format === 'text'
    await deliver(message, context, async (output) => {
      if (isFirst) await output.lines(messageHeading(output, { index: false }))
      await showMessage(message, format, output)
    })
    onTaken()
    progress.update(taken + 1)
  }
}

function finite(most: number): number | undefined {
  return Number.isFinite(most) ? most : undefined
}

/** A message in our hands: removed already or, where it can be held, not before `accept`. */
interface Taken extends ShownMessage {
  accept?(): Promise<void>
  refuse?(): Promise<void>
}

function takeOne({ namespace, msqid, msgtyp, msgflg, nowait }: Receiving, signal: AbortSignal): Promise<Taken> {
  const flags = nowait ? msgflg | IPC_NOWAIT : msgflg
  if (namespace.capabilities.held) return namespace.msgrcv(msqid, INT_MAX, msgtyp, flags, { signal, hold: true })
  return namespace.msgrcv(msqid, INT_MAX, msgtyp, flags, { signal })
}

/** Prints a message. What could not be printed stays queued where it was held; otherwise its loss is told. */
async function deliver(
  message: Taken,
  { output }: CommandContext,
  print: (output: Output) => Promise<void>,
): Promise<void> {
  try {
    await print(output)
  } catch (error) {
    if (message.refuse !== undefined) await message.refuse()
    else if (error instanceof ClosedPipe) {
      const size = count(message.mtext.length, 'byte')
      await output.note(`msgq: nobody read the last message (type ${message.mtype}, ${size}): it was taken and is lost`)
    }
    throw error
  }
  await message.accept?.()
}
