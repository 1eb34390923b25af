import { type FoundInSpool, moveMessages, spoolDirectory, spooledMessages } from '../../transfer/index.ts'
import { flag, option, textOption } from '../arguments.ts'
import type { Command } from '../command.ts'
import { countFrom } from '../numbers.ts'
import type { Output } from '../output.ts'
import { SELECTOR_OPTIONS, selectorFrom } from '../selection.ts'
import { placeWords, TWO_QUEUES, withTwoQueues } from '../two-queues.ts'
import { count } from '../words.ts'

/** `msgq mv SOURCE-URL QUEUE TARGET-URL QUEUE` */
export const mv: Command = {
  name: 'mv',
  summary: 'move messages to another queue, anywhere',
  operands: TWO_QUEUES,
  operandCount: { least: 2, most: 4 },
  options: {
    ...SELECTOR_OPTIONS,
    count: { type: 'string', short: 'c', value: 'N', help: 'at most N messages; if not given, all that are there now' },
    follow: { type: 'boolean', short: 'f', help: 'go on as messages come, until the source is removed' },
    spool: { type: 'string', value: 'DIR', help: 'where a message is between two queues; if not given, in /dev/shm' },
    rescue: { type: 'boolean', help: 'first send what any killed mv has left in the spool' },
  },
  alsoKnownAs: ['move', 'transfer', 'drain', 'forward', 'shovel'],
  details: `Moves messages, oldest first, between queues of any two namespaces; within one, QUEUE QUEUE is enough. Each is
sent as anyone would send it: it wakes receivers, waits for room, and has msgq as its sender. mv may be killed at any
moment: nothing is lost. From the kernel a message is received into a file; the next mv from that queue sends what is in
there first, and tells if that may be the second time. Where the namespace can hold, a message leaves the source
only when it is on the target. A message that is longer than the target ever takes stays, and ends mv.`,
  examples: [
    { command: 'msgq -n linux: mv 3 0x4d5347', does: "from one of the kernel's queues to another" },
    { command: "msgq mv linux: 3 'linux:?pid=1234' 0", does: 'into the container of process 1234' },
    { command: 'msgq -n linux: mv 3 4 --except 1 --count 100', does: 'at most 100, none of type 1' },
    { command: 'msgq -n linux: mv 3 4 --follow', does: 'as they come, until interrupted' },
  ],
  async run(given, context) {
    const { output, interrupted } = context
    const { msgtyp, msgflg } = selectorFrom(given)
    const most = option(given, 'count', (name, text) => countFrom(name, text, 0))
    const spool = textOption(given, 'spool') ?? spoolDirectory()
    const moved = { messages: 0, bytes: 0 }
    await withTwoQueues(given, context, async (source, target) => {
      try {
        await moveMessages(source, target, {
          msgtyp,
          msgflg,
          ...(most !== undefined && { count: most }),
          follow: flag(given, 'follow'),
          rescue: flag(given, 'rescue'),
          spool,
          signal: interrupted,
          onMoved: ({ sizeBytes }) => {
            moved.messages++
            moved.bytes += sizeBytes
          },
          onFound: (found) => tellFound(found, output),
        })
      } catch (error) {
        if (moved.messages > 0) await output.note(`moved ${count(moved.messages, 'message')}, then it ended`)
        if (!source.namespace.capabilities.held) await tellLeft(spool, output)
        throw error
      }
      if (output.isJson) return output.json({ moved: moved.messages, bytes: moved.bytes })
      const what = `${count(moved.messages, 'message')}, ${count(moved.bytes, 'byte')}`
      await output.lines(`moved ${what} from ${placeWords(source)} to ${placeWords(target)}`)
    })
  },
}

/** What a killed mv had in its hands goes first; whether that may be twice is told before it is sent. */
async function tellFound({ mtype, sizeBytes, ...found }: FoundInSpool, output: Output): Promise<void> {
  const { mayBeDoubled, mayBeCut, source, target } = found
  if (output.isJson) return output.json({ found: { type: mtype, bytes: sizeBytes, ...found } })
  const what = `a message of type ${mtype}, ${count(sizeBytes, 'byte')}`
  const cut = mayBeCut ? '; other programs received too, and it may have been longer' : ''
  const twice = mayBeDoubled ? `: it may be there twice, if it reached ${target} before` : ', for the first time'
  await output.note(`an earlier mv from ${source} was ended with ${what} in its hands${cut}; it is sent now${twice}`)
}

async function tellLeft(spool: string, output: Output): Promise<void> {
  for (const { source, mtype, mtext, file } of spooledMessages(spool)) {
    const what = `a message of type ${mtype}, ${count(mtext.length, 'byte')}, from ${source}`
    await output.note(`${what}, is on no queue now but in ${file}: the next mv from there sends it first`)
  }
}
