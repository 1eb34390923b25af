import { copyMessages } from '../../transfer/index.ts'
import { option } from '../arguments.ts'
import type { Command } from '../command.ts'
import { countFrom } from '../numbers.ts'
import { SELECTOR_OPTIONS, selectorFrom } from '../selection.ts'
import { placeWords, TWO_QUEUES, withTwoQueues } from '../two-queues.ts'
import { count } from '../words.ts'

/** `msgq cp SOURCE-URL QUEUE TARGET-URL QUEUE` */
export const cp: Command = {
  name: 'cp',
  summary: 'send copies of messages to another queue',
  operands: TWO_QUEUES,
  operandCount: { least: 2, most: 4 },
  options: {
    ...SELECTOR_OPTIONS,
    count: { type: 'string', short: 'c', value: 'N', help: 'at most N messages; if not given, all that are there now' },
  },
  alsoKnownAs: ['duplicate', 'tee', 'mirror'],
  details: `Sends copies of messages, oldest first, to a queue of any namespace; the source is untouched. Within one
namespace, QUEUE QUEUE is enough. Each copy is sent as anyone would send it, and waits for room. While programs receive
from the kernel's queue, a message may be missed. To read messages without sending them: msgq copy.`,
  examples: [
    { command: 'msgq -n linux: cp 3 4', does: 'all messages that are on queue 3 now' },
    { command: "msgq cp linux: 3 'linux:?pid=1234' 0x4d5347 --type 7", does: 'those of type 7, into a container' },
  ],
  async run(given, context) {
    const { output, interrupted } = context
    const { msgtyp, msgflg } = selectorFrom(given)
    const most = option(given, 'count', (name, text) => countFrom(name, text, 0))
    const copied = { messages: 0, bytes: 0 }
    await withTwoQueues(given, context, async (source, target) => {
      try {
        await copyMessages(source, target, {
          msgtyp,
          msgflg,
          ...(most !== undefined && { count: most }),
          signal: interrupted,
          onCopied: ({ sizeBytes }) => {
            copied.messages++
            copied.bytes += sizeBytes
          },
        })
      } catch (error) {
        if (copied.messages > 0) await output.note(`copied ${count(copied.messages, 'message')}, then it ended`)
        throw error
      }
      if (output.isJson) return output.json({ copied: copied.messages, bytes: copied.bytes })
      const what = `${count(copied.messages, 'message')}, ${count(copied.bytes, 'byte')}`
      await output.lines(`copied ${what} from ${placeWords(source)} to ${placeWords(target)}`)
    })
  },
}
