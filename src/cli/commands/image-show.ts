import { formatKey } from '../../contract/index.ts'
import { type CheckpointQueue, cbytesOf } from '../../engine/index.ts'
import { readImageAt } from '../../image/index.ts'
import type { Arguments, CommandContext } from '../command.ts'
import { contentOf, contentWords } from '../content.ts'
import { messageHeading, showMessage } from '../messages.ts'
import { count, modeOf } from '../words.ts'

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
    let index = 0
    for (const message of queue.messages) {
      interrupted.throwIfAborted()
      await showMessage({ ...message, index: index++ }, format, output)
    }
  }
}

function heading({ msqid, perm, qbytes, messages }: CheckpointQueue): string {
  const content = `${count(messages.length, 'message')}, qbytes ${qbytes}`
  return `queue ${msqid}, key ${formatKey(perm.key)}, owner ${perm.uid}:${perm.gid}, ${modeOf(perm.mode)}, ${content}`
}

/** In the kernel's field names, as `stat --json` has them. Its messages follow, a line each. */
function asJson({ messages, perm, ...queue }: CheckpointQueue): object {
  return { ...queue, ...perm, qnum: messages.length, cbytes: cbytesOf(messages) }
}
