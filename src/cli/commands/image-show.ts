import { formatKey } from '../../contract/index.ts'
import type { Checkpoint } from '../../engine/index.ts'
import { readImageAt } from '../../image/index.ts'
import type { Arguments, CommandContext } from '../command.ts'
import { contentOf, contentWords } from '../content.ts'
import { messageHeading, showMessage } from '../messages.ts'
import { modeOf } from '../words.ts'

/** `msgq image show IMAGE` */
export async function showImage({ operands: [place = ''] }: Arguments, context: CommandContext): Promise<void> {
  const { output, interrupted } = context
  const { checkpoint, missing } = await readImageAt(place)
  const format = output.isJson ? 'json' : 'text'
  if (output.isJson) {
    const { time, limits, nextId } = checkpoint
    await output.json({ image: place, ...contentOf(checkpoint), time, ...limits, nextId, missing })
  } else {
    await output.lines(`${place}: ${contentWords(contentOf(checkpoint))}`)
    if (missing.length > 0) await output.lines(`  it does not tell ${missing.map(({ field }) => field).join(', ')}`)
  }
  for (const queue of checkpoint.queues) {
    await output.lines(...(output.isJson ? [JSON.stringify(asJson(queue))] : ['', output.style.bold(heading(queue))]))
    if (!output.isJson && queue.messages.length > 0) await output.lines(messageHeading(output, { index: true }))
    for (const [index, message] of queue.messages.entries()) {
      interrupted.throwIfAborted()
      await showMessage({ ...message, index }, format, output)
    }
  }
}

function heading({ msqid, perm, qbytes, messages }: Checkpoint['queues'][number]): string {
  const content = `${messages.length} messages, qbytes ${qbytes}`
  return `queue ${msqid}, key ${formatKey(perm.key)}, owner ${perm.uid}:${perm.gid}, ${modeOf(perm.mode)}, ${content}`
}

/** In the kernel's field names, as `stat --json` has them. Its messages follow, a line each. */
function asJson({ messages, perm, ...queue }: Checkpoint['queues'][number]): object {
  const cbytes = messages.reduce((sum, { mtext }) => sum + mtext.length, 0)
  return { ...queue, ...perm, qnum: messages.length, cbytes }
}
