import { type Image, readImage } from '../../image/index.ts'
import type { Command } from '../command.ts'
import { contentOf, contentWords } from '../content.ts'
import { lostLines, notRestoredOf } from '../lost.ts'
import { listOf } from '../words.ts'

/** `msgq restore DIR` */
export const restore: Command = {
  name: 'restore',
  summary: 'bring the queues of a directory back',
  operands: 'DIR',
  operandCount: { least: 1, most: 1 },
  options: {},
  alsoKnownAs: ['load', 'import'],
  details: `Brings back all queues of an image, or none: the same ids, keys, modes, owners, limits, order and content. An id
or key that is in use is an error (EEXIST), and nothing is restored. What could not be brought back, or was not in
the image, is listed with the reason. Into \`linux:\` it needs root's rights in that IPC namespace. Calls that were
waiting are not restored: their programs will call again.`,
  examples: [
    { command: 'msgq -n linux: restore saved', does: 'what `checkpoint saved` saved' },
    { command: 'msgq -n linux: restore dump', does: "CRIU's own dump works as well" },
    { command: 'msgq -n memory: restore saved', does: 'only try whether it is whole: the queues end with msgq' },
  ],
  async run({ operands: [directory = ''] }, { output, openNamespace, interrupted }) {
    const image: Image = await readImage(directory)
    const namespace = await openNamespace()
    interrupted.throwIfAborted()
    const { msqids, notRestored } = await namespace.restore(image.checkpoint)
    const content = contentOf(image.checkpoint)
    const lost = notRestoredOf(image.missing, notRestored)
    if (output.isJson) return output.json({ directory, ...content, msqids, notRestored: lost })
    const ids = msqids.length === 0 ? '' : `: ${msqids.length === 1 ? 'id' : 'ids'} ${listOf(msqids)}`
    await output.lines(`restored ${contentWords(content)} from ${directory}${ids}`, ...lostLines(lost, output.style))
    if (namespace.url === 'memory:') await output.note('memory: ends with this command, and these queues with it')
  },
}
