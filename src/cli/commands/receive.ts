import { INT_MAX, IPC_NOWAIT } from '../../abi/index.ts'
import { type IpcNamespace, SyscallError } from '../../contract/index.ts'
import { flag, onlyOneOf, option } from '../arguments.ts'
import type { Command, CommandContext } from '../command.ts'
import { ClosedPipe } from '../errors.ts'
import { formatOf, messageHeading, type ShownMessage, showMessage } from '../messages.ts'
import { countFrom, timeoutMsFrom } from '../numbers.ts'
import type { Output } from '../output.ts'
import { findQueue, queueNameFrom } from '../queue-name.ts'
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
  },
  alsoKnownAs: ['recv', 'get', 'take', 'pop', 'read', 'msgrcv', 'consume'],
  details: `Takes messages off the queue and prints them: the type, the length and the payload as text, JSON or a hex dump;
with --json one object a line. An interrupt or a time-out takes no message. Where the namespace can hold
(not the kernel's), a message is removed only once it is printed. To look without taking: msgq copy.`,
  examples: [
    { command: 'msgq -n linux: receive 3', does: 'the oldest message, waiting for it' },
    { command: 'msgq -n linux: receive 3 --at-most 2 --timeout 5', does: 'the most urgent of types 1 and 2, in 5 s' },
    { command: 'msgq -n linux: receive 3 --nowait --raw > payload', does: 'exact bytes into a file' },
    { command: 'msgq -n linux: receive 3 --follow --json', does: 'all that come, one JSON object a line' },
  ],
  async run(given, context) {
    const name = queueNameFrom(given.operands[0] ?? '')
    const { msgtyp, msgflg } = selectorFrom(given)
    const number = option(given, 'count', (option, text) => countFrom(option, text, 1)) ?? 1
    const timeoutMs = option(given, 'timeout', timeoutMsFrom)
    const isFollowing = flag(given, 'follow')
    onlyOneOf(given, ['nowait', 'timeout'])
    onlyOneOf(given, ['follow', 'nowait'])
    onlyOneOf(given, ['follow', 'count'])
    const format = formatOf(given, context.output)

    const namespace = await context.openNamespace()
    const msqid = await findQueue(namespace, name)
    const nowait = flag(given, 'nowait') ? IPC_NOWAIT : 0
    const take = (signal: AbortSignal) => takeOne(namespace, { msqid, msgtyp, msgflg: msgflg | nowait }, signal)
    let taken = 0
    try {
      for (; isFollowing || taken < number; taken++) {
        const message = await waitAtMost(timeoutMs, 'no message came', context.interrupted, take)
        const isFirst = taken === 0 && format === 'text'
        await deliver(message, context, async (output) => {
          if (isFirst) await output.lines(messageHeading(output, { index: false }))
          await showMessage(message, format, output)
        })
      }
    } catch (error) {
      if (!isFollowing || !isRemoved(error, taken)) throw error
    }
  },
}

/** Following a queue ends well when the queue does: while we waited (EIDRM), or between two messages (EINVAL). */
function isRemoved(error: unknown, taken: number): boolean {
  return error instanceof SyscallError && (error.code === 'EIDRM' || (error.code === 'EINVAL' && taken > 0))
}

/** A message in our hands: removed already or, where it can be held, not before `accept`. */
interface Taken extends ShownMessage {
  accept?(): Promise<void>
  refuse?(): Promise<void>
}

function takeOne(
  namespace: IpcNamespace,
  { msqid, msgtyp, msgflg }: { msqid: number; msgtyp: number | bigint; msgflg: number },
  signal: AbortSignal,
): Promise<Taken> {
  if (namespace.capabilities.held) return namespace.msgrcv(msqid, INT_MAX, msgtyp, msgflg, { signal, hold: true })
  return namespace.msgrcv(msqid, INT_MAX, msgtyp, msgflg, { signal })
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
